//! What a person said to take over.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::problem::Problem;
use deploycenter_domain::resource::{Adoption, Ownership, Resource};
use deploycenter_ports::ProviderErrorKind;

use super::scope::EffectScope;
use crate::snapshot::PlanningSnapshot;
use crate::{PlanError, Run};

impl Run {
    /// An effect by which something that isn't ours becomes a target's; a problem where it
    /// can't.
    pub(crate) async fn adopted(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        id: EffectId,
        depends_on: Vec<EffectId>,
        after: Resource,
        mut adoption: Adoption,
    ) -> Result<Result<PlannedEffect, Problem>, PlanError> {
        let target = whose.target;
        let problem = |text: String| Ok(Err(Problem::new(format!("{target}: {id} {text}"))));
        let there = self.providers.of(id.kind());
        let seen = match there.observe_foreign(&after, &adoption).await {
            Ok(Some(seen)) => seen,
            Ok(None) => return problem("can't be adopted: there is nothing there".to_owned()),
            Err(failure) if failure.kind == ProviderErrorKind::Refused => {
                let refused = Problem::new(format!("{target}: {id}: {}", failure.message));
                return Ok(Err(match failure.help {
                    Some(help) => refused.help(help),
                    None => refused,
                }));
            }
            Err(failure) => return Err(failure.into()),
        };
        match &seen.ownership {
            // Its own already: an adoption that is asked for again has nothing to do.
            Ownership::ByPlace => {
                let seen = self.systems.of(id.kind()).observe(&after).await?;
                return Ok(Ok(PlannedEffect::between(id, depends_on, seen, after)));
            }
            Ownership::Owned(owner) if whose.owns(&self.offline.installation, &id, owner) => {
                let seen = self.systems.of(id.kind()).observe(&after).await?;
                return Ok(Ok(PlannedEffect::between(id, depends_on, seen, after)));
            }
            Ownership::Owned(owner)
                if owner.installation == self.offline.installation
                    && snapshot
                        .lock(&owner.target)
                        .is_some_and(|lock| lock.incarnation == owner.incarnation) =>
            {
                return problem(format!(
                    "can't be adopted: {} of {} is in use",
                    owner.effect, owner.target
                ));
            }
            Ownership::Owned(owner) => adoption.former = Some(owner.clone()),
            Ownership::Foreign(_) => {}
        }
        Ok(Ok(PlannedEffect::between(
            id,
            depends_on,
            Some(seen),
            after,
        )
        .adopting(adoption)))
    }
}
