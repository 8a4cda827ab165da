//! What stands of an incarnation: as the journal has it, and as its marks and its place tell.

use std::collections::BTreeMap;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{Folder, Resource};
use deploycenter_ports::{InventoryItem, Marker};

use crate::effect_ids::folder_commit;
use crate::snapshot::{PlanningSnapshot, given_incarnation};
use crate::{PlanError, Run};

impl Run {
    /// What stands of an incarnation: as the journal has it, and beside that whatever says
    /// outside that it belongs to it.
    pub(crate) fn known_deployed(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        incarnation: Incarnation,
        everything: &[InventoryItem],
    ) -> Result<DeployedState, PlanError> {
        let mut deployed = snapshot
            .deployed_of(target, incarnation)
            .map(|record| record.deployed.clone());
        let journaled = deployed.is_some();
        let region = snapshot
            .live
            .get(target)
            .and_then(|live| live.region.clone())
            .or_else(|| deployed.as_ref().map(|deployed| deployed.region.clone()));
        for item in everything {
            let Some(effect) = held_as(snapshot, item, target, incarnation, journaled) else {
                continue;
            };
            let deployed = match (&mut deployed, &region) {
                (Some(deployed), _) => deployed,
                (none, region) => none.insert(DeployedState {
                    region: region
                        .clone()
                        .or_else(|| snapshot.desired.regions.regions.keys().next().cloned())
                        .ok_or_else(|| Problems::from(Problem::new("no region is declared")))?,
                    app: snapshot.lock(target).map(|lock| lock.app),
                    states: BTreeMap::new(),
                    unused: BTreeMap::new(),
                    namespace: true,
                }),
            };
            if let Some(effect) = effect
                && !deployed.unused.contains_key(&effect)
            {
                let state = item.state.clone();
                deployed.states.entry(effect).or_insert(state);
            }
        }
        deployed.ok_or_else(|| {
            Problems::from(
                Problem::new(format!(
                    "neither this journal nor anything outside knows of {target}, incarnation {incarnation}"
                ))
                .help("run it where the target was deployed: the journal lives there"),
            )
            .into()
        })
    }

    /// What stands of what a customer's instances share: as the journal has it, or by its
    /// marks and its place; `None` when no region is declared.
    pub(crate) fn standing_of_shared(
        &self,
        snapshot: &PlanningSnapshot,
        shared: &TargetId,
        everything: &[InventoryItem],
    ) -> Option<DeployedState> {
        if let Some(record) = snapshot.deployed_of(shared, Incarnation::FIRST) {
            let known = !record.deployed.states.is_empty();
            return Some(record.deployed.clone()).filter(|_| known);
        }
        let place = Resource::Folder(Folder {
            branch: shared.branch(),
            path: String::new(),
            tree: None,
            files: BTreeMap::new(),
        });
        let marked = everything.iter().filter_map(|item| match &item.holder {
            Marker::Effect(owner) if owner.target == *shared => {
                Some((owner.effect.clone(), item.state.clone()))
            }
            _ => None,
        });
        Some(DeployedState {
            region: snapshot.desired.regions.regions.keys().next()?.clone(),
            app: None,
            states: marked.chain([(folder_commit(), place)]).collect(),
            unused: BTreeMap::new(),
            namespace: false,
        })
    }
}

/// As which effect something belongs to an incarnation; the inner `None` for what is the
/// incarnation's and no effect's.
fn held_as(
    snapshot: &PlanningSnapshot,
    item: &InventoryItem,
    target: &TargetId,
    incarnation: Incarnation,
    journaled: bool,
) -> Option<Option<EffectId>> {
    match (&item.holder, &item.state) {
        (Marker::Effect(owner), state) => {
            if owner.target != *target || owner.incarnation != incarnation {
                return None;
            }
            Some(match state {
                // Its marks are its file system's.
                Resource::MountTarget(door) => {
                    let name = format!("{}.{}", owner.effect.name(), door.subnet);
                    EffectId::new(EffectKind::MountTarget, name).ok()
                }
                _ => Some(owner.effect.clone()),
            })
        }
        (Marker::Given(whose), _) => {
            let of_this = whose == target && given_incarnation(item) == Some(incarnation);
            of_this.then_some(None)
        }
        // Records have no marks: without a journal it is by who else could have it.
        (Marker::Customer { customer, region }, Resource::Record(record)) if !journaled => {
            let here = snapshot.live.get(target)?.region.as_ref() == Some(region);
            let own = here
                && target.customer() == customer
                && snapshot.lock(target)?.incarnation == incarnation
                && !snapshot.is_anothers(&item.state, target, incarnation)
                && snapshot
                    .unknown_in(customer, region)
                    .all(|other| other == target);
            let id = EffectId::new(EffectKind::Record, record.name.clone()).ok();
            own.then_some(id)
        }
        _ => None,
    }
}
