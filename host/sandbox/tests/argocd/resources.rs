//! One live object of an application: read, patched and deleted through Argo CD.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{FOLDER, Sandbox, project, text};

const BASE: &str = "/api/v1/applications/acme--odoo--base/resource";
const CLAIM: &str = "namespace=acme--odoo&resourceName=data&version=v1&kind=PersistentVolumeClaim";
const QUOTA: &str = "namespace=acme--odoo&resourceName=quota&version=v1&kind=ResourceQuota";
const MERGE: &str = "patchType=application/merge-patch%2Bjson";

/// The body of a patch: JSON in a text.
fn patch(value: &Value) -> Value {
    value.to_string().into()
}

fn live(sandbox: &mut Sandbox, query: &str) -> Value {
    let answer = sandbox.ok("GET", &format!("{BASE}?{query}"), Value::Null);
    serde_json::from_str(answer["manifest"].as_str().unwrap()).unwrap()
}

fn automated(sandbox: &mut Sandbox, on: bool) {
    let mut base = sandbox.base_app();
    if !on {
        base["spec"].as_object_mut().unwrap().remove("syncPolicy");
    }
    sandbox.ok("PUT", "/api/v1/applications/acme--odoo--base", base);
    sandbox.pass(1_000);
}

const OPTIONS: &str = "/metadata/annotations/argocd.argoproj.io~1sync-options";

#[test]
fn a_patched_object_is_put_back_unless_automated_sync_is_off() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let protected = text(&live(&mut sandbox, CLAIM), OPTIONS);
    assert_eq!(protected, "Delete=false,Prune=false");
    let unprotect = json!({"metadata": {"annotations": {"argocd.argoproj.io/sync-options": null}}});
    let path = format!("{BASE}?{CLAIM}&{MERGE}");
    let answer = sandbox.ok("POST", &path, patch(&unprotect));
    let patched: Value = serde_json::from_str(answer["manifest"].as_str().unwrap()).unwrap();
    assert_eq!(patched.pointer(OPTIONS), None);
    sandbox.pass(10_000);
    assert_eq!(
        text(&live(&mut sandbox, CLAIM), OPTIONS),
        protected,
        "healed"
    );

    automated(&mut sandbox, false);
    sandbox.ok("POST", &path, patch(&unprotect));
    sandbox.pass(10_000);
    assert_eq!(live(&mut sandbox, CLAIM).pointer(OPTIONS), None);
    assert_eq!(sandbox.state("acme--odoo--base").0, "OutOfSync");
    // The options of the live object count when the application is deleted.
    sandbox.ok(
        "DELETE",
        "/api/v1/applications/acme--odoo--base",
        Value::Null,
    );
    sandbox.pass(1_000);
    assert!(
        !sandbox
            .live()
            .contains(&"PersistentVolumeClaim/data".to_owned())
    );
    assert!(
        sandbox
            .live()
            .contains(&"PersistentVolume/acme--odoo".to_owned())
    );
}

#[test]
fn a_deleted_object_comes_back_unless_automated_sync_is_off() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let there = |sandbox: &Sandbox| sandbox.live().contains(&"ResourceQuota/quota".to_owned());
    let path = format!("{BASE}?{QUOTA}&force=true&orphan=false");
    assert_eq!(sandbox.ok("DELETE", &path, Value::Null), json!({}));
    assert!(!there(&sandbox));
    sandbox.pass(10_000);
    assert!(there(&sandbox));
    automated(&mut sandbox, false);
    sandbox.ok("DELETE", &path, Value::Null);
    sandbox.pass(600_000);
    assert!(!there(&sandbox));
    let refused = sandbox.refused("DELETE", &path, Value::Null);
    let words = "ResourceQuota  quota not found as part of application acme--odoo--base";
    assert_eq!(refused, (400, 3, words.to_owned()));
}

#[test]
fn what_is_wrong_with_a_call() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let missing = sandbox.refused(
        "GET",
        &format!("{BASE}?kind=Secret&version=v1"),
        Value::Null,
    );
    assert_eq!((missing.0, missing.1), (500, 13));
    assert!(
        missing
            .2
            .ends_with("required field \"resourceName\" not set")
    );
    let path = format!("{BASE}?{CLAIM}");
    let missing = sandbox.refused("POST", &path, patch(&json!({})));
    assert!(missing.2.ends_with("required field \"patchType\" not set"));
    // An object instead of a text.
    let refused = sandbox.refused("POST", &format!("{path}&{MERGE}"), json!({}));
    assert_eq!((refused.0, refused.1), (400, 3));
    let change = json!({"spec": {"accessModes": ["ReadWriteOnce"]}});
    let refused = sandbox.refused("POST", &format!("{path}&{MERGE}"), patch(&change));
    assert_eq!((refused.0, refused.1), (500, 2));
    assert!(
        refused
            .2
            .starts_with("error patching resource: PersistentVolumeClaim \"data\" is invalid: "),
        "{}",
        refused.2
    );
    let add = json!([{"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}]);
    let json_patch = format!("{path}&patchType=application/json-patch%2Bjson");
    sandbox.ok("POST", &json_patch, patch(&add));
    assert_eq!(live(&mut sandbox, CLAIM)["metadata"]["labels"]["a"], "b");
    let unknown = sandbox.refused(
        "POST",
        &format!("{path}&patchType=merge"),
        patch(&json!({})),
    );
    assert!(unknown.2.contains("accepted media types"), "{}", unknown.2);
}

#[test]
fn a_right_on_the_application_is_none_on_its_objects() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let patching = format!("{BASE}?{CLAIM}&{MERGE}");
    let deleting = format!("{BASE}?{QUOTA}");
    sandbox.argocd.deny("applications", "update/*");
    sandbox
        .argocd
        .deny("applications", "delete//PersistentVolumeClaim/*");
    let denied = (403, 7, "permission denied".to_owned());
    assert_eq!(
        sandbox.refused("POST", &patching, patch(&json!({}))),
        denied
    );
    let claim = format!("{BASE}?{CLAIM}");
    assert_eq!(sandbox.refused("DELETE", &claim, Value::Null), denied);
    sandbox.ok("DELETE", &deleting, Value::Null);
    live(&mut sandbox, CLAIM);
    automated(&mut sandbox, true);
    // Nobody can ask.
    let refused = sandbox.refused(
        "GET",
        "/api/v1/account/can-i/applications/update%2F*/*",
        Value::Null,
    );
    assert_eq!((refused.0, refused.1), (400, 3));
}

#[test]
fn a_claim_grows_only_where_its_class_lets_it_and_never_shrinks() {
    let claim = |class: &str, size: &str| {
        format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo}}\n---\n\
             apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: data, namespace: acme--odoo}}\n\
             spec: {{storageClassName: \"{class}\", volumeName: \"{}\", accessModes: [ReadWriteMany], \
             resources: {{requests: {{storage: {size}}}}}}}\n---\n\
             apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: acme--odoo}}\n\
             spec: {{storageClassName: \"\", accessModes: [ReadWriteMany], capacity: {{storage: 20Gi}}, \
             claimRef: {{namespace: acme--odoo, name: {}}}}}\n",
            if class.is_empty() { "acme--odoo" } else { "" },
            if class.is_empty() { "data" } else { "another" },
        )
    };
    let forbidden = "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc \
                     can be resized and the storageclass that provisions the pvc must support resize";
    let shrunk = "PersistentVolumeClaim \"data\" is invalid: spec.resources.requests.storage: \
                  Forbidden: field can not be less than status.capacity";
    for (class, to, said) in [
        ("", "40Gi", Some(forbidden)),
        ("", "10Gi", Some(shrunk)),
        ("gp3", "40Gi", None),
        ("gp3", "10Gi", Some(shrunk)),
    ] {
        let mut sandbox = Sandbox::new();
        let file = format!("{FOLDER}/dependencies/base.yaml");
        sandbox.push(&[(&file, Some(&claim(class, "20Gi")))]);
        sandbox.ok("POST", "/api/v1/projects", project());
        let base = sandbox.base_app();
        sandbox.ok("POST", "/api/v1/applications", base);
        sandbox.pass(10_000);
        assert_eq!(sandbox.state("acme--odoo--base").2, "Healthy", "{class}");
        sandbox.push(&[(&file, Some(&claim(class, to)))]);
        sandbox.refresh("acme--odoo--base");
        sandbox.pass(2_000);
        let app = sandbox.get("acme--odoo--base");
        let message = text(&app, "/status/operationState/message");
        match said {
            None => assert_eq!(sandbox.state("acme--odoo--base").0, "Synced", "{message}"),
            Some(said) => assert!(message.contains(said), "{class} {to}: {message}"),
        }
    }
}
