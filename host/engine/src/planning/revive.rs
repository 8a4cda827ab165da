//! Removed targets that are desired again, and go on with the data that was retained.

use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::lock::{self, Lock};
use deploycenter_domain::name::{Incarnation, RegionName, TargetId};
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{HeldBy, Reading};

use super::PlanError;
use super::blocked::Blocked;
use super::claims::Claims;
use super::ground::{Ground, Revived};
use crate::Engine;

impl Engine {
    /// The life of a removed target whose retained data it can go on with: the only one of
    /// which something is left, or the one that is named.
    ///
    /// # Errors
    /// When the target isn't desired, is deployed or at work, nothing of it is retained, or
    /// its data is in another region.
    pub async fn life_to_revive(
        &self,
        target: &TargetId,
        said: Option<Incarnation>,
    ) -> Result<Incarnation, PlanError> {
        let refused = |blocked: Blocked| Err(PlanError::Blocked(vec![blocked]));
        let mut ground = self.ground(self.desired().await?, Reading::Listed).await?;
        let everything = self.everything_held().await?;
        ground.mark_unknown(&everything);
        let Some(instance) = ground.desired.instance(target) else {
            return refused(Blocked::not_desired(target));
        };
        if let Some(unfinished) = ground.unfinished.get(target) {
            return refused(Blocked::unfinished(target, unfinished));
        }
        if ground.present(target).is_some() {
            return refused(Blocked::deployed(target));
        }
        let claims = self.claims(&ground, &everything).await?;
        let mut left = claims.lives_left(target);
        // Secrets that were given for the life to come.
        left.remove(&ground.incarnation(target));
        let life = match said {
            Some(said) if left.contains(&said) => said,
            Some(_) => return refused(Blocked::nothing_retained(target, said)),
            None if left.len() > 1 => return refused(Blocked::many_lives(target, &left)),
            None => match left.first() {
                Some(life) => *life,
                None => return refused(Blocked::nothing_retained(target, None)),
            },
        };
        match retained_in(&claims, target, life) {
            Some(region) if region != instance.region => {
                refused(Blocked::retained_elsewhere(target, &region, instance))
            }
            _ => Ok(life),
        }
    }

    /// Lets targets go on with a life that has ended.
    pub(super) async fn revive(
        &self,
        ground: &mut Ground,
        targets: &[TargetId],
        incarnation: Incarnation,
    ) -> Result<(), PlanError> {
        for target in targets {
            if ground.present(target).is_some() {
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
            ground.revived.insert(target.clone(), revived);
        }
        Ok(())
    }
}

/// The region that a life's data is in, by the journal or by its marks.
fn retained_in(claims: &Claims<'_>, target: &TargetId, life: Incarnation) -> Option<RegionName> {
    if let Some(record) = claims.ground.standing_of(target, life) {
        return Some(record.standing.region.clone());
    }
    claims
        .everything
        .iter()
        .filter(|holding| match &holding.holder {
            HeldBy::Effect(owner) => {
                owner.target == *target
                    && owner.incarnation == life
                    && owner.effect.kind() != EffectKind::Application
            }
            _ => false,
        })
        .find_map(|holding| match &holding.image {
            Resource::FileSystem(image) => Some(image.region.clone()),
            Resource::AccessPoint(image) => Some(image.region.clone()),
            Resource::Secret(image) => Some(image.region.clone()),
            _ => None,
        })
}
