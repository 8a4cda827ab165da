//! `rollback`, `release` and `accept`: what leaves the desired state aside.

use deploycenter_domain::name::TargetId;

use super::{Prepared, WorkflowError};
use crate::{Back, Engine, Replanned};

/// Plans the way back to an earlier deployment, where the target is held then.
///
/// # Errors
/// When there is no way back, or the target is at work.
pub async fn rollback(
    engine: &Engine,
    target: &TargetId,
    back: &Back,
) -> Result<Prepared, WorkflowError> {
    let run = engine.open_run().await?;
    Ok(run.plan_rollback(target, back).await?.into())
}

/// Plans the end of a hold.
///
/// # Errors
/// When the target isn't held, or is at work.
pub async fn release(engine: &Engine, target: &TargetId) -> Result<Prepared, WorkflowError> {
    let run = engine.open_run().await?;
    Ok(run.plan_release(target).await?.into())
}

/// Plans that what someone committed by hand is wanted; the target is held there then.
///
/// # Errors
/// When nobody committed anything, what was committed can't be taken over, or the target
/// is at work.
pub async fn accept(
    engine: &Engine,
    target: &TargetId,
    by: &str,
    reason: Option<&str>,
) -> Result<Prepared, WorkflowError> {
    let run = engine.open_run().await?;
    Ok(run.plan_accept(target, by, reason).await?.into())
}

impl From<Replanned> for Prepared {
    fn from(replanned: Replanned) -> Self {
        Self::plain(replanned.plan, replanned.main_commit)
    }
}
