//! What the API server, and the operators behind it, refuse of an object, in their own words.

use serde_json::Value;

use super::json::{is_object_name, list};
use super::manifest::Manifest;

/// A kind as the API server's sentences name it: `Service`, `Cluster.postgresql.cnpg.io`.
fn qualified(manifest: &Manifest) -> String {
    let Manifest { group, kind, .. } = manifest;
    if group.is_empty() {
        kind.clone()
    } else {
        format!("{kind}.{group}")
    }
}

/// An object as the API server's sentences name it: `Service "web"`.
pub(crate) fn qualified_name(manifest: &Manifest) -> String {
    format!("{} \"{}\"", qualified(manifest), manifest.name)
}

/// What kube-apiserver would say against an object, of the few rules that the stand-in knows.
/// `before` is the object that is live already.
pub(crate) fn refusal(manifest: &Manifest, before: Option<&Value>) -> Option<String> {
    let Manifest { kind, name, .. } = manifest;
    if !is_object_name(name) {
        return Some(format!(
            "{} is invalid: metadata.name: Invalid value: \"{name}\": a \
             lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character",
            qualified_name(manifest)
        ));
    }
    if kind == "Service" {
        for (index, port) in list(&manifest.object, "/spec/ports").iter().enumerate() {
            let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
            if !(1..=65535).contains(&number) {
                return Some(format!(
                    "Service \"{name}\" is invalid: spec.ports[{index}].port: Invalid value: \
                     {number}: must be between 1 and 65535, inclusive"
                ));
            }
        }
    }
    if kind == "PersistentVolumeClaim"
        && let Some(before) = before
    {
        for field in [
            "/spec/volumeName",
            "/spec/storageClassName",
            "/spec/accessModes",
        ] {
            if before.pointer(field) != manifest.object.pointer(field) {
                return Some(format!(
                    "PersistentVolumeClaim \"{name}\" is invalid: spec: Forbidden: spec is \
                     immutable after creation except resources.requests and \
                     volumeAttributesClassName for bound claims"
                ));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_apiserver_refuses_what_it_must() {
        let service = |port: u64| {
            Manifest::new(
                serde_json::json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                                   "spec": {"ports": [{"port": port}]}}),
                "n",
            )
            .unwrap()
        };
        assert_eq!(refusal(&service(80), None), None);
        assert!(
            refusal(&service(99_999_999), None)
                .unwrap()
                .contains("between 1 and 65535")
        );
    }
}
