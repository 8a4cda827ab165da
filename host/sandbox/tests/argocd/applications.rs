//! Reading and changing applications, and the refusals of operations.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{APPS, BRANCH, Sandbox, check_all, text};

#[test]
fn reading_applications() {
    let mut sandbox = Sandbox::new();
    assert_eq!(sandbox.ok("GET", APPS, Value::Null)["items"], Value::Null);
    sandbox.deploy_target("odoo:1");
    let not_found = "applications.argoproj.io \"nosuch\" not found";
    let elsewhere = "applications.argoproj.io \"acme--odoo\" not found";
    check_all(
        &mut sandbox,
        vec![
            (
                "GET",
                "/api/v1/applications/",
                Value::Null,
                403,
                7,
                "permission denied",
            ),
            (
                "GET",
                "/api/v1/applications/nosuch",
                Value::Null,
                403,
                7,
                "permission denied",
            ),
            (
                "GET",
                "/api/v1/applications/nosuch?project=acme",
                Value::Null,
                404,
                5,
                not_found,
            ),
            (
                "DELETE",
                "/api/v1/applications/nosuch",
                Value::Null,
                403,
                7,
                "permission denied",
            ),
            (
                "DELETE",
                "/api/v1/applications/nosuch?project=acme",
                Value::Null,
                404,
                5,
                not_found,
            ),
            (
                "GET",
                "/api/v1/applications/nosuch/resource-tree",
                Value::Null,
                403,
                7,
                "permission denied",
            ),
            (
                "POST",
                "/api/v1/applications/nosuch/sync?project=acme",
                json!({}),
                404,
                5,
                not_found,
            ),
            (
                "GET",
                "/api/v1/applications/acme--odoo?project=default",
                Value::Null,
                404,
                5,
                elsewhere,
            ),
            (
                "GET",
                "/api/v1/applications/acme--odoo?project=a&project=b",
                Value::Null,
                400,
                3,
                "multiple projects specified",
            ),
            (
                "GET",
                "/api/v1/applications/acme--odoo?appNamespace=other",
                Value::Null,
                403,
                7,
                "",
            ),
            (
                "GET",
                "/api/v1/applications?selector=%3Dx",
                Value::Null,
                500,
                2,
                "error parsing the selector: ",
            ),
        ],
    );
    for (query, wanted) in [
        ("", vec!["acme--odoo", "acme--odoo--base"]),
        ("?project=acme", vec!["acme--odoo"]),
        (
            "?projects=acme&projects=acme--base&limit=1",
            vec!["acme--odoo", "acme--odoo--base"],
        ),
        ("?name=acme--odoo", vec!["acme--odoo"]),
        (
            "?selector=app%3Dodoo",
            vec!["acme--odoo", "acme--odoo--base"],
        ),
        ("?selector=app%3Dmoodle", vec![]),
        ("?project=nosuch", vec![]),
    ] {
        let listed = sandbox.ok("GET", &format!("{APPS}{query}"), Value::Null);
        let names: Vec<_> = listed["items"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|a| text(a, "/metadata/name"))
            .collect();
        assert_eq!(names, wanted, "{query}");
    }
    let listed = sandbox.ok(
        "GET",
        &format!("{APPS}?name=acme--odoo&fields=items.metadata.name,items.status.sync.status"),
        Value::Null,
    );
    assert!(!text(&listed, "/metadata/resourceVersion").is_empty());
    assert_eq!(
        listed["items"],
        json!([{"metadata": {"name": "acme--odoo"}, "status": {"sync": {"status": "Synced"}}}])
    );
}

#[test]
fn changing_applications() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let path = "/api/v1/applications/acme--odoo";
    // The resource version is ignored, and the name in the body wins.
    let mut body = sandbox.workload();
    body["metadata"]["resourceVersion"] = "1".into();
    body["metadata"]["annotations"] = json!({"a": "b"});
    body["metadata"].as_object_mut().unwrap().remove("labels");
    let put = sandbox.ok("PUT", "/api/v1/applications/nosuch", body);
    assert_eq!(put["metadata"]["annotations"], json!({"a": "b"}));
    assert_eq!(put["metadata"].get("labels"), None);
    let mut spec = put["spec"].clone();
    spec["revisionHistoryLimit"] = 5.into();
    let answer = sandbox.ok("PUT", &format!("{path}/spec"), spec.clone());
    assert_eq!(answer, spec);
    let patch = |kind: &str, patch: Value| json!({"name": "acme--odoo", "patchType": kind, "patch": patch.to_string()});
    let merged = sandbox.ok(
        "PATCH",
        path,
        patch(
            "merge",
            json!({"metadata": {"finalizers": null, "labels": {"x": "y"}}, "status": {"sync": 1}}),
        ),
    );
    assert_eq!(merged["metadata"]["labels"], json!({"x": "y"}));
    assert_eq!(merged["metadata"].get("finalizers"), None);
    let replaced = sandbox.ok(
        "PATCH",
        path,
        patch(
            "json",
            json!([{"op": "replace", "path": "/metadata/labels/x", "value": "z"}]),
        ),
    );
    assert_eq!(replaced["metadata"]["labels"], json!({"x": "z"}));
    let forbidden = json!({"spec": {"destination": {"namespace": "forbidden"}}});
    check_all(
        &mut sandbox,
        vec![
            (
                "PATCH",
                path,
                json!({"name": "acme--odoo", "patch": "{}"}),
                500,
                13,
                "grpc: error while marshaling: proto: required field \"patchType\" not set",
            ),
            ("PATCH", path, json!({"spec": {}}), 500, 13, "grpc: "),
            (
                "PATCH",
                path,
                patch("strategic", json!({})),
                400,
                3,
                "Patch type 'strategic' is not supported",
            ),
            (
                "PATCH",
                path,
                patch("merge", forbidden),
                400,
                3,
                "application spec for acme--odoo is invalid",
            ),
            (
                "PATCH",
                path,
                patch("merge", json!({"spec": {"project": "nosuch"}})),
                400,
                3,
                "app is not allowed in project",
            ),
        ],
    );
}

#[test]
fn operations_are_refused_when_they_must_be() {
    let mut sandbox = Sandbox::new();
    let sha = sandbox.deploy_target("odoo:1");
    let path = "/api/v1/applications/acme--odoo";
    check_all(
        &mut sandbox,
        vec![
            (
                "POST",
                &format!("{path}/sync"),
                json!({"revision": sha}),
                400,
                9,
                &format!("Cannot sync to {sha}: auto-sync currently set to {BRANCH}"),
            ),
            (
                "DELETE",
                &format!("{path}/operation"),
                Value::Null,
                400,
                3,
                "Unable to terminate operation. No operation is in progress",
            ),
            (
                "POST",
                &format!("{path}/rollback"),
                json!({"id": 0}),
                400,
                9,
                "rollback cannot be initiated when auto-sync is enabled",
            ),
            (
                "POST",
                &format!("{path}/rollback"),
                json!({}),
                500,
                13,
                "grpc: error while marshaling: proto: required field \"id\" not set",
            ),
        ],
    );
    let asked = sandbox.ok("POST", &format!("{path}/sync"), json!({"revision": BRANCH}));
    assert_eq!(text(&asked, "/operation/sync/revision"), sha);
    assert_eq!(text(&asked, "/operation/initiatedBy/username"), "admin");
    assert_eq!(asked["status"].get("operationState"), None);
    let busy = sandbox.refused("POST", &format!("{path}/sync"), json!({"dryRun": true}));
    assert_eq!(
        busy,
        (
            400,
            9,
            "another operation is already in progress".to_owned()
        )
    );
    // It has to run before it can be ended.
    let pending = sandbox.refused("DELETE", &format!("{path}/operation"), Value::Null);
    assert_eq!((pending.0, pending.1), (400, 3));
    sandbox.pass(60);
    sandbox.ok("DELETE", &format!("{path}/operation"), Value::Null);
    sandbox.pass(100);
    assert_eq!(
        text(&sandbox.get("acme--odoo"), "/status/operationState/message"),
        "Operation terminated"
    );

    // A manual application.
    let manual = sandbox.manual();
    sandbox.ok("PUT", path, manual);
    let unknown = sandbox.refused(
        "POST",
        &format!("{path}/sync"),
        json!({"revision": "nosuchrev"}),
    );
    assert_eq!((unknown.0, unknown.1), (400, 9));
    assert!(
        unknown
            .2
            .ends_with("unable to resolve 'nosuchrev' to a commit SHA: revision not found"),
        "{}",
        unknown.2
    );
    let unknown = sandbox.refused("POST", &format!("{path}/rollback"), json!({"id": 99}));
    assert_eq!(
        unknown,
        (
            400,
            3,
            "application argocd/acme--odoo does not have deployment with id 99".to_owned()
        )
    );
}

#[test]
fn trees_and_managed_resources() {
    let mut sandbox = Sandbox::new();
    let sha = sandbox.deploy_target("odoo:1");
    let path = "/api/v1/applications/acme--odoo";
    let tree = sandbox.ok("GET", &format!("{path}/resource-tree"), Value::Null);
    let kinds: Vec<_> = tree["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| text(node, "/kind"))
        .collect();
    assert_eq!(
        kinds,
        [
            "ConfigMap",
            "Service",
            "Deployment",
            "ReplicaSet",
            "Pod",
            "Pod",
            "Ingress"
        ]
    );
    let pod = &tree["nodes"][4];
    assert_eq!(pod["images"], json!(["odoo:1"]));
    assert_eq!(text(pod, "/health/status"), "Healthy");
    assert_eq!(pod["parentRefs"][0]["uid"], tree["nodes"][3]["uid"]);
    assert_eq!(tree["nodes"][0].get("group"), None);

    let managed = sandbox.ok("GET", &format!("{path}/managed-resources"), Value::Null);
    let live: Value = serde_json::from_str(&text(&managed, "/items/0/liveState")).unwrap();
    assert_eq!(
        text(
            &live,
            "/metadata/annotations/argocd.argoproj.io~1tracking-id"
        ),
        "acme--odoo:/ConfigMap:acme--odoo/acme--odoo"
    );
    let metadata = sandbox.ok(
        "GET",
        &format!("{path}/revisions/{sha}/metadata"),
        Value::Null,
    );
    assert_eq!(
        metadata,
        json!({"author": "Test <test@example.com>", "date": "2023-11-14T22:13:20Z", "message": "a change"})
    );
    let manifests = sandbox.ok("GET", &format!("{path}/manifests"), Value::Null);
    assert_eq!(manifests["manifests"].as_array().unwrap().len(), 4);
    assert_eq!(text(&manifests, "/revision"), sha);
}
