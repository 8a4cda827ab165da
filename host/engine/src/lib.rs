//! The engine: makes plans and applies them as journaled sagas, through ports alone.

mod apply;
mod effect_ids;
mod error_code;
mod inventory;
mod offline;
mod plan;
mod plan_error;
mod ports;
mod recover;
mod refusal;
mod refusal_code;
mod resolve;
mod snapshot;
pub mod workflow;

pub use apply::{Next, Outcome, Queued, Rollout, RunError};
pub use error_code::ErrorCode;
pub use inventory::Orphan;
pub use offline::Offline;
pub use plan::{Back, PlanOptions, Planned, ProvidedEntries, ProvidedEntry, Replanned, Standstill};
pub use plan_error::PlanError;
pub use ports::{Engine, Limits, Providers, Words};
pub use recover::{CancelError, ResumeScope};
pub use refusal::Refusal;
pub use refusal_code::RefusalCode;
pub use resolve::{Valid, Warning};
pub use snapshot::{Run, UnfinishedDeployment};
/// Asks a run to stop: steps in flight end, nothing new begins, and what is left stays
/// journaled.
pub use tokio_util::sync::CancellationToken;
