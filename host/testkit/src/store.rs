//! A store whose writes pass the gate.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{
    DeployedRecord, DeploymentRecord, Holder, Lease, NewDeployment, Store, StoreError, TargetRecord,
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
impl Store for GatedStore {
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

    async fn begin(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError> {
        self.gate.enter("journal begin: before".to_owned()).await;
        let result = self.inner.begin(deployments).await;
        self.gate.land("journal begin: written".to_owned()).await;
        self.gate.leave("journal begin: known".to_owned()).await;
        result
    }

    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        let name = describe(event);
        self.gate
            .enter(format!("journal {} {name}: before", lease.target))
            .await;
        let result = self.inner.append(lease, id, event, at).await;
        self.gate
            .land(format!("journal {} {name}: written", lease.target))
            .await;
        self.gate
            .leave(format!("journal {} {name}: known", lease.target))
            .await;
        result
    }

    async fn unfinished(&self) -> Result<Vec<DeploymentRecord>, StoreError> {
        self.inner.unfinished().await
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError> {
        self.inner.deployment(id).await
    }

    async fn history(&self, target: &TargetId) -> Result<Vec<DeploymentRecord>, StoreError> {
        self.inner.history(target).await
    }

    async fn targets(&self) -> Result<Vec<TargetRecord>, StoreError> {
        self.inner.targets().await
    }

    async fn deployed(&self) -> Result<Vec<DeployedRecord>, StoreError> {
        self.inner.deployed().await
    }

    async fn holders(&self) -> Result<Vec<(TargetId, Holder)>, StoreError> {
        self.inner.holders().await
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
