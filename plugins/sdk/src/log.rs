//! Lines for whoever runs or debugs a plugin.

use crate::host::{Level, call};

/// Details for the plugin's author.
pub fn debug(message: &str) {
    call(|host| host.log(Level::Debug, message));
}

/// What happens.
pub fn info(message: &str) {
    call(|host| host.log(Level::Info, message));
}

/// What whoever deploys the target should know. While a plan is made, the line stands in
/// the plan under its target, so it needn't name it.
pub fn warn(message: &str) {
    call(|host| host.log(Level::Warn, message));
}

/// What is wrong.
pub fn error(message: &str) {
    call(|host| host.log(Level::Error, message));
}
