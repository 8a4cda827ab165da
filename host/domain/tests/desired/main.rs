//! The desired state: what is taken, and the exact words for what isn't.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod domains;
mod files;
mod fleet;
mod fuzz;
mod names;
mod secrets;
mod support;
mod yaml;
