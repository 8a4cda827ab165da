//! Back to an earlier deployment, and held there; kept as someone committed it; released;
//! and taken back before it ended.

use deploycenter_sandbox::argocd::Sickness;
use serde_json::{Value, json};

use crate::outside;
use crate::place::{ACME, ACME_UPDATED, FLEET, Place, holds};

const TARGET: &str = "acme/mattermost";
const VALUES: &str = "us-west-2/mattermost/values.yaml";

/// A customer that is changed, and another.
fn fleet(users: u32) -> String {
    FLEET.replace("maxUsers: 100", &format!("maxUsers: {users}"))
}

/// Two deployments of acme's instance, and the ids of both.
fn lived() -> (Place, [String; 2]) {
    let place = Place::new(FLEET);
    place.deploy();
    place.change("customers.yaml", fleet(137));
    place.deploy();
    let rows = history(&place);
    let id = |at: usize| rows[at]["deployment"].as_str().unwrap().to_owned();
    let ids = [id(1), id(0)];
    (place, ids)
}

/// Acme's deployments, newest first.
fn history(place: &Place) -> Vec<Value> {
    let report = place.run(&["history", TARGET, "--output", "json"]);
    let report = report.succeeded().json();
    report["deployments"].as_array().unwrap().clone()
}

fn status(place: &Place) -> Value {
    let report = place.run(&["status", TARGET, "--output", "json"]);
    report.succeeded().json()["targets"][0].clone()
}

/// What came of a command's one deployment.
#[track_caller]
fn outcome(place: &Place, args: &[&str]) -> Value {
    let run = place.run(&[args, &["--output", "json"]].concat());
    let report = run.succeeded().json();
    assert_eq!(report["format"], 1);
    let deployments = report["deployments"].as_array().unwrap();
    assert_eq!(deployments.len(), 1, "{report}");
    assert_eq!(deployments[0]["target"], TARGET);
    deployments[0].clone()
}

fn users(place: &Place) -> String {
    let values = place.committed("acme", VALUES);
    let line = values.lines().find(|line| line.starts_with("maxUsers"));
    line.unwrap().to_owned()
}

#[test]
fn a_target_that_was_rolled_back_is_held_until_it_is_released() {
    let (place, [first, _]) = lived();
    let mark = place.mark();
    let said = place
        .run(&["rollback", TARGET, "--output", "json"])
        .refused("declined");
    holds(&said, &["--yes"]);
    place.untouched_since(&mark);

    // By the end of its id, as `history` takes it.
    let end = &first[first.len() - 8..];
    let back = [
        "rollback",
        TARGET,
        "--to",
        end,
        "--reason",
        "it is slow",
        "--yes",
    ];
    let run = place.run(&back).succeeded();
    holds(
        &run.stderr,
        &[
            "-maxUsers: 137",
            "+maxUsers: 100",
            "git.file/hold.json",
            "deploycenter release acme/mattermost",
        ],
    );
    assert_eq!(users(&place), "maxUsers: 100");
    let hold: Value =
        serde_json::from_str(&place.committed("acme", "us-west-2/mattermost/hold.json")).unwrap();
    assert_eq!(hold["deployment"], json!(first));
    assert_eq!(hold["reason"], "it is slow");

    assert_eq!(status(&place)["held"], true);
    let shown = place.run(&["status"]).succeeded();
    holds(&shown.stdout, &["(it is slow)"]);
    let rows = history(&place);
    assert_eq!(
        (&rows[0]["operation"], &rows[0]["to"]),
        (&json!("rollback"), &json!(first))
    );
    let plan = place.plan(&[]);
    assert_eq!(plan["blocked"][0]["code"], "held");
    assert_eq!(plan["blocked"][0]["target"], TARGET);
    // Of a target that is left out both say the same.
    let nothing = "Nothing to apply: 1 target as wanted, 1 target left out.";
    let shown = place.run(&["plan", TARGET]).succeeded();
    holds(&shown.stdout, &[nothing]);
    let shown = place.run(&["apply", TARGET, "--yes"]).exits(1);
    holds(&shown.stderr, &[nothing]);
    assert!(!shown.stderr.contains("Nothing to do"), "{shown}");

    // The others go on.
    place.change(
        "customers.yaml",
        fleet(137).replace(
            "chat.rivoli.apps.example.com",
            "talk.rivoli.apps.example.com",
        ),
    );
    let run = place
        .run(&["apply", "--yes", "--reclaim", "--output", "json"])
        .exits(1);
    assert_eq!(run.error()["code"], "held", "{run}");
    let said = run.error().to_string();
    holds(
        &said,
        &["it is slow", "deploycenter release acme/mattermost"],
    );
    assert_eq!(run.json()["deployments"][0]["target"], "rivoli/mattermost");
    assert_eq!(users(&place), "maxUsers: 100");

    assert_eq!(
        outcome(&place, &["release", TARGET, "--yes"])["state"],
        "succeeded"
    );
    assert_eq!(status(&place)["held"], false);
    assert_eq!(users(&place), "maxUsers: 100");
    place.deploy();
    assert_eq!(users(&place), "maxUsers: 137");
    let operations: Vec<Value> = history(&place)
        .iter()
        .map(|row| row["operation"].clone())
        .collect();
    assert_eq!(
        operations,
        ["deploy", "release", "rollback", "deploy", "deploy"]
    );
}

#[test]
fn back_to_nothing_known_is_refused() {
    let (place, _) = lived();
    let mark = place.mark();
    let json = ["--output", "json"];
    let run = |args: &[&str]| place.run(&[args, &json].concat());
    let said = run(&["rollback", TARGET, "--to", "nope"]).refused("unknown-deployment");
    holds(&said, &["has no deployment \\\"nope\\\""]);
    run(&["rollback", "acme/nope"]).refused("not-deployed");
    let said = run(&["release", TARGET]).refused("not-held");
    holds(&said, &["`deploycenter apply acme/mattermost` goes on"]);
    let said = run(&["accept", TARGET]).refused("nothing-to-accept");
    holds(&said, &["deploycenter apply --reclaim acme/mattermost"]);
    run(&["cancel", TARGET]).refused("nothing-unfinished");
    let said = run(&["rollback", "rivoli/mattermost"]).refused("unknown-deployment");
    holds(&said, &["nothing before its present state"]);
    place.untouched_since(&mark);
}

#[test]
fn what_someone_committed_is_kept_or_put_back() {
    let (place, _) = lived();
    let theirs = place.committed("acme", VALUES).replace("137", "150");
    place.commit_by_hand("acme", VALUES, &theirs);
    let mark = place.mark();
    for command in ["rollback", "release"] {
        let run = place.run(&[command, TARGET, "--yes", "--output", "json"]);
        let code = if command == "rollback" {
            "drifted"
        } else {
            "not-held"
        };
        let said = run.refused(code);
        if command == "rollback" {
            holds(&said, &["Someone", "By hand", "--reclaim", "accept"]);
        }
    }
    place.change("customers.yaml", fleet(138));
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("drifted");
    holds(
        &said,
        &[
            "us-west-2/mattermost on customer/acme was changed by Someone",
            "By hand",
            "deploycenter accept acme/mattermost",
            "deploycenter apply --reclaim acme/mattermost",
        ],
    );
    place.untouched_since(&mark);

    let shown = place.run(&["accept", TARGET]).exits(1);
    holds(
        &shown.stderr,
        &["kept as Someone left it in ", ": By hand (values.yaml)"],
    );
    let accept = ["accept", TARGET, "--reason", "a hotfix", "--yes"];
    assert_eq!(outcome(&place, &accept)["state"], "succeeded");
    assert_eq!(place.committed("acme", VALUES), theirs);
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("held");
    holds(&said, &["a hotfix"]);

    place.commit_by_hand("acme", VALUES, "maxUsers: 1\n");
    let said = place
        .run(&["release", TARGET, "--yes", "--output", "json"])
        .refused("drifted");
    holds(&said, &["deploycenter rollback acme/mattermost --to "]);
    let latest = ["rollback", TARGET, "--to", "latest", "--reclaim", "--yes"];
    assert_eq!(outcome(&place, &latest)["state"], "succeeded");
    assert_eq!(place.committed("acme", VALUES), theirs);
    outcome(&place, &["release", TARGET, "--yes"]);
    place.deploy();
    assert_eq!(users(&place), "maxUsers: 138");

    place.commit_by_hand("acme", VALUES, "maxUsers: 1\n");
    let run = place.run(&["apply", "--yes", "--reclaim"]).succeeded();
    holds(&run.stderr, &["acme/mattermost: succeeded"]);
    assert_eq!(users(&place), "maxUsers: 138");
}

#[test]
fn what_someone_did_outside_stops_a_rollback() {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    place.deploy();
    outside::set_weight(&place, "chat.acme.apps.example.com", 3);
    let said = place
        .run(&["rollback", TARGET, "--yes", "--output", "json"])
        .refused("drifted");
    holds(
        &said,
        &["dns.record/domain weight was 50, is 3", "--reclaim"],
    );
    let over = ["rollback", TARGET, "--yes", "--reclaim"];
    assert_eq!(outcome(&place, &over)["state"], "succeeded");
}

#[test]
fn an_update_that_may_have_migrated_data_waits_and_is_taken_back_on_request() {
    let place = Place::new(ACME);
    place.deploy();
    let before = place.inventory();
    let sickness = Sickness {
        reason: "CrashLoopBackOff".to_owned(),
        message: "migration 17 failed".to_owned(),
        only_revision_containing: Some("maxUsers: 137".to_owned()),
    };
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.sicken("acme--mattermost", sickness));
    let next = ACME_UPDATED.replace("maxUsers: 137", "version: \"11.11\", maxUsers: 137");
    place.change("customers.yaml", next);
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("needs-attention");
    holds(&said, &["migration 17 failed", "from 11.7 to 11.11"]);
    assert_eq!(status(&place)["state"], "needs-attention");
    let json = ["--output", "json"];
    for command in [&["apply", "--yes"][..], &["rollback", TARGET, "--yes"]] {
        let said = place
            .run(&[command, &json].concat())
            .refused("needs-attention");
        holds(
            &said,
            &[
                "deploycenter resume acme/mattermost",
                "deploycenter cancel acme/mattermost",
            ],
        );
    }
    let cancel = ["cancel", TARGET];
    let said = place
        .run(&[&cancel[..], &json].concat())
        .refused("data-version");
    holds(&said, &["--data-compatible", "deploycenter resume"]);
    let cancel = ["cancel", TARGET, "--data-compatible"];
    assert_eq!(outcome(&place, &cancel)["state"], "unwound");
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
}
