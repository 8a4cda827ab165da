//! Deleting: what goes, what stays, and what races.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{FOLDER, Sandbox, base, text};

const WORKLOAD: &str = "/api/v1/applications/acme--odoo";
const BASE: &str = "/api/v1/applications/acme--odoo--base";
const RETAINED: [&str; 3] = [
    "Namespace/acme--odoo",
    "PersistentVolume/acme--odoo",
    "PersistentVolumeClaim/data",
];

fn destroy(sandbox: &mut Sandbox) {
    for path in [WORKLOAD, BASE] {
        sandbox.ok("DELETE", &format!("{path}?cascade=true"), Value::Null);
        sandbox.pass(200);
        assert_eq!(sandbox.refused("GET", path, Value::Null).0, 403);
    }
}

#[test]
fn data_is_retained_and_purged_only_after_a_sync_without_protection() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    destroy(&mut sandbox);
    assert_eq!(sandbox.live(), RETAINED, "the unprotected quota is gone");

    // The same manifests, now without protection: committed isn't enough …
    let file = format!("{FOLDER}/dependencies/base.yaml");
    sandbox.push(&[(&file, Some(&base(false)))]);
    let body = sandbox.base_app();
    sandbox.ok("POST", "/api/v1/applications", body.clone());
    sandbox.ok("DELETE", BASE, Value::Null);
    sandbox.pass(1_000);
    assert_eq!(sandbox.live(), RETAINED);
    // … it must be synced.
    sandbox.ok("POST", "/api/v1/applications", body);
    sandbox.pass(2_000);
    assert_eq!(sandbox.state("acme--odoo--base").0, "Synced");
    sandbox.ok("DELETE", BASE, Value::Null);
    sandbox.pass(200);
    assert_eq!(sandbox.live(), Vec::<String>::new());
}

#[test]
fn an_application_over_what_is_there_already_is_synced_without_an_operation() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    sandbox.ok("DELETE", &format!("{BASE}?cascade=false"), Value::Null);
    assert_eq!(sandbox.live().len(), 8, "all stays");
    let body = sandbox.base_app();
    sandbox.ok("POST", "/api/v1/applications", body);
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/sync/status"), "Synced");
    assert_eq!(app["status"].get("operationState"), None);
    assert_eq!(app["status"].get("history"), None);
}

#[test]
fn pruning_leaves_what_is_protected() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme--odoo}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(namespace))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(20_000);
    let app = sandbox.get("acme--odoo--base");
    let live = sandbox.live();
    assert!(live.contains(&"PersistentVolumeClaim/data".to_owned()));
    assert!(!live.contains(&"ResourceQuota/quota".to_owned()));
    assert_eq!(
        text(&app, "/status/sync/status"),
        "OutOfSync",
        "what should go and doesn't"
    );
    let lines = app
        .pointer("/status/operationState/syncResult/resources")
        .unwrap();
    assert!(lines.to_string().contains("ignored (no prune)"), "{lines}");
    // A push that leaves nothing is never synced by itself.
    sandbox.push(&[
        (&format!("{FOLDER}/dependencies/base.yaml"), None),
        (&format!("{FOLDER}/dependencies/note.txt"), Some("empty")),
    ]);
    let app = sandbox.refresh("acme--odoo--base");
    assert_eq!(app.get("operation"), None);
    assert!(
        text(&app, "/status/conditions/0/message")
            .ends_with("auto-sync will wipe out all resources")
    );
}

#[test]
fn a_namespace_takes_its_objects_along() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    sandbox.push(&[(
        &format!("{FOLDER}/dependencies/base.yaml"),
        Some(&base(false)),
    )]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(2_000);
    sandbox.ok("DELETE", BASE, Value::Null);
    sandbox.pass(200);
    assert_eq!(
        sandbox.live(),
        Vec::<String>::new(),
        "the workload's as well"
    );
    sandbox.pass(6_000);
    let message = text(&sandbox.get("acme--odoo"), "/status/operationState/message");
    assert!(
        message.contains("namespaces \"acme--odoo\" not found"),
        "it tries to heal: {message}"
    );
}

#[test]
fn a_dying_application_answers_a_create_with_itself() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let body = sandbox.workload();
    sandbox.ok("DELETE", WORKLOAD, Value::Null);
    sandbox.ok("DELETE", WORKLOAD, Value::Null);
    let dying = sandbox.get("acme--odoo");
    assert!(!text(&dying, "/metadata/deletionTimestamp").is_empty());
    assert_eq!(dying["metadata"]["deletionGracePeriodSeconds"], 0);
    let posted = sandbox.ok("POST", "/api/v1/applications", body.clone());
    assert_eq!(posted["metadata"]["uid"], dying["metadata"]["uid"]);
    let mut other = body.clone();
    other["metadata"]["finalizers"] = json!([]);
    let refused = sandbox.refused("POST", "/api/v1/applications", other.clone());
    assert_eq!((refused.0, refused.1), (400, 3));
    let refused = sandbox.refused("POST", &format!("{WORKLOAD}/sync"), json!({}));
    assert_eq!(refused, (400, 9, "application is deleting".to_owned()));
    let refused = sandbox.refused("DELETE", "/api/v1/projects/acme", Value::Null);
    assert_eq!(refused.2, "project is referenced by 1 applications");
    sandbox.pass(200);
    assert_eq!(
        sandbox.refused("GET", WORKLOAD, Value::Null).0,
        403,
        "nothing was created"
    );
    assert!(!sandbox.live().contains(&"Deployment/acme--odoo".to_owned()));

    // An upsert that takes the finalizer off lets it go at once, and orphans its objects.
    sandbox.ok("POST", "/api/v1/applications", body);
    sandbox.pass(5_000);
    sandbox.ok("DELETE", WORKLOAD, Value::Null);
    sandbox.ok("POST", "/api/v1/applications?upsert=true", other);
    assert_eq!(sandbox.refused("GET", WORKLOAD, Value::Null).0, 403);
    sandbox.pass(5_000);
    assert!(sandbox.live().contains(&"Deployment/acme--odoo".to_owned()));
}

#[test]
fn propagation_policies() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let refused = sandbox.refused(
        "DELETE",
        &format!("{WORKLOAD}?propagationPolicy=orphan"),
        Value::Null,
    );
    assert_eq!(
        refused,
        (400, 3, "invalid propagation policy: orphan".to_owned())
    );
    let refused = sandbox.refused(
        "DELETE",
        &format!("{WORKLOAD}?cascade=false&propagationPolicy=background"),
        Value::Null,
    );
    assert_eq!(
        refused.2,
        "cannot set propagation policy when cascading is disabled"
    );
    sandbox.ok(
        "DELETE",
        &format!("{WORKLOAD}?propagationPolicy=background"),
        Value::Null,
    );
    let finalizer = "resources-finalizer.argocd.argoproj.io";
    let dying = sandbox.get("acme--odoo");
    assert_eq!(
        dying["metadata"]["finalizers"],
        json!([finalizer, format!("{finalizer}/background")])
    );
}

#[test]
fn a_deletion_that_races_with_a_sync_lingers() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    sandbox.ok("POST", &format!("{WORKLOAD}/sync"), json!({}));
    sandbox.ok("DELETE", WORKLOAD, Value::Null);
    sandbox.pass(300);
    let dying = sandbox.get("acme--odoo");
    assert_eq!(text(&dying, "/status/conditions/0/type"), "DeletionError");
    assert!(text(&dying, "/status/conditions/0/message").ends_with("\"acme--odoo\" not found"));
    sandbox.pass(600);
    assert_eq!(sandbox.refused("GET", WORKLOAD, Value::Null).0, 403);
}
