//! Pods wait for the keys of secrets that they name, and External Secrets makes those when it
//! has seen a change.

#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_sandbox::argocd::{Habits, Stale, Which};

use crate::support::{FOLDER, Sandbox, base, values};

/// A target whose pods name one key of a secret that has others.
fn push(sandbox: &Sandbox, named: &str, made: &[&str]) {
    let data: Vec<String> = made
        .iter()
        .map(|key| format!("{{secretKey: {key}, remoteRef: {{key: smtp, property: password}}}}"))
        .collect();
    let base = format!(
        "{}---\napiVersion: external-secrets.io/v1\nkind: ExternalSecret\n\
         metadata: {{name: odoo-smtp, namespace: acme--odoo}}\n\
         spec: {{target: {{name: odoo-smtp}}, data: [{}]}}\n",
        base(true),
        data.join(", ")
    );
    let values = format!("{}secretKeys: {{smtp: {named}}}\n", values("odoo:18"));
    sandbox.push(&[
        (&format!("{FOLDER}/dependencies/base.yaml"), Some(&base)),
        (&format!("{FOLDER}/values.yaml"), Some(&values)),
    ]);
}

fn healths(sandbox: &mut Sandbox) -> (String, String) {
    (
        sandbox.state("acme--odoo--base").2,
        sandbox.state("acme--odoo").2,
    )
}

fn pair(base: &str, workload: &str) -> (String, String) {
    (base.to_owned(), workload.to_owned())
}

#[test]
fn pods_start_once_the_key_that_they_name_is_there() {
    let mut sandbox = Sandbox::new();
    sandbox.deploy_target("odoo:18");
    push(&sandbox, "password.v1", &["password", "password.v1"]);
    sandbox.refresh("acme--odoo");
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(20_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Healthy"));

    let habits = Habits {
        stale: vec![Stale {
            of: Which::kind("ExternalSecret"),
            lasts: Some(60_000),
        }],
        ..Habits::default()
    };
    let body = serde_json::to_value(habits).unwrap();
    sandbox.ok("POST", "/_sandbox/habits", body);
    push(
        &sandbox,
        "password.v2",
        &["password", "password.v2", "password.v1"],
    );
    // The workload is synced first, as a webhook may have it.
    sandbox.refresh("acme--odoo");
    sandbox.pass(20_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Progressing"));
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(30_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Progressing"));
    sandbox.pass(60_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Healthy"));

    // Pods that run don't look again.
    push(
        &sandbox,
        "password.v2",
        &["password", "password.v3", "password.v2"],
    );
    sandbox.refresh("acme--odoo--base");
    sandbox.pass(10_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Healthy"));

    push(&sandbox, "password.v9", &["password", "password.v3"]);
    sandbox.refresh("acme--odoo--base");
    sandbox.refresh("acme--odoo");
    sandbox.pass(200_000);
    assert_eq!(healths(&mut sandbox), pair("Healthy", "Progressing"));
}
