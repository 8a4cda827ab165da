//! How much an instance may take of its cluster. The host makes the quota.

mod figures;

use crate::PlanError;
use crate::host::call;

pub use figures::Quota;

/// Declares what the instance needs, once; without it there is room for a small pod or
/// two.
///
/// # Errors
/// When a figure is more than any cluster has.
pub fn ensure_quota(quota: &Quota) -> Result<(), PlanError> {
    call(|host| host.ensure_quota(quota)).map_err(PlanError::Refused)
}
