//! Removed targets that are desired again, and go on with the data that was retained.

use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::lock::{self, Lock};
use deploycenter_domain::name::{Incarnation, RegionName, TargetId};
use deploycenter_ports::Marker;

use crate::inventory::Usages;
use crate::snapshot::{PlanningSnapshot, Revived};
use crate::{PlanError, Refusal, Run};

impl Run {
    /// The incarnation of a removed target whose retained data it can go on with: the only one of
    /// which something is left, or the one that is named.
    ///
    /// # Errors
    /// When the target isn't desired, is deployed or at work, nothing of it is retained, or
    /// its data is in another region.
    pub async fn incarnation_to_revive(
        &self,
        target: &TargetId,
        said: Option<Incarnation>,
    ) -> Result<Incarnation, PlanError> {
        let refused = |blocked: Refusal| Err(PlanError::Refusal(vec![blocked]));
        let mut snapshot = self.snapshot().await?;
        let everything = self.everything_held().await?;
        snapshot.mark_unknown(&everything);
        let Some(instance) = snapshot.desired.instance(target) else {
            return refused(Refusal::not_desired(target));
        };
        if let Some(unfinished) = snapshot.unfinished.get(target) {
            return refused(Refusal::unfinished(target, unfinished));
        }
        if snapshot.present(target).is_some() {
            return refused(Refusal::deployed(target));
        }
        let usages = Usages::read(&*self.store, &snapshot, &everything).await?;
        let mut left = usages.incarnations_left(target);
        // Secrets that were given for the incarnation to come.
        left.remove(&snapshot.incarnation(target));
        let incarnation = match said {
            Some(said) if left.contains(&said) => said,
            Some(_) => return refused(Refusal::nothing_retained(target, said)),
            None if left.len() > 1 => return refused(Refusal::many_incarnations(target, &left)),
            None => match left.first() {
                Some(incarnation) => *incarnation,
                None => return refused(Refusal::nothing_retained(target, None)),
            },
        };
        match retained_in(&usages, target, incarnation) {
            Some(region) if region != instance.region => {
                refused(Refusal::retained_elsewhere(target, &region, instance))
            }
            _ => Ok(incarnation),
        }
    }

    /// Lets targets go on with an incarnation that has ended.
    pub(crate) async fn revive(
        &self,
        snapshot: &mut PlanningSnapshot,
        targets: &[TargetId],
        incarnation: Incarnation,
    ) -> Result<(), PlanError> {
        for target in targets {
            if snapshot.present(target).is_some() {
                continue;
            }
            let left = self.last_whole(target, incarnation).await?;
            let data_version = left
                .and_then(|(files, _)| Lock::read(files.get(lock::FILE)?).ok())
                .and_then(|lock| lock.data_version);
            let revived = Revived {
                incarnation,
                data_version,
            };
            snapshot.revived.insert(target.clone(), revived);
        }
        Ok(())
    }
}

/// The region that an incarnation's data is in, by the journal or by its marks.
fn retained_in(
    usages: &Usages<'_>,
    target: &TargetId,
    incarnation: Incarnation,
) -> Option<RegionName> {
    if let Some(record) = usages.snapshot.deployed_of(target, incarnation) {
        return Some(record.deployed.region.clone());
    }
    usages
        .everything
        .iter()
        .filter(|item| match &item.holder {
            Marker::Effect(owner) => {
                owner.target == *target
                    && owner.incarnation == incarnation
                    && owner.effect.kind() != EffectKind::Application
            }
            _ => false,
        })
        .find_map(|item| Some(item.state.in_region()?.0.clone()))
}
