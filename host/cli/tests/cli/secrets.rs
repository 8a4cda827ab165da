//! Secrets that a person gives, from standard input to Secrets Manager and nowhere else.

use std::path::Path;

use serde_json::json;

use crate::place::{Place, holds};

const CUSTOMERS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - app: mattermost
        domain: chat.acme.apps.example.com
        values:
          smtp: { host: smtp.acme.example, port: 587, user: chat, from: chat@acme.example }
";

const VALUE: &str = "kingfisher-4711-correct-horse";

#[test]
fn a_given_secret_goes_where_it_belongs_alone() {
    let place = Place::new(CUSTOMERS);
    let mark = place.mark();
    let run = place.run(&["plan"]).succeeded();
    holds(
        &run.stderr,
        &[
            "Left out (secret-missing): acme/mattermost: the secret \"smtp\"",
            "customers.yaml:6 needs it",
            "deploycenter secret set acme/mattermost smtp",
        ],
    );
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("secret-missing");
    holds(&said, &["deploycenter secret set acme/mattermost smtp"]);
    place.untouched_since(&mark);

    let list = || {
        place
            .run(&["secret", "list", "--output", "json"])
            .succeeded()
            .json()
    };
    assert_eq!(list()["secrets"][0]["source"], "missing");
    assert_eq!(list()["secrets"][0]["name"], "smtp");

    let set = ["secret", "set", "acme/mattermost"];
    let refused = place.run_with(
        &[&set[..], &["smpt", "--output", "json"]].concat(),
        VALUE.as_bytes(),
    );
    holds(&refused.refused("unknown-secret"), &["smtp"]);
    place
        .run_with(&[&set[..], &["smtp"]].concat(), b"")
        .exits(1);
    place.untouched_since(&mark);

    let given = place
        .run_with(
            &[&set[..], &["smtp"]].concat(),
            format!("{VALUE}\n").as_bytes(),
        )
        .succeeded();
    let listed = place.run(&["secret", "list"]).succeeded();
    holds(&listed.stdout, &["acme/mattermost", "smtp", "given"]);
    let planned = place
        .run(&["plan", "--out", "p.json", "--output", "json"])
        .succeeded();
    let applied = place.run(&["apply", "--plan", "p.json"]).succeeded();
    let status = place
        .run(&["history", "acme/mattermost", "--output", "json"])
        .succeeded();

    let snapshot = place.sandbox().snapshot().to_string();
    assert!(
        snapshot.contains(VALUE),
        "it did arrive, without the line break:\n{snapshot}"
    );
    assert!(!snapshot.contains(&format!("{VALUE}\\n")));
    for run in [given, listed, planned, applied, status] {
        assert!(!run.to_string().contains(VALUE), "{run}");
    }
    assert!(!format!("{:?}", place.sandbox().ledger()).contains(VALUE));
    assert_eq!(files_with(place.checkout(), VALUE), Vec::<String>::new());
    assert_eq!(objects_with(&place.remote(), VALUE), Vec::<String>::new());
    // These can find something.
    assert!(!files_with(place.checkout(), "chat.acme.apps.example.com").is_empty());
    assert!(!objects_with(&place.remote(), "chat.acme.apps.example.com").is_empty());
    assert_eq!(
        list()["secrets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|secret| secret["source"].clone())
            .collect::<Vec<_>>(),
        [json!("generated"), json!("given")]
    );
}

/// A registry's login is a given secret like another, but for what may be given.
#[test]
fn a_login_at_a_registry_is_given_as_docker_keeps_it() {
    let place = Place::new(
        "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - app: odoo
        domain: erp.acme.apps.example.com
        values:
          image: { repository: \"registry.acme.example:5000/x/odoo\", tag: 18.0-3 }
          imagePullSecret: registry
",
    );
    let set = |value: &str| {
        let args = ["secret", "set", "acme/odoo", "registry"];
        place.run_with(&args, value.as_bytes())
    };
    let mark = place.mark();
    for wrong in [
        VALUE,
        "{}",
        r#"{"auths":{}}"#,
        // A helper keeps the password.
        r#"{"auths":{"registry.acme.example:5000":{}},"credsStore":"desktop"}"#,
    ] {
        let refused = set(wrong).exits(1);
        holds(&refused.stderr, &["is a login at a registry"]);
        assert!(!refused.to_string().contains(VALUE));
    }
    place.untouched_since(&mark);
    let login = format!(r#"{{"auths":{{"registry.acme.example:5000":{{"auth":"{VALUE}"}}}}}}"#);
    set(&login).succeeded();
    place.run(&["apply", "--yes"]).succeeded();
    let snapshot = place.sandbox().snapshot().to_string();
    holds(&snapshot, &["imagePullSecrets", "odoo-registry"]);
    holds(
        &snapshot,
        &[
            "kubernetes.io/dockerconfigjson",
            "registry.acme.example:5000/x/odoo:18.0-3",
        ],
    );
}

/// The files below a folder, `.git` and the journal included, that hold a text.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if holds_bytes(&std::fs::read(&path).unwrap(), text) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The objects of a repository that hold a text: what git keeps packed can't be searched
/// as bytes.
fn objects_with(repo: &git2::Repository, text: &str) -> Vec<String> {
    let odb = repo.odb().unwrap();
    let mut found = Vec::new();
    odb.foreach(|id| {
        if holds_bytes(odb.read(*id).unwrap().data(), text) {
            found.push(id.to_string());
        }
        true
    })
    .unwrap();
    found
}

fn holds_bytes(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
