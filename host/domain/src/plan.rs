//! The plan: what would change, as plain data that a person reviews and a machine holds
//! to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::effect::{Action, EffectId, EffectKind};
use crate::name::{AppName, Incarnation, InstallationId, RegionName, TargetId};
use crate::resource::{Outputs, Owner, Resource};
use crate::token;

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
    /// Which life of the target.
    pub incarnation: Incarnation,
    /// Over `inputs`.
    pub digest: Digest,
    /// What was decided on, each by its digest: `desired state`, `plugin`, `templates`, ….
    pub inputs: BTreeMap<String, Digest>,
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

/// One effect of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedEffect {
    /// `<kind>/<name>`.
    pub id: EffectId,
    /// The kind alone.
    pub kind: EffectKind,
    /// The name alone.
    pub name: String,
    /// What happens to it.
    pub action: Action,
    /// What has to be done before it.
    pub depends_on: Vec<EffectId>,
    /// What a person is shown: changed keys only.
    pub changes: Vec<Change>,
    /// What was observed, and has to be so still when the effect starts; `None`: nothing.
    pub before: Option<Resource>,
    /// What will be; `None`: nothing.
    pub after: Option<Resource>,
    /// Who made what was observed, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// What is known already, of a thing that is there.
    #[serde(default, skip_serializing_if = "Outputs::is_empty")]
    pub outputs: Outputs,
}

/// One changed key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The key: `weight`, `spec.source.path`; for a file its text's `content`.
    pub path: String,
    /// As observed; null when it isn't there.
    pub before: Value,
    /// As wanted; tokens read `(known after apply)`.
    pub after: Value,
    /// Whether some of `after` is known only after apply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known_after_apply: bool,
}

/// The action that leads from one image to the other.
#[must_use]
pub fn action(before: Option<&Resource>, after: Option<&Resource>) -> Action {
    match (before, after) {
        (None, None) => Action::None,
        (None, Some(_)) => Action::Create,
        (Some(_), None) => Action::Delete,
        (Some(before), Some(after)) if before == after => Action::None,
        (Some(_), Some(_)) => Action::Update,
    }
}

/// The keys in which two images differ, by path, sorted.
#[must_use]
pub fn changes(before: Option<&Resource>, after: Option<&Resource>) -> Vec<Change> {
    let before = flatten(before);
    let after = flatten(after);
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        if old == new {
            continue;
        }
        let (shown, unknown) = new.map_or((Value::Null, false), show);
        found.push(Change {
            path: key.clone(),
            before: old.cloned().unwrap_or(Value::Null),
            after: shown,
            known_after_apply: unknown,
        });
    }
    found
}

/// A value as a person is shown it, and whether some of it isn't known yet.
fn show(value: &Value) -> (Value, bool) {
    match value {
        Value::String(text) if !token::is_plain(text) => (Value::String(token::show(text)), true),
        Value::Array(items) => {
            let shown: Vec<(Value, bool)> = items.iter().map(show).collect();
            let unknown = shown.iter().any(|(_, unknown)| *unknown);
            (shown.into_iter().map(|(value, _)| value).collect(), unknown)
        }
        other => (other.clone(), false),
    }
}

/// An image's leaves by dotted path; lists are leaves. What only says where a thing is
/// kept inside a plan (`type`, a folder's files) is left out, and a tree that isn't known
/// yet reads so.
fn flatten(resource: Option<&Resource>) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let Some(resource) = resource else {
        return leaves;
    };
    let value = serde_json::to_value(resource).expect("images are plain data with string keys");
    if let Value::Object(map) = value {
        for (key, value) in map {
            match (key.as_str(), value) {
                ("type" | "files", _) => {}
                ("tree", Value::Null) => {
                    leaves.insert(key, Value::String("(known after apply)".to_owned()));
                }
                (_, value) => leaf(key, value, &mut leaves),
            }
        }
    }
    leaves
}

fn leaf(path: String, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                leaf(format!("{path}.{key}"), value, leaves);
            }
        }
        Value::Null => {}
        value => {
            leaves.insert(path, value);
        }
    }
}
