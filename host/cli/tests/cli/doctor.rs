//! `doctor`: what it says of a sound place, and of each way in which one is broken.

use std::process::Command;

use serde_json::{Value, json};

use crate::place::{ACME, Place, Run, holds};

/// `git read …` and what was found, by `system check scope`.
#[track_caller]
fn find<'a>(report: &'a Value, system: &str, check: &str, scope: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    let found = checks.iter().find(|found| {
        found["system"] == system
            && found["check"] == check
            && (scope.is_empty() || found["scope"] == scope)
    });
    found.unwrap_or_else(|| panic!("no {system} {check} {scope} in {report:#}"))
}

/// The checks with that status, as `system check scope`.
fn with(report: &Value, status: &str) -> Vec<String> {
    let checks = report["checks"].as_array().unwrap().iter();
    let some = checks.filter(|check| check["status"] == status);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    some.map(|check| {
        let parts = ["system", "check", "scope"].map(|key| text(&check[key]));
        parts.join(" ").trim().to_owned()
    })
    .collect()
}

fn doctor(place: &Place) -> Command {
    place.command(&["doctor", "--output", "json"])
}

#[track_caller]
fn run(mut command: Command, code: i32) -> Value {
    Run::of(command.output().unwrap()).exits(code).json()
}

/// What can't be seen from here, and is said so.
const UNSEEN: [&str; 7] = [
    "aws network eu-south-2",
    "aws network eu-west-3",
    "aws network us-west-2",
    "aws writing",
    "addons declared eu-south-2",
    "addons declared eu-west-3",
    "addons declared us-west-2",
];

#[test]
fn a_sound_place_is_told_so_and_nothing_is_written() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let report = run(doctor(&place), 0);
    place.untouched_since(&mark);
    assert_eq!(report["format"], 1);
    assert_eq!(with(&report, "fail"), [""; 0]);
    assert_eq!(with(&report, "warn"), [""; 0]);
    let remote = place.remote();
    let remote = remote.path().to_str().unwrap().trim_end_matches('/');
    let mut unseen: Vec<String> = UNSEEN.map(str::to_owned).into();
    unseen.insert(4, format!("argocd repository {remote}"));
    assert_eq!(with(&report, "skipped"), unseen);
    assert_eq!(
        find(&report, "argocd", "token", ""),
        &json!({
            "system": "argocd", "check": "token", "scope": null, "status": "ok",
            "message": "valid, for the account admin", "help": null,
        })
    );
    let text = report.to_string();
    assert!(!text.contains(place.sandbox().argocd_token()));
    assert!(!text.contains(deploycenter_sandbox::SECRET_ACCESS_KEY));

    place.deploy();
    let report = run(doctor(&place), 0);
    let repository = find(&report, "argocd", "repository", "");
    assert_eq!(repository["status"], "ok", "{repository}");
    assert_eq!(
        find(&report, "git", "read", remote)["message"],
        "it can be read; it has 1 generated branch"
    );
}

#[test]
fn for_people_it_is_grouped_and_counted() {
    let place = Place::new(ACME);
    let said = place.run(&["doctor"]).succeeded().stdout;
    holds(
        &said,
        &[
            "Deployment repo\n  ok    settings: installation ",
            "\n  ok    files: 3 regions, 1 customer, 1 instance\n",
            "\n  ok    values: every instance's values and templates are valid\n",
            "\n\nGit\n  ok    history: ",
            "\n\nJournal\n  ok    open: ",
            "\n\nAWS\n  ok    credentials: arn:aws:iam::000000000000:user/administrator (account 000000000000)\n",
            "\n  ok    hosted-zone apps.example.com: Z04444444APPSEXAMPLE can be read\n",
            "\n\nArgo CD\n  ok    reach http://127.0.0.1:",
            ": Argo CD v3.6.0+sandbox\n",
            "\n  ok    cluster us-west-2: https://usw2.k8s.example.com is known\n",
            "\n\nAdd-ons\n  skip  declared eu-south-2: not checked: regions.yaml declares ",
            " ok, 8 not checked.\n",
        ],
    );
    let help = place.run(&["doctor", "--help"]).succeeded().stdout;
    holds(&help, &["Examples:\n  deploycenter doctor\n", "--timeout"]);
}

/// A way to break a place, and the one check that fails then.
struct Broken {
    how: fn(&Place, &mut Command),
    check: [&'static str; 3],
    message: &'static str,
    help: &'static str,
}

fn variable(command: &mut Command, name: &str, value: &str) {
    command.env(name, value);
}

fn regions(place: &Place, from: &str, to: &str) {
    let text = deploycenter_sandbox::sample::REGIONS;
    assert!(text.contains(from), "{from}");
    place.put("regions.yaml", text.replace(from, to));
}

const BROKEN: [Broken; 11] = [
    Broken {
        how: |_, command| variable(command, "ARGOCD_AUTH_TOKEN", "garbage"),
        check: ["argocd", "token", ""],
        message: "the token is wrong, revoked or expired",
        help: "set ARGOCD_AUTH_TOKEN to a token that `argocd account generate-token` made",
    },
    Broken {
        how: |_, command| {
            command.env_remove("ARGOCD_AUTH_TOKEN");
        },
        check: ["argocd", "token", ""],
        message: "there is no token for Argo CD",
        help: "set ARGOCD_AUTH_TOKEN to a token that `argocd account generate-token` made",
    },
    Broken {
        how: |_, command| variable(command, "ARGOCD_SERVER", "http://127.0.0.1:9"),
        check: ["argocd", "reach", "http://127.0.0.1:9"],
        message: "Argo CD didn't answer GET /api/version in 2 tries: Connection refused (os error 111)",
        help: "check argocd.server in deploycenter.toml (or ARGOCD_SERVER), and that Argo CD is up",
    },
    Broken {
        how: |place, _| {
            place
                .sandbox()
                .with_argocd(|argocd, _| argocd.deny("applications", "sync"));
        },
        check: ["argocd", "rights", "applications"],
        message: "may not sync all applications",
        help: "have an Argo CD admin give the account's role these in argocd-rbac-cm: p, role:deploycenter, applications, sync, */*, allow",
    },
    Broken {
        how: |place, _| regions(place, "https://euw3.k8s", "https://gone.k8s"),
        check: ["argocd", "cluster", "eu-west-3"],
        message: "Argo CD doesn't know the cluster https://gone.k8s.example.com",
        help: "argocd cluster add CONTEXT --name prod-euw3, or correct cluster.server of eu-west-3 in regions.yaml",
    },
    Broken {
        how: |place, _| regions(place, "Z04444444APPSEXAMPLE", "Z0999999999GONE"),
        check: ["aws", "hosted-zone", "apps.example.com"],
        message: "can't read the zone in zone apps.example.com (Z0999999999GONE, account 444455556666): NoSuchHostedZone: No hosted zone found with ID: Z0999999999GONE (HTTP 404)",
        help: "check the hosted zone's id, account and role in regions.yaml",
    },
    Broken {
        how: |place, _| regions(place, "fs-0c3000000000004e3", "fs-0c3000000000009f9"),
        check: ["aws", "file-system", "eu-west-3/efs-shared"],
        message: "there is no file system fs-0c3000000000009f9 in eu-west-3 (account 222233334444)",
        help: "correct fileSystemId of storage class efs-shared in eu-west-3 of regions.yaml",
    },
    Broken {
        how: |place, _| {
            let wasm = place.checkout().join("plugins").read_dir().unwrap();
            let wasm = wasm.map(|file| file.unwrap().path());
            let wasm = wasm.min().unwrap();
            std::fs::remove_file(&wasm).unwrap();
        },
        check: ["repository", "plugins", ""],
        message: "can't be read from plugins/",
        help: "restore the files from git, or install the plugins again",
    },
    Broken {
        how: |place, _| place.put("customers.yaml", "version: 2\ncustomers: []\n"),
        check: ["repository", "files", ""],
        message: "customers.yaml:1:",
        help: "`deploycenter validate` lists every problem with its place",
    },
    Broken {
        how: |place, _| {
            let git = git2::Repository::open(place.checkout()).unwrap();
            git.remote_delete("origin").unwrap();
        },
        check: ["git", "remote", "origin"],
        message: "the checkout has no remote \"origin\"",
        help: "git remote add origin URL, or name another as git.remote in deploycenter.toml",
    },
    Broken {
        how: |place, _| {
            let state = place.checkout().join(".deploycenter");
            std::fs::create_dir_all(&state).unwrap();
            std::fs::write(state.join("journal.db"), "no database, and rather long").unwrap();
        },
        check: ["journal", "open", ""],
        message: "its file is no SQLite database",
        help: "mend the file or restore it from a backup; DEPLOYCENTER_DATABASE names another",
    },
];

#[test]
fn each_broken_place_fails_by_name_with_a_way_out_and_hides_nothing_else() {
    for Broken {
        how,
        check: [system, check, scope],
        message,
        help,
    } in &BROKEN
    {
        let place = Place::new(ACME);
        let mut command = doctor(&place);
        how(&place, &mut command);
        let report = run(command, 1);
        let found = find(&report, system, check, scope);
        assert_eq!(found["status"], "fail", "{found}");
        let said = found["message"].as_str().unwrap();
        assert!(said.contains(message), "{said}");
        assert_eq!(found["help"], *help);
        assert_eq!(with(&report, "fail").len(), 1, "{report:#}");
        // The other systems were looked at all the same.
        for (other, check) in [
            ("aws", "credentials"),
            ("argocd", "reach"),
            ("git", "history"),
        ] {
            if other != *system {
                assert_eq!(
                    find(&report, other, check, "")["status"],
                    "ok",
                    "{report:#}"
                );
            }
        }
    }
}

#[test]
fn a_place_that_is_cut_off_from_everything_says_so_at_once() {
    let mut place = Place::new(ACME);
    place.disconnect();
    let remote = place.remote();
    let remote = remote.path().to_owned();
    std::fs::remove_dir_all(&remote).unwrap();
    let mut command = doctor(&place);
    command
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("ARGOCD_SERVER", "http://127.0.0.1:9");
    let began = std::time::Instant::now();
    let report = run(command, 1);
    assert!(began.elapsed().as_secs() < 60);
    let remote = remote.to_str().unwrap().trim_end_matches('/');
    assert_eq!(
        with(&report, "fail"),
        [
            format!("git read {remote}"),
            "aws credentials".to_owned(),
            "argocd reach http://127.0.0.1:9".to_owned(),
        ]
    );
    let help = find(&report, "aws", "credentials", "")["help"].as_str();
    assert!(help.is_some_and(|help| !help.is_empty()));
}

#[test]
fn without_a_deployment_repo_there_is_nothing_to_look_at() {
    let place = Place::new(ACME);
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = doctor(&place);
    command.current_dir(elsewhere.path());
    let said = Run::of(command.output().unwrap()).refused("repository");
    holds(&said, &["holds no deploycenter.toml", "-C"]);
}
