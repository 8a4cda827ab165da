//! `destroy` and `purge`.

use std::collections::BTreeSet;

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::plan::Plan;
use deploycenter_domain::selector::Selection;

use super::main_commit::applied;
use super::prepared::recover;
use super::{Prepared, WorkflowError};
use crate::{CancellationToken, Engine, Outcome, PlanError, Run};

/// What is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// Targets; their data is retained.
    Destroy {
        /// Which.
        targets: BTreeSet<TargetId>,
        /// That more than a tenth of all may go at once.
        many: bool,
    },
    /// The data that was retained of a target.
    Purge {
        /// Which.
        target: TargetId,
        /// Of which incarnation, where several are retained.
        incarnation: Option<Incarnation>,
    },
    /// The data that a target has and doesn't use any more.
    PurgeUnused {
        /// Which.
        target: TargetId,
    },
}

impl Removal {
    /// The targets that it names.
    #[must_use]
    pub fn targets(&self) -> BTreeSet<TargetId> {
        match self {
            Self::Destroy { targets, .. } => targets.clone(),
            Self::Purge { target, .. } | Self::PurgeUnused { target } => {
                BTreeSet::from([target.clone()])
            }
        }
    }

    async fn plan(&self, run: &Run, left: &BTreeSet<TargetId>) -> Result<Plan, PlanError> {
        match self {
            Self::Destroy { many, .. } => run.plan_destroy(left, *many).await,
            Self::Purge {
                target,
                incarnation,
            } => run.plan_purge(target, *incarnation).await,
            Self::PurgeUnused { target } => run.plan_prune(target).await,
        }
    }
}

/// A removal, and how careful it is about main.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalRequest {
    /// What goes.
    pub removal: Removal,
    /// That the desired state needn't be on the remote's main.
    pub allow_dirty: bool,
}

/// A removal that nobody agreed to yet.
#[derive(Debug, Clone)]
pub struct PreparedRemoval {
    /// What is done.
    pub prepared: Prepared,
    /// The targets that someone has to confirm by name: those that aren't gone already.
    /// None, and nothing planned: what had been interrupted has removed them all.
    pub to_confirm: BTreeSet<TargetId>,
}

/// Finishes what was interrupted, and plans the removal of what is left.
///
/// # Errors
/// When the desired state isn't on main, a target can't go, or it was stopped.
pub async fn remove(
    engine: &Engine,
    request: &RemovalRequest,
    cancel: &CancellationToken,
) -> Result<PreparedRemoval, WorkflowError> {
    let run = engine.open_run().await?;
    let head = applied(engine, request.allow_dirty).await?;
    let targets = request.removal.targets();
    // A removal that was interrupted goes on, whoever asks for it again.
    let recovered = recover(engine, &Selection::of_targets(&targets), cancel).await?;
    let gone = removed(engine, &recovered).await?;
    let left: BTreeSet<TargetId> = targets.difference(&gone).cloned().collect();
    let plan = if left.is_empty() {
        Plan::new(engine.installation.clone(), Vec::new(), Vec::new())
    } else {
        request.removal.plan(&run, &left).await?
    };
    Ok(PreparedRemoval {
        prepared: Prepared {
            recovered,
            ..Prepared::plain(plan, head)
        },
        to_confirm: left,
    })
}

/// The targets of removals that were taken up and are done.
async fn removed(
    engine: &Engine,
    outcomes: &[Outcome],
) -> Result<BTreeSet<TargetId>, WorkflowError> {
    let mut gone = BTreeSet::new();
    let done = |outcome: &&Outcome| outcome.status == Status::Succeeded;
    for outcome in outcomes.iter().filter(done) {
        let summary = engine.store.summary(&outcome.deployment).await?;
        if summary.is_some_and(|summary| summary.plan.operation.is_removal()) {
            gone.insert(outcome.target.clone());
        }
    }
    Ok(gone)
}
