//! The engine: makes plans and applies them as journaled sagas, through ports alone.

mod apply;
mod planning;
mod ports;
mod recover;

pub use apply::{Cancel, Outcome, RunError};
pub use planning::{GivenEntries, GivenEntry, PlanError, Planned};
pub use ports::{Adapters, Engine, Limits};
pub use recover::TakeUp;
