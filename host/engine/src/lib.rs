//! The engine: makes plans and applies them as journaled sagas, through ports alone.

mod apply;
mod error_code;
mod planning;
mod ports;
mod recover;
mod snapshot;
pub mod workflow;

pub use apply::{Cancel, Next, Outcome, Queued, Rollout, RunError};
pub use error_code::ErrorCode;
pub use planning::{
    Back, Offline, Orphan, PlanError, PlanOptions, Planned, ProvidedEntries, ProvidedEntry,
    Refusal, RefusalCode, Replanned, Standstill, UnfinishedDeployment, Valid, Warning,
};
pub use ports::{Engine, Limits, Providers, Words};
pub use recover::{CancelError, ResumeScope};
pub use snapshot::Run;
