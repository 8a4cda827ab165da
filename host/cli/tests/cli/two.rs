//! Two at once: two processes for two instances of one customer, one target twice; and in
//! a fleet, one target that can't be applied while the others can.

use std::process::Child;
use std::time::{Duration, Instant};

use deploycenter_sandbox::Fault;
use deploycenter_sandbox::argocd::Sickness;
use serde_json::json;

use crate::place::{ACME, FLEET, NEIGHBOURS, Place, Run, holds};

const LATENCY: Duration = Duration::from_millis(40);

/// How long the first step may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

fn begun(place: &Place, args: &[&str]) -> Child {
    place
        .command(&[&["apply", "--yes", "--output", "json"], args].concat())
        .spawn()
        .unwrap()
}

fn ended(child: Child) -> Run {
    Run::of(child.wait_with_output().unwrap())
}

fn slow(dir: &tempfile::TempDir, customers: &str) -> Place {
    Place::with_latency(dir.path(), customers, LATENCY)
}

fn sicken(place: &Place, application: &str) {
    place.sandbox().with_argocd(|argocd, _| {
        argocd.sicken(
            application,
            Sickness {
                reason: "CrashLoopBackOff".to_owned(),
                message: "the database hides".to_owned(),
                only_revision_containing: None,
            },
        );
    });
}

/// Waits until someone has called that operation.
fn wait_for(place: &Place, operation: &str) {
    let began = Instant::now();
    while !place
        .sandbox()
        .ledger()
        .iter()
        .any(|call| call.operation == operation)
    {
        assert!(began.elapsed() < PATIENCE, "no {operation}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn two_processes_deploy_two_instances_of_a_customer() {
    let dir = tempfile::tempdir().unwrap();
    let expected = {
        let place = Place::below(dir.path(), NEIGHBOURS);
        place.deploy();
        place.inventory()
    };
    let place = slow(&dir, NEIGHBOURS);
    let one = begun(&place, &["acme/mattermost"]);
    let other = begun(&place, &["acme/chat2"]);
    ended(one).succeeded();
    ended(other).succeeded();
    let found = place.inventory();
    assert!(found == expected, "{}", expected.difference(&found));
    let done = place.mark();
    place.deploy();
    place.untouched_since(&done);
}

#[test]
fn the_failure_of_one_leaves_the_other_alone() {
    let dir = tempfile::tempdir().unwrap();
    let expected = {
        let place = Place::below(dir.path(), NEIGHBOURS);
        place
            .run(&["apply", "--yes", "acme/mattermost"])
            .succeeded();
        place.inventory()
    };
    let place = slow(&dir, NEIGHBOURS);
    sicken(&place, "acme--chat2");
    let one = begun(&place, &["acme/mattermost"]);
    let other = begun(&place, &["acme/chat2"]);
    ended(one).succeeded();
    holds(&ended(other).refused("unwound"), &["the database hides"]);
    let found = place.inventory();
    assert!(found == expected, "{}", expected.difference(&found));
}

#[test]
fn one_target_twice_is_locked_for_the_second() {
    let dir = tempfile::tempdir().unwrap();
    let place = slow(&dir, ACME);
    let first = begun(&place, &[]);
    wait_for(&place, "CreateFileSystem");
    let second = place.run(&["apply", "--yes", "--output", "json"]);
    let said = second.refused("locked");
    holds(&said, &["acme/mattermost", "at work"]);
    ended(first).succeeded();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn a_plan_says_in_one_line_who_is_at_work() {
    let dir = tempfile::tempdir().unwrap();
    let place = slow(&dir, FLEET);
    let first = begun(&place, &[]);
    wait_for(&place, "CreateFileSystem");
    let run = place.run(&["plan"]).succeeded();
    let lines: Vec<&str> = run
        .stderr
        .lines()
        .filter(|line| line.contains("acme/mattermost"))
        .collect();
    let [line] = lines[..] else {
        panic!("more than one line in:\n{}", run.stderr);
    };
    holds(
        line,
        &[
            "Left out (locked): 2 targets (acme/mattermost, rivoli/mattermost)",
            "process ",
            "is at work on them",
        ],
    );
    ended(first).succeeded();
}

#[test]
fn a_parked_target_keeps_nobody_from_the_fleet() {
    let place = Place::new(FLEET);
    sicken(&place, "acme--mattermost");
    let denied: Fault = serde_json::from_value(json!({
        "service": "efs",
        "operation": "DeleteFileSystem",
        "effect": { "error": { "status": 403, "code": "AccessDeniedException", "message": "an explicit deny in a policy" } },
    }))
    .unwrap();
    place.sandbox().set_faults(vec![denied]);
    let apply = ["apply", "--yes", "--output", "json"];
    place.run(&apply).refused("needs-attention");

    place.change(
        "customers.yaml",
        FLEET.replace(
            "domain: chat.rivoli.apps.example.com",
            "domain: chat.rivoli.apps.example.com, values: { maxUsers: 137 }",
        ),
    );
    let run = place.run(&apply).exits(1);
    assert_eq!(run.json()["deployments"][0]["target"], "rivoli/mattermost");
    assert_eq!(run.json()["deployments"][0]["state"], "succeeded");
    assert_eq!(run.error()["code"], "needs-attention");
    holds(&run.stderr, &["deploycenter resume acme/mattermost"]);
    let values = place.committed("rivoli", "eu-west-3/mattermost/values.yaml");
    holds(&values, &["137"]);
}

#[test]
fn a_held_target_keeps_nobody_from_the_fleet() {
    let place = Place::new(FLEET);
    place.deploy();
    place.commit_by_hand(
        "acme",
        "us-west-2/mattermost/hold.json",
        "{\n  \"by\": \"Ada\",\n  \"format\": 1,\n  \"reason\": \"an audit\"\n}\n",
    );
    let raised = FLEET.replace("maxUsers: 100", "maxUsers: 137").replace(
        "domain: chat.rivoli.apps.example.com",
        "domain: chat.rivoli.apps.example.com, values: { maxUsers: 137 }",
    );
    place.change("customers.yaml", raised);
    let acme = place.branches()["refs/heads/customer/acme"].clone();
    let run = place.run(&["apply", "--yes", "--output", "json"]).exits(1);
    let deployments = run.json()["deployments"].as_array().unwrap().clone();
    assert_eq!(deployments.len(), 1, "{run}");
    assert_eq!(deployments[0]["target"], "rivoli/mattermost");
    assert_eq!(deployments[0]["state"], "succeeded");
    assert_eq!(run.error()["code"], "held");
    holds(
        &run.stderr,
        &[
            "held by Ada: an audit",
            "deploycenter release acme/mattermost",
        ],
    );
    assert_eq!(place.branches()["refs/heads/customer/acme"], acme);
}
