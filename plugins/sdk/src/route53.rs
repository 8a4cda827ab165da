//! Records in Route 53.

use crate::PlanError;
use crate::host::call;

/// Declares that a domain leads to the region's ingress, and gives the effect's id.
///
/// # Errors
/// When the name or the domain is wrong.
pub fn ensure_record(name: &str, domain: &str) -> Result<String, PlanError> {
    call(|host| host.ensure_record(name, domain)).map_err(PlanError::Refused)
}
