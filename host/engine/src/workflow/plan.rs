//! `plan`: what would change.

use deploycenter_domain::selector::Selection;

use super::WorkflowError;
use crate::{Engine, PlanOptions, Planned};

/// What is to be planned.
#[derive(Debug, Clone, Default)]
pub struct PlanRequest {
    /// Which targets.
    pub selection: Selection,
    /// That what someone else changed is put back.
    pub reclaim: bool,
    /// That of targets without changes only the names are kept, and their effects counted:
    /// for whoever shows the plan and saves none.
    pub only_changes: bool,
}

/// Plans the selected targets, and changes nothing.
///
/// # Errors
/// Every problem of the desired state and of the targets, at once, or the first outside
/// system that couldn't be read.
pub async fn plan(engine: &Engine, request: &PlanRequest) -> Result<Planned, WorkflowError> {
    let options = PlanOptions {
        reclaim: request.reclaim,
        only_changes: request.only_changes,
        ..PlanOptions::default()
    };
    Ok(engine.plan(&request.selection, &options).await?)
}
