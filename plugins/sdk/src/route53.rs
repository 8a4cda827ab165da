//! Records in Route 53.

use crate::PlanError;
use crate::bindings::deploycenter::aws::route53 as host;

/// Declares that a domain leads to the region's ingress, and gives the effect's id.
///
/// # Errors
/// When the name or the domain is wrong.
pub fn ensure_record(name: &str, domain: &str) -> Result<String, PlanError> {
    host::ensure_record(name, domain).map_err(PlanError::Refused)
}
