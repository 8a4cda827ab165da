//! The figures of a quota.

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
