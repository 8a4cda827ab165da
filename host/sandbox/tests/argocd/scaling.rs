//! How many pods a Deployment has: what is applied, what is left out, and what an autoscaler
//! sets meanwhile.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};

use crate::support::{FOLDER, Sandbox, push_image};

const DEPLOYMENT: &str = "/api/v1/applications/acme--odoo/resource?namespace=acme--odoo\
    &resourceName=acme--odoo&version=v1&group=apps&kind=Deployment";
/// As charts that leave the number to an autoscaler have it.
const LEFT_OUT: &str = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  \
    {{- if not .Values.autoscaling.enabled }}\n  replicas: {{ .Values.replicas }}\n  {{- end }}\n";
const SAID: &str =
    "apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: {{ .Values.replicas }}\n";

fn replicas(sandbox: &mut Sandbox) -> u64 {
    let answer = sandbox.ok("GET", DEPLOYMENT, Value::Null);
    let live: Value = serde_json::from_str(answer["manifest"].as_str().unwrap()).unwrap();
    live["spec"]["replicas"].as_u64().unwrap()
}

/// As an autoscaler does it.
fn scale(sandbox: &mut Sandbox, replicas: u64) {
    let patch = json!({ "spec": { "replicas": replicas } }).to_string();
    let path = format!("{DEPLOYMENT}&patchType=application/merge-patch%2Bjson");
    sandbox.ok("POST", &path, patch.into());
    sandbox.pass(20_000);
}

/// Deploys four servers, then switches an autoscaler on.
fn switched_on(template: &str, change: impl FnOnce(&mut Value)) -> Sandbox {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:1");
    let (file, values) = (
        format!("{FOLDER}/chart/templates/deployment.yaml"),
        format!("{FOLDER}/values.yaml"),
    );
    let fixed = "image: odoo:1\nreplicas: 4\nautoscaling: {enabled: false}\n";
    sandbox.push(&[(&file, Some(template)), (&values, Some(fixed))]);
    sandbox.refresh("acme--odoo");
    sandbox.pass(10_000);
    assert_eq!(replicas(&mut sandbox), 4);
    let mut workload = sandbox.workload();
    change(&mut workload["spec"]);
    sandbox.ok("PUT", "/api/v1/applications/acme--odoo", workload);
    let scaled = "image: odoo:1\nreplicas: 4\nautoscaling: {enabled: true}\n";
    sandbox.push(&[(&values, Some(scaled))]);
    sandbox.refresh("acme--odoo");
    sandbox.pass(10_000);
    sandbox
}

/// Another image and nothing else.
fn push_next(sandbox: &mut Sandbox) {
    push_image(sandbox, "odoo:2");
    sandbox.refresh("acme--odoo");
    sandbox.pass(10_000);
}

fn ignores(spec: &mut Value) {
    spec["ignoreDifferences"] = json!([
        { "group": "apps", "kind": "Deployment", "name": "acme--odoo", "jsonPointers": ["/spec/replicas"] },
    ]);
}

fn respects(spec: &mut Value) {
    ignores(spec);
    spec["syncPolicy"]["syncOptions"] =
        json!(["CreateNamespace=false", "RespectIgnoreDifferences=true"]);
}

#[test]
fn a_number_that_is_left_out_after_it_was_said_becomes_one() {
    let mut sandbox = switched_on(LEFT_OUT, |_| {});
    assert_eq!(replicas(&mut sandbox), 1);
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
    // From then on it is nobody's but the autoscaler's.
    scale(&mut sandbox, 3);
    assert_eq!(replicas(&mut sandbox), 3);
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
}

#[test]
fn a_number_that_is_said_is_put_back() {
    let mut sandbox = switched_on(SAID, |_| {});
    assert_eq!(replicas(&mut sandbox), 4);
    scale(&mut sandbox, 7);
    assert_eq!(replicas(&mut sandbox), 4);
}

#[test]
fn a_number_that_is_only_ignored_is_put_back_by_the_next_sync() {
    let mut sandbox = switched_on(SAID, ignores);
    scale(&mut sandbox, 7);
    assert_eq!(replicas(&mut sandbox), 7);
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
    push_next(&mut sandbox);
    assert_ne!(replicas(&mut sandbox), 7);
}

#[test]
fn a_number_that_is_ignored_and_respected_stays() {
    let mut sandbox = switched_on(SAID, respects);
    assert_eq!(replicas(&mut sandbox), 4, "no drop when it is switched on");
    scale(&mut sandbox, 7);
    assert_eq!(sandbox.state("acme--odoo").0, "Synced");
    push_next(&mut sandbox);
    assert_eq!(replicas(&mut sandbox), 7, "nor at the next deployment");
    // What makes the Deployment anew takes the manifest's.
    sandbox.ok("DELETE", DEPLOYMENT, Value::Null);
    sandbox.pass(20_000);
    assert_eq!(
        replicas(&mut sandbox),
        2,
        "as the values of the push say it"
    );
}
