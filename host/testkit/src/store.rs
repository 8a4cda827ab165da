//! A store whose writes pass the gate.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{
    DeployedRecord, DeploymentRecord, DeploymentSummary, Deployments, Holder, Journal, Lease,
    Leases, NewDeployment, Page, PageRequest, Queries, Queue, Store, StoreError, TargetRecord,
};

use crate::gate::Gate;

/// Another store, with a point before and after each journal write.
#[derive(Debug)]
pub(crate) struct GatedStore {
    /// The real one.
    pub(crate) inner: Arc<dyn Store>,
    /// Where the writes pass.
    pub(crate) gate: Arc<Gate>,
}

#[async_trait]
impl Leases for GatedStore {
    async fn acquire(&self, target: &TargetId) -> Result<Lease, StoreError> {
        let result = self.inner.acquire(target).await;
        if matches!(result, Err(StoreError::Locked { .. })) {
            self.gate.locked().await;
        }
        result
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.inner.release(lease).await
    }

    async fn holders(&self, page: PageRequest) -> Result<Page<(TargetId, Holder)>, StoreError> {
        self.inner.holders(page).await
    }
}

impl GatedStore {
    /// A write, with a point before it, one when it is durable, and one when that is known.
    async fn passing<T>(&self, name: String, write: impl Future<Output = T> + Send) -> T {
        self.gate.enter(format!("journal {name}: before")).await;
        let result = write.await;
        self.gate.land(format!("journal {name}: written")).await;
        self.gate.leave(format!("journal {name}: known")).await;
        result
    }
}

#[async_trait]
impl Queue for GatedStore {
    async fn enqueue(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError> {
        let write = self.inner.enqueue(deployments);
        self.passing("enqueue".to_owned(), write).await
    }

    async fn claim(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        at: jiff::Timestamp,
    ) -> Result<DeploymentRecord, StoreError> {
        let write = self.inner.claim(lease, id, at);
        self.passing(format!("{} claim", lease.target), write).await
    }
}

#[async_trait]
impl Journal for GatedStore {
    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        let name = format!("{} {}", lease.target, describe(event));
        let write = self.inner.append(lease, id, event, at);
        self.passing(name, write).await
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError> {
        self.inner.deployment(id).await
    }
}

#[async_trait]
impl Queries for GatedStore {
    async fn deployments(
        &self,
        which: &Deployments,
        page: PageRequest,
    ) -> Result<Page<DeploymentSummary>, StoreError> {
        self.inner.deployments(which, page).await
    }

    async fn summary(&self, id: &DeploymentId) -> Result<Option<DeploymentSummary>, StoreError> {
        self.inner.summary(id).await
    }

    async fn target(&self, target: &TargetId) -> Result<Option<TargetRecord>, StoreError> {
        self.inner.target(target).await
    }

    async fn targets(&self, page: PageRequest) -> Result<Page<TargetRecord>, StoreError> {
        self.inner.targets(page).await
    }

    async fn deployed_of(&self, target: &TargetId) -> Result<Option<DeployedRecord>, StoreError> {
        self.inner.deployed_of(target).await
    }

    async fn deployed(&self, page: PageRequest) -> Result<Page<DeployedRecord>, StoreError> {
        self.inner.deployed(page).await
    }
}

fn describe(event: &Event) -> String {
    match event {
        Event::Intent { effect, .. } => format!("intent {effect}"),
        Event::Done { effect, .. } => format!("done {effect}"),
        Event::Failed { effect, .. } => format!("failed {effect}"),
        Event::UndoIntent { step } => format!("undo-intent {step}"),
        Event::Undone { step } => format!("undone {step}"),
        Event::UndoFailed { step, .. } => format!("undo-failed {step}"),
        Event::Queued => "queued".to_owned(),
        Event::Started => "started".to_owned(),
        Event::UnwindStarted { .. } => "unwind-started".to_owned(),
        Event::NeedsAttention { .. } => "needs-attention".to_owned(),
        Event::Waiting { system, .. } => format!("waiting {system}"),
        Event::Answered { system } => format!("answered {system}"),
        Event::Resumed => "resumed".to_owned(),
        Event::Succeeded => "succeeded".to_owned(),
        Event::Unwound => "unwound".to_owned(),
    }
}
