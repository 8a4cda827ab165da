//! What goes wrong after a push: broken files, refused objects, stuck syncs, sick pods.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_sandbox::argocd::Sickness;
use serde_json::{Value, json};

use crate::support::{BRANCH, FOLDER, Sandbox, named, push_image, state_of, text, values};

const PATH: &str = "/api/v1/applications/acme--odoo";

#[test]
fn broken_yaml_is_unknown_and_healthy() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some("a: ["))]);
    let app = sandbox.refresh("acme--odoo--base");
    assert_eq!(
        named(&[state_of(&app)], &[(&old, "OLD"), (BRANCH, "BRANCH")]),
        ["Unknown | BRANCH | Healthy | Succeeded | OLD"]
    );
    assert_eq!(app.get("operation"), None);
    assert_eq!(text(&app, "/status/conditions/0/type"), "ComparisonError");
    let message = text(&app, "/status/conditions/0/message");
    assert!(
        message.contains("Failed to unmarshal \"base.yaml\""),
        "{message}"
    );
    assert_eq!(text(&app, "/status/resources/0/status"), "Unknown");
    // The workload's template is another matter, and as broken.
    sandbox.push(&[(
        &format!("{FOLDER}/chart/templates/x.yaml"),
        Some("{{ .Values"),
    )]);
    let app = sandbox.refresh("acme--odoo");
    assert_eq!(
        (
            text(&app, "/status/sync/status"),
            text(&app, "/status/health/status")
        ),
        ("Unknown".into(), "Healthy".into())
    );
    // A manual sync of it is taken, and then fails.
    sandbox.ok("POST", &format!("{PATH}/sync"), json!({}));
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/operationState/phase"), "Error");
    assert!(text(&app, "/status/operationState/message").starts_with("ComparisonError: "));
    // Then the next push isn't synced by itself either.
    let fixed = sandbox.push(&[
        (&format!("{FOLDER}/chart/templates/x.yaml"), None),
        (&format!("{FOLDER}/values.yaml"), Some(&values("odoo:2"))),
    ]);
    sandbox.refresh("acme--odoo");
    sandbox.pass(20_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(
        (
            text(&app, "/status/sync/status"),
            text(&app, "/status/sync/revision")
        ),
        ("OutOfSync".into(), fixed)
    );
    assert_eq!(text(&app, "/status/conditions/0/type"), "SyncError");
    sandbox.ok("POST", &format!("{PATH}/sync"), json!({"prune": true}));
    sandbox.pass(5_000);
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
}

#[test]
fn a_forbidden_kind_is_retried_until_the_operation_is_ended() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    let live = sandbox.live();
    let file = format!("{FOLDER}/chart/templates/policy.yaml");
    let kinds = "apiVersion: v1\nkind: PersistentVolume\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n";
    let bad = sandbox.push(&[
        (&file, Some(kinds)),
        (&format!("{FOLDER}/values.yaml"), Some(&values("odoo:2"))),
    ]);
    sandbox.refresh("acme--odoo");
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/operationState/phase"), "Running");
    let message = text(&app, "/status/operationState/message");
    let beginning = "one or more synchronization tasks are not valid: \
                     resource :PersistentVolume is not permitted in project acme; \
                     resource networking.k8s.io:NetworkPolicy is not permitted in project acme. \
                     Retrying attempt #1 at ";
    assert!(message.starts_with(beginning), "{message}");
    assert_eq!(sandbox.live(), live, "nothing of it is applied");
    let tree = sandbox.ok("GET", &format!("{PATH}/resource-tree"), Value::Null);
    assert!(!tree.to_string().contains("odoo:2"));
    let failed = app
        .pointer("/status/operationState/syncResult/resources")
        .unwrap()
        .as_array()
        .unwrap();
    assert!(failed.iter().all(|line| line["status"] == "SyncFailed"));

    // The revert is noticed, not synced: the retries go on with the old commit.
    let good = sandbox.push(&[
        (&file, None),
        (&format!("{FOLDER}/values.yaml"), Some(&values("odoo:1"))),
    ]);
    sandbox.refresh("acme--odoo");
    sandbox.pass(10_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/sync/revision"), good);
    assert_eq!(text(&app, "/operation/sync/revision"), bad);
    assert_eq!(
        app.pointer("/status/operationState/retryCount"),
        Some(&json!(2))
    );
    // Ended, it is Synced again, and only sync and health tell.
    sandbox.ok("DELETE", &format!("{PATH}/operation"), Value::Null);
    sandbox.refresh("acme--odoo");
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(
        (
            text(&app, "/status/sync/status"),
            text(&app, "/status/sync/revision")
        ),
        ("Synced".into(), good)
    );
    assert_eq!(text(&app, "/status/health/status"), "Healthy");
    assert_eq!(text(&app, "/status/operationState/phase"), "Failed");
    assert_eq!(
        text(&app, "/status/operationState/message"),
        "Operation terminated (retried 2 times)."
    );
    assert_ne!(old, bad);
}

#[test]
fn a_stuck_sync_gives_up_and_a_later_push_is_synced_after_its_end() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let file = format!("{FOLDER}/dependencies/service.yaml");
    let service = |port: u64| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{ports: [{{port: {port}}}]}}\n"
        )
    };
    let bad = sandbox.push(&[(&file, Some(&service(99_999_999)))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(312_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/operationState/phase"), "Failed");
    let message = text(&app, "/status/operationState/message");
    assert!(
        message.contains("between 1 and 65535") && message.ends_with(" (retried 5 times)."),
        "{message}"
    );
    assert_eq!(text(&app, "/status/health/status"), "Healthy");
    // Nothing more happens for that commit, whoever asks.
    let app = sandbox.refresh("acme--odoo--base");
    assert_eq!(app.get("operation"), None);
    let condition = text(&app, "/status/conditions/0/message");
    assert!(
        condition.starts_with(&format!("Failed last sync attempt to [{bad}]: ")),
        "{condition}"
    );
    // Another push is tried; while it retries, one more waits for the end of the operation.
    sandbox.push(&[(&file, Some(&service(77_777_777)))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(1_000);
    let good = sandbox.push(&[(&file, Some(&service(80)))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.ok(
        "DELETE",
        "/api/v1/applications/acme--odoo--base/operation",
        Value::Null,
    );
    sandbox.pass(1_000);
    let state = sandbox.state("acme--odoo--base");
    assert_eq!(
        (state.0.as_str(), state.3.as_str(), &state.4),
        ("Synced", "Succeeded", &good)
    );
}

#[test]
fn a_workload_without_its_namespace_cannot_be_applied() {
    let mut sandbox = Sandbox::new();
    sandbox.push_target("odoo:1");
    sandbox.ok("POST", "/api/v1/projects", crate::support::project());
    let mut body = sandbox.workload();
    sandbox.ok("POST", "/api/v1/applications", body.clone());
    sandbox.pass(1_000);
    let message = text(&sandbox.get("acme--odoo"), "/status/operationState/message");
    assert!(
        message.contains("namespaces \"acme--odoo\" not found. Retrying attempt #1"),
        "{message}"
    );
    assert!(sandbox.live().is_empty());
    // Making it by itself needs the project's leave.
    sandbox.ok("DELETE", &format!("{PATH}/operation"), Value::Null);
    sandbox.pass(100);
    body["spec"]["syncPolicy"]["syncOptions"] = json!(["CreateNamespace=true"]);
    sandbox.ok("PUT", PATH, body);
    sandbox.ok("POST", &format!("{PATH}/sync"), json!({}));
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(
        text(&app, "/status/operationState/message"),
        "one or more synchronization tasks are not valid: resource :Namespace is not permitted in project acme"
    );
    assert_eq!(text(&app, "/status/operationState/phase"), "Failed");
}

#[test]
fn sick_pods_degrade_and_a_reverted_update_heals() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let body = json!({"application": "acme--odoo", "reason": "ImagePullBackOff", "message": "no such image", "onlyWhileValuesContain": "odoo:2"});
    sandbox.ok("POST", "/_sandbox/sicken", body);
    assert_eq!(sandbox.state("acme--odoo").2, "Healthy");
    push_image(&sandbox, "odoo:2");
    sandbox.refresh("acme--odoo");
    sandbox.pass(500);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/health/status"), "Progressing");
    assert_eq!(
        app["status"]["summary"]["images"],
        json!(["odoo:1", "odoo:2"])
    );
    sandbox.pass(5_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/health/status"), "Degraded");
    assert_eq!(
        text(&app, "/status/health/message"),
        "Caused by apps/Deployment:acme--odoo/acme--odoo"
    );
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
    let tree = sandbox.ok("GET", &format!("{PATH}/resource-tree"), Value::Null);
    let sick: Vec<_> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|node| node["kind"] == "Pod")
        .collect();
    assert_eq!(sick.len(), 4, "the old pods run on");
    assert_eq!(text(sick[2], "/info/0/value"), "ImagePullBackOff");
    assert_eq!(text(sick[2], "/health/message"), "no such image");
    // The revert.
    push_image(&sandbox, "odoo:1");
    sandbox.refresh("acme--odoo");
    sandbox.pass(5_000);
    assert_eq!(sandbox.state("acme--odoo").2, "Healthy");
    // Sick whatever the values, until healed.
    let always = Sickness {
        reason: "CrashLoopBackOff".into(),
        message: "exit 1".into(),
        only_revision_containing: None,
    };
    sandbox.argocd.sicken("acme--odoo", always);
    assert_eq!(sandbox.state("acme--odoo").2, "Degraded");
    sandbox.restart();
    assert_eq!(sandbox.state("acme--odoo").2, "Degraded");
    sandbox.ok(
        "POST",
        "/_sandbox/heal",
        json!({"application": "acme--odoo"}),
    );
    assert_eq!(sandbox.state("acme--odoo").2, "Healthy");
}
