//! Customers and instances that are taken out: left running and reported, until someone
//! destroys them by name; their data stays.

use serde_json::{Value, json};

use crate::place::{ACME, FLEET, NEIGHBOURS, Place, holds};

const TARGET: &str = "rivoli/mattermost";
const JSON: [&str; 2] = ["--output", "json"];

/// Two customers, of whom one isn't desired any more.
fn taken_out() -> Place {
    let place = Place::new(FLEET);
    place.deploy();
    place.change("customers.yaml", ACME);
    place
}

/// A command, for a program.
fn told(place: &Place, args: &[&str]) -> crate::place::Run {
    place.run(&[args, &JSON].concat())
}

/// The targets that a command dealt with, all of which succeeded.
#[track_caller]
fn succeeded(run: crate::place::Run) -> Vec<String> {
    let report = run.succeeded().json();
    assert_eq!(report["format"], 1);
    let rows = report["deployments"].as_array().unwrap();
    for row in rows {
        assert_eq!(row["state"], "succeeded", "{report}");
    }
    rows.iter()
        .map(|row| row["target"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn who_was_taken_out_runs_on_and_is_reported() {
    let place = taken_out();
    let plan = place.run(&["plan", "--output", "json"]).succeeded();
    assert_eq!(plan.json()["pendingRemoval"], json!([TARGET]));
    holds(
        &plan.stderr,
        &[
            "left running: rivoli/mattermost. `deploycenter destroy rivoli/mattermost --confirm rivoli/mattermost` removes it.",
        ],
    );
    let mark = place.mark();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    place.deploy();
    place.untouched_since(&mark);
    let status = told(&place, &["status", TARGET]).succeeded().json();
    assert_eq!(status["targets"][0]["pendingRemoval"], true);
    assert_eq!(status["targets"][0]["health"], "Healthy");
    holds(&place.run(&["status"]).stdout, &["pending removal"]);

    // The others go on.
    place.change("customers.yaml", ACME.replace("100", "137"));
    assert_eq!(
        succeeded(told(&place, &["apply", "--yes"])),
        ["acme/mattermost"]
    );
}

#[test]
fn destroy_shows_what_goes_and_stays_and_wants_its_name() {
    let place = taken_out();
    let acme = place.inventory().mentions("acme");
    let mark = place.mark();
    let shown = place.run(&["destroy", TARGET]).exits(1);
    holds(
        &shown.stderr,
        &[
            "rivoli/_customer (eu-west-3, destroy)",
            "- argocd.project/rivoli",
            "rivoli/mattermost (eu-west-3, mattermost, destroy)",
            "- argocd.application/workload",
            "- argocd.application/base",
            "- dns.record/domain",
            "efs.file-system/data is retained (fs-",
            "secrets.entry/app is retained",
            "the namespace rivoli--mattermost is retained",
            "`deploycenter purge rivoli/mattermost --confirm rivoli/mattermost` deletes it",
            "error[unconfirmed]",
            "--confirm rivoli/mattermost",
        ],
    );
    let run = told(&place, &["destroy", TARGET]);
    let plan = run.json();
    let targets: Vec<&str> = plan["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["rivoli/_customer", TARGET], "what a person sees");
    assert_ne!(plan["summary"]["delete"], 0);
    run.refused("unconfirmed");
    told(&place, &["destroy", TARGET, "--confirm", "rivoli/other"]).exits(64);
    told(
        &place,
        &["destroy", "rivoli/nope", "--confirm", "rivoli/nope"],
    )
    .refused("not-deployed");
    told(&place, &["destroy", "rivoli/_customer"]).refused("still-used");
    let still = ["destroy", "acme/mattermost", "--confirm", "acme/mattermost"];
    let said = told(&place, &still).refused("still-desired");
    holds(&said, &["customers.yaml:6", "commit and push"]);
    place.put("customers.yaml", "version: 1\ncustomers: []\n");
    told(&place, &still).refused("dirty");
    place.put("customers.yaml", ACME);
    place.untouched_since(&mark);

    let destroy = ["destroy", TARGET, "--confirm", TARGET];
    let gone = succeeded(told(&place, &destroy));
    assert_eq!(gone, ["rivoli/_customer", TARGET]);
    let left = place.inventory();
    assert_eq!(left.mentions("acme"), acme);
    let left = left.mentions("rivoli");
    for prefix in ["application", "project", "record", "git"] {
        assert!(!left.iter().any(|it| it.starts_with(prefix)), "{left:#?}");
    }
    for prefix in ["file system", "access point", "secret", "object"] {
        assert!(left.iter().any(|it| it.starts_with(prefix)), "{left:#?}");
    }
    let said = told(&place, &destroy).refused("not-deployed");
    holds(
        &said,
        &["removed already", "deploycenter purge rivoli/mattermost"],
    );
    let rows = told(&place, &["history", TARGET]).succeeded().json();
    assert_eq!(rows["deployments"][0]["operation"], "destroy");
    let plan = place.plan(&[]);
    assert_eq!(plan["pendingRemoval"], json!([]));
}

#[test]
fn more_than_a_tenth_at_once_wants_a_word() {
    let place = Place::new(FLEET);
    place.deploy();
    place.change("customers.yaml", "version: 1\ncustomers: []\n");
    let mark = place.mark();
    let both = ["destroy", "acme/mattermost", TARGET];
    let said = told(&place, &[&both[..], &["--confirm", TARGET]].concat()).refused("too-many");
    holds(&said, &["2 of 2 targets", "--many"]);
    let many = [&both[..], &["--many", "--confirm", TARGET]].concat();
    let said = told(&place, &many).refused("unconfirmed");
    holds(&said, &["--confirm acme/mattermost", "nothing was removed"]);
    place.untouched_since(&mark);
    let many = [&many[..], &["--confirm", "acme/mattermost"]].concat();
    assert_eq!(succeeded(told(&place, &many)).len(), 4);
    let status = told(&place, &["status"]).succeeded().json();
    assert_eq!(status["targets"], json!([]));
}

#[test]
fn the_project_is_that_of_the_instances_that_are_left() {
    let place = Place::new(NEIGHBOURS);
    place.deploy();
    let one = NEIGHBOURS.lines().filter(|line| !line.contains("chat2"));
    place.change("customers.yaml", one.collect::<Vec<_>>().join("\n"));
    let destroy = ["destroy", "acme/chat2", "--confirm", "acme/chat2"];
    let run = place.run(&destroy).succeeded();
    holds(
        &run.stderr,
        &["~ argocd.project/acme", "acme/_customer: succeeded"],
    );
    let project: Value = serde_json::from_str(&place.committed("acme", "project.json")).unwrap();
    let destinations = project["spec"]["destinations"].as_array().unwrap();
    assert_eq!(destinations.len(), 1, "{project}");
    assert_eq!(destinations[0]["namespace"], "acme--mattermost");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}
