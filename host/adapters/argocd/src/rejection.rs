//! What a sync's result says of objects that the API server or Argo CD didn't take, and
//! whether a retry can mend it. Pure.

use crate::model::{App, OperationState, ResourceStatus};

/// How many are told.
const MOST: usize = 3;

/// Answers that stay the same however often they are asked for.
const FINAL: [&str; 8] = [
    // The API server's validation, an immutable field's included.
    " is invalid: ",
    // A policy's answer; a webhook that is away says `failed calling webhook`.
    "denied the request",
    " is forbidden: ",
    "not permitted in project",
    "strict decoding error",
    "json: cannot unmarshal",
    "error validating data: ",
    "unable to decode",
];

/// What looks final and may pass: something else has to go, come or restart first.
const PASSING: [&str; 8] = [
    "failed calling webhook",
    "failed to call webhook",
    "because it is being terminated",
    "exceeded quota",
    "error looking up service account",
    "not yet ready to handle request",
    "connection refused",
    "context deadline exceeded",
];

fn is_final(message: &str) -> bool {
    let says = |words: &[&str]| words.iter().any(|it| message.contains(it));
    says(&FINAL) && !says(&PASSING)
}

/// What the operation for the present revision can never apply, in the API server's words;
/// `None`: nothing that a retry couldn't mend.
pub(crate) fn rejection(app: &App) -> Option<String> {
    let state = app.status.operation_state.as_ref()?;
    let revision = &app.status.sync.revision;
    if app.operation_revision() != Some(revision) {
        return None;
    }
    let rejected: Vec<String> = failed(state)
        .filter(|it| is_final(&it.message))
        .map(told)
        .collect();
    if !rejected.is_empty() {
        return Some(several(&rejected));
    }
    // Where nothing was applied, only the operation's own message says why.
    is_final(&state.message).then(|| state.message.clone())
}

/// What Argo CD says of the last operation, and of what it couldn't apply; each thing once.
pub(crate) fn operation_words(app: &App) -> String {
    let Some(state) = &app.status.operation_state else {
        return String::new();
    };
    let failed: Vec<String> = failed(state).map(told).collect();
    if failed.is_empty() {
        return state.message.trim().to_owned();
    }
    // Its message then tells the same once more.
    several(&failed)
}

fn failed(state: &OperationState) -> impl Iterator<Item = &ResourceStatus> {
    let results = state.sync_result.iter().flat_map(|it| &it.resources);
    results.filter(|it| {
        (it.status == "SyncFailed" || matches!(it.hook_phase.as_str(), "Failed" | "Error"))
            && !it.message.trim().is_empty()
    })
}

/// `Cluster acme--odoo/odoo-db: Cluster.postgresql.cnpg.io "odoo-db" is invalid: …`
fn told(it: &ResourceStatus) -> String {
    format!("{}: {}", it.shown(), it.message.trim())
}

fn several(all: &[String]) -> String {
    let mut text = all[..all.len().min(MOST)].join("; ");
    if all.len() > MOST {
        text.push_str(&format!("; and {} more", all.len() - MOST));
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::{Value, json};

    use super::*;

    const NEW: &str = "2222222222222222222222222222222222222222";

    fn app(message: &str, resources: &Value) -> App {
        serde_json::from_value(json!({ "status": {
            "sync": { "status": "OutOfSync", "revision": NEW },
            "operationState": {
                "phase": "Running",
                "message": message,
                "operation": { "sync": { "revision": NEW } },
                "syncResult": { "revision": NEW, "resources": resources },
            },
        } }))
        .unwrap()
    }

    #[test]
    fn what_a_retry_cannot_mend_is_told_from_what_passes() {
        for (message, wanted) in [
            (
                "MariaDB.k8s.mariadb.com \"moodle-db\" is invalid: spec.replication.initContainer.image: Required value",
                true,
            ),
            (
                "Service \"x\" is invalid: spec.ports[0].port: Invalid value: 99999999: must be between 1 and 65535, inclusive",
                true,
            ),
            (
                "PersistentVolumeClaim \"x\" is invalid: spec: Forbidden: spec is immutable after creation",
                true,
            ),
            (
                "admission webhook \"policy.example.com\" denied the request: no",
                true,
            ),
            (
                "resource networking.k8s.io:NetworkPolicy is not permitted in project acme",
                true,
            ),
            (
                "roles.rbac.authorization.k8s.io \"x\" is forbidden: user \"system:serviceaccount:argocd:argocd-application-controller\" is attempting to grant RBAC permissions not currently held",
                true,
            ),
            (
                "strict decoding error: unknown field \"spec.replicaz\"",
                true,
            ),
            (
                "Internal error occurred: failed calling webhook \"mutate.example.com\": failed to call webhook: Post \"https://x\": dial tcp 10.0.0.1:443: connect: connection refused",
                false,
            ),
            (
                "configmaps \"x\" is forbidden: unable to create new content in namespace n because it is being terminated",
                false,
            ),
            (
                "persistentvolumeclaims \"x\" is forbidden: exceeded quota: q, requested: requests.storage=5Gi",
                false,
            ),
            (
                "pods \"x\" is forbidden: error looking up service account n/x: serviceaccount \"x\" not found",
                false,
            ),
            ("namespaces \"n\" not found", false),
            (
                "Operation cannot be fulfilled on deployments.apps \"x\": the object has been modified",
                false,
            ),
        ] {
            let resources = json!([
                { "kind": "ConfigMap", "namespace": "n", "name": "fine", "status": "Synced", "message": "configmap/fine created" },
                { "kind": "Thing", "namespace": "n", "name": "x", "status": "SyncFailed", "message": message },
            ]);
            let told = format!("Thing n/x: {message}");
            let found = app(
                "one or more objects failed to apply. Retrying attempt #1 at 1:02AM.",
                &resources,
            );
            assert_eq!(rejection(&found), wanted.then(|| told.clone()), "{message}");
            assert_eq!(operation_words(&found), told);
            // With nothing applied, the operation says it itself.
            let alone = app(message, &Value::Null);
            assert_eq!(
                rejection(&alone),
                wanted.then(|| message.to_owned()),
                "{message}"
            );
            assert_eq!(operation_words(&alone), message);
        }
    }

    #[test]
    fn another_revisions_rejection_is_not_this_ones() {
        let resources = json!([{ "kind": "Thing", "name": "x", "status": "SyncFailed", "message": "Thing \"x\" is invalid: y" }]);
        let mut app = app("", &resources);
        assert!(rejection(&app).is_some());
        app.status.sync.revision = "1".repeat(40);
        assert_eq!(rejection(&app), None);
    }

    #[test]
    fn a_failed_hook_is_named_and_many_are_counted() {
        let hook = |n: usize| json!({ "kind": "Job", "namespace": "n", "name": format!("j{n}"), "status": "Synced", "hookPhase": "Failed", "message": "Job has reached the specified backoff limit" });
        let found = app("", &(0..5).map(hook).collect());
        assert_eq!(rejection(&found), None);
        let told = operation_words(&found);
        assert!(
            told.starts_with("Job n/j0: Job has reached") && told.ends_with("; and 2 more"),
            "{told}"
        );
    }
}
