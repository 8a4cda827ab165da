//! The engine: makes plans and applies them as journaled sagas, through ports alone.

mod apply;
mod planning;
mod ports;
mod recover;
pub mod workflow;

pub use apply::{Cancel, Next, Outcome, Rollout, RunError};
pub use planning::{
    Back, Blocked, GivenEntries, GivenEntry, Offline, Orphan, PlanError, Planned, Replanned,
    UnfinishedDeployment, Valid, Warning, Wishes,
};
pub use ports::{Adapters, Engine, Limits};
pub use recover::{CancelError, TakeUp};
