//! Entries of AWS Secrets Manager. A plugin sees their names, never their values.

use crate::PlanError;
use crate::host::call;

/// The key by which a given secret is a login at a registry of images.
pub const PULL_SECRET: &str = ".dockerconfigjson";

/// Declares an entry whose values the host draws at random, given as key and length
/// (16 to 128 characters), and gives its full name.
///
/// # Errors
/// When a name, key or length is wrong.
pub fn ensure_generated(name: &str, keys: &[(&str, u32)]) -> Result<String, PlanError> {
    call(|host| host.ensure_generated(name, keys)).map_err(PlanError::Refused)
}

/// Declares that a person must give a key of an entry before the first deploy, and gives
/// the entry's full name. `purpose` is shown to the person who is asked for it.
///
/// # Errors
/// When the name or the key is wrong.
pub fn require_given(name: &str, key: &str, purpose: &str) -> Result<String, PlanError> {
    call(|host| host.require_given(name, key, purpose)).map_err(PlanError::Refused)
}
