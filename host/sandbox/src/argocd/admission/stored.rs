//! What becomes of an object on its way into the cluster.

use serde_json::{Value, json};

use super::quantity::rewritten;
use crate::argocd::manifest::Manifest;

/// An object as it is stored. The webhooks of these operators read it into their own types and
/// write it again, quantities in canonical form; Argo CD, which knows no types of theirs, then
/// sees another text than git's. Kubernetes' own kinds it reads likewise before it compares.
pub(crate) fn stored(manifest: &Manifest) -> Value {
    let mut object = manifest.object.clone();
    let kind = (manifest.group.as_str(), manifest.kind.as_str());
    if matches!(
        kind,
        ("postgresql.cnpg.io", "Cluster") | ("k8s.mariadb.com", "MariaDB")
    ) {
        if let Some(spec) = object.get_mut("spec") {
            rewrite_resources(spec);
        }
        // CloudNativePG has its sizes as texts.
        if kind.1 == "MariaDB"
            && let Some(size) = object.pointer_mut("/spec/storage/size")
        {
            rewrite(size);
        }
    }
    object
}

fn rewrite(value: &mut Value) {
    match value {
        Value::String(text) => *text = rewritten(text),
        Value::Number(number) => *value = json!(rewritten(&number.to_string())),
        _ => {}
    }
}

/// Rewrites what containers request and may take, wherever it stands.
fn rewrite_resources(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                if key != "resources" {
                    rewrite_resources(inner);
                    continue;
                }
                for list in ["requests", "limits"] {
                    if let Some(Value::Object(list)) = inner.get_mut(list) {
                        list.values_mut().for_each(rewrite);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite_resources),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn operators_write_quantities_anew_and_clusters_do_not() {
        let resources = |cpu: Value, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "memory": memory } });
        let object = |version: &str, kind: &str| {
            let spec = json!({
                "resources": resources(json!("1.5"), "2048Mi"),
                "replication": { "agent": { "resources": resources(json!(1), "1Gi") } },
                "storage": { "size": "1024Gi" },
            });
            let object = json!({ "apiVersion": version, "kind": kind, "metadata": { "name": "x" }, "spec": spec });
            stored(&Manifest::new(object, "n").unwrap())["spec"].clone()
        };
        let cluster = object("postgresql.cnpg.io/v1", "Cluster");
        assert_eq!(cluster["resources"], resources(json!("1500m"), "2Gi"));
        assert_eq!(cluster["storage"]["size"], "1024Gi");
        let mariadb = object("k8s.mariadb.com/v1alpha1", "MariaDB");
        assert_eq!(mariadb["resources"], resources(json!("1500m"), "2Gi"));
        assert_eq!(
            mariadb["replication"]["agent"]["resources"],
            resources(json!("1"), "1Gi")
        );
        assert_eq!(mariadb["storage"]["size"], "1Ti");
        let other = object("apps/v1", "Deployment");
        assert_eq!(other["resources"], resources(json!("1.5"), "2048Mi"));
    }
}
