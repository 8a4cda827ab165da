//! `resume` and `cancel`: what was interrupted or needs attention goes on, or back.

use deploycenter_domain::name::TargetId;

use super::WorkflowError;
use super::unknown_target::unknown_target;
use crate::{CancelError, CancellationToken, Engine, Outcome, ResumeScope};

/// What is to go on.
#[derive(Debug, Clone, Default)]
pub struct ResumeRequest {
    /// As people name targets: `acme`, `acme/odoo`; everything when empty.
    pub targets: Vec<String>,
}

/// What is to be taken back.
#[derive(Debug, Clone)]
pub struct CancelRequest {
    /// Whose unfinished deployment.
    pub target: TargetId,
    /// Who says so.
    pub by: String,
    /// That the older version reads the data, although the newer one may have migrated it.
    pub data_compatible: bool,
}

/// Finishes or unwinds what was interrupted or needs attention.
///
/// # Errors
/// When nothing of what is named was ever deployed, or the journal fails.
pub async fn resume(
    engine: &Engine,
    request: &ResumeRequest,
    cancel: &CancellationToken,
) -> Result<Vec<Outcome>, WorkflowError> {
    let targets = &request.targets;
    check_known(engine, targets).await?;
    let wanted =
        |target: &TargetId| targets.is_empty() || targets.iter().any(|said| is_meant(said, target));
    Ok(engine.resume(ResumeScope::All, wanted, cancel).await?)
}

/// Takes an unfinished deployment back.
///
/// # Errors
/// When there is none, there is no such target, it can't be taken back, or someone is at
/// work on it.
pub async fn cancel(
    engine: &Engine,
    request: &CancelRequest,
    cancel: &CancellationToken,
) -> Result<Vec<Outcome>, WorkflowError> {
    let CancelRequest {
        target,
        by,
        data_compatible,
    } = request;
    match engine.cancel(target, by, *data_compatible, cancel).await {
        Err(CancelError::Nothing(target)) => Err(match unknown_target(engine, &target).await? {
            Some(unknown) => unknown,
            None => CancelError::Nothing(target).into(),
        }),
        taken_back => Ok(taken_back?),
    }
}

/// Whether what was said means a target; what a customer's instances share goes with any of
/// them.
fn is_meant(said: &str, target: &TargetId) -> bool {
    let customer = target.customer().as_str();
    said == target.to_string()
        || said == customer
        || (target.is_shared() && said.split('/').next() == Some(customer))
}

/// Refuses what means no target that the journal knows: more likely a slip than one that
/// has nothing unfinished. The desired state may be broken while something is unfinished,
/// and isn't asked.
async fn check_known(engine: &Engine, targets: &[String]) -> Result<(), WorkflowError> {
    if targets.is_empty() {
        return Ok(());
    }
    let recorded = engine.store.all_targets().await?;
    let recorded: Vec<&TargetId> = recorded
        .iter()
        .map(|record| &record.target)
        .filter(|target| !target.is_shared())
        .collect();
    let Some(said) = targets
        .iter()
        .find(|said| !recorded.iter().any(|target| is_meant(said, target)))
    else {
        return Ok(());
    };
    let known = if said.contains('/') {
        recorded.iter().map(ToString::to_string).collect()
    } else {
        let customers = recorded.iter().map(|target| target.customer().to_string());
        customers.collect()
    };
    Err(WorkflowError::NeverDeployed {
        said: said.clone(),
        known,
    })
}
