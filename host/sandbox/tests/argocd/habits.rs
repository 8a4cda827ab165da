//! Health that takes its time and misleads, objects that are rejected, and lists that know a
//! fixed set of fields.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_sandbox::argocd::{Habits, LateStatus, Rejected, Stale, Troubled, Which};
use serde_json::{Value, json};

use crate::support::{APPS, FOLDER, Sandbox, project, text};

const BASE: &str = "/api/v1/applications/acme--odoo--base";

/// A base with a database of so many instances, and what comes with it.
fn push_database(sandbox: &Sandbox, instances: u32) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo}}\n---\n\
         apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\n\
         metadata: {{name: db, namespace: acme--odoo}}\nspec: {{instances: {instances}}}\n---\n\
         apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n\
         metadata: {{name: smtp, namespace: acme--odoo}}\nspec: {{refreshInterval: 1h}}\n"
    );
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(&text))])
}

fn start(habits: Habits) -> Sandbox {
    let mut sandbox = Sandbox::new();
    push_database(&sandbox, 1);
    sandbox.ok("POST", "/api/v1/projects", project());
    sandbox.ok(
        "POST",
        "/_sandbox/habits",
        serde_json::to_value(habits).unwrap(),
    );
    let base = sandbox.base_app();
    sandbox.ok("POST", APPS, base);
    sandbox.pass(400);
    sandbox
}

/// The live object as managed resources show it.
fn managed(sandbox: &mut Sandbox, kind: &str) -> Value {
    let all = sandbox.ok("GET", &format!("{BASE}/managed-resources"), Value::Null);
    let items = all["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind).unwrap();
    serde_json::from_str(found["liveState"].as_str().unwrap()).unwrap()
}

/// The health of the application, and of one of its resources.
fn health(sandbox: &mut Sandbox, kind: &str) -> (String, String) {
    let app = sandbox.get("acme--odoo--base");
    let resources = app["status"]["resources"].as_array().unwrap();
    let found = resources.iter().find(|it| it["kind"] == kind).unwrap();
    (
        text(&app, "/status/health/status"),
        text(found, "/health/status"),
    )
}

fn pair(a: &str, b: &str) -> (String, String) {
    (a.to_owned(), b.to_owned())
}

#[test]
fn a_late_first_status_is_a_comparison_error_that_passes() {
    let mut sandbox = start(Habits {
        late_status: vec![LateStatus {
            of: Which::kind("Cluster"),
            after: 2_000,
        }],
        ..Habits::default()
    });
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/conditions/0/type"), "ComparisonError");
    let message = text(&app, "/status/conditions/0/message");
    assert!(
        message.starts_with(
            "error setting app health: failed to get resource health for \"Cluster\" "
        ) && message.contains("attempt to index a non-table object(nil) with key 'phaseReason'"),
        "{message}"
    );
    // It is compared all the same, and asking again changes nothing.
    assert_eq!(text(&app, "/status/sync/status"), "Synced");
    assert_eq!(app["status"]["resources"][1].get("health"), None);
    assert_eq!(managed(&mut sandbox, "Cluster").get("status"), None);
    let app = sandbox.refresh("acme--odoo--base");
    assert_eq!(text(&app, "/status/conditions/0/message"), message);
    sandbox.pass(2_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(app["status"].get("conditions"), None);
    assert_eq!(text(&app, "/status/health/status"), "Progressing");
    sandbox.pass(2_000);
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
}

#[test]
fn what_is_degraded_may_heal() {
    let mut sandbox = start(Habits {
        troubled: vec![Troubled {
            of: Which::kind("Cluster"),
            phase: "Switchover in progress".to_owned(),
            lasts: 60_000,
            at_first: false,
        }],
        ..Habits::default()
    });
    sandbox.pass(5_000);
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
    push_database(&sandbox, 2);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(1_000);
    assert_eq!(
        health(&mut sandbox, "Cluster"),
        pair("Degraded", "Degraded")
    );
    let live = managed(&mut sandbox, "Cluster");
    assert_eq!(text(&live, "/status/phase"), "Switchover in progress");
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(
        text(&app, "/status/resources/1/health/message"),
        "Switching over to db-2",
        "the message is the phase's reason"
    );
    sandbox.pass(61_000);
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
    assert_eq!(
        text(&managed(&mut sandbox, "Cluster"), "/status/phase"),
        "Cluster in healthy state"
    );
}

#[test]
fn health_is_the_old_one_until_the_operator_writes() {
    let mut sandbox = start(Habits {
        stale: vec![Stale {
            of: Which::kind("Cluster"),
            lasts: Some(20_000),
        }],
        troubled: vec![Troubled {
            of: Which::kind("Cluster"),
            phase: "Primary instance is being restarted in-place".to_owned(),
            lasts: 30_000,
            at_first: false,
        }],
        ..Habits::default()
    });
    sandbox.pass(5_000);
    let before = managed(&mut sandbox, "Cluster");
    push_database(&sandbox, 2);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(10_000);
    assert_eq!(sandbox.state("acme--odoo--base").0, "Synced");
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
    let stale = managed(&mut sandbox, "Cluster");
    assert_eq!(
        stale["status"], before["status"],
        "only the generation tells"
    );
    assert_eq!(
        (
            &before["metadata"]["generation"],
            &stale["metadata"]["generation"]
        ),
        (&json!(1), &json!(2))
    );
    sandbox.pass(15_000);
    assert_eq!(
        health(&mut sandbox, "Cluster"),
        pair("Degraded", "Degraded")
    );
    let moved = managed(&mut sandbox, "Cluster");
    let at = "/status/conditions/0/lastTransitionTime";
    assert!(text(&moved, at) > text(&before, at));
    sandbox.pass(30_000);
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
}

#[test]
fn not_every_change_makes_an_operator_write() {
    let mut sandbox = start(Habits {
        stale: vec![Stale {
            of: Which::kind("Cluster"),
            lasts: None,
        }],
        ..Habits::default()
    });
    sandbox.pass(5_000);
    let before = managed(&mut sandbox, "Cluster");
    push_database(&sandbox, 2);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(86_400_000);
    assert_eq!(managed(&mut sandbox, "Cluster")["status"], before["status"]);
    assert_eq!(health(&mut sandbox, "Cluster"), pair("Healthy", "Healthy"));
}

#[test]
fn what_has_no_ready_yet_is_progressing() {
    let mut sandbox = start(Habits {
        late_status: vec![LateStatus {
            of: Which::kind("ExternalSecret"),
            after: 30_000,
        }],
        ..Habits::default()
    });
    sandbox.pass(20_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/health/status"), "Progressing");
    assert_eq!(
        text(&app, "/status/resources/2/health/message"),
        "Waiting for ExternalSecret"
    );
    sandbox.pass(20_000);
    assert_eq!(
        health(&mut sandbox, "ExternalSecret"),
        pair("Healthy", "Healthy")
    );
    let live = managed(&mut sandbox, "ExternalSecret");
    assert!(
        text(&live, "/status/syncedResourceVersion").starts_with("1-"),
        "{live}"
    );
}

#[test]
fn an_autoscaler_has_no_metrics_at_first() {
    let mut sandbox = start(Habits::default());
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme--odoo}\n---\n\
                apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n\
                metadata: {name: web, namespace: acme--odoo}\nspec: {maxReplicas: 3}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(text))]);
    sandbox.refresh("acme--odoo--base");
    let mut seen = Vec::new();
    for _ in 0..60 {
        sandbox.pass(1_000);
        let now = health(&mut sandbox, "HorizontalPodAutoscaler").1;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    assert_eq!(seen, ["Progressing", "Degraded", "Healthy"]);
}

#[test]
fn a_rejected_object_is_tried_again_until_it_is_gone_from_git() {
    let mut sandbox = start(Habits {
        rejected: vec![Rejected {
            of: Which::kind("Cluster"),
            containing: Some("\"instances\":3".to_owned()),
            sentence: "spec.instances: Invalid value: 3: too many".to_owned(),
        }],
        ..Habits::default()
    });
    sandbox.pass(5_000);
    push_database(&sandbox, 3);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(2_000);
    let said =
        "Cluster.postgresql.cnpg.io \"db\" is invalid: spec.instances: Invalid value: 3: too many";
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/operationState/phase"), "Running");
    let message = text(&app, "/status/operationState/message");
    assert!(
        message.contains(said) && message.contains("Retrying attempt #1"),
        "{message}"
    );
    let lines = app["status"]["operationState"]["syncResult"]["resources"]
        .as_array()
        .unwrap();
    let failed: Vec<_> = lines
        .iter()
        .filter(|it| it["status"] == "SyncFailed")
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["message"], said);
    // A later commit with the object in it fails likewise.
    sandbox.ok("DELETE", &format!("{BASE}/operation"), Value::Null);
    sandbox.push(&[(
        &format!("{FOLDER}/dependencies/more.yaml"),
        Some("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more, namespace: acme--odoo}\n"),
    )]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(400_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/operationState/phase"), "Failed");
    assert_eq!(text(&app, "/status/sync/status"), "OutOfSync");
    assert!(sandbox.live().contains(&"ConfigMap/more".to_owned()));
    push_database(&sandbox, 2);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(5_000);
    assert_eq!(sandbox.state("acme--odoo--base").0, "Synced");
}

#[test]
fn a_list_gives_nothing_for_a_field_that_it_does_not_know() {
    let mut sandbox = start(Habits::default());
    sandbox.pass(5_000);
    let fields =
        "items.metadata.name,items.status.sync,items.status.health,items.status.conditions";
    let list = sandbox.ok("GET", &format!("{APPS}?fields={fields}"), Value::Null);
    let item = &list["items"][0];
    assert_eq!(item["metadata"]["name"], "acme--odoo--base");
    assert_eq!(item["status"].get("sync"), None, "{item}");
    assert_eq!(text(item, "/status/health/status"), "Healthy");
    let known = "items.status.sync.status,items.status.sync.revision";
    let list = sandbox.ok("GET", &format!("{APPS}?fields={known}"), Value::Null);
    assert_eq!(text(&list, "/items/0/status/sync/status"), "Synced");
}

#[test]
fn a_real_one_has_all_of_them_and_gets_there() {
    let mut sandbox = start(Habits::real());
    let mut seen = Vec::new();
    for round in 0..2 {
        for _ in 0..70 {
            sandbox.pass(1_000);
            let app = sandbox.get("acme--odoo--base");
            let now = format!(
                "{round} {} {}",
                text(&app, "/status/health/status"),
                text(&app, "/status/conditions/0/type")
            );
            if seen.last() != Some(&now) {
                seen.push(now);
            }
        }
        push_database(&sandbox, 2);
        sandbox.refresh("acme--odoo--base");
    }
    assert_eq!(
        seen,
        [
            "0 Progressing ComparisonError",
            "0 Progressing ",
            "0 Healthy ",
            "1 Healthy ",
            "1 Degraded ",
            "1 Progressing ",
            "1 Healthy ",
        ]
    );
}

#[test]
fn habits_outlive_a_restart() {
    let habits = Habits {
        terminating_for: 700,
        ..Habits::default()
    };
    let mut sandbox = start(habits.clone());
    sandbox.restart();
    assert_eq!(sandbox.argocd.habits(), &habits);
    let refused = sandbox.refused("POST", "/_sandbox/habits", json!({"endles": []}));
    assert_eq!((refused.0, refused.1), (400, 3));
}
