//! The plan: what would change, as plain data that a person reviews and a machine holds
//! to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data_version::DataVersionChange;
use crate::digest::Digest;
use crate::effect::{Action, EffectId, EffectKind};
use crate::name::{AppName, Incarnation, InstallationId, RegionName, TargetId};
use crate::operation::Operation;
use crate::resource::{Adoption, Outputs, Owner, Resource};
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
    /// What it is for.
    #[serde(default, skip_serializing_if = "Operation::is_deploy")]
    pub operation: Operation,
    /// Over `inputs`.
    pub digest: Digest,
    /// What was decided on, each by its digest: `desired state`, `plugin`, `templates`, ….
    pub inputs: BTreeMap<String, Digest>,
    /// That the app's data goes to another version, and so can't come back by itself;
    /// what the lock file's images say, see [`DataVersionChange::of`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_version: Option<DataVersionChange>,
    /// What a person should know before it is applied. Nothing is decided by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Remark>,
    /// Each before those that depend on it.
    pub effects: Vec<PlannedEffect>,
}

/// Something that a person should know before a target's plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// What it is about: `data-version`, `app-warning`, `database-restart`,
    /// `certificate-challenge`, `answered-elsewhere`, ….
    pub code: String,
    /// One line, without a final stop where it is the host's own.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Remark {
    /// The code of what an app's plugin warned of.
    pub const APP_WARNING: &str = "app-warning";

    /// The codes of what stands outside now, and leads people elsewhere.
    const OF_NOW: [&str; 2] = ["answered-elsewhere", "delegated"];

    /// Whether it is to be known of a target that doesn't change, too.
    #[must_use]
    pub fn is_of_now(&self) -> bool {
        Self::OF_NOW.contains(&self.code.as_str())
    }

    /// A remark. What isn't known before apply reads so in it.
    #[must_use]
    pub fn new(code: &str, message: impl AsRef<str>) -> Self {
        Self {
            code: code.to_owned(),
            message: token::show(message.as_ref()),
            help: None,
        }
    }

    /// The same remark, with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Both in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
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
    /// The effect whose thing this is a passing change to, when the plan changes that
    /// thing twice; it bears that effect's marks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<EffectId>,
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
    /// That what was observed isn't ours, and is to be taken over because a person said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adoption>,
}

impl PlannedEffect {
    /// An effect between two images, with what follows from them.
    #[must_use]
    pub fn new(
        id: EffectId,
        depends_on: Vec<EffectId>,
        before: Option<Resource>,
        after: Option<Resource>,
    ) -> Self {
        Self {
            kind: id.kind(),
            name: id.name().to_owned(),
            on: None,
            action: action(before.as_ref(), after.as_ref()),
            depends_on,
            changes: changes(before.as_ref(), after.as_ref()),
            before,
            after,
            owner: None,
            outputs: Outputs::new(),
            adopt: None,
            id,
        }
    }

    /// The same effect, taking over what was observed, even if nothing of it changes but
    /// its marks.
    #[must_use]
    pub fn adopting(mut self, adoption: Adoption) -> Self {
        if self.action == Action::None {
            self.action = Action::Update;
        }
        self.adopt = Some(adoption);
        self
    }

    /// The effect whose marks the thing bears.
    #[must_use]
    pub fn marked_as(&self) -> &EffectId {
        self.on.as_ref().unwrap_or(&self.id)
    }
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
    if before == after {
        return Vec::new();
    }
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
