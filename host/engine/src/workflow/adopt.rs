//! `adopt`: something that is there becomes a target's own.

use std::collections::BTreeMap;

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::plan::Plan;
use deploycenter_domain::resource::Adoption;
use deploycenter_domain::selector::Selection;

use super::main_commit::{applied, part_older};
use super::prepared::recover;
use super::{Prepared, WorkflowError};
use crate::{CancellationToken, Engine, PlanOptions};

/// What is to be taken over.
#[derive(Debug, Clone)]
pub struct AdoptRequest {
    /// Whose it becomes.
    pub target: TargetId,
    /// What isn't ours, by the effect that it becomes; none: the data that was retained of
    /// the target itself.
    pub effects: BTreeMap<EffectId, Adoption>,
    /// The incarnation whose data it is, where several are retained.
    pub incarnation: Option<Incarnation>,
    /// That the desired state needn't be on the remote's main.
    pub allow_dirty: bool,
    /// That the target may go back to an older commit of main.
    pub allow_older: bool,
}

/// An adoption that nobody agreed to yet.
#[derive(Debug, Clone)]
pub struct PreparedAdoption {
    /// What is done.
    pub prepared: Prepared,
    /// What was named and is a target's own already, with that target.
    pub own_already: Vec<(TargetId, EffectId)>,
}

/// Finishes what was interrupted, and plans the adoption.
///
/// # Errors
/// When the desired state isn't on main, what is named can't be taken over, or it was
/// stopped.
pub async fn adopt(
    engine: &Engine,
    request: &AdoptRequest,
    cancel: &CancellationToken,
) -> Result<PreparedAdoption, WorkflowError> {
    let run = engine.open_run().await?;
    let head = applied(engine, request.allow_dirty).await?;
    // A project goes along with the customer's instances: it is there for nobody else.
    let selection = Selection::of_targets([&request.target]);
    let recovered = recover(engine, &selection, cancel).await?;
    let mut options = PlanOptions {
        adopt: request.effects.clone(),
        ..PlanOptions::default()
    };
    if options.adopt.is_empty() {
        let incarnation = run
            .incarnation_to_revive(&request.target, request.incarnation)
            .await?;
        options.revive = Some(incarnation);
    }
    let planned = run.plan(&selection, &options).await?;
    if !planned.blocked.is_empty() {
        return Err(planned.blocked.into());
    }
    let Plan {
        installation,
        selectors,
        mut targets,
        ..
    } = planned.plan;
    if !request.allow_older {
        let (kept, older) = part_older(engine, targets, head.as_deref()).await?;
        if !older.is_empty() {
            return Err(WorkflowError::Older(older));
        }
        targets = kept;
    }
    let plan = Plan::new(installation, selectors, targets);
    Ok(PreparedAdoption {
        own_already: own_already(&plan, request),
        prepared: Prepared {
            recovered,
            ..Prepared::plain(plan, head)
        },
    })
}

/// What was named and isn't taken over, since nobody else has it.
fn own_already(plan: &Plan, request: &AdoptRequest) -> Vec<(TargetId, EffectId)> {
    let mut own = Vec::new();
    for target in &plan.targets {
        let effects = target.effects.iter();
        let named = effects
            .filter(|effect| effect.adopt.is_none() && request.effects.contains_key(&effect.id));
        own.extend(named.map(|effect| (target.target.clone(), effect.id.clone())));
    }
    own
}
