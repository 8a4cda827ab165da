//! A name that is no target's.

use deploycenter_domain::name::TargetId;

use super::WorkflowError;
use crate::Engine;

/// That a target is neither desired nor known to the journal, with those that there are;
/// none when it is.
pub(super) async fn unknown_target(
    engine: &Engine,
    target: &TargetId,
) -> Result<Option<WorkflowError>, WorkflowError> {
    let recorded = engine.store.all_targets().await?;
    let desired = engine.desired().await?;
    let is_known = recorded.iter().any(|record| record.target == *target)
        || desired.instance(target).is_some()
        || (target.is_shared() && desired.customer(target.customer()).is_some());
    if is_known {
        return Ok(None);
    }
    let desired = desired.instances().map(|instance| instance.target.clone());
    let mut known: Vec<TargetId> = desired.collect();
    known.extend(recorded.into_iter().map(|record| record.target));
    Ok(Some(WorkflowError::UnknownTarget {
        target: target.clone(),
        known,
    }))
}
