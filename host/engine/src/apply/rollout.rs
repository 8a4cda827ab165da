//! A rollout: batch after batch, as long as all goes well.

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{CommitContext, StoreError};

use super::{CancellationToken, Outcome, RunError};
use crate::Engine;

/// Whether the next batch begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It does.
    Begin,
    /// It doesn't, and neither do those after it.
    Stop,
}

/// What came of a rollout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rollout {
    /// What came of each deployment that was begun, batch by batch.
    pub outcomes: Vec<Outcome>,
    /// The instances that weren't begun, in order.
    pub not_begun: Vec<TargetId>,
    /// Why the next batch couldn't begin or go on, when it wasn't a deployment that
    /// failed. A batch that the journal failed in counts as begun: `resume` ends it.
    pub error: Option<RunError>,
}

impl Engine {
    /// Deploys batch after batch, each journaled as a whole before any of it begins. The
    /// first batch in which a deployment doesn't succeed is the last one; what failed in
    /// it has gone back by itself. Between two batches `gate` is given what came of the
    /// last and what comes next, and has its say.
    pub async fn roll_out(
        &self,
        batches: Vec<Vec<TargetPlan>>,
        commit: &CommitContext,
        cancel: &CancellationToken,
        mut gate: impl AsyncFnMut(&[Outcome], &[TargetPlan]) -> Next,
    ) -> Rollout {
        let mut rollout = Rollout::default();
        let mut left = batches.into_iter();
        let mut ended: Option<Vec<Outcome>> = None;
        for batch in left.by_ref() {
            let stopped = match &ended {
                Some(ended) => gate(ended, &batch).await == Next::Stop,
                None => false,
            };
            if stopped {
                rollout.not_begun.extend(instances(&batch));
                break;
            }
            let names: Vec<TargetId> = instances(&batch).collect();
            match self.deploy(batch, commit, cancel).await {
                Ok(outcomes) => {
                    rollout.outcomes.extend(outcomes.iter().cloned());
                    let well = outcomes
                        .iter()
                        .all(|outcome| outcome.status == Status::Succeeded);
                    if !well {
                        break;
                    }
                    ended = Some(outcomes);
                }
                // Whoever asked may have done so while the gate was waited for.
                Err(RunError::Stopped) => {
                    rollout.not_begun.extend(names);
                    break;
                }
                Err(error) => {
                    if nothing_began(&error) {
                        rollout.not_begun.extend(names);
                    }
                    rollout.error = Some(error);
                    break;
                }
            }
        }
        let rest = left.flat_map(|batch| instances(&batch).collect::<Vec<_>>());
        rollout.not_begun.extend(rest);
        rollout
    }
}

/// Whether a batch failed before it was journaled.
fn nothing_began(error: &RunError) -> bool {
    matches!(
        error,
        RunError::Outside(_)
            | RunError::Store(StoreError::Locked { .. } | StoreError::Unfinished { .. })
    )
}

/// The instances of a batch.
fn instances(batch: &[TargetPlan]) -> impl Iterator<Item = TargetId> {
    batch
        .iter()
        .filter(|plan| !plan.target.is_shared())
        .map(|plan| plan.target.clone())
}
