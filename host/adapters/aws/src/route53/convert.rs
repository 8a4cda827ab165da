//! Between our records and Route 53's record sets.

use aws_sdk_route53::types::{AliasTarget, ResourceRecord, ResourceRecordSet, RrType};
use deploycenter_domain::resource::{Record, Routing};
use deploycenter_ports::{Failure, FailureKind};

/// A name as we write it: lower case, without a final dot, escapes (`\052`) undone.
pub(crate) fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let octal = rest
            .get(at + 1..at + 4)
            .and_then(|code| u8::from_str_radix(code, 8).ok());
        match octal.filter(u8::is_ascii) {
            Some(byte) => {
                out.push(char::from(byte));
                rest = &rest[at + 4..];
            }
            None => {
                out.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out.trim_end_matches('.').to_ascii_lowercase()
}

/// A record as Route 53 takes it.
pub(crate) fn to_set(record: &Record) -> Result<ResourceRecordSet, Failure> {
    let wrong = |error: aws_smithy_types::error::operation::BuildError| {
        Failure::new(
            FailureKind::Refused,
            "route53",
            format!("the record {}: {error}", record.name),
        )
    };
    let mut set = ResourceRecordSet::builder()
        .name(format!("{}.", record.name))
        .r#type(RrType::A);
    if !record.set_identifier.is_empty() {
        set = set
            .set_identifier(&record.set_identifier)
            .weight(i64::from(record.weight));
    }
    let set = match &record.routing {
        Routing::Addresses { ipv4, ttl } => {
            let values: Result<Vec<_>, _> = ipv4
                .iter()
                .map(|address| ResourceRecord::builder().value(address).build())
                .collect();
            set.ttl(i64::from(*ttl))
                .set_resource_records(Some(values.map_err(wrong)?))
        }
        Routing::Alias {
            dns_name,
            hosted_zone_id,
            evaluate_target_health,
        } => set.alias_target(
            AliasTarget::builder()
                .dns_name(format!("{dns_name}."))
                .hosted_zone_id(hosted_zone_id)
                .evaluate_target_health(*evaluate_target_health)
                .build()
                .map_err(wrong)?,
        ),
    };
    set.build().map_err(wrong)
}

/// Where a record set points, as we write it; addresses sorted.
pub(crate) fn routing(set: &ResourceRecordSet) -> Routing {
    if let Some(alias) = &set.alias_target {
        return Routing::Alias {
            dns_name: normal(&alias.dns_name),
            hosted_zone_id: alias.hosted_zone_id.clone(),
            evaluate_target_health: alias.evaluate_target_health,
        };
    }
    let values = set.resource_records.as_deref().unwrap_or_default();
    let mut ipv4: Vec<String> = values.iter().map(|one| one.value.clone()).collect();
    ipv4.sort();
    Routing::Addresses {
        ipv4,
        ttl: set
            .ttl
            .and_then(|ttl| u32::try_from(ttl).ok())
            .unwrap_or_default(),
    }
}

/// How many characters of values a set counts towards a batch's limit.
pub(crate) fn characters(set: &ResourceRecordSet) -> usize {
    let values = set.resource_records.as_deref().unwrap_or_default();
    let values: usize = values.iter().map(|one| one.value.len()).sum();
    values
        + set
            .alias_target
            .as_ref()
            .map_or(0, |alias| alias.dns_name.len())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_are_made_plain() {
        assert_eq!(normal("\\052.Apps.Example.com."), "*.apps.example.com");
        assert_eq!(normal("a.example"), "a.example");
        assert_eq!(normal("odd\\9"), "odd\\9");
        assert_eq!(normal("cut\\05"), "cut\\05");
    }

    #[test]
    fn a_record_survives_the_way_there_and_back() {
        let record = |routing| Record {
            zone: "Z1".into(),
            name: "a.example.com".into(),
            set_identifier: "deploycenter/x".into(),
            weight: 7,
            routing,
        };
        for routed in [
            Routing::Addresses {
                ipv4: vec!["192.0.2.1".into(), "192.0.2.2".into()],
                ttl: 60,
            },
            Routing::Alias {
                dns_name: "lb.example.net".into(),
                hosted_zone_id: "Z2".into(),
                evaluate_target_health: true,
            },
        ] {
            let set = to_set(&record(routed.clone())).unwrap();
            assert_eq!(set.name, "a.example.com.");
            assert_eq!(set.weight, Some(7));
            assert_eq!(routing(&set), routed);
            let simple = to_set(&Record {
                set_identifier: String::new(),
                ..record(routed.clone())
            })
            .unwrap();
            assert_eq!((&simple.set_identifier, simple.weight), (&None, None));
            assert_eq!(routing(&simple), routed);
        }
    }
}
