//! The real binary, through its front door, against stand-ins in this process: what it
//! prints, how it exits, and what it wrote outside.
#![expect(clippy::unwrap_used, reason = "tests")]

mod apply;
mod edited;
mod failures;
mod interrupted;
mod kill;
mod main_branch;
mod outside;
mod place;
mod plan;
mod reports;
mod secrets;
mod stale;
