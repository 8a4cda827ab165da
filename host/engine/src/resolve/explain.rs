//! Where each value of an instance comes from.

use std::sync::Arc;

use deploycenter_domain::desired::{Desired, Merged, did_you_mean};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::{Problem, Problems};

use super::offline::Offline;
use super::wanted::merged;
use super::{PlanError, PlanningSnapshot};

impl Offline {
    /// The merged values of an instance, each with its origin: as a new target would get
    /// them, without asking what the running one is pinned to.
    ///
    /// # Errors
    /// When the target isn't desired, or has problems.
    pub async fn explain(
        &self,
        desired: Arc<Desired>,
        target: &TargetId,
    ) -> Result<Merged, PlanError> {
        if desired.instance(target).is_none() {
            return Err(no_such_target(&desired, target).into());
        }
        let snapshot = PlanningSnapshot::offline(desired);
        let instance = snapshot.instance(target);
        let pins = self.pins(&snapshot, instance, None).await?;
        merged(&snapshot, instance, &pins)
    }
}

/// A target that nobody desires, and what may have been meant.
pub(crate) fn no_such_target(desired: &Desired, target: &TargetId) -> Problems {
    let known: Vec<String> = desired
        .instances()
        .map(|instance| instance.target.to_string())
        .collect();
    let mut problem = Problem::new(format!("there is no target {target}"));
    problem.help =
        did_you_mean(&target.to_string(), known.iter().map(String::as_str)).map(Into::into);
    problem.into()
}
