//! What a step asks for, given what is there. Pure.

use deploycenter_domain::plan;
use deploycenter_domain::resource::{Observed, Outputs, Owner, Ownership, Resource};
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step};

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
pub(crate) fn decide(step: &Step, found: Option<(&App, &Ownership)>) -> Result<Act, ProviderError> {
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

fn stand(
    step: &Step,
    after: &Resource,
    app: &App,
    ownership: &Ownership,
) -> Result<Act, ProviderError> {
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
        return Err(ProviderError::new(
            ProviderErrorKind::Foreign,
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

fn remove(step: &Step, app: &App, ownership: &Ownership) -> Result<Act, ProviderError> {
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
    let mut odd = differences(before, app);
    if app.metadata.annotations.contains_key(owned::STRIPPED) {
        // We took it off ourselves, so that this removal takes what is protected too.
        odd.retain(|path| !path.starts_with("spec.syncPolicy"));
    }
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
pub(crate) fn foreign(step: &Step, image: &Resource, text: &str) -> ProviderError {
    let there = Observed {
        image: image.clone(),
        ownership: Ownership::Foreign(text.to_owned()),
        outputs: Outputs::new(),
    };
    let Owner { target, effect, .. } = &step.owner;
    let command = there.way_to_adopt(target, effect).unwrap_or_default();
    ProviderError::new(ProviderErrorKind::Foreign, SYSTEM, format!("{}: {text}", name(image)))
        .help(format!("nothing is taken over by itself: take it over with `{command}`, remove it by hand if nobody needs it, or rename the customer or instance"))
}

pub(crate) fn moved(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Moved, SYSTEM, message)
        .help("plan again to see what would change")
}

#[cfg(test)]
pub(crate) mod tests;
