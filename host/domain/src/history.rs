//! What deployments left behind, from their plans and journals alone, and what differs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::deployed::{DeployedState, files};
use crate::effect::{Action, EffectId, EffectKind, OutputName};
use crate::journal::{DeploymentState, EffectState, Status, UndoState};
use crate::name::Incarnation;
use crate::plan::{Change, PlannedEffect, TargetPlan, action, changes};
use crate::resource::{File, Resource};
use crate::token::Bindings;
use crate::undo_step::UndoStep;

/// What a target's deployments left, one after the other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Left {
    deployed: Option<DeployedState>,
    files: BTreeMap<String, String>,
    incarnation: Option<Incarnation>,
    uncertain: BTreeSet<EffectId>,
}

impl Left {
    /// What is left once one more deployment went as far as its journal says: a succeeded
    /// one leaves what it wanted, one that was taken back leaves what it found, an
    /// unfinished one leaves what it has done. Another incarnation of the target begins with
    /// nothing.
    pub fn take_in(&mut self, plan: &TargetPlan, progress: &DeploymentState) {
        if self.incarnation != Some(plan.incarnation) {
            *self = Self::default();
            self.incarnation = Some(plan.incarnation);
        }
        let (reached, bindings) = reached(plan, progress);
        let commit = reached
            .of_kind(EffectKind::Commit)
            .find(|effect| effect.on.is_none());
        if let Some(commit) = commit {
            self.files = match commit.after {
                Some(_) => files(&reached, &bindings),
                None => BTreeMap::new(),
            };
        }
        self.deployed = Some(DeployedState::after(
            self.deployed.take(),
            &reached,
            &bindings,
        ));
        self.uncertain = uncertain(progress);
    }

    /// Everything by effect, each file of the folder among it. What Argo CD was seen at
    /// isn't: that moves by itself.
    #[must_use]
    pub fn states(&self) -> BTreeMap<EffectId, Resource> {
        let Some(deployed) = &self.deployed else {
            return BTreeMap::new();
        };
        let mut states: BTreeMap<EffectId, Resource> = deployed
            .states
            .iter()
            .filter(|(id, _)| !id.kind().follows_folder())
            .map(|(id, state)| (id.clone(), state.clone()))
            .collect();
        let folder = states.values().find_map(|state| match state {
            Resource::Folder(folder) => Some(folder.path.clone()),
            _ => None,
        });
        for (name, content) in &self.files {
            // The plan had an effect of that name.
            let Ok(id) = EffectId::new(EffectKind::File, name.clone()) else {
                continue;
            };
            let path = match folder.as_deref() {
                Some("") | None => name.clone(),
                Some(folder) => format!("{folder}/{name}"),
            };
            let content = content.clone();
            states.insert(id, Resource::File(File { path, content }));
        }
        states
    }

    /// Effects of the last deployment of which nobody knows what came of them; they are
    /// shown as they were before that.
    #[must_use]
    pub fn uncertain(&self) -> &BTreeSet<EffectId> {
        &self.uncertain
    }
}

/// A plan whose effects lead just as far as they went, and the values that they gave.
fn reached(plan: &TargetPlan, progress: &DeploymentState) -> (TargetPlan, Bindings) {
    let mut bindings = progress.bindings.clone();
    let mut reached = plan.clone();
    if progress.status() == Status::Succeeded {
        return (reached, bindings);
    }
    let stands = |id: &EffectId| {
        progress.status() != Status::Unwound
            && matches!(progress.effects.get(id), Some(EffectState::Done { .. }))
            && progress.undo.get(&UndoStep::Undo(id.clone())) != Some(&UndoState::Done)
    };
    // A folder's files go out, and come back, with its commit.
    let committed = plan
        .of_kind(EffectKind::Commit)
        .any(|commit| commit.on.is_none() && stands(&commit.id));
    for effect in &mut reached.effects {
        let done = if effect.kind.rides_in_commit() {
            committed
        } else {
            stands(&effect.id)
        };
        if !done {
            hold_back(effect, &mut bindings);
        }
    }
    (reached, bindings)
}

/// Lets an effect lead to where it began.
fn hold_back(effect: &mut PlannedEffect, bindings: &mut Bindings) {
    effect.after.clone_from(&effect.before);
    if let Some(Resource::Folder(folder)) = &effect.before {
        bindings.remove(&format!("{}:{}", effect.id, OutputName::Tree));
        effect
            .outputs
            .extend(folder.tree.clone().map(|tree| (OutputName::Tree, tree)));
    }
}

fn uncertain(progress: &DeploymentState) -> BTreeSet<EffectId> {
    if progress.status().is_final() {
        return BTreeSet::new();
    }
    let forward = progress
        .effects
        .iter()
        .filter(|(_, state)| !matches!(state, EffectState::Done { .. }))
        .map(|(id, _)| id)
        .filter(|id| progress.undo.get(&UndoStep::Undo((*id).clone())) != Some(&UndoState::Done));
    let back = progress.undo.iter().filter_map(|(step, state)| match step {
        UndoStep::Undo(id) if *state != UndoState::Done => Some(id),
        _ => None,
    });
    forward.chain(back).cloned().collect()
}

/// One thing in which what was left differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// `<kind>/<name>`.
    pub id: EffectId,
    /// The kind alone.
    pub kind: EffectKind,
    /// The name alone.
    pub name: String,
    /// What led from one to the other.
    pub action: Action,
    /// The keys that differ.
    pub changes: Vec<Change>,
}

/// In what two states differ, by effect.
#[must_use]
pub fn differences(from: &Left, to: &Left) -> Vec<Difference> {
    let (from, to) = (from.states(), to.states());
    let ids: BTreeSet<&EffectId> = from.keys().chain(to.keys()).collect();
    ids.into_iter()
        .filter_map(|id| {
            let (before, after) = (from.get(id), to.get(id));
            let action = action(before, after);
            (action != Action::None).then(|| Difference {
                id: id.clone(),
                kind: id.kind(),
                name: id.name().to_owned(),
                action,
                changes: changes(before, after),
            })
        })
        .collect()
}
