//! Secrets that a person gives, from standard input to Secrets Manager and nowhere else.

use std::path::Path;

use deploycenter_sandbox::argocd::{Habits, Stale, Which};
use serde_json::{Value, json};

use crate::place::{Place, Run, holds};

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
    for selected in ["acme", "acme/mattermost", "*/mattermost"] {
        let run = place.run(&["secret", "list", selected, "--output", "json"]);
        assert_eq!(run.succeeded().json(), list(), "{selected}");
    }
    let said = place
        .run(&["secret", "list", "acne", "--output", "json"])
        .refused("invalid");
    holds(&said, &["did you mean \\\"acme\\\"?"]);

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
    // Set anew it is fetched, and nothing starts anew for it.
    set(&login.replace(VALUE, "kingfisher-2")).succeeded();
    let plan = place.run(&["plan"]).succeeded().to_string();
    holds(
        &plan,
        &["the secret registry was set anew: images are pulled with it from then on"],
    );
    assert!(!plan.contains("secretKeys"), "{plan}");
    place.run(&["apply", "--yes"]).succeeded();
    nothing_to_do(&place);
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

const TARGET: &str = "acme/mattermost";

/// Runs `secret set acme/mattermost smtp` and more.
fn set(place: &Place, value: &str, more: &[&str]) -> Run {
    let said = [&["secret", "set", TARGET, "smtp"][..], more].concat();
    place.run_with(&said, value.as_bytes())
}

/// The key that the pods name for `smtp`.
fn named(place: &Place) -> String {
    let values = place.committed("acme", "us-west-2/mattermost/values.yaml");
    let keys = values
        .lines()
        .find_map(|line| line.strip_prefix("secretKeys: "))
        .unwrap_or("{}");
    let keys: Value = serde_json::from_str(keys).unwrap();
    keys["smtp"].as_str().unwrap_or("password").to_owned()
}

/// The keys that External Secrets puts into the secret of `smtp`.
fn made(place: &Place) -> Vec<String> {
    let text = place.committed("acme", "us-west-2/mattermost/dependencies/secrets.yaml");
    let smtp = text
        .split("---\n")
        .find(|document| document.contains("name: mattermost-smtp"))
        .unwrap();
    let keys = smtp
        .lines()
        .filter_map(|line| line.split("secretKey: ").nth(1));
    keys.map(|key| key.trim_matches('"').to_owned()).collect()
}

/// The keys that the cluster's pods run with.
fn live(place: &Place) -> Vec<String> {
    let argocd = place.sandbox().snapshot()["argocd"].to_string();
    let parts = argocd.split("\"secretKeyRef\":{\"key\":\"").skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

fn remarks(plan: &Value) -> Vec<Value> {
    let targets = plan["targets"].as_array().unwrap();
    let plan = targets.iter().find(|plan| plan["target"] == TARGET);
    let remarks = plan.and_then(|plan| plan["remarks"].as_array());
    remarks.cloned().unwrap_or_default()
}

fn nothing_to_do(place: &Place) {
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn a_secret_that_is_set_anew_reaches_what_runs() {
    let place = Place::new(CUSTOMERS);
    let first = set(&place, "first-4711", &["--output", "json"])
        .succeeded()
        .json();
    assert_eq!(first.get("takesEffectWith"), None, "nothing runs yet");
    place.deploy();
    let one = named(&place);
    assert_eq!(made(&place), ["password".to_owned(), one.clone()]);
    assert_eq!(live(&place), std::slice::from_ref(&one));
    nothing_to_do(&place);

    let said = set(&place, "second-4711", &[]).succeeded();
    holds(&said.stderr, &["deploycenter apply acme/mattermost\n"]);
    let plan = place.plan(&["--out", "p.json"]);
    let said = remarks(&plan);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(said[0]["code"], "secret-set-anew");
    assert_eq!(
        said[0]["message"],
        "the secret smtp was set anew: what uses it is started anew with it"
    );

    let said = set(&place, "third-4711", &["--output", "json"]).succeeded();
    assert_eq!(
        said.json()["takesEffectWith"],
        "deploycenter apply acme/mattermost"
    );
    let stale = place
        .run(&["apply", "--plan", "p.json", "--output", "json"])
        .refused("plan-stale");
    holds(&stale, &["secrets that were given"]);

    // The operator needs a while until it sees the change.
    place.sandbox().with_argocd(|argocd, _| {
        argocd.set_habits(Habits {
            stale: vec![Stale {
                of: Which::kind("ExternalSecret"),
                lasts: Some(1_500),
            }],
            ..Habits::default()
        });
    });
    place.run(&["apply", TARGET, "--yes"]).succeeded();
    let two = named(&place);
    assert_ne!(one, two);
    assert_eq!(made(&place), ["password".to_owned(), two.clone(), one]);
    assert_eq!(live(&place), std::slice::from_ref(&two));
    nothing_to_do(&place);

    // What differs by the secret alone is nothing to go back to.
    let said = place
        .run(&["rollback", TARGET, "--yes", "--output", "json"])
        .refused("unknown-deployment");
    holds(
        &said,
        &[
            "in the versions of secrets alone",
            "deploycenter secret set acme/mattermost NAME",
        ],
    );
    for value in ["first-4711", "second-4711", "third-4711"] {
        assert_eq!(files_with(place.checkout(), value), Vec::<String>::new());
        assert_eq!(objects_with(&place.remote(), value), Vec::<String>::new());
    }
}

#[test]
fn a_secret_is_set_and_taken_in_one_go() {
    let place = Place::new(CUSTOMERS);
    let restart = ["--restart", "--yes"];
    let json = ["--restart", "--yes", "--output", "json"];
    set(&place, "early-4711", &json).refused("not-deployed");
    set(&place, "first-4711", &[]).succeeded();
    place.deploy();
    let one = named(&place);
    let mark = place.mark();
    set(&place, "second-4711", &["--restart", "--output", "json"]).refused("declined");
    place.untouched_since(&mark);
    nothing_to_do(&place);

    let said = set(&place, "second-4711", &restart).succeeded();
    holds(
        &said.stderr,
        &[
            "Set smtp of acme/mattermost",
            "the secret smtp was set anew",
        ],
    );
    let two = named(&place);
    assert_ne!(one, two);
    assert_eq!(live(&place), [two]);
    nothing_to_do(&place);
}

#[test]
fn an_earlier_state_comes_back_with_the_secret_of_now() {
    let place = Place::new(CUSTOMERS);
    set(&place, "first-4711", &[]).succeeded();
    place.deploy();
    place.change(
        "customers.yaml",
        CUSTOMERS.replace("port: 587", "port: 465"),
    );
    place.deploy();
    set(&place, "second-4711", &["--restart", "--yes"]).succeeded();
    let now = named(&place);
    place.run(&["rollback", TARGET, "--yes"]).succeeded();
    let values = place.committed("acme", "us-west-2/mattermost/values.yaml");
    assert!(values.contains("port: 587"), "{values}");
    assert_eq!(named(&place), now);
    assert!(made(&place).contains(&now));
    assert_eq!(live(&place), [now]);

    // Held there, it takes none at once, and whoever sets one hears what comes first.
    let mark = place.mark();
    let at_once = ["--restart", "--yes", "--output", "json"];
    set(&place, "third-4711", &at_once).refused("held");
    place.untouched_since(&mark);
    let said = set(&place, "third-4711", &[]).succeeded();
    holds(
        &said.stderr,
        &["deploycenter release acme/mattermost, then"],
    );
}

#[test]
fn what_was_deployed_without_versions_restarts_for_a_new_secret_alone() {
    let place = Place::new(CUSTOMERS);
    set(&place, "first-4711", &[]).succeeded();
    // As a DeployCenter would have deployed it that asked for no versions.
    let stages = |from: &str, to: &str| {
        let edited = place.sandbox().edit_aws(|aws| {
            let text = aws.to_string();
            assert!(text.contains(from), "{text}");
            *aws = serde_json::from_str(&text.replace(from, to)).unwrap();
        });
        assert!(edited);
    };
    stages("\"AWSCURRENT\"", "\"HIDDEN\"");
    place.deploy();
    assert_eq!(
        (named(&place), live(&place)),
        ("password".to_owned(), vec![])
    );
    stages("\"HIDDEN\"", "\"AWSCURRENT\"");
    nothing_to_do(&place);
    assert_eq!(remarks(&place.plan(&[])), Vec::<Value>::new());

    set(&place, "second-4711", &["--restart", "--yes"]).succeeded();
    assert_ne!(named(&place), "password");
    assert_eq!(live(&place), [named(&place)]);
    nothing_to_do(&place);

    // Removed behind our back and given anew: another secret, whatever it is called.
    let before = named(&place);
    place.sandbox().edit_aws(|aws| {
        let secrets = &mut aws["secretsmanager"];
        remove_named(secrets, "/smtp");
    });
    place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("secret-missing");
    set(&place, "third-4711", &["--restart", "--yes"]).succeeded();
    assert_ne!(named(&place), before);
    assert_eq!(live(&place), [named(&place)]);
}

/// Takes out whatever stands under a key of a map with that end.
fn remove_named(value: &mut Value, end: &str) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| {
                !key.ends_with(end) && !value["name"].as_str().is_some_and(|it| it.ends_with(end))
            });
            map.values_mut().for_each(|value| remove_named(value, end));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| remove_named(value, end)),
        _ => {}
    }
}

const BASE: &str = "acme--mattermost--base";

/// Whether External Secrets makes that secret in the cluster; the base is in step with git.
#[track_caller]
fn is_made(place: &Place, secret: &str) -> bool {
    let argocd = place.sandbox().snapshot()["argocd"].take();
    let base = &argocd["applications"][BASE];
    assert_eq!(base["compared"]["sync"], "Synced", "{base}");
    let server = base["spec"]["destination"]["server"].as_str().unwrap();
    let name = format!("mattermost-{secret}");
    let live = place
        .sandbox()
        .with_argocd(|argocd, _| argocd.live_objects(server));
    live.iter()
        .any(|(kind, _, it)| kind == "ExternalSecret" && *it == name)
}

/// What isn't wanted any more is pruned, and comes back with the state that wants it.
#[test]
fn a_secret_is_taken_on_and_off_a_running_target() {
    let mail = "smtp: { host: smtp.acme.example, port: 587, user: chat, from: chat@acme.example }";
    let login = format!(r#"{{"auths":{{"docker.io":{{"auth":"{VALUE}"}}}}}}"#);
    for (with, without, before, after) in [
        (mail, "maxUsers: 137", ("smtp", VALUE), None),
        (
            "license: { enabled: true }",
            "maxUsers: 137",
            ("license", VALUE),
            None,
        ),
        (
            "imagePullSecret: one",
            "imagePullSecret: two",
            ("one", login.as_str()),
            Some("two"),
        ),
    ] {
        let customers = |value: &str| {
            let (head, _) = CUSTOMERS.split_once("          smtp").unwrap();
            format!("{head}          {value}\n")
        };
        let place = Place::new(&customers(with));
        let give = |name: &str| {
            let args = ["secret", "set", TARGET, name];
            place.run_with(&args, before.1.as_bytes()).succeeded();
        };
        give(before.0);
        place.deploy();
        assert!(is_made(&place, before.0), "{with}");

        place.change("customers.yaml", customers(without));
        if let Some(after) = after {
            give(after);
        }
        place.deploy();
        let stands = |wanted: bool| {
            assert_eq!(is_made(&place, before.0), wanted, "{with}");
            if let Some(after) = after {
                assert_eq!(is_made(&place, after), !wanted, "{without}");
            }
        };
        stands(false);
        nothing_to_do(&place);

        place.run(&["rollback", TARGET, "--yes"]).succeeded();
        stands(true);
        place.run(&["release", TARGET, "--yes"]).succeeded();
        place.deploy();
        stands(false);
        nothing_to_do(&place);
    }
}
