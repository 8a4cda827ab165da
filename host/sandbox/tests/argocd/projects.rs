//! The calls on projects.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_sandbox::argocd::IN_CLUSTER;
use serde_json::{Value, json};

use crate::support::{Sandbox, base_project, check_all, project, text};

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
    assert_eq!(names, ["acme--base", "default"]);

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

#[test]
fn a_further_cluster_and_other_kinds_ask_for_a_right_on_clusters() {
    let mut sandbox = Sandbox::new();
    sandbox.argocd.deny("clusters", "update");
    // Making one asks for none, as in Argo CD's own server.
    let made = sandbox.ok("POST", "/api/v1/projects", base_project());
    let path = "/api/v1/projects/acme--base";
    let changed = |field: &str, value: Value| {
        let mut put = json!({"project": made});
        put["project"]["spec"][field] = value;
        put
    };
    let kinds = json!([{"group": "", "kind": "Namespace"}]);
    for (field, value, server) in [
        ("clusterResourceWhitelist", kinds.clone(), IN_CLUSTER),
        ("namespaceResourceBlacklist", kinds, IN_CLUSTER),
        (
            "destinations",
            json!([
                {"server": IN_CLUSTER, "namespace": "acme--odoo"},
                {"server": "https://eks.example", "namespace": "acme--odoo"},
            ]),
            "https://eks.example",
        ),
    ] {
        let (status, code, text) = sandbox.refused("PUT", path, changed(field, value));
        assert_eq!((status, code), (403, 7));
        let wanted = format!("permission denied: clusters, update, {server}, sub: ");
        assert!(text.starts_with(&wanted), "{text}");
    }
    // Another namespace of the same cluster is no matter of clusters.
    let more = json!([
        {"server": IN_CLUSTER, "namespace": "acme--odoo"},
        {"server": IN_CLUSTER, "namespace": "acme--wiki"},
    ]);
    sandbox.ok("PUT", path, changed("destinations", more));

    sandbox.argocd.deny("projects", "update");
    let mut upsert = base_project();
    upsert["upsert"] = true.into();
    let (status, _, text) = sandbox.refused("POST", "/api/v1/projects", upsert);
    assert_eq!(status, 403);
    assert!(
        text.starts_with("permission denied: projects, update, acme--base"),
        "{text}"
    );
}

#[test]
fn an_application_moves_to_another_project_by_the_one_that_it_leaves() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let path = "/api/v1/applications/acme--odoo--base";
    let mut body = sandbox.base_app();
    let narrow = json!({"project": {"metadata": {"name": "narrow"}, "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": IN_CLUSTER, "namespace": "acme--wiki"}],
    }}});
    sandbox.ok("POST", "/api/v1/projects", narrow);
    let mut wide = base_project();
    wide["project"]["metadata"]["name"] = "wide".into();
    sandbox.ok("POST", "/api/v1/projects", wide);

    body["spec"]["project"] = "narrow".into();
    let (status, _, text) =
        sandbox.refused("PUT", &format!("{path}?project=acme--base"), body.clone());
    assert_eq!(status, 400);
    assert!(
        text.contains("do not match any of the allowed destinations in project 'narrow'"),
        "{text}"
    );
    body["spec"]["project"] = "wide".into();
    let (status, ..) = sandbox.refused("PUT", &format!("{path}?project=wide"), body.clone());
    assert_eq!(status, 404, "it isn't there yet");
    sandbox.ok("PUT", &format!("{path}?project=acme--base"), body);
    let (status, ..) = sandbox.refused("GET", &format!("{path}?project=acme--base"), Value::Null);
    assert_eq!(status, 404, "it has left");
    sandbox.ok("GET", &format!("{path}?project=wide"), Value::Null);
    sandbox.ok("DELETE", "/api/v1/projects/acme--base", Value::Null);
}
