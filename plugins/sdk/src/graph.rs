//! Edges between effects that no token shows.

use crate::PlanError;
use crate::host::call;

/// Makes one declared effect wait for another; ids as the `ensure_…` functions give
/// them.
///
/// # Errors
/// When one of the two hasn't been declared.
pub fn depends_on(effect: &str, on: &str) -> Result<(), PlanError> {
    call(|host| host.depends_on(effect, on)).map_err(PlanError::Refused)
}
