//! What never goes into git.

use crate::support::{desired, refused, refused_apps};

#[test]
fn secrets_never_go_into_git() {
    let with = |values: &str| {
        format!("      - app: odoo\n        domain: a.apps.example.com\n        values: {values}\n")
    };
    let help = "\n  help: take it out (and change it, if it was ever pushed), then give it with: <secret-set>";
    let jwt = format!(
        "{{ a: {}.{}.{} }}",
        "eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiIxIn0", "c2lnbmF0dXJlLW9mLWl0"
    );
    let github = format!("{{ a: {}{} }}", "ghp_", "a".repeat(36));
    let aws = format!("{{ a: [\"id {}{}\"] }}", "AKIA", "IOSFODNN7EXAMPLE");
    for (values, column, said) in [
        (
            "{ smtp: { password: hunter2 } }",
            27,
            "\"smtp.password\" looks like a secret",
        ),
        (
            "{ dbPassword: 12345678 }",
            19,
            "\"dbPassword\" looks like a secret",
        ),
        ("{ api-key: abc }", 19, "\"api-key\" looks like a secret"),
        ("{ tokens: [abc] }", 28, "\"tokens.0\" looks like a secret"),
        (
            "{ key: \"-----BEGIN RSA PRIVATE KEY-----\" }",
            19,
            "\"key\" holds a private key",
        ),
        (&aws, 23, "\"a.0\" holds an AWS access key"),
        (&github, 19, "\"a\" holds a GitHub token"),
        (&jwt, 19, "\"a\" holds a signed token (JWT)"),
        (
            "{ db: \"postgres://user:pass@host/db\" }",
            19,
            "\"db\" holds a URL with a password in it",
        ),
    ] {
        refused_apps(
            &with(values),
            &format!("customers.yaml:8:{column}: {said}, and secrets never go into git{help}"),
        );
    }
    refused_apps(
        &with("{ image: \"odoo\", sidecar: { image: \"r.example:5000/x:latest\", tag: latest } }"),
        "customers.yaml:8:19: \"image\" names an image without a tag or digest\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…\n\
         customers.yaml:8:45: \"sidecar.image\" is \"latest\", which changes by itself\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…\n\
         customers.yaml:8:79: \"sidecar.tag\" is \"latest\", which changes by itself\n  help: name a version that never changes, or a digest: image:1.2.3, image@sha256:…",
    );
    let fine = "{ passwordPolicy: strict, existingSecret: smtp, tokenTTL: 3600, smtp: { password: \"\" }, secret: false, link: \"https://user@example.com/\", image: \"odoo:18.0\" }";
    let text = format!(
        "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n{}",
        with(fine)
    );
    desired(&[("customers.yaml", &text)]);
    refused(
        &[("overrides/odoo/values.yaml", "smtp:\n  password: hunter2\n")],
        "overrides/odoo/values.yaml:2:3: \"smtp.password\" looks like a secret, and secrets never go into git\n  help: take it out (and change it, if it was ever pushed), then give it with: <secret-set>",
    );
}
