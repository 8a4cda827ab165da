//! How much an instance may take of its cluster. The host makes the quota.

use crate::PlanError;
use crate::host::call;

/// Sums over all pods that ever run at once, an update's extra ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requested CPU, in thousandths of a core.
    pub cpu_millicores: u64,
    /// Requested memory, in bytes.
    pub memory: u64,
    /// The sum of the memory limits, in bytes.
    pub memory_limit: u64,
    /// Of all persistent volume claims, in bytes.
    pub storage: u64,
    /// How many pods.
    pub pods: u32,
    /// How many persistent volume claims.
    pub claims: u32,
}

/// Declares what the instance needs, once; without it there is room for a small pod or
/// two.
///
/// # Errors
/// When a figure is more than any cluster has.
pub fn ensure_quota(quota: &Quota) -> Result<(), PlanError> {
    call(|host| host.ensure_quota(quota)).map_err(PlanError::Refused)
}
