//! Volumes on EFS.

mod volume;

use crate::PlanError;
use crate::host::call;

pub use volume::{Owner, Volume};

/// Declares a volume of that name (a-z, 0-9 and hyphens) on a storage class of the
/// region.
///
/// # Errors
/// When the name, the class or the permissions are wrong.
pub fn ensure_volume(name: &str, storage_class: &str, owner: &Owner) -> Result<Volume, PlanError> {
    call(|host| host.ensure_volume(name, storage_class, owner)).map_err(PlanError::Refused)
}
