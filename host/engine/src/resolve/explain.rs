//! Where each value of an instance comes from.

use std::sync::Arc;

use deploycenter_domain::desired::{Desired, Merged};
use deploycenter_domain::name::TargetId;

use super::problems::no_such_target;
use super::resolver::Resolver;
use crate::snapshot::PlanningSnapshot;
use crate::{Offline, PlanError};

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
        let resolver = Resolver::new(self.clone(), false);
        let pins = resolver.pins(&snapshot, instance, None).await?;
        resolver.merged(&snapshot, instance, &pins)
    }
}
