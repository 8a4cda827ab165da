//! Creating applications, and what is refused.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{APPS, FOLDER, Sandbox, check_all, project, text};

#[test]
fn creating_applications() {
    let mut sandbox = Sandbox::new();
    sandbox.push_target("odoo:1");
    sandbox.ok("POST", "/api/v1/projects", project());
    let good = sandbox.workload();
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let manifests = format!(
        "application spec for acme--odoo is invalid: InvalidSpecError: Unable to generate manifests in {FOLDER}"
    );
    let no_branch = format!(
        "{manifests}/chart: rpc error: code = Unknown desc = unable to resolve 'customer/nosuch' to a commit SHA: revision not found"
    );
    let elsewhere = "application spec for acme--odoo is invalid: InvalidSpecError: application destination server \
                     'https://kubernetes.default.svc' and namespace 'forbidden' do not match any of the allowed destinations in project 'acme'";
    let unknown_project = "app is not allowed in project \"nosuch\", or the project does not exist";
    let both =
        json!({"server": "https://eks.example", "name": "in-cluster", "namespace": "acme--odoo"});
    check_all(
        &mut sandbox,
        vec![
            (
                "POST",
                APPS,
                json!({}),
                500,
                2,
                "error while validating and normalizing app: resource name may not be empty",
            ),
            (
                "POST",
                APPS,
                with("/metadata/name", "Bad_Name".into()),
                400,
                3,
                "Application.argoproj.io \"Bad_Name\" is invalid",
            ),
            (
                "POST",
                APPS,
                with("/spec/source", json!({})),
                400,
                3,
                "application spec for acme--odoo is invalid: InvalidSpecError: spec.source.repoURL and either spec.source.path",
            ),
            (
                "POST",
                APPS,
                with("/spec/destination", json!({})),
                400,
                3,
                "application destination spec for acme--odoo is invalid: Destination server missing from app spec",
            ),
            (
                "POST",
                APPS,
                with("/spec/destination", both),
                400,
                3,
                "application destination spec for acme--odoo is invalid: application destination can't have both name and server",
            ),
            (
                "POST",
                APPS,
                with("/spec/destination/server", "https://1.2.3.4".into()),
                400,
                3,
                "application destination spec for acme--odoo is invalid: cluster \"https://1.2.3.4\" not found",
            ),
            (
                "POST",
                APPS,
                with("/spec/project", "nosuch".into()),
                400,
                3,
                unknown_project,
            ),
            (
                "POST",
                "/api/v1/applications?validate=false",
                with("/spec/project", "nosuch".into()),
                400,
                3,
                unknown_project,
            ),
            (
                "POST",
                APPS,
                with("/spec/destination/namespace", "forbidden".into()),
                400,
                3,
                elsewhere,
            ),
            (
                "POST",
                "/api/v1/applications?validate=false",
                with("/spec/destination/namespace", "forbidden".into()),
                400,
                3,
                elsewhere,
            ),
            (
                "POST",
                APPS,
                with("/spec/source/repoURL", "https://git.example/none".into()),
                400,
                3,
                "application spec for acme--odoo is invalid: InvalidSpecError: repository not accessible",
            ),
            (
                "POST",
                APPS,
                with("/spec/source/targetRevision", "customer/nosuch".into()),
                400,
                3,
                &no_branch,
            ),
            (
                "POST",
                APPS,
                with("/spec/source/path", format!("{FOLDER}/nosuch").into()),
                400,
                3,
                &format!(
                    "{manifests}/nosuch: rpc error: code = Unknown desc = {FOLDER}/nosuch: app path does not exist"
                ),
            ),
            (
                "POST",
                APPS,
                with("/spec/source/path", "../x".into()),
                400,
                3,
                "application spec for acme--odoo is invalid: InvalidSpecError: Unable to generate manifests in ../x: rpc error: code = Unknown desc = ../x: app path outside root",
            ),
            (
                "POST",
                APPS,
                with("/spec/source/helm/valueFiles", json!(["nosuch.yaml"])),
                400,
                3,
                &format!(
                    "{manifests}/chart: rpc error: code = Unknown desc = failed to execute helm template command"
                ),
            ),
        ],
    );
    let malformed = sandbox.raw(
        "POST",
        APPS,
        &[
            ("authorization", "Bearer token-of-the-test"),
            ("content-type", "application/json"),
        ],
        "{",
    );
    assert_eq!(malformed.status.as_u16(), 400);
    let huge = sandbox.refused(
        "POST",
        APPS,
        with("/spec/project", "x".repeat(3 * 1024 * 1024).into()),
    );
    assert_eq!(
        huge,
        (
            500,
            2,
            "Request entity too large: limit is 3145728".to_owned()
        )
    );

    let made = sandbox.ok("POST", APPS, good.clone());
    assert_eq!(made["status"]["sync"]["status"], "");
    assert_eq!(made["status"]["health"], json!({}));
    sandbox.pass(5_000);
    let again = sandbox.ok("POST", APPS, good.clone());
    assert!(!text(&again, "/status/sync/revision").is_empty());
    let different = "existing application spec is different, use upsert flag to force update";
    check_all(
        &mut sandbox,
        vec![
            (
                "POST",
                APPS,
                with("/metadata/labels", json!({"b": "c"})),
                400,
                3,
                different,
            ),
            (
                "POST",
                APPS,
                with("/metadata/finalizers", json!([])),
                400,
                3,
                different,
            ),
            (
                "POST",
                "/api/v1/applications?upsert=false",
                with("/spec/syncPolicy", json!({})),
                400,
                3,
                different,
            ),
        ],
    );
    let upserted = sandbox.ok("POST", "/api/v1/applications?upsert=true", {
        let mut body = with("/metadata/labels", json!({"b": "c"}));
        body["metadata"]["finalizers"] = json!([]);
        body
    });
    assert_eq!(
        upserted["metadata"]["labels"],
        json!({"app": "odoo", "b": "c"}),
        "merged"
    );
    assert_eq!(upserted["metadata"].get("finalizers"), None, "replaced");
}

#[test]
fn an_unvalidated_application_misleads() {
    let mut sandbox = Sandbox::new();
    sandbox.push_target("odoo:1");
    sandbox.ok("POST", "/api/v1/projects", project());
    let mut body = sandbox.workload();
    body["spec"]["source"]["targetRevision"] = "customer/nosuch".into();
    sandbox.ok("POST", "/api/v1/applications?validate=false", body);
    sandbox.pass(1_000);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/sync/status"), "Unknown");
    assert_eq!(text(&app, "/status/health/status"), "Healthy");
    assert_eq!(text(&app, "/status/sync/revision"), "customer/nosuch");
    assert_eq!(text(&app, "/status/conditions/0/type"), "ComparisonError");
    assert!(text(&app, "/status/conditions/0/message").starts_with(
        "Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: "
    ));
}
