//! What one run sees: opened with the run, and dropped with it.

mod run;
mod systems;

pub use run::Run;
pub(crate) use systems::Systems;
