//! `render`: what would be committed, without asking anyone.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::desired::Reading;
use deploycenter_domain::name::TargetId;

use super::WorkflowError;
use crate::Offline;

/// What would be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The files of each target, by their path on the customer's branch.
    pub targets: BTreeMap<TargetId, BTreeMap<String, String>>,
    /// What the manifests name in place of the repository's address, where the settings
    /// don't say that.
    pub stand_in_repository: Option<String>,
}

/// Renders a target, or what a customer's instances share; without one, every instance.
///
/// # Errors
/// Every problem of the desired state, or of the targets.
pub async fn render(
    offline: &Offline,
    reading: Reading,
    target: Option<&TargetId>,
) -> Result<Rendered, WorkflowError> {
    let desired = Arc::new(reading.whole()?);
    let is_unset = desired.settings.repository().is_none();
    Ok(Rendered {
        targets: offline.render(desired, target).await?,
        stand_in_repository: is_unset.then(|| offline.generated_url.clone()),
    })
}
