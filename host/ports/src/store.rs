//! Locks, journal and history.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::{DeploymentState, Event};
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::plan::TargetPlan;
use serde::Serialize;

use crate::system_name;

/// The right to change a target, and a number that grows each time it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Which target.
    pub target: TargetId,
    /// Grows with each lease of the target; a write with an older one is refused.
    pub fence: i64,
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// `user@host, process 4711`.
    pub owner: String,
    /// Since when.
    pub since: jiff::Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%SZ");
        write!(f, "{}, since {since}", self.owner)
    }
}

/// Why the store refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Someone else is at work on the target.
    #[error("{target} is locked by {holder}")]
    Locked {
        /// Which target.
        target: TargetId,
        /// Who.
        holder: Holder,
    },
    /// The lease was taken over; nothing was written.
    #[error("the lease on {0} was taken over by another process")]
    Fenced(TargetId),
    /// The target has a deployment that isn't finished.
    #[error("{target} has the unfinished deployment {deployment}")]
    Unfinished {
        /// Which target.
        target: TargetId,
        /// Its deployment.
        deployment: DeploymentId,
    },
    /// What is stored can't be read.
    #[error("the journal can't be read: {0}")]
    Corrupt(String),
    /// What was stored is gone: its file was cut off, emptied or taken away.
    #[error("the journal was lost: {0}")]
    Lost(String),
    /// There is no room for another entry; nothing of it was written.
    #[error("the disk that the journal is on is full")]
    Full,
    /// The database failed.
    #[error("the journal's database failed: {0}")]
    Failed(String),
}

/// A deployment to begin.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeployment {
    /// Its id.
    pub id: DeploymentId,
    /// What it applies.
    pub plan: TargetPlan,
    /// Who: `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
    /// When.
    pub at: jiff::Timestamp,
}

/// One journal entry with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// When it was written.
    pub at: jiff::Timestamp,
    /// What.
    pub event: Event,
}

/// A deployment with its whole journal.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentRecord {
    /// As begun.
    pub deployment: NewDeployment,
    /// In order.
    pub events: Vec<Recorded>,
}

/// An outside system that a deployment waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The system, as failures name it: `argocd`, `git`, `efs`, ….
    pub system: String,
    /// Since when.
    pub since: jiff::Timestamp,
    /// What became of the call that found it away.
    pub message: String,
}

impl Wait {
    /// `waiting for Argo CD since 2025-11-21 14:03:10Z`.
    #[must_use]
    pub fn shown(&self) -> String {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%SZ");
        format!("waiting for {} since {since}", system_name(&self.system))
    }
}

impl DeploymentRecord {
    /// The outside systems that it waits for, the longest first; `progress` is what its
    /// journal adds up to.
    #[must_use]
    pub fn waits(&self, progress: &DeploymentState) -> Vec<Wait> {
        let mut waits: Vec<Wait> = progress
            .waiting
            .iter()
            .filter_map(|(system, waited)| {
                Some(Wait {
                    system: system.clone(),
                    since: self.events.get(waited.entry)?.at,
                    message: waited.message.clone(),
                })
            })
            .collect();
        waits.sort_by_key(|wait| wait.since);
        waits
    }

    /// Why it isn't well, for a person: why it goes back or needs attention, and what it
    /// waits for.
    #[must_use]
    pub fn why(&self, progress: &DeploymentState) -> Option<String> {
        let waits = self.waits(progress);
        let waits = waits
            .iter()
            .map(|wait| format!("{}: {}", wait.shown(), wait.message));
        let reasons: Vec<String> = progress
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
    /// The highest incarnation that was ever begun.
    pub incarnation: Incarnation,
    /// Whether that incarnation was ever healthy, so that it may hold data.
    pub holds_data: bool,
    /// The last deployment, finished or not.
    pub last: DeploymentId,
    /// The last one that succeeded in that incarnation.
    pub last_succeeded: Option<DeploymentId>,
    /// The commit of main of the last one that succeeded.
    pub main_commit: Option<String>,
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

/// Locks, journal and history. Every write is durable when it returns.
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Takes the lease of a target. A holder that is dead loses it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while someone alive holds it.
    async fn acquire(&self, target: &TargetId) -> Result<Lease, StoreError>;

    /// Gives a lease back. One that was lost is nothing.
    ///
    /// # Errors
    /// When the database fails.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Writes deployments, each with its [`Event::Started`], all or none: what one
    /// `apply` set out to do is known as a whole before any of it begins.
    ///
    /// # Errors
    /// [`StoreError::Unfinished`] when a target has one that isn't finished,
    /// [`StoreError::Fenced`] with a lost lease.
    async fn begin(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError>;

    /// Appends to a deployment's journal.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] with a lost lease.
    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError>;

    /// All deployments that aren't finished, oldest first.
    ///
    /// # Errors
    /// When the database fails or holds what can't be read.
    async fn unfinished(&self) -> Result<Vec<DeploymentRecord>, StoreError>;

    /// One deployment.
    ///
    /// # Errors
    /// As [`Store::unfinished`].
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError>;

    /// A target's deployments, newest first.
    ///
    /// # Errors
    /// As [`Store::unfinished`].
    async fn history(&self, target: &TargetId) -> Result<Vec<DeploymentRecord>, StoreError>;

    /// Every target that ever had a deployment, sorted.
    ///
    /// # Errors
    /// As [`Store::unfinished`].
    async fn targets(&self) -> Result<Vec<TargetRecord>, StoreError>;

    /// Every life of every target of which a deployment has succeeded, sorted.
    ///
    /// # Errors
    /// As [`Store::unfinished`].
    async fn deployed(&self) -> Result<Vec<DeployedRecord>, StoreError>;

    /// Who holds which lease.
    ///
    /// # Errors
    /// As [`Store::unfinished`].
    async fn holders(&self) -> Result<Vec<(TargetId, Holder)>, StoreError>;
}
