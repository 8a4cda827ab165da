//! `sync`: moves pins to the current plugins and overrides, batch by batch.

use deploycenter_domain::batch::batches;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::selector::Selection;
use deploycenter_ports::CommitContext;

use super::main_commit::{applied, part_older};
use super::prepared::recover;
use super::{LeftOut, Prepared, WorkflowError};
use crate::{CancellationToken, Engine, Next, Outcome, PlanOptions, Rollout};

/// What is to be moved.
#[derive(Debug, Clone, Default)]
pub struct SyncRequest {
    /// Which targets.
    pub selection: Selection,
    /// That the desired state needn't be on the remote's main.
    pub allow_dirty: bool,
    /// That targets may go back to an older commit of main.
    pub allow_older: bool,
    /// The most targets of one batch.
    pub batch: usize,
}

/// A rollout that nobody agreed to yet.
#[derive(Debug, Clone)]
pub struct PreparedRollout {
    /// Everything that moves.
    pub prepared: Prepared,
    /// How many targets at most go at once.
    batch: usize,
}

/// Finishes what was interrupted, and plans what waits for newer pins.
///
/// # Errors
/// When the desired state isn't on main, there is no plan, or it was stopped.
pub async fn sync(
    engine: &Engine,
    request: &SyncRequest,
    cancel: &CancellationToken,
) -> Result<PreparedRollout, WorkflowError> {
    let run = engine.open_run().await?;
    let head = applied(engine, request.allow_dirty).await?;
    let recovered = recover(engine, &request.selection, cancel).await?;
    let options = PlanOptions {
        sync: true,
        ..PlanOptions::default()
    };
    let planned = run.plan(&request.selection, &options).await?;
    let waits = |target| planned.updates_waiting.contains(target);
    let blocked = planned.blocked.iter();
    let blocked: Vec<LeftOut> = blocked
        .filter(|blocked| waits(&blocked.target))
        .map(|blocked| LeftOut::Refusal(blocked.clone()))
        .collect();
    // The targets that an update waits for, with the pins moved.
    let mut moving = planned.plan.targets;
    moving.retain(|plan| planned.updates_waiting.contains(&plan.target) && plan.has_changes());
    let (targets, mut left_out) = if request.allow_older {
        (moving, Vec::new())
    } else {
        part_older(engine, moving, head.as_deref()).await?
    };
    left_out.extend(blocked);
    let prepared = Prepared {
        plan: Plan::new(planned.plan.installation, planned.plan.selectors, targets),
        recovered,
        left_out,
        main_commit: head,
    };
    Ok(PreparedRollout {
        prepared,
        batch: request.batch,
    })
}

impl PreparedRollout {
    /// How many batches there are, and of how many targets the first is.
    #[must_use]
    pub fn batches(&self) -> (usize, usize) {
        let batches = batches(self.prepared.plan.targets.iter().collect(), self.batch);
        (batches.len(), batches.first().map_or(0, Vec::len))
    }

    /// Carries it out in `actor`'s name, batch after batch; `gate` has its say between two,
    /// as in [`Engine::roll_out`]. First come the outcomes of what had been interrupted.
    pub async fn run(
        self,
        engine: &Engine,
        actor: String,
        cancel: &CancellationToken,
        gate: impl AsyncFnMut(&[Outcome], &[TargetPlan]) -> Next,
    ) -> Rollout {
        let Prepared {
            plan,
            recovered,
            main_commit,
            ..
        } = self.prepared;
        let commit = CommitContext { actor, main_commit };
        let batches = batches(plan.targets, self.batch);
        let mut rollout = engine.roll_out(batches, &commit, cancel, gate).await;
        rollout.outcomes.splice(0..0, recovered);
        rollout
    }
}
