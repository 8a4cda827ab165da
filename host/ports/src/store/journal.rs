//! What happened to each deployment.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::DeploymentId;

use super::{DeploymentRecord, Lease, StoreError};

/// What happened to each deployment.
#[async_trait]
pub trait Journal: Send + Sync + fmt::Debug {
    /// Appends to a deployment's journal.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] with a lost lease; when the event can't follow, or the
    /// deployment isn't the lease's target's.
    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError>;

    /// One deployment.
    ///
    /// # Errors
    /// When the database fails or holds what can't be read.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError>;
}
