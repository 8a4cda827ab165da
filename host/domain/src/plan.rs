//! The plan: what would change, as plain data that a person reviews and a machine holds
//! to.

mod effect;
mod folder;
mod remark;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use effect::{Change, PlannedEffect, action, changes};
pub use folder::FolderEffects;
pub use remark::Remark;

use crate::data_version::DataVersionChange;
use crate::digest::Digest;
use crate::effect::{Action, EffectId, EffectKind};
use crate::name::{AppName, Incarnation, InstallationId, RegionName, TargetId};
use crate::operation::Operation;

mod outline;

pub use outline::{ChangedEffect, PlanOutline};

/// The version of the plan's JSON.
pub const FORMAT: u32 = 1;

/// What would change, for all selected targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// [`FORMAT`].
    pub format: u32,
    /// Whose deployment repo it was made in.
    pub installation: InstallationId,
    /// The selectors it was made with; empty: everything.
    #[serde(default)]
    pub selectors: Vec<String>,
    /// Sorted by target.
    pub targets: Vec<TargetPlan>,
    /// How many effects of each action.
    pub summary: Summary,
}

impl Plan {
    /// Joins targets' plans.
    #[must_use]
    pub fn new(
        installation: InstallationId,
        selectors: Vec<String>,
        mut targets: Vec<TargetPlan>,
    ) -> Self {
        targets.sort_by(|a, b| a.target.cmp(&b.target));
        let mut summary = Summary::default();
        for effect in targets.iter().flat_map(|target| &target.effects) {
            summary.count(effect.action);
        }
        Self {
            format: FORMAT,
            installation,
            selectors,
            targets,
            summary,
        }
    }

    /// Whether any effect does something.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.targets.iter().any(TargetPlan::has_changes)
    }
}

/// How many effects of each action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Made.
    pub create: usize,
    /// Changed.
    pub update: usize,
    /// Removed.
    pub delete: usize,
    /// As wanted already.
    pub none: usize,
}

impl Summary {
    fn count(&mut self, action: Action) {
        *match action {
            Action::Create => &mut self.create,
            Action::Update => &mut self.update,
            Action::Delete => &mut self.delete,
            Action::None => &mut self.none,
        } += 1;
    }
}

/// One target's effects, all that a worker needs to apply or to unwind them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TargetPlan {
    /// Which target.
    pub target: TargetId,
    /// Where it runs; for a shared target the customer's region.
    pub region: RegionName,
    /// The app; none for a shared target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<AppName>,
    /// Which incarnation of the target.
    pub incarnation: Incarnation,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Operation::is_deploy")]
    pub operation: Operation,
    /// Over `inputs`.
    pub digest: Digest,
    /// What was decided on, each by its digest: `desired state`, `plugin`, `templates`, ….
    pub inputs: BTreeMap<String, Digest>,
    /// That the app's data goes to another version, and so can't come back by itself;
    /// what the lock file's states say, see [`DataVersionChange::of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersionChange>,
    /// What a person should know before it is applied. Nothing is decided by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Each before those that depend on it.
    pub effects: Vec<PlannedEffect>,
}

impl TargetPlan {
    /// Whether any effect does something.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| effect.action != Action::None)
    }

    /// Whether this is the target's first deployment: its folder isn't there yet.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.effects
            .iter()
            .any(|effect| effect.kind == EffectKind::Commit && effect.action == Action::Create)
    }

    /// From which data-version to which it leads; `None` also for a first deployment.
    /// The way back from there isn't the host's to take.
    #[must_use]
    pub fn crosses_data_version(&self) -> Option<(&str, &str)> {
        self.data_version
            .as_ref()
            .map(|change| (change.from.as_str(), change.to.as_str()))
    }

    /// The effect of that id.
    #[must_use]
    pub fn effect(&self, id: &EffectId) -> Option<&PlannedEffect> {
        self.effects.iter().find(|effect| effect.id == *id)
    }

    /// The effects of that kind, in order.
    pub fn of_kind(&self, kind: EffectKind) -> impl DoubleEndedIterator<Item = &PlannedEffect> {
        self.effects
            .iter()
            .filter(move |effect| effect.kind == kind)
    }
}
