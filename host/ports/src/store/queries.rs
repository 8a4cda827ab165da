//! Lists, and what is known of one target or deployment without its plan and its entries.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::{Outline, Status};
use deploycenter_domain::name::{CustomerName, DeploymentId, Incarnation, TargetId};
use deploycenter_domain::plan::PlanOutline;

use super::{StoreError, Wait};

/// A place in a list, as the store that gave it understands it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub String);

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    after: Option<Cursor>,
    limit: usize,
}

impl PageRequest {
    /// The most of a page.
    pub const MOST: usize = 200;

    /// What comes after that place, or the beginning; at most `limit`, which is brought
    /// between 1 and [`PageRequest::MOST`].
    #[must_use]
    pub fn new(after: Option<Cursor>, limit: usize) -> Self {
        Self {
            after,
            limit: limit.clamp(1, Self::MOST),
        }
    }

    /// Where it begins; `None`: at the list's beginning.
    #[must_use]
    pub fn after(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// How many at most.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.limit
    }
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// Where the next one begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// All pages of a list, one after the other.
    ///
    /// # Errors
    /// The first of `read`.
    pub async fn every<F>(
        mut read: impl FnMut(PageRequest) -> F + Send,
    ) -> Result<Vec<T>, StoreError>
    where
        T: Send,
        F: Future<Output = Result<Self, StoreError>> + Send,
    {
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = read(PageRequest::new(after, PageRequest::MOST)).await?;
            all.extend(page.items);
            after = page.next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }
}

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

/// A deployment as lists have it: without its plan and its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentSummary {
    /// Its id.
    pub id: DeploymentId,
    /// Whose it is.
    pub target: TargetId,
    /// Its plan, in short.
    pub plan: PlanOutline,
    /// Who: `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
    /// When it was enqueued.
    pub at: jiff::Timestamp,
    /// What its journal adds up to, in short.
    pub state: Outline,
    /// When the last entry was written.
    pub last: jiff::Timestamp,
    /// The outside systems that it waits for, the longest first.
    pub waits: Vec<Wait>,
}

impl DeploymentSummary {
    /// Where it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Why it isn't well, for a person: why it goes back or needs attention, and what it
    /// waits for.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let waits = self
            .waits
            .iter()
            .map(|wait| format!("{}: {}", wait.shown(), wait.message));
        let reasons: Vec<String> = self
            .state
            .why()
            .map(str::to_owned)
            .into_iter()
            .chain(waits)
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
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
    /// Whether a life of it is deployed, and not removed.
    pub is_deployed: bool,
}

/// What stands of one life of a target.
#[derive(Debug, Clone, PartialEq)]
pub struct DeployedRecord {
    /// Which target.
    pub target: TargetId,
    /// Which life of it.
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

    /// What is deployed of a target: of the life of it that wasn't removed.
    ///
    /// # Errors
    /// As [`Queries::deployments`].
    async fn deployed_of(&self, target: &TargetId) -> Result<Option<DeployedRecord>, StoreError>;

    /// Every life of every target of which a deployment has succeeded, in an order of the
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
