//! What one run sees: opened with the run, and dropped with it.

mod incarnations;
mod planning;
mod recorded;
mod run;
mod systems;
mod target;
mod unfinished;

pub(crate) use incarnations::{given_incarnation, has_something, is_at};
pub(crate) use planning::{PlanningSnapshot, Revived};
pub(crate) use recorded::progress;
pub use run::Run;
pub(crate) use systems::Systems;
pub(crate) use target::{TargetView, hold_of};
pub(crate) use unfinished::Unfinished;
pub use unfinished::UnfinishedDeployment;
