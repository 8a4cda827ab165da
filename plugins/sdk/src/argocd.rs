//! The two Argo CD applications of a target.

mod options;

use crate::PlanError;
use crate::host::call;

pub use options::{IgnoredDifference, Options, Role, SyncOption};

/// Declares an application, which the host makes from the target's own names, and gives the
/// effect's id.
///
/// # Errors
/// When an option is none that can be chosen, or the application was declared with others.
pub fn ensure_application(role: Role, options: &Options) -> Result<String, PlanError> {
    call(|host| host.ensure_application(role, options)).map_err(PlanError::Refused)
}
