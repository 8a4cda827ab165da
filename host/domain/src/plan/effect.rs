//! One effect of a plan, and what a person is shown of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effect::{Action, EffectId, EffectKind};
use crate::resource::{Adoption, Observed, Outputs, Owner, Ownership, Resource};
use crate::token;

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
    /// An effect between two states, with what follows from them.
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

    /// An effect between what was seen and what is wanted.
    #[must_use]
    pub fn between(
        id: EffectId,
        depends_on: Vec<EffectId>,
        seen: Option<Observed>,
        after: Resource,
    ) -> Self {
        let (before, owner, outputs) = match seen {
            None => (None, None, BTreeMap::new()),
            Some(Observed {
                state,
                ownership,
                outputs,
            }) => {
                let owner = match ownership {
                    Ownership::Owned(owner) => Some(owner),
                    Ownership::ByPlace | Ownership::Foreign(_) => None,
                };
                (Some(state), owner, outputs)
            }
        };
        Self {
            owner,
            outputs,
            ..Self::new(id, depends_on, before, Some(after))
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

/// The action that leads from one state to the other.
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

/// The keys in which two states differ, by path, sorted.
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

/// A state's leaves by dotted path; lists are leaves. What only says where a thing is
/// kept inside a plan (`type`, a folder's files) is left out, and a tree that isn't known
/// yet reads so.
fn flatten(resource: Option<&Resource>) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    let Some(resource) = resource else {
        return leaves;
    };
    let value = serde_json::to_value(resource).expect("states are plain data with string keys");
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
