//! Commands that only tell: `status`, `history`, `validate`, `render`; and what can't be
//! read at all.

use serde_json::json;

use crate::place::{ACME, FLEET, Place, holds};

#[test]
fn status_and_history_tell_what_runs() {
    let place = Place::new(FLEET);
    place.run(&["apply", "acme", "--yes"]).succeeded();
    let mark = place.mark();

    let status = place.run(&["status"]).succeeded();
    holds(
        &status.stdout,
        &[
            "TARGET",
            "acme/mattermost",
            "Synced",
            "Healthy",
            "succeeded",
            "rivoli/mattermost",
            "Missing",
        ],
    );
    let status = place
        .run(&["status", "--output", "json"])
        .succeeded()
        .json();
    assert_eq!(status["format"], 1);
    let [acme, rivoli] = &status["targets"].as_array().unwrap()[..] else {
        panic!("{status}");
    };
    let deployment = acme["deployment"].clone();
    assert_eq!(
        *acme,
        json!({
            "target": "acme/mattermost", "region": "us-west-2", "app": "mattermost",
            "sync": "Synced", "health": "Healthy", "deployment": deployment, "state": "succeeded",
            "held": false, "updateAvailable": false, "pendingRemoval": false,
        })
    );
    assert_eq!(
        (&rivoli["health"], &rivoli["deployment"]),
        (&json!("Missing"), &json!(null))
    );

    let history = place.run(&["history", "acme/mattermost"]).succeeded();
    holds(
        &history.stdout,
        &[
            "DEPLOYMENT",
            deployment.as_str().unwrap(),
            "succeeded",
            "Sandbox <sandbox@localhost>",
        ],
    );
    let history = place
        .run(&["history", "acme/mattermost", "--output", "json"])
        .succeeded()
        .json();
    assert_eq!(history["deployments"][0]["deployment"], deployment);
    assert_eq!(history["deployments"][0]["state"], "succeeded");
    assert_eq!(
        place
            .run(&["history", "rivoli/mattermost"])
            .succeeded()
            .stdout,
        "No deployments.\n"
    );
    place
        .run(&["history", "acme/nothing", "--output", "json"])
        .refused("unknown-target");
    place.untouched_since(&mark);
}

#[test]
fn status_says_where_newer_overrides_wait() {
    let place = Place::new(ACME);
    place.deploy();
    let waits = || {
        let status = place
            .run(&["status", "--output", "json"])
            .succeeded()
            .json();
        status["targets"][0]["updateAvailable"].clone()
    };
    assert_eq!(waits(), false);
    place.put("overrides/mattermost/values.yaml", "maxUsers: 50\n");
    assert_eq!(waits(), true);
    holds(
        &place.run(&["status"]).succeeded().stdout,
        &["NOTE", "update available"],
    );
}

const BROKEN: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-1
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: many } }
  - name: default
    region: eu-west-3
    apps:
      - { app: mattermst, domain: chat.elsewhere.example.net }
";

#[test]
fn validate_lists_every_problem_with_its_place() {
    let mut place = Place::new(BROKEN);
    place.disconnect();
    let run = place.run(&["validate"]).exits(1);
    assert_eq!(run.stdout, "");
    holds(
        &run.stderr,
        &[
            "customers.yaml:4:13: ",
            "us-west-1",
            "us-west-2",
            "customers.yaml:7:11: ",
            "default",
            "customers.yaml:10:16: ",
            "mattermst",
        ],
    );
    let run = place.run(&["validate", "--output", "json"]).exits(1);
    let error = run.error();
    assert_eq!(error["code"], "invalid");
    let problems = error["problems"].as_array().unwrap();
    assert!(problems.len() >= 4, "{error:#}");
    for problem in problems {
        assert_eq!(problem["file"], "customers.yaml", "{problem}");
        assert!(
            problem["line"].is_u64()
                && problem["column"].is_u64()
                && problem["message"].is_string(),
            "{problem}"
        );
    }

    place.put(
        "customers.yaml",
        ACME.replace("maxUsers: 100", "maxUsers: many, replicas: -1"),
    );
    let run = place.run(&["validate"]).exits(1);
    holds(
        &run.stderr,
        &[
            "there are 2 problems",
            "customers.yaml:6:74: ",
            "maxUsers",
            "customers.yaml:6:90: ",
            "replicas",
        ],
    );
    place.put("customers.yaml", ACME);
    assert_eq!(
        place.run(&["validate"]).succeeded().stdout,
        "Valid: 1 customer, 1 instance.\n"
    );
}

#[test]
fn a_command_line_that_cannot_be_read_is_64() {
    let place = Place::new(ACME);
    holds(&place.run(&["aply"]).exits(64).stderr, &["apply"]);
    place.run(&["plan", "--no-such-flag"]).exits(64);
    place.run(&["apply", "--plan", "p.json", "acme"]).exits(64);
    place.run(&["history", "Not A Target"]).exits(64);
    place.run(&["render"]).exits(64);
    place.run(&["plan", "a/b/c"]).exits(64);
    holds(
        &place.run(&["--help"]).succeeded().stdout,
        &["DEPLOYCENTER_REPO", "Exit codes"],
    );
}

#[test]
fn render_needs_nobody() {
    let mut place = Place::new(FLEET);
    place.disconnect();
    let run = place.run(&["render", "acme/mattermost"]).succeeded();
    holds(
        &run.stdout,
        &[
            "# ---- us-west-2/mattermost/values.yaml\n",
            "maxUsers: 100",
            "fs-00000000000000000::fsap-00000000000000000",
        ],
    );
    place.run(&["render", "--out", "rendered"]).succeeded();
    let read =
        |path: &str| std::fs::read_to_string(place.checkout().join("rendered").join(path)).unwrap();
    assert!(read("acme/us-west-2/mattermost/values.yaml").contains("maxUsers: 100"));
    assert!(read("rivoli/eu-west-3/mattermost/application.json").contains("rivoli--mattermost"));
    let run = place.run(&["render", "acme/matermost"]).exits(1);
    holds(&run.stderr, &["acme/matermost", "acme/mattermost"]);
}

#[test]
fn what_instances_share_is_rendered_and_explained() {
    let mut place = Place::new(FLEET);
    place.deploy();
    place.disconnect();
    let run = place.run(&["render", "acme/_customer", "--output", "json"]);
    let files = run.succeeded().json()["targets"]["acme/_customer"].clone();
    for file in ["project.json", "base-project.json"] {
        assert_eq!(files[file], place.committed("acme", file).as_str());
    }
    let run = place.run(&["explain", "acme/_customer"]).succeeded();
    holds(&run.stderr, &["deploycenter render acme/_customer"]);
    for verb in ["render", "explain"] {
        place
            .run(&[verb, "nobody/_customer", "--output", "json"])
            .refused("invalid");
    }
}

#[test]
fn explain_names_layer_file_and_line() {
    let place = Place::new(FLEET);
    let all = place.run(&["explain", "acme/mattermost"]).succeeded();
    let line = |path: &str| {
        all.stdout
            .lines()
            .find(|line| line.split_whitespace().next() == Some(path))
            .unwrap_or_else(|| panic!("no {path} in\n{}", all.stdout))
            .to_owned()
    };
    assert!(line("maxUsers").contains("customer (customers.yaml:"));
    assert!(line("storage.size").contains("app (plugin mattermost"));
    let one = place
        .run(&["explain", "acme/mattermost", "maxUsers", "--output", "json"])
        .succeeded()
        .json();
    let rows = one["values"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (&rows[0]["path"], &rows[0]["layer"]),
        (&json!("maxUsers"), &json!("customer"))
    );
    place
        .run(&["explain", "acme/mattermost", "maxUser", "--output", "json"])
        .refused("unknown-value");
}

#[test]
fn explain_shows_what_dropped_a_key() {
    let smtp = "smtp: null, maxUsers";
    let place = Place::new(&FLEET.replacen("maxUsers", smtp, 1));
    place.put(
        "overrides/mattermost/values.yaml",
        "note: shared\nsmtp: { host: mail.example.com, port: 587, from: chat@example.com }\n",
    );
    place.run(&["validate"]).succeeded();
    let all = place.run(&["explain", "acme/mattermost"]).succeeded();
    let line = all.stdout.lines().find(|line| line.starts_with("smtp "));
    holds(
        line.unwrap(),
        &[
            "(dropped)",
            "customer (customers.yaml:",
            "drops shared (overrides/mattermost/values.yaml:2)",
        ],
    );
    assert!(!all.stdout.contains("mail.example.com"));
    // What was asked for lay below it.
    let one = place
        .run(&[
            "explain",
            "acme/mattermost",
            "smtp.host",
            "--output",
            "json",
        ])
        .succeeded()
        .json();
    assert_eq!(one["values"], json!([]));
    let [dropped] = &one["dropped"].as_array().unwrap()[..] else {
        panic!("{one}");
    };
    assert_eq!(
        (&dropped["path"], &dropped["layer"], &dropped["of"]),
        (
            &json!("smtp"),
            &json!("customer"),
            &json!({ "layer": "shared", "file": "overrides/mattermost/values.yaml", "line": 2 })
        )
    );
    let other = place
        .run(&[
            "explain",
            "rivoli/mattermost",
            "smtp.host",
            "--output",
            "json",
        ])
        .succeeded()
        .json();
    assert_eq!(other["values"][0]["value"], json!("mail.example.com"));
}

#[test]
fn init_makes_a_repo_that_validates_at_once() {
    let place = Place::new(FLEET);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("fresh");
    let shown = dir.to_string_lossy().into_owned();
    let made = place.run(&["init", &shown]).succeeded();
    holds(&made.stderr, &["Next:", "validate"]);
    let valid = place.run(&["-C", &shown, "validate"]).succeeded();
    assert_eq!(valid.stdout, "Valid: 0 customers, 0 instances.\n");
    let example = std::fs::read_to_string(dir.join("customers.yaml")).unwrap();
    let (_, example) = example.split_once("#\n# customers:\n").unwrap();
    let example: String = example
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("# ").unwrap_or(line)))
        .collect();
    std::fs::write(
        dir.join("customers.yaml"),
        format!("version: 1\ncustomers:\n{example}"),
    )
    .unwrap();
    let valid = place.run(&["-C", &shown, "validate"]).succeeded();
    assert_eq!(valid.stdout, "Valid: 1 customer, 2 instances.\n");
    place
        .run(&["init", &shown, "--output", "json"])
        .refused("repository");
    let ignored = std::fs::read_to_string(dir.join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "plan.json"));
}

#[test]
fn init_says_what_stands_beside_it_and_leaves_that() {
    let place = Place::new(ACME);
    let dir = tempfile::tempdir().unwrap();
    for name in [".gitignore", "LICENSE", "notes", "todo", "zoo"] {
        std::fs::write(dir.path().join(name), "mine\n").unwrap();
    }
    let made = place
        .run(&["init", dir.path().to_str().unwrap()])
        .succeeded();
    holds(
        &made.stderr,
        &["wasn't empty: .gitignore, LICENSE, notes and 2 more were left as they are."],
    );
    let kept = std::fs::read_to_string(dir.path().join(".gitignore")).unwrap();
    assert_eq!(kept, "mine\n");
}

#[test]
fn every_command_explains_itself_by_example() {
    let place = Place::new(ACME);
    let completed = place.run(&["completions", "bash"]).succeeded().stdout;
    let commands = [
        "sync", "rollback", "release", "accept", "cancel", "destroy", "purge", "adopt", "orphans",
        "history", "status", "doctor",
    ];
    for command in commands {
        let help = place.run(&[command, "--help"]).succeeded().stdout;
        let (_, examples) = help
            .split_once("Example")
            .unwrap_or_else(|| panic!("no example of {command}: {help}"));
        holds(examples, &[&format!("deploycenter {command}")]);
        holds(&completed, &[&format!("deploycenter__subcmd__{command})")]);
    }
}
