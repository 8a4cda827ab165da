//! What a step comes to, given what is there: the question put, and a refusal in words. Pure.

use deploycenter_domain::remedy::Advice;
use deploycenter_domain::resource::{Observed, Owner, Ownership, Resource};
use deploycenter_domain::saga::decide::{self, Aim, Decision, Found, Marks, Obstacle};
use deploycenter_ports::{ProviderErrorKind, Step};
use serde_json::Value;

use crate::sdk::failure::Context;
use deploycenter_ports::ProviderError;

/// Decides about one step. `what` names the thing; `doubt`: an attempt of this very step
/// may have gone through already, so that what stands there may be its work.
pub(crate) fn decide(
    context: &Context,
    what: &str,
    step: &Step,
    found: Option<&Observed>,
    doubt: bool,
) -> Result<Decision, ProviderError> {
    let there = found.map(|found| Found {
        ownership: &found.ownership,
        as_before: step.before.as_ref() == Some(&found.state),
        as_after: step.after.as_ref() == Some(&found.state),
        between: match (&step.adopt, &step.before, &step.after) {
            (Some(_), Some(before), Some(after)) => is_between(&found.state, before, after),
            _ => false,
        },
    });
    let aim = Aim {
        doubt: doubt || step.uncertain,
        ..step.aim(Marks::AtMaking)
    };
    decide::decide(&aim, there.as_ref())
        .map_err(|obstacle| refusal(context, what, step, found, obstacle))
}

/// Why nothing is done, in words.
fn refusal(
    context: &Context,
    what: &str,
    step: &Step,
    found: Option<&Observed>,
    obstacle: Obstacle,
) -> ProviderError {
    let moved = |text: &str| {
        context
            .fail(ProviderErrorKind::Moved, format_args!("{what} {text}"))
            .help("plan again to see it as it is now")
    };
    match (obstacle, found) {
        (Obstacle::Foreign, Some(found)) => foreign(context, what, step, found),
        (Obstacle::Changed, Some(found)) => {
            let seen = step.before.as_ref().or(step.after.as_ref());
            let differs = seen.map_or_else(String::new, |seen| differences(seen, &found.state));
            moved(&format!("isn't as the plan has it: {differs}"))
        }
        (Obstacle::Taken, _) if step.adopt.is_some() => {
            moved("was taken over by another deployment; it stays")
        }
        (Obstacle::Taken, _) => moved("was made by another deployment; it stays"),
        (Obstacle::Incomplete, _) => context.fail(
            ProviderErrorKind::Refused,
            format!("{what}: an adoption leads from what is there to what is wanted"),
        ),
        (Obstacle::Gone | Obstacle::Foreign | Obstacle::Changed, _) => {
            moved("isn't there any more")
        }
    }
}

/// Whether a state is on the way from one to another: each field is as in one of them.
fn is_between(found: &Resource, before: &Resource, after: &Resource) -> bool {
    let (found, before, after) = (fields(found), fields(before), fields(after));
    let keys = found.keys().chain(before.keys()).chain(after.keys());
    let mut keys = keys.map(String::as_str);
    keys.all(|key| found.get(key) == before.get(key) || found.get(key) == after.get(key))
}

/// Something that isn't this effect's stands in its place.
fn foreign(context: &Context, what: &str, step: &Step, found: &Observed) -> ProviderError {
    let whose = match &found.ownership {
        Ownership::Owned(owner) => format!(
            "belongs to {} of {} (incarnation {}, installation {})",
            owner.effect, owner.target, owner.incarnation, owner.installation
        ),
        Ownership::Foreign(text) => text.clone(),
        Ownership::ByPlace => "is ours by its place".to_owned(),
    };
    let Owner { target, effect, .. } = &step.owner;
    let by_hand = format!("remove it by hand if nobody needs it, or give {target} another name");
    let help = Advice::from("nothing is taken over by itself: ");
    let help = match found.way_to_adopt(target, effect) {
        Some(way) => help.and(("take it over with ", way)).and(", "),
        None => help,
    };
    context
        .fail(
            ProviderErrorKind::Foreign,
            format_args!("{what} stands there already and {whose}"),
        )
        .help(help.and(by_hand))
}

/// The fields in which a state differs from what was expected.
pub(crate) fn differences(expected: &Resource, found: &Resource) -> String {
    let (expected, found) = (fields(expected), fields(found));
    let mut texts = Vec::new();
    for (key, wanted) in &expected {
        let there = found.get(key).unwrap_or(&Value::Null);
        if there != wanted {
            texts.push(format!("{key} is {there}, not {wanted}"));
        }
    }
    for (key, there) in &found {
        if !expected.contains_key(key) {
            texts.push(format!("{key} is {there}, not absent"));
        }
    }
    texts.join("; ")
}

fn fields(state: &Resource) -> serde_json::Map<String, Value> {
    match serde_json::to_value(state) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use deploycenter_domain::effect::OutputName;
    use deploycenter_domain::name::Incarnation;
    use deploycenter_domain::resource::{Adoption, FileSystem};

    fn owner(deployment: &str) -> Owner {
        Owner {
            installation: "inst-1".parse().unwrap(),
            target: "acme/odoo".parse().unwrap(),
            effect: "efs.file-system/data".parse().unwrap(),
            incarnation: Incarnation::FIRST,
            deployment: deployment.parse().unwrap(),
        }
    }

    fn state(throughput: &str) -> Resource {
        Resource::FileSystem(FileSystem {
            region: "eu-west-3".parse().unwrap(),
            creation_token: "t".into(),
            name: "n".into(),
            performance_mode: "generalPurpose".into(),
            throughput_mode: throughput.into(),
            kms_key_id: None,
        })
    }

    fn step(before: Option<&str>, after: Option<&str>, uncertain: bool, undo: bool) -> Step {
        Step {
            owner: owner("d2"),
            before: before.map(state),
            after: after.map(state),
            uncertain,
            undo,
            commit: deploycenter_ports::CommitContext::default(),
            adopt: None,
        }
    }

    fn found(throughput: &str, ownership: Ownership) -> Option<Observed> {
        Some(Observed {
            state: state(throughput),
            ownership,
            outputs: Default::default(),
        })
    }

    fn decision(step: &Step, found: Option<Observed>) -> Result<Decision, ProviderErrorKind> {
        let context = Context {
            system: "efs",
            place: "x".into(),
        };
        decide(&context, "it", step, found.as_ref(), false).map_err(|failure| failure.kind)
    }

    #[test]
    fn every_case_of_a_step() {
        use Decision::{Create, Delete, Done, Update};
        use ProviderErrorKind::{Foreign, Moved};
        let mine = || Ownership::Owned(owner("d2"));
        let earlier = || Ownership::Owned(owner("d1"));
        let stranger = || Ownership::Foreign("is nobody's".into());
        let place = || Ownership::ByPlace;
        let create = step(None, Some("a"), false, false);
        let again = step(None, Some("a"), true, false);
        let update = step(Some("a"), Some("b"), false, false);
        let removal = step(Some("a"), None, false, false);
        let undo = step(Some("a"), None, true, true);
        let other = Ownership::Owned(Owner {
            incarnation: Incarnation(2),
            ..owner("d2")
        });
        let cases = [
            (&create, None, Ok(Create)),
            (&create, found("a", mine()), Ok(Done(true))),
            (&create, found("a", earlier()), Ok(Done(false))),
            (&create, found("a", place()), Ok(Done(false))),
            (&again, found("a", place()), Ok(Done(true))),
            (&create, found("x", mine()), Err(Moved)),
            (&create, found("a", stranger()), Err(Foreign)),
            (&create, found("a", other), Err(Foreign)),
            (&update, None, Err(Moved)),
            (&update, found("a", earlier()), Ok(Update)),
            (&update, found("b", earlier()), Ok(Done(false))),
            (&update, found("x", earlier()), Err(Moved)),
            (&removal, None, Ok(Done(false))),
            (&removal, found("a", earlier()), Ok(Delete)),
            (&removal, found("x", earlier()), Err(Moved)),
            (&removal, found("a", stranger()), Err(Foreign)),
            (&undo, None, Ok(Done(true))),
            (&undo, found("x", mine()), Ok(Delete)),
            (&undo, found("a", earlier()), Err(Moved)),
            (&undo, found("a", place()), Ok(Delete)),
            (&undo, found("x", place()), Err(Moved)),
        ];
        for (n, (step, found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(decision(step, found), expected, "case {n}");
        }
    }

    #[test]
    fn every_case_of_an_adoption() {
        use Decision::{Done, Update};
        use ProviderErrorKind::{Foreign, Moved};
        let mine = || Ownership::Owned(owner("d2"));
        let later = || Ownership::Owned(owner("d3"));
        let former = Owner {
            target: "globex/odoo".parse().unwrap(),
            ..owner("d1")
        };
        let theirs = || Ownership::Owned(former.clone());
        let stranger = || Ownership::Foreign("is nobody's".into());
        let place = || Ownership::ByPlace;
        let adopting = |former: Option<&Owner>, step: Step| Step {
            adopt: Some(Adoption {
                id: None,
                former: former.cloned(),
            }),
            ..step
        };
        let take = adopting(None, step(Some("a"), Some("b"), false, false));
        let again = adopting(None, step(Some("a"), Some("b"), true, false));
        let mark = adopting(None, step(Some("a"), Some("a"), false, false));
        let inherit = adopting(Some(&former), step(Some("a"), Some("b"), false, false));
        let back = adopting(None, step(Some("b"), Some("a"), true, true));
        let return_it = adopting(Some(&former), step(Some("b"), Some("a"), true, true));
        let cases = [
            (&take, None, Err(Moved)),
            (&take, found("a", stranger()), Ok(Update)),
            (&take, found("x", stranger()), Err(Moved)),
            (&take, found("b", stranger()), Err(Moved)),
            (&take, found("b", mine()), Ok(Done(true))),
            (&take, found("b", later()), Ok(Done(false))),
            (&take, found("a", mine()), Ok(Update)),
            (&take, found("a", later()), Err(Moved)),
            (&take, found("x", mine()), Err(Moved)),
            (&take, found("a", theirs()), Err(Foreign)),
            (&take, found("b", place()), Ok(Done(false))),
            (&again, found("b", place()), Ok(Done(true))),
            (&mark, found("a", stranger()), Ok(Update)),
            (&mark, found("a", mine()), Ok(Done(true))),
            (&inherit, found("a", theirs()), Ok(Update)),
            (&inherit, found("b", mine()), Ok(Done(true))),
            (&back, None, Err(Moved)),
            (&back, found("b", mine()), Ok(Update)),
            (&back, found("a", mine()), Ok(Update)),
            (&back, found("x", mine()), Err(Moved)),
            (&back, found("b", later()), Err(Moved)),
            (&back, found("a", stranger()), Ok(Done(true))),
            (&back, found("x", stranger()), Ok(Done(true))),
            (&back, found("b", place()), Ok(Update)),
            (&return_it, found("a", theirs()), Ok(Done(true))),
            (&return_it, found("b", mine()), Ok(Update)),
        ];
        for (n, (step, found, expected)) in cases.into_iter().enumerate() {
            assert_eq!(decision(step, found), expected, "case {n}");
        }
    }

    #[test]
    fn what_is_halfway_is_told_from_what_someone_changed() {
        let with = |name: &str, throughput: &str| {
            let Resource::FileSystem(state) = state(throughput) else {
                unreachable!()
            };
            Resource::FileSystem(FileSystem {
                name: name.into(),
                ..state
            })
        };
        let (before, after) = (with("theirs", "bursting"), with("ours", "elastic"));
        assert!(is_between(&with("ours", "bursting"), &before, &after));
        assert!(!is_between(&with("odd", "bursting"), &before, &after));
    }

    #[test]
    fn the_way_out_is_named() {
        let context = Context {
            system: "efs",
            place: "x".into(),
        };
        let create = step(None, Some("a"), false, false);
        let mut there = found("a", Ownership::Foreign("is nobody's".into())).unwrap();
        there.outputs = [(OutputName::Id, "fs-1".to_owned())].into();
        let failure = decide(&context, "it", &create, Some(&there), false).unwrap_err();
        let Owner { target, effect, .. } = &create.owner;
        let way = there.way_to_adopt(target, effect);
        assert!(way.is_some());
        assert!(failure.help.unwrap().remedies().eq(&way));
    }

    #[test]
    fn differences_name_the_fields() {
        assert_eq!(
            differences(&state("elastic"), &state("bursting")),
            "throughputMode is \"bursting\", not \"elastic\""
        );
    }
}
