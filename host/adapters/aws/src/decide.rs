//! What a step comes to, given what is there. Pure.

use deploycenter_domain::resource::{Adoption, Observed, Owner, Ownership, Resource};
use deploycenter_ports::{ProviderErrorKind, Step};
use serde_json::Value;

use crate::sdk::failure::Context;
use deploycenter_ports::ProviderError;

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing; whether this deployment made the change earlier.
    Done(bool),
    /// Make it.
    Create,
    /// Lead it from before to after.
    Update,
    /// Remove it.
    Delete,
}

/// Decides about one step. `what` names the thing; `doubt`: an attempt of this very step
/// may have gone through already, so that what stands there may be its work.
pub(crate) fn decide(
    context: &Context,
    what: &str,
    step: &Step,
    found: Option<&Observed>,
    doubt: bool,
) -> Result<Verdict, ProviderError> {
    let doubt = doubt || step.uncertain;
    if let Some(adoption) = &step.adopt {
        return adopt(context, what, step, adoption, found, doubt);
    }
    let moved = |text: String| {
        context
            .fail(ProviderErrorKind::Moved, format_args!("{what} {text}"))
            .help("plan again to see it as it is now")
    };
    let Some(found) = found else {
        return match (&step.before, &step.after) {
            (_, None) => Ok(Verdict::Done(doubt)),
            (None, Some(_)) => Ok(Verdict::Create),
            (Some(_), Some(_)) => Err(moved("isn't there any more".to_owned())),
        };
    };
    let maker = match &found.ownership {
        Ownership::Owned(owner) if owner.same_thing(&step.owner) => Some(&owner.deployment),
        Ownership::ByPlace => None,
        Ownership::Owned(owner) => {
            return Err(foreign(context, what, step, found, &owned_by(owner)));
        }
        Ownership::Foreign(text) => return Err(foreign(context, what, step, found, text)),
    };
    let ours = maker.is_none_or(|maker| *maker == step.owner.deployment);
    match (&step.before, &step.after) {
        (None, Some(after)) if found.image == *after => {
            Ok(Verdict::Done(maker.map_or(doubt, |_| ours)))
        }
        (Some(_), Some(after)) if found.image == *after => Ok(Verdict::Done(doubt)),
        (Some(before), Some(_)) if found.image == *before => Ok(Verdict::Update),
        (before, Some(after)) => {
            let seen = before.as_ref().unwrap_or(after);
            Err(moved(format!(
                "isn't as the plan has it: {}",
                differences(seen, &found.image)
            )))
        }
        // Only what the tags say this deployment made is removed when it takes itself
        // back, and then in whatever state.
        (_, None) if step.undo && maker.is_some() => {
            if ours {
                Ok(Verdict::Delete)
            } else {
                Err(moved("was made by another deployment; it stays".to_owned()))
            }
        }
        (Some(before), None) if found.image != *before => Err(moved(format!(
            "isn't as the plan has it: {}",
            differences(before, &found.image)
        ))),
        (Some(_), None) => Ok(Verdict::Delete),
        (None, None) => Ok(Verdict::Done(false)),
    }
}

/// Decides about one step of an adoption, or of its undoing. Both lead from one image to
/// the other, and our marks come first and go last: what doesn't bear them is as it was.
fn adopt(
    context: &Context,
    what: &str,
    step: &Step,
    adoption: &Adoption,
    found: Option<&Observed>,
    doubt: bool,
) -> Result<Verdict, ProviderError> {
    let moved = |text: String| {
        context
            .fail(ProviderErrorKind::Moved, format_args!("{what} {text}"))
            .help("plan again to see it as it is now")
    };
    let (Some(before), Some(after)) = (&step.before, &step.after) else {
        let text = format!("{what}: an adoption leads from what is there to what is wanted");
        return Err(context.fail(ProviderErrorKind::Refused, text));
    };
    let Some(found) = found else {
        return Err(moved("isn't there any more".to_owned()));
    };
    let (marked, mine) = match &found.ownership {
        Ownership::Owned(owner) if owner.same_thing(&step.owner) => {
            (true, owner.deployment == step.owner.deployment)
        }
        Ownership::ByPlace => (true, doubt),
        Ownership::Owned(owner) if adoption.former.as_ref() != Some(owner) => {
            let text = owned_by(owner);
            return Err(foreign(context, what, step, found, &text));
        }
        Ownership::Owned(_) | Ownership::Foreign(_) => (false, false),
    };
    match (marked, step.undo) {
        (false, true) => Ok(Verdict::Done(true)),
        (false, false) if found.image == *before => Ok(Verdict::Update),
        (true, false) if found.image == *after => Ok(Verdict::Done(mine)),
        (true, true) if !mine => Err(moved(
            "was taken over by another deployment; it stays".to_owned(),
        )),
        (true, _) if mine && is_between(&found.image, before, after) => Ok(Verdict::Update),
        _ => Err(moved(format!(
            "isn't as the plan has it: {}",
            differences(before, &found.image)
        ))),
    }
}

/// Whether an image is on the way from one to another: each field is as in one of them.
fn is_between(found: &Resource, before: &Resource, after: &Resource) -> bool {
    let (found, before, after) = (fields(found), fields(before), fields(after));
    let keys = found.keys().chain(before.keys()).chain(after.keys());
    let mut keys = keys.map(String::as_str);
    keys.all(|key| found.get(key) == before.get(key) || found.get(key) == after.get(key))
}

fn owned_by(owner: &Owner) -> String {
    format!(
        "belongs to {} of {} (incarnation {}, installation {})",
        owner.effect, owner.target, owner.incarnation, owner.installation
    )
}

/// Something that isn't this effect's stands in its place.
fn foreign(
    context: &Context,
    what: &str,
    step: &Step,
    found: &Observed,
    text: &str,
) -> ProviderError {
    let Owner { target, effect, .. } = &step.owner;
    let by_hand = format!("remove it by hand if nobody needs it, or give {target} another name");
    let help = match found.way_to_adopt(target, effect) {
        Some(command) => {
            format!("nothing is taken over by itself: take it over with `{command}`, {by_hand}")
        }
        None => format!("nothing is taken over by itself: {by_hand}"),
    };
    context
        .fail(
            ProviderErrorKind::Foreign,
            format_args!("{what} stands there already and {text}"),
        )
        .help(help)
}

/// The fields in which an image differs from what was expected.
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

fn fields(image: &Resource) -> serde_json::Map<String, Value> {
    match serde_json::to_value(image) {
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
    use deploycenter_domain::resource::FileSystem;

    fn owner(deployment: &str) -> Owner {
        Owner {
            installation: "inst-1".parse().unwrap(),
            target: "acme/odoo".parse().unwrap(),
            effect: "efs.file-system/data".parse().unwrap(),
            incarnation: Incarnation::FIRST,
            deployment: deployment.parse().unwrap(),
        }
    }

    fn image(throughput: &str) -> Resource {
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
            before: before.map(image),
            after: after.map(image),
            uncertain,
            undo,
            commit: deploycenter_ports::CommitContext::default(),
            adopt: None,
        }
    }

    fn found(throughput: &str, ownership: Ownership) -> Option<Observed> {
        Some(Observed {
            image: image(throughput),
            ownership,
            outputs: Default::default(),
        })
    }

    fn verdict(step: &Step, found: Option<Observed>) -> Result<Verdict, ProviderErrorKind> {
        let context = Context {
            system: "efs",
            place: "x".into(),
        };
        decide(&context, "it", step, found.as_ref(), false).map_err(|failure| failure.kind)
    }

    #[test]
    fn every_case_of_a_step() {
        use ProviderErrorKind::{Foreign, Moved};
        use Verdict::{Create, Delete, Done, Update};
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
            assert_eq!(verdict(step, found), expected, "case {n}");
        }
    }

    #[test]
    fn every_case_of_an_adoption() {
        use ProviderErrorKind::{Foreign, Moved};
        use Verdict::{Done, Update};
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
            assert_eq!(verdict(step, found), expected, "case {n}");
        }
    }

    #[test]
    fn what_is_halfway_is_told_from_what_someone_changed() {
        let with = |name: &str, throughput: &str| {
            let Resource::FileSystem(image) = image(throughput) else {
                unreachable!()
            };
            Resource::FileSystem(FileSystem {
                name: name.into(),
                ..image
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
        let help = failure.help.unwrap();
        assert!(
            help.contains("`deploycenter adopt acme/odoo efs.file-system/data=fs-1`"),
            "{help}"
        );
    }

    #[test]
    fn differences_name_the_fields() {
        assert_eq!(
            differences(&image("elastic"), &image("bursting")),
            "throughputMode is \"bursting\", not \"elastic\""
        );
    }
}
