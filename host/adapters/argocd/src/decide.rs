//! What a step asks for, given what is there: the question put, and a refusal in words. Pure.

use deploycenter_domain::plan;
use deploycenter_domain::remedy::Advice;
use deploycenter_domain::resource::{Observed, Outputs, Owner, Ownership, Resource};
use deploycenter_domain::saga::decide::{self, Decision, Found, Marks, Obstacle};
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step};

use crate::client::SYSTEM;
use crate::model::App;
use crate::owned;

/// What a step asks for. Argo CD changes a thing whole, marks included, so one that is
/// taken over is either theirs as it was or ours.
pub(crate) fn decide(
    step: &Step,
    found: Option<(&App, &Ownership)>,
) -> Result<Decision, ProviderError> {
    let there = found.map(|(app, ownership)| {
        let as_before = off_before(step, app).is_some_and(|odd| odd.is_empty());
        let after = step.after.as_ref();
        Found {
            ownership,
            as_before,
            as_after: after.is_some_and(|after| differences(after, app).is_empty()),
            between: as_before,
        }
    });
    decide::decide(&step.aim(Marks::WithEachChange), there.as_ref())
        .map_err(|obstacle| refusal(step, found, obstacle))
}

/// The fields in which what is there differs from what the plan found; `None` when that was
/// nothing.
fn off_before(step: &Step, app: &App) -> Option<Vec<String>> {
    let mut odd = differences(step.before.as_ref()?, app);
    if step.after.is_none() && app.metadata.annotations.contains_key(owned::STRIPPED) {
        // We took it off ourselves, so that this removal takes what is protected too.
        odd.retain(|path| !path.starts_with("spec.syncPolicy"));
    }
    Some(odd)
}

/// Why nothing is done, in words.
fn refusal(step: &Step, found: Option<(&App, &Ownership)>, obstacle: Obstacle) -> ProviderError {
    let removes = step.after.is_none();
    let state = if step.adopt.is_some() {
        step.before.as_ref()
    } else {
        step.after.as_ref().or(step.before.as_ref())
    };
    let Some(state) = state.filter(|_| obstacle != Obstacle::Incomplete) else {
        return ProviderError::new(
            ProviderErrorKind::Refused,
            SYSTEM,
            "an adoption leads from what is there to what is wanted",
        );
    };
    let name = name(state);
    let Some((app, ownership)) = found else {
        return moved(format!("{name} isn't there any more"));
    };
    match (obstacle, ownership) {
        (Obstacle::Foreign | Obstacle::Taken, Ownership::Owned(owner)) if removes => {
            moved(format!(
                "{name} belongs to {} and was made by deployment {}; it is left",
                owner.target, owner.deployment
            ))
        }
        (Obstacle::Taken, Ownership::Owned(owner)) => moved(format!(
            "{name} was taken over by deployment {}",
            owner.deployment
        )),
        (Obstacle::Changed, Ownership::Owned(owner)) if step.before.is_none() => {
            ProviderError::new(
                ProviderErrorKind::Foreign,
                SYSTEM,
                format!(
                    "{name} is there already, made by deployment {}, and differs in {}",
                    owner.deployment,
                    differences(state, app).join(", ")
                ),
            )
            .help("plan again to see what would change")
        }
        (Obstacle::Changed, _) => moved(format!(
            "{name} was changed meanwhile in {}",
            off_before(step, app).unwrap_or_default().join(", ")
        )),
        _ => foreign(step, state, &whose(ownership)),
    }
}

/// The fields in which what is there differs from a state.
fn differences(wanted: &Resource, app: &App) -> Vec<String> {
    let found = owned::state(app, wanted);
    plan::changes(Some(wanted), found.as_ref())
        .into_iter()
        .map(|change| change.path)
        .collect()
}

/// A project or application as a person calls it.
fn name(resource: &Resource) -> String {
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
pub(crate) fn foreign(step: &Step, state: &Resource, text: &str) -> ProviderError {
    let there = Observed {
        state: state.clone(),
        ownership: Ownership::Foreign(text.to_owned()),
        outputs: Outputs::new(),
    };
    let Owner { target, effect, .. } = &step.owner;
    let help = Advice::from("nothing is taken over by itself: ");
    let help = match there.way_to_adopt(target, effect) {
        Some(way) => help.and(("take it over with ", way)).and(", "),
        None => help,
    };
    ProviderError::new(
        ProviderErrorKind::Foreign,
        SYSTEM,
        format!("{}: {text}", name(state)),
    )
    .help(help.and("remove it by hand if nobody needs it, or rename the customer or instance"))
}

fn moved(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Moved, SYSTEM, message)
        .help("plan again to see what would change")
}

#[cfg(test)]
pub(crate) mod tests;
