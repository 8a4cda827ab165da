//! How status evolves after a push that is as it should be.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use crate::support::{FOLDER, Sandbox, named, push_image, state_of, text, values};

const PATH: &str = "/api/v1/applications/acme--odoo";

#[test]
fn a_refreshed_push_shows_the_misleading_states() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    // Whether the second sync comes depends on the commit; these images are one of each.
    let mut seen_again = [false, false];
    let mut before = old;
    for image in [
        "odoo:2", "odoo:3", "odoo:4", "odoo:5", "odoo:6", "odoo:7", "odoo:8", "odoo:9",
    ] {
        let new = push_image(&sandbox, image);
        let names = [(before.as_str(), "OLD"), (new.as_str(), "NEW")];
        // Nobody asked yet.
        assert_eq!(
            named(&[sandbox.state("acme--odoo")], &names),
            ["Synced | OLD | Healthy | Succeeded | OLD"]
        );
        let answer = sandbox.refresh("acme--odoo");
        assert_eq!(
            named(&[state_of(&answer)], &names),
            ["OutOfSync | NEW | Healthy | Running | -"]
        );
        assert!(answer.get("operation").is_some());
        let states = named(&sandbox.watch("acme--odoo", 3_000), &names);
        let mut wanted = vec![
            "OutOfSync | NEW | Healthy | Running | -",
            "OutOfSync | NEW | Healthy | Succeeded | NEW",
        ];
        let again = states.len() > 4;
        seen_again[usize::from(again)] = true;
        if again {
            wanted.extend([
                "OutOfSync | NEW | Healthy | pending | -",
                "OutOfSync | NEW | Healthy | Running | -",
                "Synced | NEW | Progressing | Running | -",
            ]);
        }
        wanted.extend([
            "Synced | NEW | Progressing | Succeeded | NEW",
            "Synced | NEW | Healthy | Succeeded | NEW",
        ]);
        assert_eq!(states, wanted, "{image}");
        assert_eq!(sandbox.get("acme--odoo").get("operation"), None);
        before = new;
    }
    assert_eq!(seen_again, [true, true], "both courses were seen");
}

#[test]
fn an_unasked_push_is_noticed_late() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    let compared = sandbox.refresh("acme--odoo");
    assert!(!text(&compared, "/status/reconciledAt").is_empty());
    let new = push_image(&sandbox, "odoo:2");
    let names = [(old.as_str(), "OLD"), (new.as_str(), "NEW")];
    sandbox.pass(207_000);
    let states = named(&sandbox.watch("acme--odoo", 5_000), &names);
    assert_eq!(
        states[..5],
        [
            "Synced | OLD | Healthy | Succeeded | OLD",
            "Synced | OLD | Healthy | pending | -",
            "Synced | OLD | Healthy | Running | -",
            "OutOfSync | NEW | Healthy | Running | -",
            "OutOfSync | NEW | Healthy | Succeeded | NEW",
        ]
    );
    assert_eq!(
        states.last().unwrap(),
        "Synced | NEW | Healthy | Succeeded | NEW"
    );
}

#[test]
fn a_push_without_a_changed_manifest_runs_no_operation() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    let new = sandbox.push(&[(&format!("{FOLDER}/chart/README.md"), Some("read me"))]);
    sandbox.refresh("acme--odoo");
    let states = sandbox.watch("acme--odoo", 2_000);
    let names = [(old.as_str(), "OLD"), (new.as_str(), "NEW")];
    assert_eq!(
        named(&states, &names),
        ["Synced | NEW | Healthy | Succeeded | OLD"]
    );
}

#[test]
fn a_push_of_configuration_alone_stays_healthy() {
    let mut sandbox = Sandbox::new();
    let old = sandbox.deploy_target("odoo:1");
    let text = format!("{}domain: erp.example\n", values("odoo:1"));
    let new = sandbox.push(&[(&format!("{FOLDER}/values.yaml"), Some(&text))]);
    sandbox.refresh("acme--odoo");
    let states = sandbox.watch("acme--odoo", 2_000);
    assert_eq!(
        named(&states, &[(&old, "OLD"), (&new, "NEW")]),
        [
            "OutOfSync | NEW | Healthy | Running | -",
            "Synced | NEW | Healthy | Running | -",
            "Synced | NEW | Healthy | Succeeded | NEW",
        ]
    );
}

#[test]
fn the_first_sync_is_healthy_before_anything_is_there() {
    let mut sandbox = Sandbox::new();
    let sha = sandbox.push_target("odoo:1");
    let base = sandbox.base_app();
    sandbox.ok("POST", "/api/v1/applications", base);
    let states = named(&sandbox.watch("acme--odoo--base", 2_000), &[(&sha, "NEW")]);
    assert!(
        states.contains(&"OutOfSync | NEW | Healthy | Succeeded | NEW".to_owned()),
        "{states:?}"
    );
    assert_eq!(
        states.last().unwrap(),
        "Synced | NEW | Healthy | Succeeded | NEW"
    );
}

#[test]
fn a_claim_without_its_volume_keeps_the_base_progressing() {
    let mut sandbox = Sandbox::new();
    let claim = |class: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo}}\n---\napiVersion: v1\n\
             kind: PersistentVolumeClaim\nmetadata: {{name: data}}\nspec: {{storageClassName: \"{class}\"}}\n"
        )
    };
    let file = format!("{FOLDER}/dependencies/base.yaml");
    sandbox.push(&[(&file, Some(&claim("")))]);
    let base = sandbox.base_app();
    sandbox.ok("POST", "/api/v1/applications", base);
    sandbox.pass(60_000);
    let app = sandbox.get("acme--odoo--base");
    assert_eq!(text(&app, "/status/health/status"), "Progressing");
    assert_eq!(
        text(&app, "/status/health/message"),
        "Caused by PersistentVolumeClaim:acme--odoo/data"
    );
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v}\nspec: {claimRef: {namespace: acme--odoo, name: data}}\n";
    sandbox.push(&[(&format!("{FOLDER}/dependencies/volume.yaml"), Some(volume))]);
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(2_000);
    assert_eq!(sandbox.state("acme--odoo--base").2, "Healthy");
}

#[test]
fn manual_syncs_and_rollbacks() {
    let mut sandbox = Sandbox::new();
    let first = sandbox.deploy_target("odoo:1");
    let manual = sandbox.manual();
    sandbox.ok("PUT", PATH, manual);
    let second = push_image(&sandbox, "odoo:2");
    sandbox.refresh("acme--odoo");
    sandbox.pass(5_000);
    assert_eq!(
        sandbox.state("acme--odoo").0,
        "OutOfSync",
        "nothing by itself"
    );
    sandbox.ok("POST", &format!("{PATH}/sync"), json!({}));
    sandbox.pass(5_000);
    let names = [(first.as_str(), "OLD"), (second.as_str(), "NEW")];
    assert_eq!(
        named(&[sandbox.state("acme--odoo")], &names),
        ["Synced | NEW | Healthy | Succeeded | NEW"]
    );

    let history = sandbox.get("acme--odoo")["status"]["history"]
        .as_array()
        .unwrap()
        .len();
    sandbox.ok("POST", &format!("{PATH}/rollback"), json!({"id": 0}));
    sandbox.pass(5_000);
    assert_eq!(
        named(&[sandbox.state("acme--odoo")], &names),
        ["OutOfSync | NEW | Healthy | Succeeded | OLD"]
    );
    assert_eq!(
        sandbox.get("acme--odoo")["status"]["history"]
            .as_array()
            .unwrap()
            .len(),
        history + 1
    );
    sandbox.ok(
        "POST",
        &format!("{PATH}/sync"),
        json!({"resources": [{"kind": "Secret", "name": "no"}]}),
    );
    sandbox.pass(1_000);
    assert_eq!(
        text(&sandbox.get("acme--odoo"), "/status/operationState/message"),
        "successfully synced (no more tasks)"
    );
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let course = |restarts: bool| {
        let mut sandbox = Sandbox::new();
        sandbox.deploy_target("odoo:1");
        push_image(&sandbox, "odoo:2");
        sandbox.refresh("acme--odoo");
        let mut states = Vec::new();
        for _ in 0..40 {
            if restarts {
                sandbox.restart();
            }
            states.push(
                sandbox
                    .get("acme--odoo")
                    .to_string()
                    .replace(&sandbox.url(), "URL"),
            );
            sandbox.pass(50);
        }
        states
    };
    assert_eq!(course(false), course(true));
}

#[test]
fn a_first_sync_is_often_followed_by_one_that_heals() {
    let mut healed = 0;
    for image in ["odoo:1", "odoo:2", "odoo:3", "odoo:4", "odoo:5", "odoo:6"] {
        let mut sandbox = Sandbox::new();
        let sha = sandbox.push_target(image);
        sandbox.ok("POST", "/api/v1/projects", crate::support::project());
        let base = sandbox.base_app();
        sandbox.ok("POST", "/api/v1/applications", base);
        sandbox.pass(10_000);
        let workload = sandbox.workload();
        sandbox.ok("POST", "/api/v1/applications", workload);
        sandbox.pass(10_000);
        let app = sandbox.get("acme--odoo");
        let sync = app
            .pointer("/status/operationState/operation/sync")
            .unwrap();
        if sync.get("autoHealAttemptsCount").is_none() {
            continue;
        }
        healed += 1;
        assert_eq!(sync["autoHealAttemptsCount"], 1);
        assert_eq!(text(sync, "/revision"), sha);
        assert_eq!(text(sync, "/resources/0/kind"), "Deployment");
        assert_eq!(app["status"]["history"].as_array().unwrap().len(), 1);
    }
    assert!(healed > 0);
}
