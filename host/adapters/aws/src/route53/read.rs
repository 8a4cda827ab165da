//! Reading a zone.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::resource::{Observed, Ownership, Record};
use deploycenter_ports::{ProviderError, ProviderErrorKind};

use super::Zone;
use super::convert::{normal, state};
use crate::sdk::failure::Context;

/// All sets of a zone by name.
pub(super) type ZoneList = BTreeMap<String, Vec<ResourceRecordSet>>;

/// What stands at a record's place, and the record sets themselves when it is ours.
pub(super) type Found = (Observed, Vec<ResourceRecordSet>);

/// What a zone is, beside its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    /// Its domain, without a final dot.
    pub(crate) name: String,
    /// Whether only its own networks see it.
    pub(crate) private: bool,
}

impl Zone {
    /// Where it is, for messages.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// What it is. Reads a record too, so that both rights are shown to be there.
    pub(crate) async fn about(&self) -> Result<About, ProviderError> {
        self.pace.turn(self.clock.as_ref()).await;
        let answer = self.client.get_hosted_zone().id(&self.id).send().await;
        let answer = answer.map_err(|error| self.context.failure("read the zone", &error))?;
        let Some(zone) = answer.hosted_zone else {
            let kind = ProviderErrorKind::Unavailable;
            return Err(self.context.fail(kind, "Route 53's answer holds no zone"));
        };
        self.pace.turn(self.clock.as_ref()).await;
        let records = self
            .client
            .list_resource_record_sets()
            .hosted_zone_id(&self.id)
            .max_items(1);
        records
            .send()
            .await
            .map_err(|error| self.context.failure("list records", &error))?;
        Ok(About {
            name: normal(&zone.name),
            private: zone.config.is_some_and(|config| config.private_zone),
        })
    }

    /// Reads everything of the record's name: a name's sets come one after another.
    pub(super) async fn read_fresh(&self, wanted: &Record) -> Result<Option<Found>, ProviderError> {
        Ok(look(wanted, &self.read_name(wanted).await?))
    }

    /// All sets of the record's name.
    pub(super) async fn read_name(
        &self,
        wanted: &Record,
    ) -> Result<Vec<ResourceRecordSet>, ProviderError> {
        let start = Start {
            name: format!("{}.", wanted.name),
            kind: None,
            identifier: None,
        };
        self.read_from(Some(start), Some(&wanted.name)).await
    }

    /// The whole zone.
    pub(super) async fn read_all(&self) -> Result<ZoneList, ProviderError> {
        let mut all = ZoneList::new();
        for set in self.read_from(None, None).await? {
            all.entry(normal(&set.name)).or_default().push(set);
        }
        Ok(all)
    }

    /// Reads sets from a place on; with `only`, of that name alone.
    pub(super) async fn read_from(
        &self,
        mut start: Option<Start>,
        only: Option<&str>,
    ) -> Result<Vec<ResourceRecordSet>, ProviderError> {
        // A name has seldom more than a few sets; a whole zone comes 300 at a time.
        let most = if only.is_some() { 10 } else { 300 };
        let mut all = Vec::new();
        loop {
            self.pace.turn(self.clock.as_ref()).await;
            let mut request = self
                .client
                .list_resource_record_sets()
                .hosted_zone_id(&self.id)
                .max_items(most);
            if let Some(start) = start.take() {
                request = request
                    .start_record_name(start.name)
                    .set_start_record_type(start.kind)
                    .set_start_record_identifier(start.identifier);
            }
            let page = request
                .send()
                .await
                .map_err(|error| self.context.failure("list records", &error))?;
            for set in page.resource_record_sets {
                if only.is_some_and(|only| normal(&set.name) != only) {
                    return Ok(all);
                }
                all.push(set);
            }
            match (page.is_truncated, page.next_record_name) {
                (true, Some(name)) => {
                    start = Some(Start {
                        name,
                        kind: page.next_record_type,
                        identifier: page.next_record_identifier,
                    });
                }
                _ => return Ok(all),
            }
        }
    }
}

/// Where a page of the list begins.
pub(super) struct Start {
    name: String,
    kind: Option<RrType>,
    identifier: Option<String>,
}

/// What stands at the place of a record, among all sets of its name.
pub(super) fn look(wanted: &Record, sets: &[ResourceRecordSet]) -> Option<Found> {
    let observed = |sets: &[&ResourceRecordSet], ownership| {
        Some(Observed {
            state: state(&wanted.zone, sets)?,
            ownership,
            outputs: BTreeMap::new(),
        })
    };
    let ours: Vec<&ResourceRecordSet> = sets
        .iter()
        .filter(|set| {
            is_weighted(set) && set.set_identifier.as_deref() == Some(&wanted.set_identifier)
        })
        .collect();
    if !ours.is_empty() {
        let raw = ours.iter().map(|set| (*set).clone()).collect();
        return Some((observed(&ours, Ownership::ByPlace)?, raw));
    }
    let (set, text) = sets
        .iter()
        .find_map(|set| Some((set, hindrance(wanted, set)?)))?;
    Some((observed(&[set], Ownership::Foreign(text))?, Vec::new()))
}

/// Whether a set is one of those that ours are: a weighted A or AAAA.
pub(super) fn is_weighted(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type, RrType::A | RrType::Aaaa) && set.weight.is_some()
}

/// Why what is wanted can't stand beside a set of the same name; `None`: it can.
pub(super) fn hindrance(wanted: &Record, set: &ResourceRecordSet) -> Option<String> {
    let kind = match set.r#type {
        RrType::A => "A",
        RrType::Aaaa if wanted.aaaa.is_some() => "AAAA",
        RrType::Cname => return Some("is a CNAME record".to_owned()),
        _ => return None,
    };
    match &set.set_identifier {
        Some(_) if set.weight.is_some() => None,
        Some(identifier) => Some(format!(
            "is an {kind} record with another routing policy (set-identifier {identifier})"
        )),
        None if kind == "A" => Some("is a simple A record".to_owned()),
        None => Some("is a simple AAAA record".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use aws_sdk_route53::types::ResourceRecord;
    use deploycenter_domain::resource::{Aaaa, Resource, Routing};

    fn set(kind: RrType, identifier: Option<&str>, weight: Option<i64>) -> ResourceRecordSet {
        ResourceRecordSet::builder()
            .name("a.example.com.")
            .r#type(kind)
            .set_set_identifier(identifier.map(str::to_owned))
            .set_weight(weight)
            .ttl(60)
            .resource_records(
                ResourceRecord::builder()
                    .value("192.0.2.1")
                    .build()
                    .unwrap(),
            )
            .build()
            .unwrap()
    }

    #[test]
    fn neighbours_may_stay_and_others_may_not() {
        let wanted = Record {
            zone: "Z1".into(),
            name: "a.example.com".into(),
            set_identifier: "ours".into(),
            weight: 1,
            routing: Routing::Addresses {
                ipv4: vec!["192.0.2.1".into()],
                ttl: 60,
            },
            aaaa: None,
        };
        let mine = set(RrType::A, Some("ours"), Some(1));
        let neighbour = set(RrType::A, Some("theirs"), Some(1));
        assert!(look(&wanted, &[neighbour.clone(), set(RrType::Txt, None, None)]).is_none());
        let (observed, raw) = look(&wanted, &[neighbour, mine.clone()]).unwrap();
        assert_eq!(observed.state, Resource::Record(wanted.clone()));
        assert_eq!(observed.ownership, Ownership::ByPlace);
        assert_eq!(raw, std::slice::from_ref(&mine));
        for other in [
            set(RrType::A, None, None),
            set(RrType::Cname, None, None),
            set(RrType::Cname, Some("x"), Some(1)),
            set(RrType::A, Some("latency"), None),
        ] {
            let (observed, raw) = look(&wanted, &[other]).unwrap();
            assert!(matches!(observed.ownership, Ownership::Foreign(_)));
            assert_eq!(raw, []);
        }

        // An AAAA is in nobody's way until ours is to have one.
        let six = |identifier, weight| set(RrType::Aaaa, identifier, weight);
        assert!(look(&wanted, &[six(None, None)]).is_none());
        let dual = Record {
            aaaa: Some(Aaaa {
                weight: 1,
                routing: wanted.routing.clone(),
            }),
            ..wanted.clone()
        };
        for (other, text) in [
            (six(None, None), "is a simple AAAA record"),
            (
                six(Some("x"), None),
                "is an AAAA record with another routing policy (set-identifier x)",
            ),
        ] {
            let (observed, raw) = look(&dual, &[other]).unwrap();
            assert_eq!(observed.ownership, Ownership::Foreign(text.to_owned()));
            assert_eq!(raw, []);
        }
        assert!(look(&dual, &[six(Some("theirs"), Some(1))]).is_none());

        // Ours are one, and what is there of them is seen, whatever is wanted.
        let both = [mine.clone(), six(Some("ours"), Some(1))];
        for (sets, halves) in [
            (&both[..], (true, true)),
            (&both[1..], (false, true)),
            (&both[..1], (true, false)),
        ] {
            for wanted in [&wanted, &dual] {
                let (observed, raw) = look(wanted, sets).unwrap();
                assert_eq!(observed.ownership, Ownership::ByPlace);
                assert_eq!(raw, sets);
                let Resource::Record(seen) = observed.state else {
                    panic!("no record");
                };
                assert_eq!((seen.has_a(), seen.aaaa.is_some()), halves);
            }
        }
    }
}
