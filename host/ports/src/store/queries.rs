//! Lists, and what is known of one target or deployment without its plan and its entries.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::name::{CustomerName, DeploymentId, Incarnation, TargetId};

use super::{DeploymentSummary, Page, PageRequest, StoreError};

/// A list of deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deployments {
    /// All that aren't finished, in the order in which they were enqueued.
    Unfinished,
    /// Those of one customer that aren't finished, in the same order.
    UnfinishedOf(CustomerName),
    /// All of one target, the last enqueued first.
    Of(TargetId),
}

/// What is known of a target over all its deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRecord {
    /// Which target.
    pub target: TargetId,
    /// The highest incarnation that was ever enqueued.
    pub incarnation: Incarnation,
    /// Whether that incarnation was ever healthy, so that it may hold data.
    pub holds_data: bool,
    /// The last deployment, finished or not.
    pub last: DeploymentId,
    /// The last one that succeeded in that incarnation.
    pub last_succeeded: Option<DeploymentId>,
    /// The commit of main of the last one that succeeded.
    pub main_commit: Option<String>,
    /// Whether an incarnation of it is deployed, and not removed.
    pub is_deployed: bool,
}

/// What stands of one incarnation of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedRecord {
    /// Which target.
    pub target: TargetId,
    /// Which incarnation of it.
    pub incarnation: Incarnation,
    /// What stands.
    pub deployed: DeployedState,
    /// The last deployment that succeeded.
    pub deployment: DeploymentId,
    /// When it did.
    pub at: jiff::Timestamp,
    /// Whether it removed the target: what stands is retained data.
    pub ended: bool,
}

/// Lists, and what is known of one target or deployment.
#[async_trait]
pub trait Queries: Send + Sync + fmt::Debug {
    /// Deployments without their plans and entries.
    ///
    /// # Errors
    /// When the database fails or holds what can't be read.
    async fn deployments(
        &self,
        which: &Deployments,
        page: PageRequest,
    ) -> Result<Page<DeploymentSummary>, StoreError>;

    /// One deployment without its plan and entries.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn summary(&self, id: &DeploymentId) -> Result<Option<DeploymentSummary>, StoreError>;

    /// What is known of a target that ever had a deployment.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn target(&self, target: &TargetId) -> Result<Option<TargetRecord>, StoreError>;

    /// Every target that ever had a deployment, in an order of the store's.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn targets(&self, page: PageRequest) -> Result<Page<TargetRecord>, StoreError>;

    /// What is deployed of a target: of the incarnation of it that wasn't removed.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn deployed_of(&self, target: &TargetId) -> Result<Option<DeployedRecord>, StoreError>;

    /// Every incarnation of every target of which a deployment has succeeded, in an order of the
    /// store's.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn deployed(&self, page: PageRequest) -> Result<Page<DeployedRecord>, StoreError>;

    /// All pages of [`Queries::deployments`].
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn all_deployments(
        &self,
        which: &Deployments,
    ) -> Result<Vec<DeploymentSummary>, StoreError> {
        Page::every(|page| self.deployments(which, page)).await
    }

    /// All pages of [`Queries::targets`], sorted.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn all_targets(&self) -> Result<Vec<TargetRecord>, StoreError> {
        let mut all = Page::every(|page| self.targets(page)).await?;
        // Not by the database: its order of texts isn't that of targets.
        all.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(all)
    }

    /// All pages of [`Queries::deployed`], sorted.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn all_deployed(&self) -> Result<Vec<DeployedRecord>, StoreError> {
        let mut all = Page::every(|page| self.deployed(page)).await?;
        all.sort_by(|a, b| (&a.target, a.incarnation).cmp(&(&b.target, b.incarnation)));
        Ok(all)
    }
}
