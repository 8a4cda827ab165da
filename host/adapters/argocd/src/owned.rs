//! Projects and applications as states, and whose they are.
//!
//! The installation is a label, so that lists can be filtered by it; the rest of an owner
//! stands in annotations, whose values have no limit that we could meet.

use std::collections::BTreeMap;

use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{Application, Owner, Ownership, Project, Resource, tag};
use serde_json::{Map, Value, json};

use crate::model::{App, Metadata};

/// What our labels and annotations begin with.
pub(crate) const PREFIX: &str = "deploycenter.dev/";
/// Kubernetes' recommended label for who manages a thing; ours too.
const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The label that says whose deployment repo a thing comes from.
pub(crate) const INSTALLATION: &str = "deploycenter.dev/installation";
/// The annotation of an application whose automated sync we have taken off on the way to its
/// deletion.
pub(crate) const STRIPPED: &str = "deploycenter.dev/stripped";
/// Makes Argo CD remove what an application made along with it.
pub(crate) const CASCADE: &str = "resources-finalizer.argocd.argoproj.io";

/// The annotations of an owner, each with the tag that it stands for.
const ANNOTATIONS: [(&str, &str); 4] = [
    ("deploycenter.dev/target", tag::TARGET),
    ("deploycenter.dev/effect", tag::EFFECT),
    ("deploycenter.dev/incarnation", tag::INCARNATION),
    ("deploycenter.dev/deployment", tag::DEPLOYMENT),
];

fn is_ours(key: &str) -> bool {
    key.starts_with(PREFIX) || key == MANAGED_BY
}

/// Whether a thing bears this installation's label.
pub(crate) fn is_of(metadata: &Metadata, installation: &InstallationId) -> bool {
    metadata.labels.get(INSTALLATION).map(String::as_str) == Some(installation.as_str())
}

/// Whose a found thing is.
pub(crate) fn ownership(metadata: &Metadata, installation: &InstallationId) -> Ownership {
    let name = &metadata.name;
    let Some(label) = metadata.labels.get(INSTALLATION) else {
        return Ownership::Foreign(format!(
            "\"{name}\" is there without our label {INSTALLATION}"
        ));
    };
    if label != installation.as_str() {
        return Ownership::Foreign(format!(
            "\"{name}\" belongs to the installation \"{}\"",
            label.escape_debug()
        ));
    }
    match marks(metadata) {
        Some(owner) => Ownership::Owned(owner),
        None => Ownership::Foreign(format!(
            "\"{name}\" has our label, but its annotations {PREFIX}… don't say whose it is"
        )),
    }
}

/// The owner that labels and annotations name, of whatever installation.
pub(crate) fn marks(metadata: &Metadata) -> Option<Owner> {
    let label = metadata.labels.get(INSTALLATION)?;
    let mut tags = BTreeMap::from([(tag::INSTALLATION.to_owned(), label.clone())]);
    for (annotation, tag) in ANNOTATIONS {
        if let Some(value) = metadata.annotations.get(annotation) {
            tags.insert(tag.to_owned(), value.clone());
        }
    }
    Owner::from_tags(&tags)
}

/// The labels that are a state's, the installation's included.
pub(crate) fn our_labels(metadata: &Metadata) -> BTreeMap<String, String> {
    let all = metadata.labels.iter().filter(|(key, _)| is_ours(key));
    all.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// A found project or application as `wanted` would look.
pub(crate) fn state(found: &App, wanted: &Resource) -> Option<Resource> {
    let spec = |wanted: &Value| like(wanted, &found.spec);
    match wanted {
        Resource::Project(wanted) => Some(Resource::Project(Project {
            name: found.metadata.name.clone(),
            labels: labels_like(&wanted.labels, &found.metadata.labels),
            spec: spec(&wanted.spec),
        })),
        Resource::Application(wanted) => Some(Resource::Application(Application {
            name: found.metadata.name.clone(),
            project: found.project().to_owned(),
            labels: labels_like(&wanted.labels, &found.metadata.labels),
            spec: spec(&wanted.spec),
        })),
        _ => None,
    }
}

fn labels_like(
    wanted: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    found
        .iter()
        // The installation's label is ours to add, whether or not the state names it.
        .filter(|(key, _)| {
            is_ours(key) && (*key != INSTALLATION || wanted.contains_key(INSTALLATION))
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// What was found, with what Argo CD leaves out because it is empty put back, and what it
/// adds though it is empty (`jsonnet: {}`) left out: `false`, `[]` and the like don't read
/// as a difference either way.
fn like(wanted: &Value, found: &Value) -> Value {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            let mut all: Map<String, Value> = found
                .iter()
                .filter(|(key, value)| wanted.contains_key(*key) || !is_empty(value))
                .map(|(key, value)| {
                    (
                        key.clone(),
                        wanted
                            .get(key)
                            .map_or_else(|| value.clone(), |wanted| like(wanted, value)),
                    )
                })
                .collect();
            for (key, value) in wanted {
                if !all.contains_key(key) && is_empty(value) {
                    all.insert(key.clone(), value.clone());
                }
            }
            Value::Object(all)
        }
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => wanted
            .iter()
            .zip(found)
            .map(|(wanted, found)| like(wanted, found))
            .collect(),
        (wanted, Value::Null) if is_empty(wanted) => wanted.clone(),
        (_, found) => found.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(yes) => !yes,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.values().all(is_empty),
    }
}

/// The metadata to send: what others set stays, ours is as wanted. Without an owner it
/// bears no marks of ours.
pub(crate) fn metadata(
    name: &str,
    labels: &BTreeMap<String, String>,
    owner: Option<&Owner>,
    present: Option<&Metadata>,
) -> Value {
    let others = |all: &BTreeMap<String, String>| -> BTreeMap<String, String> {
        all.iter()
            .filter(|(key, _)| !is_ours(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let mut all_labels = present.map(|it| others(&it.labels)).unwrap_or_default();
    all_labels.extend(labels.clone());
    let mut annotations = present
        .map(|it| others(&it.annotations))
        .unwrap_or_default();
    if let Some(owner) = owner {
        all_labels.insert(INSTALLATION.to_owned(), owner.installation.to_string());
        let tags = owner.tags();
        for (annotation, tag) in ANNOTATIONS {
            if let Some(value) = tags.get(tag) {
                annotations.insert(annotation.to_owned(), value.clone());
            }
        }
    }
    json!({ "name": name, "labels": all_labels, "annotations": annotations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_argo_cd_leaves_out_is_no_difference_and_what_someone_added_is() {
        let wanted = json!({ "a": { "prune": true, "selfHeal": false }, "list": [], "sources": [{ "recurse": false, "path": "x" }] });
        let found = json!({ "a": { "prune": true }, "sources": [{ "path": "x" }] });
        assert_eq!(like(&wanted, &found), wanted);
        let added = json!({ "a": { "prune": true, "retry": {} }, "sources": [{ "path": "x", "jsonnet": {} }] });
        assert_eq!(like(&wanted, &added), wanted);
        assert_ne!(
            like(
                &wanted,
                &json!({ "a": { "prune": true }, "sources": [{ "path": "x" }], "extra": 1 })
            ),
            wanted
        );
        assert_ne!(
            like(&wanted, &json!({ "a": {}, "sources": [{ "path": "x" }] })),
            wanted
        );
        assert_ne!(
            like(&json!({ "automated": { "prune": true } }), &json!({})),
            json!({ "automated": { "prune": true } })
        );
    }
}
