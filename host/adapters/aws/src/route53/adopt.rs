//! Records that someone else made, taken over and given back.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::resource::{Adoption, Observed, Ownership, Record, Resource};
use deploycenter_ports::{Failure, FailureKind, Step};

use super::Zone;
use super::read::{Found, image};

/// What the set-identifiers of all installations begin with.
const OURS: &str = "deploycenter/";

impl Zone {
    /// The record that would be taken over: the named one of the weighted A records of that
    /// name, or the only one that stands there.
    pub(super) async fn observe_foreign(
        &self,
        wanted: &Record,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, Failure> {
        let sets = self.read_name(wanted).await?;
        choose(wanted, adoption.id.as_deref(), &sets).map_err(|Unfit { why, help }| {
            let text = format!("{} A can't be adopted: {why}", wanted.name);
            self.context.fail(FailureKind::Refused, text).help(help)
        })
    }

    /// What stands at the two places of an adoption: ours, else theirs.
    pub(super) async fn read_adopted(
        &self,
        step: &Step,
        wanted: &Record,
    ) -> Result<Option<Found>, Failure> {
        let (theirs, ours) = if step.undo {
            (&step.after, &step.before)
        } else {
            (&step.before, &step.after)
        };
        let sets = self.read_name(wanted).await?;
        let find = |place: &Option<Resource>| match place {
            Some(Resource::Record(record)) => sets.iter().find(|set| is_at(set, record)),
            _ => None,
        };
        let found = |set: &ResourceRecordSet, ownership| {
            let observed = Observed {
                image: image(&wanted.zone, set),
                ownership,
                outputs: Default::default(),
            };
            (observed, Some(set.clone()))
        };
        match (find(ours), find(theirs)) {
            (Some(_), Some(theirs)) => Err(self
                .context
                .fail(
                    FailureKind::Moved,
                    format_args!(
                        "{} A: our record stands there, and {} too",
                        wanted.name,
                        shown(theirs)
                    ),
                )
                .help("remove the one that isn't needed by hand, then plan again")),
            (Some(set), None) => Ok(Some(found(set, Ownership::ByPlace))),
            (None, Some(set)) => {
                let text = format!("is {}", shown(set));
                Ok(Some(found(set, Ownership::Foreign(text))))
            }
            (None, None) => Ok(None),
        }
    }
}

/// Why there is nothing to adopt, and what to do instead.
#[derive(Debug)]
struct Unfit {
    why: String,
    help: String,
}

/// Picks the record to adopt among all sets of the wanted one's name.
fn choose(
    wanted: &Record,
    id: Option<&str>,
    sets: &[ResourceRecordSet],
) -> Result<Option<Observed>, Unfit> {
    let unfit = |why: String, help: &str| {
        let help = help.to_owned();
        Err(Unfit { why, help })
    };
    let seen = |set: &ResourceRecordSet, ownership| Observed {
        image: image(&wanted.zone, set),
        ownership,
        outputs: Default::default(),
    };
    let others: Vec<&ResourceRecordSet> = sets
        .iter()
        .filter(|set| is_rival(set) && !is_at(set, wanted))
        .filter(|set| match id {
            Some(id) => set.set_identifier.as_deref() == Some(id),
            None => !name_of(set).starts_with(OURS),
        })
        .collect();
    let own = sets.iter().find(|set| is_at(set, wanted));
    let other = match (own, others.as_slice()) {
        (Some(own), []) => return Ok(Some(seen(own, Ownership::ByPlace))),
        (Some(_), [..]) if id.is_some() => {
            return unfit(
                "the target's own record stands there too".to_owned(),
                "a target has one record of a name: remove the other one by hand",
            );
        }
        (Some(own), _) => return Ok(Some(seen(own, Ownership::ByPlace))),
        (None, []) => return Ok(None),
        (None, [other]) => *other,
        (None, several) => {
            let names: Vec<String> = several.iter().map(|set| shown(set)).collect();
            return unfit(
                format!("there are several: {}", names.join(", ")),
                "say which: deploycenter adopt TARGET dns.record/NAME=SET-IDENTIFIER",
            );
        }
    };
    let installation = wanted.set_identifier.split('/').nth(1).unwrap_or_default();
    if name_of(other).starts_with(&format!("{OURS}{installation}/")) {
        return unfit(
            format!("{} is this installation's own", shown(other)),
            "destroy the target that it belongs to, or give one of the two another domain",
        );
    }
    if let Some(what) = beyond(other) {
        return unfit(
            format!("{} {what}", shown(other)),
            "only simple and weighted A records can be adopted and given back: change it so, or remove it by hand",
        );
    }
    let text = format!("is {}", shown(other));
    Ok(Some(seen(other, Ownership::Foreign(text))))
}

/// Whether a set takes the place of an A record or hinders one.
fn is_rival(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type, RrType::A | RrType::Cname)
}

/// Whether a set stands at the place of a record.
fn is_at(set: &ResourceRecordSet, record: &Record) -> bool {
    let weighted = set.weight.is_some() && !record.set_identifier.is_empty();
    let simple = set.set_identifier.is_none() && record.set_identifier.is_empty();
    set.r#type == RrType::A && name_of(set) == record.set_identifier && (weighted || simple)
}

fn name_of(set: &ResourceRecordSet) -> &str {
    set.set_identifier.as_deref().unwrap_or_default()
}

/// What a set is that our images can't say, so that it couldn't be given back.
fn beyond(set: &ResourceRecordSet) -> Option<&'static str> {
    if set.r#type == RrType::Cname {
        Some("isn't an A record")
    } else if set.set_identifier.is_some() && set.weight.is_none() {
        Some("has another routing policy")
    } else if set.health_check_id.is_some() {
        Some("has a health check")
    } else if set.traffic_policy_instance_id.is_some() {
        Some("belongs to a traffic policy")
    } else {
        None
    }
}

fn shown(set: &ResourceRecordSet) -> String {
    let kind = if set.r#type == RrType::A {
        "A"
    } else {
        set.r#type.as_str()
    };
    match (&set.set_identifier, set.weight) {
        (None, _) => format!("a simple {kind} record"),
        (Some(id), Some(weight)) => format!("a weighted {kind} record ({id}, weight {weight})"),
        (Some(id), None) => format!("the {kind} record {id}"),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use aws_sdk_route53::types::ResourceRecord;
    use deploycenter_domain::resource::Routing;

    fn set(kind: RrType, identifier: Option<&str>, weight: Option<i64>) -> ResourceRecordSet {
        let value = ResourceRecord::builder().value("192.0.2.9").build();
        ResourceRecordSet::builder()
            .name("a.example.com.")
            .r#type(kind)
            .set_set_identifier(identifier.map(str::to_owned))
            .set_weight(weight)
            .ttl(60)
            .resource_records(value.unwrap())
            .build()
            .unwrap()
    }

    fn wanted() -> Record {
        Record {
            zone: "Z1".into(),
            name: "a.example.com".into(),
            set_identifier: "deploycenter/inst-1/acme/eu".into(),
            weight: 100,
            routing: Routing::Addresses {
                ipv4: vec!["192.0.2.1".into()],
                ttl: 60,
            },
        }
    }

    /// What is adopted (by its set-identifier, and whether it is ours), or why nothing is.
    fn chosen(
        id: Option<&str>,
        sets: &[ResourceRecordSet],
    ) -> Result<Option<(String, bool)>, String> {
        match choose(&wanted(), id, sets) {
            Ok(None) => Ok(None),
            Ok(Some(seen)) => {
                let Resource::Record(image) = seen.image else {
                    unreachable!()
                };
                let ours = seen.ownership == Ownership::ByPlace;
                Ok(Some((image.set_identifier, ours)))
            }
            Err(unfit) => Err(unfit.why),
        }
    }

    #[test]
    fn one_record_is_picked_or_the_reason_is_said() {
        let simple = || set(RrType::A, None, None);
        let weighted = |id: &str| set(RrType::A, Some(id), Some(10));
        let ours = || weighted("deploycenter/inst-1/acme/eu");
        let sibling = || weighted("deploycenter/inst-1/acme/us");
        let cousin = || weighted("deploycenter/inst-2/acme/eu");
        let theirs = |id: &str| Ok(Some((id.to_owned(), false)));
        let text = set(RrType::Txt, None, None);
        assert_eq!(chosen(None, std::slice::from_ref(&text)), Ok(None));
        assert_eq!(chosen(None, &[text, simple()]), theirs(""));
        assert_eq!(chosen(None, &[weighted("x"), sibling()]), theirs("x"));
        assert_eq!(chosen(None, &[sibling()]), Ok(None));
        assert_eq!(
            chosen(Some("y"), &[weighted("x"), weighted("y")]),
            theirs("y")
        );
        let id = "deploycenter/inst-2/acme/eu";
        assert_eq!(chosen(Some(id), &[cousin()]), theirs(id));
        assert_eq!(chosen(None, &[cousin()]), Ok(None));
        let own = Ok(Some(("deploycenter/inst-1/acme/eu".to_owned(), true)));
        assert_eq!(chosen(None, &[ours(), weighted("x")]), own);

        let refused = |id: Option<&str>, sets: &[ResourceRecordSet], part: &str| {
            let why = chosen(id, sets).unwrap_err();
            assert!(why.contains(part), "{why}");
        };
        refused(None, &[weighted("x"), weighted("y")], "(x, weight 10), a");
        refused(Some("x"), &[ours(), weighted("x")], "own record");
        let id = "deploycenter/inst-1/acme/us";
        refused(Some(id), &[sibling()], "this installation's own");
        refused(None, &[set(RrType::Cname, None, None)], "isn't an A record");
        let latency = set(RrType::A, Some("x"), None);
        refused(None, &[latency], "another routing policy");
        let mut checked = simple();
        checked.health_check_id = Some("check".into());
        refused(None, &[checked], "a health check");
    }
}
