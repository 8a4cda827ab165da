//! What the stand-in remembers: projects, applications, and the objects in its clusters.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Sickness;
use super::habits::Habits;
use crate::service::Millis;

/// A changed spec or project is compared after this time, and what follows an operation too.
pub(crate) const COMPARED_AFTER: Millis = 50;

/// Everything. Serializes to the snapshot.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// Counts up at each change; what Kubernetes calls the resource version.
    pub(crate) version: u64,
    pub(crate) projects: BTreeMap<String, Value>,
    pub(crate) applications: BTreeMap<String, Application>,
    pub(crate) live: BTreeMap<ObjectKey, LiveObject>,
    pub(crate) sick: BTreeMap<String, Sickness>,
    #[serde(default)]
    pub(crate) habits: Habits,
}

impl State {
    /// The next resource version.
    pub(crate) fn bump(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

/// Where an object lives. Written as one text, because it is a key in JSON too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct ObjectKey {
    pub(crate) server: String,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        let ObjectKey {
            server,
            group,
            kind,
            namespace,
            name,
        } = key;
        format!("{server} {group} {kind} {namespace} {name}")
    }
}

impl TryFrom<String> for ObjectKey {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts: Vec<&str> = text.split(' ').collect();
        let [server, group, kind, namespace, name] = parts[..] else {
            return Err(format!("`{text}` isn't an object's key"));
        };
        Ok(ObjectKey {
            server: server.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// An object in a cluster, as it was last applied.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveObject {
    pub(crate) object: Value,
    /// The application that applied it last, by name; it stays when that application leaves the
    /// object behind, as the tracking annotation does.
    pub(crate) application: String,
    pub(crate) uid: String,
    pub(crate) created: Millis,
    /// When it last changed in a way that starts pods anew.
    pub(crate) rolled: Millis,
    /// Which rollout this is, from 1.
    pub(crate) rollout: u64,
    /// The images of the rollout before, which run until the new pods are ready.
    pub(crate) images_before: Vec<String>,
    /// Counts up with each change of the spec, from 1.
    #[serde(default = "first_generation")]
    pub(crate) generation: u64,
    /// When the spec last changed.
    #[serde(default)]
    pub(crate) changed: Millis,
    /// How it was right before that change.
    #[serde(default)]
    pub(crate) before: Option<Before>,
    /// Whether the manifest that was applied last said how many pods there are to be.
    #[serde(default)]
    pub(crate) says_replicas: bool,
}

fn first_generation() -> u64 {
    1
}

/// An object's state as its operator had last written it when the spec changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    pub(crate) health: Health,
    /// The status; null where the kind has none.
    pub(crate) status: Value,
    /// The keys of the secret that an external secret had made by then.
    #[serde(default)]
    pub(crate) keys: Vec<String>,
}

impl LiveObject {
    /// Whether the live object carries this option in `argocd.argoproj.io/sync-options`. Argo CD
    /// asks the live object, so what was committed but not yet synced doesn't count.
    pub(crate) fn has_sync_option(&self, option: &str) -> bool {
        self.object
            .pointer("/metadata/annotations/argocd.argoproj.io~1sync-options")
            .and_then(Value::as_str)
            .is_some_and(|options| options.split(',').any(|found| found.trim() == option))
    }
}

/// An Argo CD Application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Application {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) created: Millis,
    pub(crate) generation: u64,
    pub(crate) resource_version: u64,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) finalizers: Vec<String>,
    pub(crate) deleting: Option<Deleting>,
    pub(crate) spec: Value,
    /// The commit that `targetRevision` was last found at. Kept, because Argo CD caches it
    /// too: a push is noticed at a refresh or a resync and at nothing else.
    pub(crate) known_revision: Option<String>,
    /// The last comparison with git; none before the first.
    pub(crate) compared: Option<Comparison>,
    /// Health as last assessed, where that isn't the health that the objects have now.
    pub(crate) stale_health: Option<Health>,
    /// Pending or running; gone once it has ended.
    pub(crate) operation: Option<Operation>,
    /// How the running or the last operation went.
    pub(crate) operation_state: Option<OperationState>,
    pub(crate) history: Vec<Deployed>,
    /// What will happen by itself, in order of time.
    pub(crate) agenda: BTreeSet<(Millis, Step)>,
    /// The values (of a directory: all its text) that were synced last.
    pub(crate) synced_text: String,
}

impl Application {
    /// The project that it belongs to.
    pub(crate) fn project(&self) -> &str {
        super::json::text(&self.spec, "/project")
    }

    pub(crate) fn schedule(&mut self, at: Millis, step: Step) {
        self.agenda.insert((at, step));
    }

    /// Takes every planned step of this kind off the agenda.
    pub(crate) fn cancel(&mut self, steps: &[Step]) {
        self.agenda.retain(|(_, step)| !steps.contains(step));
    }
}

/// A cascading deletion that is under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deleting {
    pub(crate) since: Millis,
    /// A `DeletionError` condition, where the deletion raced with a sync.
    pub(crate) error: Option<String>,
    /// Whether an operation is under way, which goes on; the deletion waits for it.
    #[serde(default)]
    pub(crate) waits: bool,
}

/// What an application does by itself, once its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Asks git anew, unasked.
    Resync,
    /// Compares with the commit that is known, and starts an automatic sync if one is due.
    Compare,
    /// The pending operation starts to run.
    Begin,
    /// Compares and shows it, and starts nothing.
    Publish,
    /// The running operation applies its manifests.
    Attempt,
    /// A second automatic sync of the same commit.
    Again,
    /// The running operation ends well.
    Finish,
    /// The deletion is done.
    Vanish,
    /// The operation that was ended has ended.
    Terminated,
}

/// What a comparison with git found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub(crate) sync: String,
    /// The commit; after a comparison error the branch's *name*.
    pub(crate) revision: String,
    pub(crate) at: Millis,
    pub(crate) source_type: String,
    pub(crate) resources: Vec<ResourceStatus>,
    pub(crate) conditions: Vec<Condition>,
}

/// One object of the comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ResourceStatus {
    pub(crate) key: ObjectKey,
    pub(crate) version: String,
    /// `Synced`, `OutOfSync` or `Unknown`; empty for a hook.
    pub(crate) sync: String,
    pub(crate) requires_pruning: bool,
    #[serde(default)]
    pub(crate) hook: bool,
    #[serde(default)]
    pub(crate) wave: i64,
}

/// A condition of the application's status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) since: Millis,
}

/// Health of an object or of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    pub(crate) status: String,
    pub(crate) message: String,
    /// Since when.
    pub(crate) since: Millis,
}

/// What was asked of a sync.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Operation {
    /// The commit to sync to, resolved when the operation was made.
    pub(crate) revision: String,
    pub(crate) source: Value,
    pub(crate) prune: bool,
    pub(crate) dry_run: bool,
    pub(crate) sync_options: Vec<String>,
    /// Only these objects (`group`, `kind`, `name`, `namespace`), if given.
    pub(crate) only: Option<Vec<Value>>,
    /// Who asked; none for an automatic one.
    pub(crate) username: Option<String>,
    pub(crate) retry: Retry,
    pub(crate) retries: u32,
    /// What a sync that has applied its manifests, or some waves of them, reports.
    pub(crate) results: Vec<Value>,
    /// How many of its waves are applied.
    #[serde(default)]
    pub(crate) waves: usize,
    /// Since when it waits for the last of these.
    #[serde(default)]
    pub(crate) waits_since: Option<Millis>,
    /// Which automatic healing of drift this is; 0: none.
    #[serde(default)]
    pub(crate) heals: u32,
}

/// How an operation that fails is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retry {
    /// How many times; `None`: without end.
    pub(crate) limit: Option<u32>,
    /// The first wait; each further one is `factor` times as long, up to `longest`.
    pub(crate) first: Millis,
    pub(crate) factor: u64,
    pub(crate) longest: Millis,
}

impl Default for Retry {
    fn default() -> Self {
        Retry::NEVER
    }
}

impl Retry {
    /// What an automatic sync does unless its application says otherwise: five more attempts,
    /// after 10, 20, 40, 80 and 160 seconds.
    pub(crate) const AUTOMATIC: Retry = Retry {
        limit: Some(5),
        first: 10_000,
        factor: 2,
        longest: 160_000,
    };

    /// A sync by hand isn't tried again.
    pub(crate) const NEVER: Retry = Retry {
        limit: Some(0),
        ..Retry::AUTOMATIC
    };

    /// The wait before attempt number `retries` + 1.
    pub(crate) fn wait(self, retries: u32) -> Millis {
        self.factor
            .saturating_pow(retries)
            .saturating_mul(self.first)
            .min(self.longest)
    }
}

/// `status.operationState`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OperationState {
    pub(crate) operation: Operation,
    /// `Running`, `Terminating`, `Succeeded`, `Failed` or `Error`.
    pub(crate) phase: String,
    pub(crate) message: String,
    pub(crate) started: Millis,
    pub(crate) finished: Option<Millis>,
    /// The per-object results, once there are any.
    pub(crate) result: Option<Vec<Value>>,
}

/// One entry of `status.history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Deployed {
    pub(crate) id: u64,
    pub(crate) revision: String,
    pub(crate) source: Value,
    pub(crate) started: Millis,
    pub(crate) at: Millis,
    pub(crate) username: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_twice_as_long_each_time() {
        let waits: Vec<_> = (0..5).map(|n| Retry::AUTOMATIC.wait(n)).collect();
        assert_eq!(waits, [10_000, 20_000, 40_000, 80_000, 160_000]);
    }

    #[test]
    fn a_key_is_read_back_from_its_text() {
        let key = ObjectKey {
            server: "https://kubernetes.default.svc".into(),
            group: String::new(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name: "acme".into(),
        };
        assert_eq!(ObjectKey::try_from(String::from(key.clone())), Ok(key));
        assert!(ObjectKey::try_from("short".to_owned()).is_err());
    }
}
