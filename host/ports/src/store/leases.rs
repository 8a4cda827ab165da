//! Who may change a target.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::TargetId;

use super::{Page, PageRequest, StoreError};

/// How long a lease lasts without a sign of its owner's life, by the store's clock.
pub const LEASE_TERM: Duration = Duration::from_secs(60);

/// How often a store tells that its owner lives.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

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

/// Leases on targets, one a target.
///
/// A lease belongs to the open store that took it, its *owner*. An owner whose life or
/// death can be seen (a process on the same machine) keeps it for as long as it lives,
/// and loses it the moment it dies. Of any other, heartbeats tell: the store sends one
/// each [`HEARTBEAT`] by itself, and an owner that was silent for [`LEASE_TERM`] has lost
/// its leases to whoever asks next. One clock decides that, the store's own.
#[async_trait]
pub trait Leases: Send + Sync + fmt::Debug {
    /// Takes the lease of a target. An owner that is dead or silent loses it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while someone alive holds it.
    async fn acquire(&self, target: &TargetId) -> Result<Lease, StoreError>;

    /// Gives a lease back. One that was lost is nothing.
    ///
    /// # Errors
    /// When the database fails.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Who alive holds which lease, in an order of the store's. A page may have fewer than
    /// were asked for, and yet not be the last.
    ///
    /// # Errors
    /// When the database fails or holds what can't be read.
    async fn holders(&self, page: PageRequest) -> Result<Page<(TargetId, Holder)>, StoreError>;

    /// All pages of [`Leases::holders`], sorted.
    ///
    /// # Errors
    /// As [`Leases::holders`].
    async fn all_holders(&self) -> Result<Vec<(TargetId, Holder)>, StoreError> {
        let mut all = Page::every(|page| self.holders(page)).await?;
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(all)
    }
}
