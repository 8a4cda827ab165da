//! What stands of a life: as the journal has it, and as its marks and its place tell.

use std::collections::BTreeMap;

use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{Folder, Observed, Resource};
use deploycenter_domain::standing::Standing;
use deploycenter_ports::{FailureKind, HeldBy, Holding, Reading};

use super::PlanError;
use super::blocked::Blocked;
use super::ground::Ground;
use super::removal::folder_commit;
use super::users::given_life;
use crate::Engine;

impl Engine {
    /// What stands of a life: as the journal has it, and beside that whatever says
    /// outside that it belongs to it.
    pub(super) fn known_standing(
        &self,
        ground: &Ground,
        target: &TargetId,
        incarnation: Incarnation,
        everything: &[Holding],
    ) -> Result<Standing, PlanError> {
        let mut standing = ground
            .standing_of(target, incarnation)
            .map(|record| record.standing.clone());
        let journaled = standing.is_some();
        let region = ground
            .live
            .get(target)
            .and_then(|live| live.region.clone())
            .or_else(|| standing.as_ref().map(|standing| standing.region.clone()));
        for holding in everything {
            let Some(effect) = held_as(ground, holding, target, incarnation, journaled) else {
                continue;
            };
            let standing = match (&mut standing, &region) {
                (Some(standing), _) => standing,
                (none, region) => none.insert(Standing {
                    region: region
                        .clone()
                        .or_else(|| ground.desired.regions.regions.keys().next().cloned())
                        .ok_or_else(|| Problems::from(Problem::new("no region is declared")))?,
                    app: ground.lock(target).map(|lock| lock.app),
                    images: BTreeMap::new(),
                    unused: BTreeMap::new(),
                    namespace: true,
                }),
            };
            if let Some(effect) = effect
                && !standing.unused.contains_key(&effect)
            {
                let image = holding.image.clone();
                standing.images.entry(effect).or_insert(image);
            }
        }
        standing.ok_or_else(|| {
            Problems::from(
                Problem::new(format!(
                    "neither this journal nor anything outside knows of {target}, incarnation {incarnation}"
                ))
                .help("run it where the target was deployed: the journal lives there"),
            )
            .into()
        })
    }

    /// The target's folder, as it stands on the branch.
    pub(super) async fn folder_of(
        &self,
        ground: &Ground,
        target: &TargetId,
    ) -> Result<Option<Observed>, PlanError> {
        let Some((region, instance)) = ground
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .zip(target.instance())
        else {
            return Ok(None);
        };
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: format!("{region}/{instance}"),
            tree: None,
            files: BTreeMap::new(),
        });
        self.folder_at(target, &place).await
    }

    /// What stands in a target's folder, as this run first read the branches.
    pub(super) async fn folder_at(
        &self,
        target: &TargetId,
        place: &Resource,
    ) -> Result<Option<Observed>, PlanError> {
        match self.adapters.git.observe(place, Reading::Listed).await {
            Err(failure) if failure.kind == FailureKind::Foreign => {
                Err(PlanError::Blocked(vec![Blocked::no_branch(
                    target, failure,
                )]))
            }
            seen => Ok(seen?),
        }
    }

    /// What stands of what a customer's instances share: as the journal has it, or by its
    /// marks and its place; `None` when no region is declared.
    pub(super) fn standing_of_shared(
        &self,
        ground: &Ground,
        shared: &TargetId,
        everything: &[Holding],
    ) -> Option<Standing> {
        if let Some(record) = ground.standing_of(shared, Incarnation::FIRST) {
            let known = !record.standing.images.is_empty();
            return Some(record.standing.clone()).filter(|_| known);
        }
        let place = Resource::Folder(Folder {
            branch: shared.branch(),
            path: String::new(),
            tree: None,
            files: BTreeMap::new(),
        });
        let marked = everything
            .iter()
            .filter_map(|holding| match &holding.holder {
                HeldBy::Effect(owner) if owner.target == *shared => {
                    Some((owner.effect.clone(), holding.image.clone()))
                }
                _ => None,
            });
        Some(Standing {
            region: ground.desired.regions.regions.keys().next()?.clone(),
            app: None,
            images: marked.chain([(folder_commit(), place)]).collect(),
            unused: BTreeMap::new(),
            namespace: false,
        })
    }
}

/// As which effect something belongs to a life; the inner `None` for what is the life's and
/// no effect's.
fn held_as(
    ground: &Ground,
    holding: &Holding,
    target: &TargetId,
    incarnation: Incarnation,
    journaled: bool,
) -> Option<Option<EffectId>> {
    match (&holding.holder, &holding.image) {
        (HeldBy::Effect(owner), image) => {
            if owner.target != *target || owner.incarnation != incarnation {
                return None;
            }
            Some(match image {
                // Its marks are its file system's.
                Resource::MountTarget(door) => {
                    let name = format!("{}.{}", owner.effect.name(), door.subnet);
                    EffectId::new(EffectKind::MountTarget, name).ok()
                }
                _ => Some(owner.effect.clone()),
            })
        }
        (HeldBy::Given(whose), _) => {
            let of_this = whose == target && given_life(holding) == Some(incarnation);
            of_this.then_some(None)
        }
        // Records have no marks: without a journal it is by who else could have it.
        (HeldBy::Customer { customer, region }, Resource::Record(record)) if !journaled => {
            let here = ground.live.get(target)?.region.as_ref() == Some(region);
            let own = here
                && target.customer() == customer
                && ground.lock(target)?.incarnation == incarnation
                && !ground.is_anothers(&holding.image, target, incarnation)
                && ground
                    .unknown_in(customer, region)
                    .all(|other| other == target);
            let id = EffectId::new(EffectKind::Record, record.name.clone()).ok();
            own.then_some(id)
        }
        _ => None,
    }
}
