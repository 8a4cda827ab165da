//! The calls on projects.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{Sandbox, check_all, project, text};

#[test]
fn projects() {
    let mut sandbox = Sandbox::new();
    let path = "/api/v1/projects";
    let listed = sandbox.ok("GET", path, Value::Null);
    let names: Vec<_> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| text(p, "/metadata/name"))
        .collect();
    assert_eq!(names, ["default", "deploycenter-base"]);

    let made = sandbox.ok("POST", path, project());
    assert_eq!(
        sandbox.ok("POST", path, project())["metadata"],
        made["metadata"]
    );
    let mut other = project();
    other["project"]["spec"]["description"] = "Acme".into();
    let different = "existing project spec is different; use upsert flag to force update; \
                     difference in keys \"Description\"";
    let mut twice = project();
    twice["project"]["spec"]["destinations"] =
        json!([{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "*"}]);
    let mut long = project();
    long["project"]["spec"]["description"] = "x".repeat(256).into();
    let mut unnamed = project();
    unnamed["project"]["metadata"] = json!({});
    check_all(
        &mut sandbox,
        vec![
            ("POST", path, other.clone(), 400, 3, different),
            // Only the body's upsert counts.
            (
                "POST",
                "/api/v1/projects?upsert=true",
                other.clone(),
                400,
                3,
                different,
            ),
            (
                "POST",
                path,
                json!({}),
                400,
                3,
                "missing payload 'project' in request",
            ),
            (
                "POST",
                path,
                twice,
                400,
                3,
                "destination '*/*' already added",
            ),
            ("POST", path, long, 400, 3, "description "),
            (
                "POST",
                path,
                unnamed,
                400,
                3,
                "AppProject.argoproj.io \"\" is invalid",
            ),
            (
                "GET",
                "/api/v1/projects/nosuch",
                Value::Null,
                404,
                5,
                "appprojects.argoproj.io \"nosuch\" not found",
            ),
            ("PUT", "/api/v1/projects/nosuch", project(), 404, 5, ""),
            (
                "PUT",
                "/api/v1/projects/acme",
                project(),
                400,
                3,
                "AppProject.argoproj.io \"acme\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified",
            ),
            (
                "DELETE",
                "/api/v1/projects/default",
                Value::Null,
                400,
                3,
                "name 'default' is reserved",
            ),
        ],
    );
    other["upsert"] = true.into();
    let updated = sandbox.ok("POST", path, other.clone());
    assert_eq!(text(&updated, "/spec/description"), "Acme");
    assert_eq!(
        sandbox.ok("POST", path, other)["metadata"],
        updated["metadata"]
    );

    let mut put = json!({"project": made.clone()});
    let stale = sandbox.refused("PUT", "/api/v1/projects/acme", put.clone());
    assert_eq!((stale.0, stale.1), (409, 10));
    assert!(
        stale.2.contains("the object has been modified"),
        "{}",
        stale.2
    );
    put["project"]["metadata"]["resourceVersion"] = updated["metadata"]["resourceVersion"].clone();
    let put = sandbox.ok("PUT", "/api/v1/projects/acme", put);
    assert_ne!(
        put["metadata"]["resourceVersion"],
        updated["metadata"]["resourceVersion"]
    );

    sandbox.ok("DELETE", "/api/v1/projects/acme", Value::Null);
    let again = sandbox.refused("DELETE", "/api/v1/projects/acme", Value::Null);
    assert_eq!((again.0, again.1), (404, 5));
}

#[test]
fn a_project_in_use_keeps_what_its_applications_need() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let refused = sandbox.refused("DELETE", "/api/v1/projects/acme", Value::Null);
    assert_eq!(
        refused,
        (400, 3, "project is referenced by 1 applications".to_owned())
    );
    let current = sandbox.ok("GET", "/api/v1/projects/acme", Value::Null);
    for (field, value, wanted) in [
        (
            "destinations",
            json!([]),
            "as a result of project update 1 applications destination became invalid",
        ),
        (
            "sourceRepos",
            json!(["https://git.example/*"]),
            "as a result of project update 1 applications source became invalid",
        ),
    ] {
        let mut put = json!({"project": current});
        put["project"]["spec"][field] = value;
        let refused = sandbox.refused("PUT", "/api/v1/projects/acme", put);
        assert_eq!(refused, (400, 3, wanted.to_owned()));
    }
    // By POST with upsert the same change goes through, and the application is illegal.
    let mut upsert = project();
    upsert["upsert"] = true.into();
    upsert["project"]["spec"]["destinations"] = json!([]);
    sandbox.ok("POST", "/api/v1/projects", upsert);
    sandbox.pass(100);
    let app = sandbox.get("acme--odoo");
    assert_eq!(text(&app, "/status/sync/status"), "Unknown");
    assert_eq!(text(&app, "/status/health/status"), "Unknown");
    assert_eq!(text(&app, "/status/conditions/0/type"), "InvalidSpecError");
    // Repaired, a refresh restores it.
    let mut repaired = project();
    repaired["upsert"] = true.into();
    sandbox.ok("POST", "/api/v1/projects", repaired);
    let app = sandbox.refresh("acme--odoo");
    assert_eq!(
        (
            text(&app, "/status/sync/status"),
            text(&app, "/status/health/status")
        ),
        ("Synced".into(), "Healthy".into())
    );
}
