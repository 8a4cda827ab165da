//! Leases, queue, journal and what is asked of them.
//!
//! A deployment is *enqueued*: journaled with its plan, to be run by whoever has its
//! target's lease. It is *claimed* by that one, who runs it and writes its journal. One
//! that was claimed and whose runner died is claimed again in the same way.

mod deployment;
mod journal;
mod leases;
mod page;
mod queries;
mod queue;

use deploycenter_domain::name::{DeploymentId, TargetId};

pub use deployment::{DeploymentRecord, DeploymentSummary, NewDeployment, Recorded, Wait};
pub use journal::Journal;
pub use leases::{HEARTBEAT, Holder, LEASE_TERM, Lease, Leases};
pub use page::{Cursor, Page, PageRequest};
pub use queries::{DeployedRecord, Deployments, Queries, TargetRecord};
pub use queue::Queue;

/// All that a store is. Every write is durable when it returns, and is made in the
/// transaction that checked the lease's fence: whoever lost a lease writes nothing.
pub trait Store: Leases + Queue + Journal + Queries {}

impl<T: Leases + Queue + Journal + Queries> Store for T {}

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
