//! The namespace, and the account that the workload runs as.

use serde_json::{Value, json};

use super::TargetPlace;
use crate::sync_options::PROTECTED;

/// The standard that every pod of the namespace has to meet, and the modes in which
/// Kubernetes holds it against them.
const STANDARD: &str = "restricted";
const MODES: [&str; 3] = ["audit", "enforce", "warn"];

pub(super) fn namespace(place: TargetPlace<'_>) -> Value {
    // All that holds data is in it.
    let mut metadata = place.metadata(&place.names.namespace(), PROTECTED);
    for mode in MODES {
        metadata["labels"][format!("pod-security.kubernetes.io/{mode}")] = json!(STANDARD);
    }
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": metadata })
}

/// The workload's service account with a role that allows nothing: the workload asks
/// nothing of Kubernetes, and saying so keeps a later grant visible. Its pods pull images with
/// `pull_secrets`.
pub(super) fn accounts(place: TargetPlace<'_>, pull_secrets: &[String]) -> Vec<Value> {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let (app, version) = (place.names.app().as_str(), format!("{GROUP}/v1"));
    let mut account = json!({ "automountServiceAccountToken": false });
    if !pull_secrets.is_empty() {
        let named = pull_secrets.iter().map(|name| json!({ "name": name }));
        account["imagePullSecrets"] = named.collect();
    }
    vec![
        place.object("v1", "ServiceAccount", app, account),
        place.object(&version, "Role", app, json!({ "rules": [] })),
        place.object(
            &version,
            "RoleBinding",
            app,
            json!({
                "roleRef": { "apiGroup": GROUP, "kind": "Role", "name": app },
                "subjects": [{
                    "kind": "ServiceAccount",
                    "name": app,
                    "namespace": place.names.namespace(),
                }],
            }),
        ),
    ]
}
