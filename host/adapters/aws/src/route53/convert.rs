//! Between our records and Route 53's record sets.

use std::net::Ipv6Addr;

use aws_sdk_route53::types::{AliasTarget, ResourceRecord, ResourceRecordSet, RrType};
use deploycenter_domain::resource::{Aaaa, Record, Resource, Routing};
use deploycenter_ports::{ProviderError, ProviderErrorKind};

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

/// A record as Route 53 takes it: an A set, an AAAA set or both.
pub(crate) fn to_sets(record: &Record) -> Result<Vec<ResourceRecordSet>, ProviderError> {
    let a = (RrType::A, record.weight, &record.routing);
    let aaaa = record
        .aaaa
        .as_ref()
        .map(|aaaa| (RrType::Aaaa, aaaa.weight, &aaaa.routing));
    let a = record.has_a().then_some(a);
    a.into_iter()
        .chain(aaaa)
        .map(|(kind, weight, routing)| to_set(record, kind, weight, routing))
        .collect()
}

fn to_set(
    record: &Record,
    kind: RrType,
    weight: u8,
    routing: &Routing,
) -> Result<ResourceRecordSet, ProviderError> {
    let wrong = |error: aws_smithy_types::error::operation::BuildError| {
        ProviderError::new(
            ProviderErrorKind::Refused,
            "route53",
            format!("the record {}: {error}", record.name),
        )
    };
    let mut set = ResourceRecordSet::builder()
        .name(format!("{}.", record.name))
        .r#type(kind);
    if !record.set_identifier.is_empty() {
        set = set
            .set_identifier(&record.set_identifier)
            .weight(i64::from(weight));
    }
    let set = match routing {
        Routing::Addresses {
            ipv4: addresses,
            ttl,
        }
        | Routing::Addresses6 {
            ipv6: addresses,
            ttl,
        } => {
            let values: Result<Vec<_>, _> = addresses
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

/// The sets of one name and set-identifier as a state of ours: an A or what stands in its
/// way, an AAAA, or both.
pub(crate) fn state(zone: &str, sets: &[&ResourceRecordSet]) -> Option<Resource> {
    let first = sets.first()?;
    let main = sets.iter().find(|set| set.r#type != RrType::Aaaa);
    let aaaa = sets.iter().find(|set| set.r#type == RrType::Aaaa);
    let none = Routing::Addresses {
        ipv4: Vec::new(),
        ttl: 0,
    };
    Some(Resource::Record(Record {
        zone: zone.to_owned(),
        name: normal(&first.name),
        set_identifier: first.set_identifier.clone().unwrap_or_default(),
        weight: main.map(|set| weight(set)).unwrap_or_default(),
        routing: main.map_or(none, |set| routing(set)),
        aaaa: aaaa.map(|set| Aaaa {
            weight: weight(set),
            routing: routing(set),
        }),
    }))
}

fn weight(set: &ResourceRecordSet) -> u8 {
    set.weight
        .and_then(|weight| u8::try_from(weight).ok())
        .unwrap_or_default()
}

/// Where a record set points, as we write it; addresses sorted, those of IPv6 in their
/// shortest form, for Route 53 keeps them as they were written first.
fn routing(set: &ResourceRecordSet) -> Routing {
    if let Some(alias) = &set.alias_target {
        return Routing::Alias {
            dns_name: normal(&alias.dns_name),
            hosted_zone_id: alias.hosted_zone_id.clone(),
            evaluate_target_health: alias.evaluate_target_health,
        };
    }
    let values = set.resource_records.as_deref().unwrap_or_default();
    let six = set.r#type == RrType::Aaaa;
    let written = |value: &str| match value.parse::<Ipv6Addr>() {
        Ok(address) if six => address.to_string(),
        _ => value.to_owned(),
    };
    let mut addresses: Vec<String> = values.iter().map(|one| written(&one.value)).collect();
    addresses.sort();
    let ttl = set
        .ttl
        .and_then(|ttl| u32::try_from(ttl).ok())
        .unwrap_or_default();
    if six {
        Routing::Addresses6 {
            ipv6: addresses,
            ttl,
        }
    } else {
        Routing::Addresses {
            ipv4: addresses,
            ttl,
        }
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
            aaaa: None,
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
            let [set] = &to_sets(&record(routed.clone())).unwrap()[..] else {
                panic!("one set");
            };
            assert_eq!(set.name, "a.example.com.");
            assert_eq!(set.weight, Some(7));
            assert_eq!(routing(set), routed);
            let simple = Record {
                set_identifier: String::new(),
                weight: 0,
                ..record(routed.clone())
            };
            let sets = to_sets(&simple).unwrap();
            assert_eq!((&sets[0].set_identifier, sets[0].weight), (&None, None));
            let seen = state("Z1", &sets.iter().collect::<Vec<_>>());
            assert_eq!(seen, Some(Resource::Record(simple)));
        }
    }

    #[test]
    fn both_halves_of_a_record_survive_the_way_and_either_alone() {
        let both = Record {
            zone: "Z1".into(),
            name: "a.example.com".into(),
            set_identifier: "deploycenter/x".into(),
            weight: 7,
            routing: Routing::Addresses {
                ipv4: vec!["192.0.2.1".into()],
                ttl: 60,
            },
            aaaa: Some(Aaaa {
                weight: 7,
                routing: Routing::Addresses6 {
                    ipv6: vec!["2001:db8::20".into()],
                    ttl: 60,
                },
            }),
        };
        let six = Record {
            weight: 0,
            routing: Routing::Addresses {
                ipv4: Vec::new(),
                ttl: 0,
            },
            ..both.clone()
        };
        for (record, kinds) in [
            (both, &[RrType::A, RrType::Aaaa][..]),
            (six, &[RrType::Aaaa]),
        ] {
            let mut sets = to_sets(&record).unwrap();
            let made: Vec<RrType> = sets.iter().map(|set| set.r#type.clone()).collect();
            assert_eq!(made, kinds);
            // Someone may have written the same address at length.
            if let Some(set) = sets.last_mut()
                && let Some(values) = &mut set.resource_records
            {
                values[0].value = "2001:0DB8:0::0020".into();
            }
            let seen = state("Z1", &sets.iter().collect::<Vec<_>>());
            assert_eq!(seen, Some(Resource::Record(record)));
        }
        assert_eq!(state("Z1", &[]), None);
    }
}
