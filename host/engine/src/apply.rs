//! Applying: deployments are enqueued together, then each is claimed and run forward, and
//! back when it fails.

mod enqueue;
mod forward;
mod in_flight;
mod outage;
mod rollout;
mod run;
mod shared;
mod step;
mod unprotect;
mod unwind;

use deploycenter_domain::journal::{DeploymentState, Event, Impossible, Status};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{DeploymentRecord, Lease, ProviderError, Recorded, StoreError, Wait};
use tokio_util::sync::CancellationToken;

use crate::Engine;

pub use enqueue::Queued;
pub use rollout::{Next, Rollout};

/// What came of one target's deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which target.
    pub target: TargetId,
    /// Its deployment.
    pub deployment: DeploymentId,
    /// Where it is now. `Running` or `Unwinding`: stopped on request, or an outside system
    /// was away for too long; `resume` goes on.
    pub status: Status,
    /// Why it isn't well.
    pub reason: Option<String>,
    /// The outside systems that were away when it stopped.
    pub waits: Vec<Wait>,
    /// What is left behind, when it needs attention.
    pub leftovers: Vec<String>,
}

/// Why a run stopped without an outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Whoever asked for the run stopped it before anything of it was journaled.
    #[error("stopped before anything began; nothing was done")]
    Stopped,
    /// The journal couldn't be written or read; nothing more was done after that.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An outside system couldn't be read before anything began.
    #[error(transparent)]
    Outside(#[from] ProviderError),
    /// The journal is impossible.
    #[error("{deployment}: {source}")]
    Journal {
        /// Whose.
        deployment: DeploymentId,
        /// What doesn't fit.
        source: Impossible,
    },
}

/// One deployment being run: its lease, its plan, and its journal as far as it got.
#[derive(Debug)]
pub(crate) struct Saga<'a> {
    engine: &'a Engine,
    lease: Lease,
    record: DeploymentRecord,
    progress: DeploymentState,
}

impl<'a> Saga<'a> {
    pub(crate) fn new(
        engine: &'a Engine,
        lease: Lease,
        record: DeploymentRecord,
    ) -> Result<Self, RunError> {
        let progress = record.state().map_err(|source| RunError::Journal {
            deployment: record.deployment.id.clone(),
            source,
        })?;
        Ok(Self {
            engine,
            lease,
            record,
            progress,
        })
    }

    /// Writes an event and takes it in; nothing may be done before it returns.
    async fn write(&mut self, event: Event) -> Result<(), RunError> {
        let mut next = self.progress.clone();
        next.apply(&event).map_err(|what| RunError::Journal {
            deployment: self.id().clone(),
            source: Impossible {
                entry: self.record.events.len(),
                what,
            },
        })?;
        let at = self.engine.clock.now();
        self.engine
            .store
            .append(&self.lease, self.id(), &event, at)
            .await?;
        self.progress = next;
        self.record.events.push(Recorded { at, event });
        Ok(())
    }

    pub(crate) fn id(&self) -> &DeploymentId {
        &self.record.deployment.id
    }

    pub(crate) fn target(&self) -> &TargetId {
        &self.record.deployment.plan.target
    }

    pub(crate) fn outcome(&self) -> Outcome {
        let summary = self.record.summary_in(self.progress.outline.clone());
        Outcome {
            target: self.target().clone(),
            deployment: self.id().clone(),
            status: summary.status(),
            reason: summary.why(),
            waits: summary.waits,
            leftovers: summary.state.leftovers,
        }
    }
}
