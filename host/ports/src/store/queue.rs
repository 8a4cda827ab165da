//! Deployments that wait for whoever runs them.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::name::DeploymentId;

use super::{DeploymentRecord, Lease, NewDeployment, StoreError};

/// Deployments that wait for whoever runs them. There is at most one a target that isn't
/// finished, and so the order in which they wait is a run's to choose.
#[async_trait]
pub trait Queue: Send + Sync + fmt::Debug {
    /// Writes deployments, each with its [`Event::Queued`](deploycenter_domain::journal::Event),
    /// all or none: what one `apply` set out to do is known as a whole before any of it
    /// begins. The leases stay with the caller, who may claim what it enqueued, or give
    /// them back for others to.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] when a target has one that isn't finished,
    /// [`StoreError::Fenced`] with a lost lease.
    async fn enqueue(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError>;

    /// Claims a deployment that isn't finished for whoever holds its target's lease, and
    /// gives it with its journal. The last entry is the claim's own, written in the same
    /// transaction: that it was started, or, where it was before, that it was resumed.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] with a lost lease; when the deployment isn't the lease's
    /// target's, is finished, or can't be read.
    async fn claim(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        at: jiff::Timestamp,
    ) -> Result<DeploymentRecord, StoreError>;
}
