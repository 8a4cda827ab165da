//! The desired state that is carried out is one that others can see, and none goes back to
//! an older one unasked.

use std::collections::BTreeMap;

use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::TargetPlan;

use super::{LeftOut, WorkflowError};
use crate::Engine;

/// The commit that the desired state is of. Unless `allow_dirty`, it has to be on the
/// remote's main, and the files as it has them.
pub(super) async fn applied(
    engine: &Engine,
    allow_dirty: bool,
) -> Result<Option<String>, WorkflowError> {
    if allow_dirty {
        return Ok(engine.repository.head().await);
    }
    let state = engine.repository.main_state().await?;
    if !state.dirty.is_empty() {
        return Err(WorkflowError::Dirty { files: state.dirty });
    }
    let head = state.head.ok_or(WorkflowError::NoCommit)?;
    if !state.pushed {
        return Err(WorkflowError::Unpushed { main: state.main });
    }
    Ok(Some(head))
}

/// Parts the targets that a newer commit of main was applied to.
pub(super) async fn part_older(
    engine: &Engine,
    targets: Vec<TargetPlan>,
    head: Option<&str>,
) -> Result<(Vec<TargetPlan>, Vec<LeftOut>), WorkflowError> {
    let Some(head) = head else {
        return Ok((targets, Vec::new()));
    };
    let records = engine.store.all_targets().await?;
    let last: BTreeMap<TargetId, String> = records
        .into_iter()
        .filter_map(|record| Some((record.target, record.main_commit?)))
        .collect();
    let mut kept = Vec::new();
    let mut older = Vec::new();
    for plan in targets {
        let applied = last.get(&plan.target).filter(|_| plan.has_changes());
        let is_older = match applied {
            Some(commit) if commit != head => !engine.repository.is_ancestor(commit, head).await?,
            _ => false,
        };
        if is_older {
            let target = plan.target;
            older.push(LeftOut::Older { target });
        } else {
            kept.push(plan);
        }
    }
    Ok((kept, older))
}
