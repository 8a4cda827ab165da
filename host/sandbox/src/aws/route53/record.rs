//! Record sets: what they hold, how they are named and ordered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An alias to another AWS resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct AliasTarget {
    pub(super) hosted_zone_id: String,
    #[serde(rename = "DNSName")]
    pub(super) dns_name: String,
    pub(super) evaluate_target_health: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceRecord {
    pub(super) value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResourceRecords {
    #[serde(default)]
    pub(super) resource_record: Vec<ResourceRecord>,
}

/// One record set, as requests write it and the state keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct RecordSet {
    pub(super) name: String,
    pub(super) r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) set_identifier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight: Option<i64>,
    #[serde(rename = "TTL", default, skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resource_records: Option<ResourceRecords>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) alias_target: Option<AliasTarget>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) health_check_id: Option<String>,
}

/// Where a record set stands in its zone: by the name's labels from the right, type, identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RecordKey {
    labels: Vec<String>,
    r#type: String,
    set_identifier: String,
}

impl RecordKey {
    /// The key of a name, a type and an identifier (empty: none).
    pub(super) fn new(name: &str, r#type: &str, set_identifier: &str) -> Self {
        Self {
            labels: name
                .trim_end_matches('.')
                .rsplit('.')
                .map(str::to_owned)
                .collect(),
            r#type: r#type.to_owned(),
            set_identifier: set_identifier.to_owned(),
        }
    }

    pub(super) fn same_name(&self, other: &Self) -> bool {
        self.labels == other.labels
    }

    pub(super) fn same_name_and_type(&self, other: &Self) -> bool {
        self.same_name(other) && self.r#type == other.r#type
    }
}

/// A name as the service keeps it: lower case, with the last dot, special characters as `\ooo`.
pub(super) fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len() + 1);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'\\' => normal.push(char::from(byte)),
            b'A'..=b'Z' => normal.push(char::from(byte.to_ascii_lowercase())),
            _ => normal.push_str(&format!("\\{byte:03o}")),
        }
    }
    if !normal.ends_with('.') {
        normal.push('.');
    }
    normal
}

impl RecordSet {
    pub(super) fn key(&self) -> RecordKey {
        RecordKey::new(
            &self.name,
            &self.r#type,
            self.set_identifier.as_deref().unwrap_or_default(),
        )
    }

    /// The set with its names as the service keeps them.
    pub(super) fn normal(mut self) -> Self {
        self.name = normal_name(&self.name);
        if let Some(alias) = &mut self.alias_target {
            alias.dns_name = normal_name(&alias.dns_name);
        }
        self
    }

    /// Whether a DELETE that gives `other` means this set: every field, values in any order.
    pub(super) fn equals(&self, other: &Self) -> bool {
        let sorted = |set: &Self| {
            let mut set = set.clone();
            if let Some(records) = &mut set.resource_records {
                records.resource_record.sort();
            }
            set
        };
        sorted(self) == sorted(other)
    }

    /// How messages of the service name it.
    pub(super) fn label(&self) -> String {
        match &self.set_identifier {
            None => format!("[name='{}', type='{}']", self.name, self.r#type),
            Some(identifier) => format!(
                "[name='{}', type='{}', set identifier='{identifier}']",
                self.name, self.r#type
            ),
        }
    }
}

/// The records that every zone has: NS and SOA.
pub(super) fn apex(zone: &str, name_servers: &[String]) -> BTreeMap<RecordKey, RecordSet> {
    let soa = format!(
        "{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400",
        name_servers.first().map_or("", String::as_str)
    );
    let ns: Vec<String> = name_servers
        .iter()
        .map(|server| format!("{server}."))
        .collect();
    [("NS", 172_800, ns), ("SOA", 900, vec![soa])]
        .into_iter()
        .map(|(r#type, ttl, values)| {
            let set = RecordSet {
                name: zone.to_owned(),
                r#type: r#type.to_owned(),
                set_identifier: None,
                weight: None,
                ttl: Some(ttl),
                resource_records: Some(ResourceRecords {
                    resource_record: values
                        .into_iter()
                        .map(|value| ResourceRecord { value })
                        .collect(),
                }),
                alias_target: None,
                health_check_id: None,
            };
            (set.key(), set)
        })
        .collect()
}

/// Records are written down as a list, because JSON has no maps with such keys.
pub(super) mod as_list {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{RecordKey, RecordSet};

    pub(in super::super) fn serialize<S: Serializer>(
        records: &BTreeMap<RecordKey, RecordSet>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(records.values())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<RecordKey, RecordSet>, D::Error> {
        let list = Vec::<RecordSet>::deserialize(deserializer)?;
        Ok(list.into_iter().map(|set| (set.key(), set)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_lower_case_dotted_and_escaped() {
        assert_eq!(normal_name("*.Acme.example"), "\\052.acme.example.");
        assert_eq!(normal_name("a.example."), "a.example.");
    }

    #[test]
    fn order_is_by_labels_from_the_right_then_type_then_identifier() {
        let mut keys = [
            RecordKey::new("b.example.com.", "A", ""),
            RecordKey::new("example.com.", "SOA", ""),
            RecordKey::new("a.b.example.com.", "A", ""),
            RecordKey::new("example.com.", "NS", ""),
            RecordKey::new("b.example.com.", "A", "x"),
            RecordKey::new("z.a.example.com.", "A", ""),
        ];
        keys.sort();
        let order: Vec<String> = keys
            .iter()
            .map(|key| {
                format!(
                    "{} {} {}",
                    key.labels.join("."),
                    key.r#type,
                    key.set_identifier
                )
            })
            .collect();
        assert_eq!(
            order,
            [
                "com.example NS ",
                "com.example SOA ",
                "com.example.a.z A ",
                "com.example.b A ",
                "com.example.b A x",
                "com.example.b.a A ",
            ]
        );
    }
}
