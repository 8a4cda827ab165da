//! What stands outside of one incarnation of a target, as its journal adds up to: the last
//! known state of every thing that deployments made and didn't remove.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bind::bind;
use crate::effect::{EffectId, EffectKind, OutputName};
use crate::name::{AppName, RegionName};
use crate::operation::Operation;
use crate::plan::{PlannedEffect, TargetPlan, changes};
use crate::resource::{Folder, Resource, Sync};
use crate::token::Bindings;
use crate::unwind::planned_folder;

/// What stands of one incarnation of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeployedState {
    /// Where it runs or ran.
    pub region: RegionName,
    /// The app; none for a shared target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// By effect. Folders carry their tree and no files.
    #[serde(rename = "images")]
    pub states: BTreeMap<EffectId, Resource>,
    /// What stands likewise and isn't wanted any more: data that no update removes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unused: BTreeMap<EffectId, Resource>,
    /// Whether the cluster has its namespace, with databases, claims and volumes: those
    /// tell Argo CD not to delete them, so they outlive their application.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub namespace: bool,
}

impl DeployedState {
    /// What stands once a deployment has succeeded, given what stood before it.
    /// `bindings` are what its journal made known.
    #[must_use]
    pub fn after(earlier: Option<Self>, plan: &TargetPlan, bindings: &Bindings) -> Self {
        let (mut states, mut unused) = earlier
            .map(|earlier| (earlier.states, earlier.unused))
            .unwrap_or_default();
        let mut known = bindings.clone();
        for effect in &plan.effects {
            for (output, value) in &effect.outputs {
                known
                    .entry(format!("{}:{output}", effect.id))
                    .or_insert_with(|| value.clone());
            }
        }
        for effect in plan.effects.iter().filter(|effect| effect.on.is_none()) {
            match &effect.after {
                _ if effect.kind.rides_in_commit() => {}
                None => {
                    states.remove(&effect.id);
                    unused.remove(&effect.id);
                }
                Some(after) => {
                    let mut state = bind(after, &known).unwrap_or_else(|_| after.clone());
                    let tree = plan.of_kind(EffectKind::Commit).find_map(|commit| {
                        known.get(&format!("{}:{}", commit.id, OutputName::Tree))
                    });
                    match &mut state {
                        Resource::Folder(Folder {
                            tree: slot, files, ..
                        }) => {
                            files.clear();
                            *slot = tree.cloned();
                        }
                        Resource::Sync(Sync { tree: slot, .. }) => *slot = tree.cloned(),
                        _ => {}
                    }
                    unused.remove(&effect.id);
                    states.insert(effect.id.clone(), state);
                }
            }
        }
        if plan.operation == Operation::Purge {
            // Also what only helped it: a sync with the base that was opened.
            states.clear();
            unused.clear();
        } else if plan.operation.ends_incarnation() {
            // What the plan doesn't retain was gone before it: someone else removed it.
            states.retain(|id, _| plan.effect(id).is_some());
            unused.clear();
        } else if !plan.operation.is_removal() {
            let dropped: Vec<EffectId> = states
                .keys()
                .filter(|id| plan.effect(id).is_none())
                .cloned()
                .collect();
            for id in dropped {
                if let Some(state) = states.remove(&id) {
                    unused.insert(id, state);
                }
            }
        }
        Self {
            region: plan.region.clone(),
            app: plan.app.clone(),
            states,
            unused,
            namespace: !plan.target.is_shared() && plan.operation != Operation::Purge,
        }
    }

    /// The states of a kind, by effect.
    pub fn of_kind(&self, kind: EffectKind) -> impl Iterator<Item = (&EffectId, &Resource)> {
        self.states.iter().filter(move |(id, _)| id.kind() == kind)
    }

    /// What goes with the target, in the order in which it goes.
    pub fn going_with_target(&self) -> impl Iterator<Item = (&EffectId, &Resource)> {
        EffectKind::in_undo_order()
            .into_iter()
            .filter(|kind| kind.goes_with_target())
            .flat_map(|kind| self.of_kind(kind))
    }

    /// The tree of the target's folder.
    #[must_use]
    pub fn tree(&self) -> Option<&str> {
        self.of_kind(EffectKind::Commit)
            .find_map(|(_, state)| match state {
                Resource::Folder(folder) => folder.tree.as_deref(),
                _ => None,
            })
    }

    /// How what is there differs from what stood, in words, when someone else changed
    /// it; `None` when nobody did, or nobody knows what stood.
    #[must_use]
    pub fn drift(&self, id: &EffectId, found: Option<&Resource>) -> Option<String> {
        // A file is part of its folder, and what Argo CD is at moves by itself.
        if id.kind().rides_in_commit() || id.kind().follows_folder() {
            return None;
        }
        let deployed_now = self.states.get(id)?;
        let Some(found) = found else {
            return Some("is gone".to_owned());
        };
        if !deployed_now.same_place(found) {
            return None;
        }
        let moved: Vec<String> = changes(Some(deployed_now), Some(found))
            .into_iter()
            .map(|change| format!("{} was {}, is {}", change.path, change.before, change.after))
            .collect();
        (!moved.is_empty()).then(|| moved.join("; "))
    }
}

impl DeployedState {
    /// The same for what a plan does to a thing, which may stand under the id of an
    /// earlier effect, or in a place that the effect leaves: a record under a name that is
    /// given up, and the one that takes its place.
    #[must_use]
    pub fn drift_of(&self, effect: &PlannedEffect) -> Option<String> {
        let found = effect.before.as_ref();
        let place = found.or(effect.after.as_ref())?;
        let own = self.states.get(&effect.id);
        if own.is_none_or(|own| own.same_place(place)) && effect.kind != EffectKind::Record {
            return self.drift(&effect.id, found);
        }
        let (id, _) = self
            .of_kind(effect.kind)
            .find(|(_, state)| state.same_place(place))?;
        self.drift(id, found)
    }
}

/// The files that a deployment left in its target's folder, by path: what its plan wanted,
/// with the values that its journal made known.
#[must_use]
pub fn files(plan: &TargetPlan, bindings: &Bindings) -> BTreeMap<String, String> {
    let mut known = bindings.clone();
    for effect in &plan.effects {
        for (output, value) in &effect.outputs {
            known
                .entry(format!("{}:{output}", effect.id))
                .or_insert_with(|| value.clone());
        }
    }
    let folder = planned_folder(plan).map(Resource::Folder);
    match folder.and_then(|folder| bind(&folder, &known).ok()) {
        Some(Resource::Folder(folder)) => folder.files,
        _ => BTreeMap::new(),
    }
}
