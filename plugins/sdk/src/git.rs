//! Generated files.

use crate::PlanError;
use crate::host::call;

/// Declares a file of the target's folder, `values.yaml` or `dependencies/<name>.yaml`,
/// and gives the effect's id. The content may hold values known only after apply.
///
/// # Errors
/// When the path is another, or the content holds a part of such a value.
pub fn ensure_file(path: &str, content: &str) -> Result<String, PlanError> {
    call(|host| host.ensure_file(path, content)).map_err(PlanError::Refused)
}
