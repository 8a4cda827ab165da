//! Records that someone else made, taken over and given back.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::remedy::{Adopted, Advice, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Observed, Ownership, Record, Resource};
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step};

use super::Zone;
use super::convert::state;
use super::read::Found;

/// What the set-identifiers of all installations begin with.
const OURS: &str = "deploycenter/";

impl Zone {
    /// The record that would be taken over: the named one of the weighted records of that
    /// name, or the only one that stands there. An AAAA beside an A goes with it.
    pub(super) async fn observe_foreign(
        &self,
        wanted: &Record,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        let sets = self.read_name(wanted).await?;
        choose(wanted, adoption.id.as_deref(), &sets).map_err(|Unfit { why, help }| {
            let text = format!("{} A can't be adopted: {why}", wanted.name);
            self.context
                .fail(ProviderErrorKind::Refused, text)
                .help(help)
        })
    }

    /// What stands at the two places of an adoption: ours, else theirs.
    pub(super) async fn read_adopted(
        &self,
        step: &Step,
        wanted: &Record,
    ) -> Result<Option<Found>, ProviderError> {
        let (theirs, ours) = if step.undo {
            (&step.after, &step.before)
        } else {
            (&step.before, &step.after)
        };
        let sets = self.read_name(wanted).await?;
        let find = |place: &Option<Resource>| match place {
            Some(Resource::Record(record)) => {
                sets.iter().filter(|set| is_at(set, record)).collect()
            }
            _ => Vec::new(),
        };
        let found = |sets: &[&ResourceRecordSet], ownership| {
            let seen = seen(wanted, sets, ownership)?;
            Some((seen, sets.iter().map(|set| (*set).clone()).collect()))
        };
        let (ours, theirs): (Vec<_>, Vec<_>) = (find(ours), find(theirs));
        match (ours.is_empty(), theirs.is_empty()) {
            (false, false) => Err(self
                .context
                .fail(
                    ProviderErrorKind::Moved,
                    format_args!(
                        "{} A: our record stands there, and {} too",
                        wanted.name,
                        all_shown(&theirs)
                    ),
                )
                .help("remove the one that isn't needed by hand, then plan again")),
            (false, true) => Ok(found(&ours, Ownership::ByPlace)),
            (true, _) => {
                let text = format!("is {}", all_shown(&theirs));
                Ok(found(&theirs, Ownership::Foreign(text)))
            }
        }
    }
}

/// Why there is nothing to adopt, and what to do instead.
#[derive(Debug)]
struct Unfit {
    why: String,
    help: Advice,
}

/// Picks the record to adopt among all sets of the wanted one's name.
fn choose(
    wanted: &Record,
    id: Option<&str>,
    sets: &[ResourceRecordSet],
) -> Result<Option<Observed>, Unfit> {
    let unfit = |why: String, help: &str| {
        let help = help.into();
        Err(Unfit { why, help })
    };
    let others = |rival: fn(&ResourceRecordSet) -> bool| {
        let others = sets
            .iter()
            .filter(|set| rival(set) && !is_at(set, wanted))
            .filter(|set| match id {
                Some(id) => set.set_identifier.as_deref() == Some(id),
                None => !name_of(set).starts_with(OURS),
            });
        others.collect::<Vec<_>>()
    };
    // An AAAA alone is adopted where there is no A.
    let rivals = Some(others(is_rival)).filter(|rivals| !rivals.is_empty());
    let rivals = rivals.unwrap_or_else(|| others(is_six));
    let own: Vec<&ResourceRecordSet> = sets.iter().filter(|set| is_at(set, wanted)).collect();
    let other = match (own.is_empty(), rivals.as_slice()) {
        (false, [_, ..]) if id.is_some() => {
            return unfit(
                "the target's own record stands there too".to_owned(),
                "a target has one record of a name: remove the other one by hand",
            );
        }
        (false, _) => return Ok(seen(wanted, &own, Ownership::ByPlace)),
        (true, []) => return Ok(None),
        (true, [other]) => *other,
        (true, several) => {
            let names: Vec<String> = several.iter().map(|set| shown(set)).collect();
            let adopt = Remedy::Adopt {
                targets: Targets::Named,
                what: Adopted::OneOf(EffectKind::Record),
            };
            return Err(Unfit {
                why: format!("there are several: {}", names.join(", ")),
                help: ("say which: ", adopt).into(),
            });
        }
    };
    let installation = wanted.set_identifier.split('/').nth(1).unwrap_or_default();
    if name_of(other).starts_with(&format!("{OURS}{installation}/")) {
        return unfit(
            format!("{} is this installation's own", shown(other)),
            "destroy the target that it belongs to, or give one of the two another domain",
        );
    }
    let beside = sets
        .iter()
        .filter(|set| is_six(set) && !is_six(other) && name_of(set) == name_of(other));
    let whole: Vec<&ResourceRecordSet> = std::iter::once(other).chain(beside).collect();
    for set in &whole {
        if let Some(what) = beyond(set) {
            return unfit(
                format!("{} {what}", shown(set)),
                "only simple and weighted A and AAAA records can be adopted and given back: change it so, or remove it by hand",
            );
        }
    }
    let text = format!("is {}", all_shown(&whole));
    Ok(seen(wanted, &whole, Ownership::Foreign(text)))
}

/// The sets of one place as they were seen; `None` for none.
fn seen(wanted: &Record, sets: &[&ResourceRecordSet], ownership: Ownership) -> Option<Observed> {
    Some(Observed {
        state: state(&wanted.zone, sets)?,
        ownership,
        outputs: Default::default(),
    })
}

/// Whether a set takes the place of an A record or hinders one.
fn is_rival(set: &ResourceRecordSet) -> bool {
    matches!(set.r#type, RrType::A | RrType::Cname)
}

fn is_six(set: &ResourceRecordSet) -> bool {
    set.r#type == RrType::Aaaa
}

/// Whether a set stands at the place of a record.
fn is_at(set: &ResourceRecordSet, record: &Record) -> bool {
    let weighted = set.weight.is_some() && !record.set_identifier.is_empty();
    let simple = set.set_identifier.is_none() && record.set_identifier.is_empty();
    matches!(set.r#type, RrType::A | RrType::Aaaa)
        && name_of(set) == record.set_identifier
        && (weighted || simple)
}

fn name_of(set: &ResourceRecordSet) -> &str {
    set.set_identifier.as_deref().unwrap_or_default()
}

/// What a set is that our states can't say, so that it couldn't be given back.
pub(super) fn beyond(set: &ResourceRecordSet) -> Option<&'static str> {
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

fn all_shown(sets: &[&ResourceRecordSet]) -> String {
    let shown: Vec<String> = sets.iter().map(|set| shown(set)).collect();
    shown.join(" and ")
}

pub(super) fn shown(set: &ResourceRecordSet) -> String {
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
            aaaa: None,
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
                let Resource::Record(state) = seen.state else {
                    unreachable!()
                };
                let ours = seen.ownership == Ownership::ByPlace;
                Ok(Some((state.set_identifier, ours)))
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

        // An AAAA goes with its A, and alone where there is none.
        let six = |id: Option<&str>| set(RrType::Aaaa, id, id.map(|_| 10));
        let whole = |sets: &[ResourceRecordSet]| {
            let Ok(Some(seen)) = choose(&wanted(), None, sets) else {
                panic!("nothing to adopt");
            };
            let Resource::Record(state) = seen.state else {
                unreachable!()
            };
            (state.has_a(), state.aaaa.is_some())
        };
        assert_eq!(whole(&[simple(), six(None)]), (true, true));
        assert_eq!(whole(&[six(None)]), (false, true));
        assert_eq!(whole(&[simple(), six(Some("x"))]), (true, false));
        let mut checked = six(None);
        checked.health_check_id = Some("check".into());
        refused(None, &[simple(), checked], "a health check");
    }
}
