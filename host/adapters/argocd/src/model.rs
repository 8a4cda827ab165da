//! What Argo CD's bodies hold, as far as we look.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Argo CD writes `null` where a list or map is empty.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A list of applications or projects.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct List<T: Default> {
    #[serde(
        deserialize_with = "or_default",
        bound(deserialize = "T: Deserialize<'de>")
    )]
    pub(crate) items: Vec<T>,
}

/// An application, or a project, which has the same shape without the rest.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct App {
    #[serde(deserialize_with = "or_default")]
    pub(crate) metadata: Metadata,
    pub(crate) spec: Value,
    /// There exactly while an operation is pending or running.
    pub(crate) operation: Option<Value>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) status: Status,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) finalizers: Vec<String>,
    pub(crate) creation_timestamp: Option<String>,
    pub(crate) deletion_timestamp: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) owner_references: Vec<Reference>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) resource_version: String,
}

/// A thing in Kubernetes that another belongs to.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Reference {
    pub(crate) kind: String,
    pub(crate) name: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Status {
    #[serde(deserialize_with = "or_default")]
    pub(crate) sync: SyncStatus,
    #[serde(deserialize_with = "or_default")]
    pub(crate) health: Health,
    pub(crate) operation_state: Option<OperationState>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    pub(crate) resources: Vec<ResourceStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SyncStatus {
    #[serde(deserialize_with = "or_default")]
    pub(crate) status: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) revision: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct Health {
    #[serde(deserialize_with = "or_default")]
    pub(crate) status: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) message: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct OperationState {
    #[serde(deserialize_with = "or_default")]
    pub(crate) phase: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) message: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) retry_count: i64,
    pub(crate) operation: Value,
    pub(crate) sync_result: Option<SyncResult>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SyncResult {
    #[serde(deserialize_with = "or_default")]
    pub(crate) resources: Vec<ResourceStatus>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Condition {
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) message: String,
}

/// A resource in `status.resources` or in a sync's result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ResourceStatus {
    #[serde(deserialize_with = "or_default")]
    pub(crate) group: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) namespace: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) status: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) message: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) health: Health,
    /// How a hook went, in a sync's result.
    #[serde(deserialize_with = "or_default")]
    pub(crate) hook_phase: String,
    /// Whether it is there and isn't wanted.
    #[serde(deserialize_with = "or_default")]
    pub(crate) requires_pruning: bool,
}

impl ResourceStatus {
    /// `Cluster acme--odoo/odoo-db`
    pub(crate) fn shown(&self) -> String {
        if self.namespace.is_empty() {
            format!("{} {}", self.kind, self.name)
        } else {
            format!("{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// What an application made, down to its pods.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ResourceTree {
    #[serde(deserialize_with = "or_default")]
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Node {
    #[serde(deserialize_with = "or_default")]
    pub(crate) group: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) kind: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) namespace: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) health: Health,
    #[serde(deserialize_with = "or_default")]
    pub(crate) info: Vec<Info>,
    /// What it belongs to, one level up.
    #[serde(deserialize_with = "or_default")]
    pub(crate) parent_refs: Vec<Reference>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Info {
    #[serde(deserialize_with = "or_default")]
    pub(crate) name: String,
    #[serde(deserialize_with = "or_default")]
    pub(crate) value: String,
}

impl App {
    pub(crate) fn is_deleting(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    /// An application's project.
    pub(crate) fn project(&self) -> &str {
        let project = self.spec.get("project").and_then(Value::as_str);
        project.unwrap_or("default")
    }

    /// Whether it syncs by itself.
    pub(crate) fn is_automated(&self) -> bool {
        let automated = self.spec.pointer("/syncPolicy/automated");
        automated.is_some_and(|it| !it.is_null() && it.get("enabled") != Some(&Value::Bool(false)))
    }

    /// Why Argo CD doesn't know what the application made: of one that its project doesn't
    /// permit it forgets the objects, and lets nobody change them.
    pub(crate) fn unknown_objects(&self) -> Option<String> {
        let mut conditions = self.status.conditions.iter();
        let condition = conditions.find(|it| it.kind == "InvalidSpecError")?;
        Some(format!("{}: {}", condition.kind, condition.message))
    }

    /// What makes it, when that isn't a person: `the ApplicationSet tools`.
    pub(crate) fn maker(&self) -> Option<String> {
        let first = self.metadata.owner_references.first()?;
        Some(format!("the {} {}", first.kind, first.name))
    }

    /// The phase of the last operation; empty when there was none, or while a new one is
    /// about to begin.
    pub(crate) fn phase(&self) -> &str {
        self.status
            .operation_state
            .as_ref()
            .map_or("", |state| &state.phase)
    }

    /// Whether an operation is pending or running.
    pub(crate) fn is_operating(&self) -> bool {
        self.operation.as_ref().is_some_and(|it| !it.is_null())
            || matches!(self.phase(), "Running" | "Terminating")
    }

    /// The revision that the operation in flight was started for.
    pub(crate) fn operation_revision(&self) -> Option<&str> {
        self.operation
            .as_ref()
            .and_then(|operation| operation.pointer("/sync/revision"))
            .or_else(|| {
                self.status
                    .operation_state
                    .as_ref()
                    .and_then(|state| state.operation.pointer("/sync/revision"))
            })
            .and_then(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn who_makes_an_application_is_known() {
        let app = |references: Value| -> App {
            let metadata = json!({ "name": "a", "ownerReferences": references });
            serde_json::from_value(json!({ "metadata": metadata })).unwrap()
        };
        assert_eq!(app(Value::Null).maker(), None);
        let set = json!([{ "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "tools", "uid": "1" }]);
        assert_eq!(
            app(set).maker().as_deref(),
            Some("the ApplicationSet tools")
        );
    }
}
