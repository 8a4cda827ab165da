//! What a step asks for, given what is there. Pure.

use deploycenter_domain::plan;
use deploycenter_domain::resource::{Observed, Outputs, Owner, Ownership, Resource};
use deploycenter_ports::{Failure, FailureKind, Step};

use crate::adopt;
use crate::client::SYSTEM;
use crate::model::App;
use crate::owned;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// It is as wanted; whether this deployment made it so.
    Nothing {
        /// See above.
        ours: bool,
    },
    /// Make it.
    Create,
    /// Change it.
    Update,
    /// Remove it.
    Delete,
}

/// What a step asks for.
pub(crate) fn decide(step: &Step, found: Option<(&App, &Ownership)>) -> Result<Act, Failure> {
    if let Some(adoption) = &step.adopt {
        return adopt::decide(step, adoption, found);
    }
    match (&step.after, found) {
        (None, None) => Ok(Act::Nothing {
            ours: step.uncertain,
        }),
        (Some(after), None) if step.before.is_some() => {
            Err(moved(format!("{} isn't there any more", name(after))))
        }
        (Some(_), None) => Ok(Act::Create),
        (Some(after), Some((app, ownership))) => stand(step, after, app, ownership),
        (None, Some((app, ownership))) => remove(step, app, ownership),
    }
}

fn stand(step: &Step, after: &Resource, app: &App, ownership: &Ownership) -> Result<Act, Failure> {
    let owner = match ownership {
        Ownership::Owned(owner) if owner.same_thing(&step.owner) => owner,
        other => return Err(foreign(step, after, &whose(other))),
    };
    let ours = owner.deployment == step.owner.deployment;
    if differences(after, app).is_empty() {
        return Ok(Act::Nothing { ours });
    }
    let Some(before) = &step.before else {
        let text = format!(
            "is there already, made by deployment {}, and differs in {}",
            owner.deployment,
            differences(after, app).join(", ")
        );
        return Err(Failure::new(
            FailureKind::Foreign,
            SYSTEM,
            format!("{} {text}", name(after)),
        )
        .help("plan again to see what would change"));
    };
    let odd = differences(before, app);
    if !odd.is_empty() {
        return Err(moved(format!(
            "{} was changed meanwhile in {}",
            name(after),
            odd.join(", ")
        )));
    }
    if step.undo && !ours {
        return Err(moved(format!(
            "{} was taken over by deployment {}",
            name(after),
            owner.deployment
        )));
    }
    Ok(Act::Update)
}

fn remove(step: &Step, app: &App, ownership: &Ownership) -> Result<Act, Failure> {
    let Some(before) = &step.before else {
        return Err(moved(format!(
            "\"{}\" is there, although nothing was when the plan was made",
            app.metadata.name
        )));
    };
    match ownership {
        // Whatever this deployment made bears its label, so this isn't that.
        Ownership::Foreign(_) if step.undo => return Ok(Act::Nothing { ours: false }),
        Ownership::Foreign(_) => return Err(foreign(step, before, &whose(ownership))),
        Ownership::Owned(owner)
            if !owner.same_thing(&step.owner)
                || (step.undo && owner.deployment != step.owner.deployment) =>
        {
            return Err(moved(format!(
                "{} belongs to {} and was made by deployment {}; it is left",
                name(before),
                owner.target,
                owner.deployment
            )));
        }
        Ownership::Owned(_) | Ownership::ByPlace => {}
    }
    let odd = differences(before, app);
    // What this deployment created goes whatever became of it.
    if !step.undo && !odd.is_empty() {
        return Err(moved(format!(
            "{} was changed meanwhile in {}",
            name(before),
            odd.join(", ")
        )));
    }
    Ok(Act::Delete)
}

/// The fields in which what is there differs from an image.
pub(crate) fn differences(wanted: &Resource, app: &App) -> Vec<String> {
    let found = owned::image(app, wanted);
    plan::changes(Some(wanted), found.as_ref())
        .into_iter()
        .map(|change| change.path)
        .collect()
}

/// A project or application as a person calls it.
pub(crate) fn name(resource: &Resource) -> String {
    match resource {
        Resource::Project(project) => format!("the Argo CD project {}", project.name),
        Resource::Application(application) => {
            format!("the Argo CD application {}", application.name)
        }
        _ => "a thing of another system".to_owned(),
    }
}

pub(crate) fn whose(ownership: &Ownership) -> String {
    match ownership {
        Ownership::Owned(Owner {
            target,
            incarnation,
            effect,
            ..
        }) => format!("it belongs to {target}, incarnation {incarnation}, {effect}"),
        Ownership::Foreign(text) => text.clone(),
        Ownership::ByPlace => "it doesn't say whose it is".to_owned(),
    }
}

/// Something that isn't this effect's stands in its place.
pub(crate) fn foreign(step: &Step, image: &Resource, text: &str) -> Failure {
    let there = Observed {
        image: image.clone(),
        ownership: Ownership::Foreign(text.to_owned()),
        outputs: Outputs::new(),
    };
    let Owner { target, effect, .. } = &step.owner;
    let command = there.way_to_adopt(target, effect).unwrap_or_default();
    Failure::new(FailureKind::Foreign, SYSTEM, format!("{}: {text}", name(image)))
        .help(format!("nothing is taken over by itself: take it over with `{command}`, remove it by hand if nobody needs it, or rename the customer or instance"))
}

pub(crate) fn moved(message: String) -> Failure {
    Failure::new(FailureKind::Moved, SYSTEM, message).help("plan again to see what would change")
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use deploycenter_domain::effect::{EffectId, EffectKind};
    use deploycenter_domain::name::Incarnation;
    use deploycenter_domain::resource::{Application, Owner};
    use deploycenter_ports::Note;
    use serde_json::json;

    use super::*;

    pub(crate) fn owner(deployment: &str, effect: &str) -> Owner {
        Owner {
            installation: "example".parse().unwrap(),
            target: "acme/odoo".parse().unwrap(),
            effect: EffectId::new(EffectKind::Application, effect).unwrap(),
            incarnation: Incarnation(1),
            deployment: deployment.parse().unwrap(),
        }
    }

    pub(crate) fn image(path: &str) -> Resource {
        Resource::Application(Application {
            name: "acme--odoo".to_owned(),
            project: "acme".to_owned(),
            labels: [("deploycenter.dev/customer".to_owned(), "acme".to_owned())].into(),
            spec: json!({ "project": "acme", "source": { "path": path } }),
        })
    }

    pub(crate) fn found(path: &str) -> App {
        serde_json::from_value(json!({
            "metadata": { "name": "acme--odoo", "labels": { "deploycenter.dev/customer": "acme", "deploycenter.dev/installation": "example", "team": "x" } },
            "spec": { "project": "acme", "source": { "path": path } },
        }))
        .unwrap()
    }

    #[test]
    fn each_case_has_its_answer() {
        use FailureKind::{Foreign, Moved};
        let (ours, earlier) = (
            Ownership::Owned(owner("d2", "workload")),
            Ownership::Owned(owner("d1", "workload")),
        );
        let (other, stranger) = (
            Ownership::Owned(owner("d2", "base")),
            Ownership::Foreign("not ours".to_owned()),
        );
        let nothing = |ours| Ok(Act::Nothing { ours });
        // before, after, undo, what is there and whose
        type Case<'a> = (
            &'a str,
            Option<&'a str>,
            Option<&'a str>,
            bool,
            Option<(&'a str, &'a Ownership)>,
            Result<Act, FailureKind>,
        );
        let cases: Vec<Case<'_>> = vec![
            ("create", None, Some("new"), false, None, Ok(Act::Create)),
            (
                "create, made already",
                None,
                Some("new"),
                false,
                Some(("new", &ours)),
                nothing(true),
            ),
            (
                "create, made by an earlier deployment",
                None,
                Some("new"),
                false,
                Some(("new", &earlier)),
                nothing(false),
            ),
            (
                "create, another is there",
                None,
                Some("new"),
                false,
                Some(("old", &earlier)),
                Err(Foreign),
            ),
            (
                "create, a stranger's is there",
                None,
                Some("new"),
                false,
                Some(("new", &stranger)),
                Err(Foreign),
            ),
            (
                "create, another effect's is there",
                None,
                Some("new"),
                false,
                Some(("new", &other)),
                Err(Foreign),
            ),
            (
                "update",
                Some("old"),
                Some("new"),
                false,
                Some(("old", &earlier)),
                Ok(Act::Update),
            ),
            (
                "update, made already",
                Some("old"),
                Some("new"),
                false,
                Some(("new", &ours)),
                nothing(true),
            ),
            (
                "update, edited",
                Some("old"),
                Some("new"),
                false,
                Some(("edited", &earlier)),
                Err(Moved),
            ),
            (
                "update, gone",
                Some("old"),
                Some("new"),
                false,
                None,
                Err(Moved),
            ),
            (
                "update, a stranger's now",
                Some("old"),
                Some("new"),
                false,
                Some(("old", &stranger)),
                Err(Foreign),
            ),
            (
                "delete",
                Some("old"),
                None,
                false,
                Some(("old", &earlier)),
                Ok(Act::Delete),
            ),
            (
                "delete, edited",
                Some("old"),
                None,
                false,
                Some(("edited", &earlier)),
                Err(Moved),
            ),
            (
                "delete, gone",
                Some("old"),
                None,
                false,
                None,
                nothing(false),
            ),
            (
                "delete, a stranger's",
                Some("old"),
                None,
                false,
                Some(("old", &stranger)),
                Err(Foreign),
            ),
            (
                "undo a create",
                Some("new"),
                None,
                true,
                Some(("new", &ours)),
                Ok(Act::Delete),
            ),
            (
                "undo a create, edited since",
                Some("new"),
                None,
                true,
                Some(("edited", &ours)),
                Ok(Act::Delete),
            ),
            (
                "undo a create, an earlier deployment's",
                Some("new"),
                None,
                true,
                Some(("new", &earlier)),
                Err(Moved),
            ),
            (
                "undo a create that met a stranger's",
                Some("new"),
                None,
                true,
                Some(("new", &stranger)),
                nothing(false),
            ),
            (
                "undo an update",
                Some("new"),
                Some("old"),
                true,
                Some(("new", &ours)),
                Ok(Act::Update),
            ),
            (
                "undo an update, edited since",
                Some("new"),
                Some("old"),
                true,
                Some(("edited", &ours)),
                Err(Moved),
            ),
            (
                "undo an update that never was",
                Some("new"),
                Some("old"),
                true,
                Some(("old", &earlier)),
                nothing(false),
            ),
            (
                "undo a delete",
                None,
                Some("old"),
                true,
                None,
                Ok(Act::Create),
            ),
        ];
        for (what, before, after, undo, there, expected) in cases {
            let step = Step {
                owner: owner("d2", "workload"),
                before: before.map(image),
                after: after.map(image),
                uncertain: false,
                undo,
                note: Note::default(),
                adopt: None,
            };
            let there = there.map(|(path, ownership)| (found(path), ownership));
            let answer = decide(
                &step,
                there.as_ref().map(|(app, ownership)| (app, *ownership)),
            );
            assert_eq!(answer.map_err(|failure| failure.kind), expected, "{what}");
        }
    }

    #[test]
    fn the_way_out_is_named() {
        let step = Step {
            owner: owner("d2", "workload"),
            before: None,
            after: Some(image("new")),
            uncertain: false,
            undo: false,
            note: Note::default(),
            adopt: None,
        };
        let stranger = Ownership::Foreign("it has no label".to_owned());
        let failure = decide(&step, Some((&found("new"), &stranger))).unwrap_err();
        let help = failure.help.unwrap();
        assert!(
            help.contains("`deploycenter adopt acme/odoo argocd.application/workload`"),
            "{help}"
        );
        assert_eq!(
            failure.message,
            "the Argo CD application acme--odoo: it has no label"
        );
    }

    #[test]
    fn a_difference_is_named() {
        let step = Step {
            owner: owner("d2", "workload"),
            before: Some(image("old")),
            after: Some(image("new")),
            uncertain: false,
            undo: false,
            note: Note::default(),
            adopt: None,
        };
        let failure = decide(
            &step,
            Some((&found("edited"), &Ownership::Owned(owner("d1", "workload")))),
        )
        .unwrap_err();
        assert!(failure.message.contains("spec.source.path"), "{failure}");
    }
}
