//! Operations that take their time or never end: waves, hooks, ending one, and a deletion that
//! waits for one.

use deploycenter_sandbox::argocd::{Endless, Habits, Sickness, WaitsFor, Which};
use serde_json::{Value, json};

use crate::support::{APPS, FOLDER, Sandbox, project, push_image, text};

const WORKLOAD: &str = "/api/v1/applications/acme--odoo";
const BASE: &str = "/api/v1/applications/acme--odoo--base";

fn endless(waits_for: WaitsFor) -> Habits {
    Habits {
        endless: vec![Endless {
            of: Which::application("acme--odoo"),
            waits_for,
        }],
        ..Habits::default()
    }
}

/// A base whose second wave is a claim, and whose third is never reached unless that is bound.
fn push_waves(sandbox: &Sandbox, class: &str) {
    let wave = |n: u32| format!("annotations: {{argocd.argoproj.io/sync-wave: \"{n}\"}}");
    let text = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo}}\n---\n\
         apiVersion: v1\nkind: PersistentVolumeClaim\n\
         metadata: {{name: data, namespace: acme--odoo, {}}}\n\
         spec: {{storageClassName: \"{class}\", accessModes: [ReadWriteMany]}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: last, namespace: acme--odoo, {}}}\n",
        wave(1),
        wave(2)
    );
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(&text))]);
}

fn phase(sandbox: &mut Sandbox, name: &str) -> (String, String) {
    let app = sandbox.get(name);
    (
        text(&app, "/status/operationState/phase"),
        text(&app, "/status/operationState/message"),
    )
}

#[test]
fn an_operation_waits_for_a_wave_without_a_limit() {
    let mut sandbox = Sandbox::new();
    push_waves(&sandbox, "");
    sandbox.ok("POST", "/api/v1/projects", project());
    let base = sandbox.base_app();
    sandbox.ok("POST", APPS, base);
    for pause in [5_000, 3_600_000] {
        sandbox.pass(pause);
        let waits = "waiting for healthy state of /PersistentVolumeClaim/data".to_owned();
        assert_eq!(
            phase(&mut sandbox, "acme--odoo--base"),
            ("Running".to_owned(), waits)
        );
        assert!(!sandbox.live().contains(&"ConfigMap/last".to_owned()));
    }
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/sync/status"), "OutOfSync");
    assert_eq!(app["status"]["resources"][1]["syncWave"], 1, "{app}");
    // A push without it isn't synced as long as this waits; once that is ended, it is.
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme--odoo}\n---\n\
                apiVersion: v1\nkind: ConfigMap\nmetadata: {name: last, namespace: acme--odoo}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(text))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(60_000);
    assert!(!sandbox.live().contains(&"ConfigMap/last".to_owned()));
    sandbox.ok("DELETE", &format!("{BASE}/operation"), Value::Null);
    sandbox.pass(2_000);
    assert_eq!(phase(&mut sandbox, "acme--odoo--base").0, "Succeeded");
    assert!(sandbox.live().contains(&"ConfigMap/last".to_owned()));
}

#[test]
fn waves_follow_each_other_once_they_are_well() {
    let mut sandbox = Sandbox::new();
    push_waves(&sandbox, "gp3");
    sandbox.ok("POST", "/api/v1/projects", project());
    let base = sandbox.base_app();
    sandbox.ok("POST", APPS, base);
    sandbox.pass(3_000);
    let (phase, message) = phase(&mut sandbox, "acme--odoo--base");
    assert_eq!(
        (phase.as_str(), message.as_str()),
        ("Succeeded", "successfully synced (all tasks run)")
    );
    assert!(sandbox.live().contains(&"ConfigMap/last".to_owned()));
    assert_eq!(sandbox.state("acme--odoo--base").0, "Synced");
}

#[test]
fn a_hook_runs_to_its_end_and_is_no_part_of_the_comparison() {
    let mut sandbox = Sandbox::new();
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme--odoo}\n---\n\
                apiVersion: batch/v1\nkind: Job\n\
                metadata: {name: set-up, namespace: acme--odoo, annotations: {argocd.argoproj.io/hook: Sync, argocd.argoproj.io/sync-wave: \"1\"}}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(text))]);
    sandbox.ok("POST", "/api/v1/projects", project());
    let base = sandbox.base_app();
    sandbox.ok("POST", APPS, base);
    sandbox.pass(900);
    let (running, waits) = phase(&mut sandbox, "acme--odoo--base");
    assert_eq!(
        (running.as_str(), waits.as_str()),
        ("Running", "waiting for completion of hook batch/Job/set-up")
    );
    // Ended, it is taken down; asked for again, it runs anew.
    let hook = "Job/set-up".to_owned();
    assert!(sandbox.live().contains(&hook));
    sandbox.ok("DELETE", &format!("{BASE}/operation"), Value::Null);
    sandbox.pass(200);
    assert!(!sandbox.live().contains(&hook));
    sandbox.ok("POST", &format!("{BASE}/sync"), json!({}));
    sandbox.pass(3_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(
        crate::support::text(&app, "/status/operationState/phase"),
        "Succeeded"
    );
    assert_eq!(crate::support::text(&app, "/status/sync/status"), "Synced");
    let hook = &app["status"]["resources"][1];
    assert_eq!(
        (
            &hook["kind"],
            &hook["hook"],
            &hook["requiresPruning"],
            &hook["syncWave"]
        ),
        (&json!("Job"), &json!(true), &json!(true), &json!(1))
    );
    assert_eq!(hook.get("status"), None);
    assert_eq!(
        app["status"]["operationState"]["syncResult"]["resources"][1]["hookType"],
        "Sync"
    );
}

#[test]
fn a_deletion_waits_for_an_operation_until_someone_ends_it() {
    for waits_for in [WaitsFor::Hook, WaitsFor::Wave] {
        let mut sandbox = Sandbox::new();
        sandbox.deploy_target("odoo:1");
        sandbox.argocd.set_habits(endless(waits_for));
        push_image(&sandbox, "odoo:2");
        sandbox.refresh("acme--odoo");
        sandbox.pass(2_000);
        let app = sandbox.get("acme--odoo");
        let waits = match waits_for {
            WaitsFor::Hook => "waiting for completion of hook batch/Job/acme--odoo-setup",
            WaitsFor::Wave => "waiting for healthy state of apps/Deployment/acme--odoo",
        };
        assert_eq!(text(&app, "/status/operationState/phase"), "Running");
        assert_eq!(text(&app, "/status/operationState/message"), waits);
        assert_eq!(text(&app, "/status/sync/status"), "Synced");
        let healthy = match waits_for {
            WaitsFor::Hook => "Healthy",
            WaitsFor::Wave => "Progressing",
        };
        assert_eq!(text(&app, "/status/health/status"), healthy);

        sandbox.ok("DELETE", WORKLOAD, Value::Null);
        for _ in 0..3 {
            sandbox.pass(1_200_000);
            let dying = sandbox.get("acme--odoo");
            assert!(!text(&dying, "/metadata/deletionTimestamp").is_empty());
            assert!(dying.get("operation").is_some());
            assert_eq!(text(&dying, "/status/operationState/message"), waits);
        }
        sandbox.ok("DELETE", &format!("{WORKLOAD}/operation"), Value::Null);
        sandbox.pass(1_000);
        assert_eq!(sandbox.refused("GET", WORKLOAD, Value::Null).0, 403);
        assert!(!sandbox.live().contains(&"Deployment/acme--odoo".to_owned()));
    }
}

#[test]
fn an_ended_operation_shows_that_it_is_ending() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    sandbox.argocd.set_habits(Habits {
        terminating_for: 900,
        ..endless(WaitsFor::Hook)
    });
    push_image(&sandbox, "odoo:2");
    sandbox.refresh("acme--odoo");
    sandbox.pass(2_000);
    let end = format!("{WORKLOAD}/operation");
    sandbox.ok("DELETE", &end, Value::Null);
    sandbox.pass(800);
    sandbox.ok("DELETE", &end, Value::Null);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/operationState/phase"), "Terminating");
    assert!(app.get("operation").is_some());
    let refused = sandbox.refused("POST", &format!("{WORKLOAD}/sync"), json!({}));
    assert_eq!(refused.2, "another operation is already in progress");
    sandbox.pass(200);
    let app = sandbox.get("acme--odoo");
    assert_eq!(
        (
            text(&app, "/status/operationState/phase").as_str(),
            text(&app, "/status/operationState/message").as_str()
        ),
        ("Failed", "Operation terminated")
    );
    assert_eq!(app.get("operation"), None);
    assert_eq!(text(&app, "/status/sync/status"), "Synced");
}

#[test]
fn a_degraded_wave_fails_the_operation_and_is_tried_again() {
    let mut sandbox = Sandbox::new();
    let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: acme--odoo}\n---\n\
                apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: acme--odoo}\n---\n\
                apiVersion: v1\nkind: ConfigMap\n\
                metadata: {name: last, namespace: acme--odoo, annotations: {argocd.argoproj.io/sync-wave: \"1\"}}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/base.yaml"), Some(text))]);
    sandbox.ok("POST", "/api/v1/projects", project());
    let sickness = Sickness {
        reason: "CrashLoopBackOff".to_owned(),
        message: "it crashes".to_owned(),
        only_revision_containing: None,
    };
    sandbox.argocd.sicken("acme--odoo--base", sickness);
    let base = sandbox.base_app();
    sandbox.ok("POST", APPS, base);
    sandbox.pass(5_000);
    let (running, message) = phase(&mut sandbox, "acme--odoo--base");
    assert_eq!(running, "Running");
    assert!(
        message.starts_with("one or more synchronization tasks completed unsuccessfully. Retrying"),
        "{message}"
    );
}
