//! Lines for whoever runs or debugs a plugin.

use crate::bindings::deploycenter::log::log as host;

/// Details for the plugin's author.
pub fn debug(message: &str) {
    host::log(host::Level::Debug, message);
}

/// What happens.
pub fn info(message: &str) {
    host::log(host::Level::Info, message);
}

/// What looks wrong.
pub fn warn(message: &str) {
    host::log(host::Level::Warn, message);
}

/// What is wrong.
pub fn error(message: &str) {
    host::log(host::Level::Error, message);
}
