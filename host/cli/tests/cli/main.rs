//! The real binary, through its front door, against stand-ins in this process: what it
//! prints, how it exits, and what it wrote outside.
#![expect(clippy::unwrap_used, reason = "tests")]

mod adopt;
mod apply;
mod away;
mod broken;
mod doctor;
mod dual_stack;
mod edited;
mod failures;
mod fleet;
mod foreign;
mod history;
mod hold;
mod hostile;
mod interrupted;
mod kill;
mod leaks;
mod lives;
mod main_branch;
mod moved;
mod outside;
mod place;
mod plan;
mod private;
mod remarks;
mod removal;
mod reports;
mod repository;
mod scaling;
mod schema;
mod secrets;
mod stale;
mod sync;
mod trouble;
mod trust;
mod two;
mod validate;
mod watch;
