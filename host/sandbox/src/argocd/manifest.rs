//! Kubernetes objects as git has them, and what a plain directory of them gives.

use serde::Deserialize;
use serde_json::Value;

use super::json::text;
use super::state::ObjectKey;

/// One object that an application wants.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    /// Empty for what belongs to the cluster.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) object: Value,
}

impl Manifest {
    /// Takes an object apart. One that needs a namespace and has none gets `namespace`.
    pub(crate) fn new(mut object: Value, namespace: &str) -> Result<Manifest, String> {
        let kind = text(&object, "/kind").to_owned();
        if kind.is_empty() {
            return Err("Object 'Kind' is missing in manifest".to_owned());
        }
        let api_version = text(&object, "/apiVersion").to_owned();
        if api_version.is_empty() {
            return Err(format!("Object 'apiVersion' is missing in {kind} manifest"));
        }
        let name = text(&object, "/metadata/name").to_owned();
        if name.is_empty() {
            return Err(format!("{kind} manifest has no metadata.name"));
        }
        let (group, version) = match api_version.split_once('/') {
            Some((group, version)) => (group.to_owned(), version.to_owned()),
            None => (String::new(), api_version),
        };
        let namespace = if is_cluster_scoped(&kind) {
            String::new()
        } else {
            match text(&object, "/metadata/namespace") {
                "" => namespace.to_owned(),
                own => own.to_owned(),
            }
        };
        if !namespace.is_empty()
            && let Some(metadata) = object
                .pointer_mut("/metadata")
                .and_then(Value::as_object_mut)
        {
            metadata.insert("namespace".to_owned(), namespace.clone().into());
        }
        Ok(Manifest {
            group,
            version,
            kind,
            namespace,
            name,
            object,
        })
    }

    /// Where it lives in a cluster.
    pub(crate) fn key(&self, server: &str) -> ObjectKey {
        ObjectKey {
            server: server.to_owned(),
            group: self.group.clone(),
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// Kinds that belong to a cluster, not to a namespace. The stand-in has no discovery, so
/// they are listed.
pub(crate) fn is_cluster_scoped(kind: &str) -> bool {
    matches!(
        kind,
        "APIService"
            | "CSIDriver"
            | "ClusterExternalSecret"
            | "ClusterImageCatalog"
            | "ClusterIssuer"
            | "ClusterPolicy"
            | "ClusterRole"
            | "ClusterRoleBinding"
            | "ClusterSecretStore"
            | "CustomResourceDefinition"
            | "IngressClass"
            | "MutatingWebhookConfiguration"
            | "Namespace"
            | "Node"
            | "PersistentVolume"
            | "PriorityClass"
            | "RuntimeClass"
            | "StorageClass"
            | "ValidatingAdmissionPolicy"
            | "ValidatingAdmissionPolicyBinding"
            | "ValidatingWebhookConfiguration"
            | "VolumeAttributesClass"
    )
}

/// Parses every document of one YAML (or JSON) file. `file` is only for the error's text.
pub(crate) fn parse_file(
    file: &str,
    content: &str,
    namespace: &str,
) -> Result<Vec<Manifest>, String> {
    let broken = |reason: String| {
        format!(
            "Failed to unmarshal \"{file}\": failed to unmarshal manifest: error converting YAML \
             to JSON: yaml: {reason}"
        )
    };
    let mut found = Vec::new();
    for document in serde_norway::Deserializer::from_str(content) {
        let value = Value::deserialize(document).map_err(|error| broken(error.to_string()))?;
        match value {
            Value::Null => {}
            Value::Object(_) => {
                if text(&value, "/kind") == "List" {
                    for item in super::json::list(&value, "/items") {
                        found.push(Manifest::new(item.clone(), namespace)?);
                    }
                } else {
                    found.push(Manifest::new(value, namespace)?);
                }
            }
            _ => return Err(broken("cannot unmarshal into an object".to_owned())),
        }
    }
    Ok(found)
}

/// The images that an object runs.
pub(crate) fn images(object: &Value) -> Vec<String> {
    let mut found: Vec<String> = ["/spec/template/spec", "/spec"]
        .iter()
        .flat_map(|at| {
            ["initContainers", "containers"]
                .iter()
                .flat_map(move |list| super::json::list(object, &format!("{at}/{list}")))
        })
        .filter_map(|container| container.get("image")?.as_str().map(str::to_owned))
        .collect();
    if let Some(image) = object.pointer("/spec/imageName").and_then(Value::as_str) {
        found.push(image.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_file_may_hold_several_documents_and_lists() {
        let content = "---\n---\nkind: Namespace\napiVersion: v1\nmetadata: {name: a}\n---\n\
                       kind: List\napiVersion: v1\nitems:\n- kind: Deployment\n  apiVersion: apps/v1\n  metadata: {name: d}\n";
        let found = parse_file("x.yaml", content, "space").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].namespace, "");
        assert_eq!(
            (found[1].group.as_str(), found[1].version.as_str()),
            ("apps", "v1")
        );
        assert_eq!(found[1].namespace, "space");
        assert_eq!(text(&found[1].object, "/metadata/namespace"), "space");
    }

    #[test]
    fn broken_yaml_names_the_file() {
        let error = parse_file("x.yaml", "a: [", "n").unwrap_err();
        assert!(
            error.starts_with("Failed to unmarshal \"x.yaml\": "),
            "{error}"
        );
        assert!(
            parse_file("x.yaml", "a: b", "n")
                .unwrap_err()
                .contains("'Kind' is missing")
        );
    }
}
