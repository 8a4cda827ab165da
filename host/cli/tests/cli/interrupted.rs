//! Ctrl-C: the steps in flight end, and what is left waits for `resume`.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::place::{ACME, Place, Run, holds};

const LATENCY: Duration = Duration::from_millis(60);

/// How long the first step may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets a deployment begin, and presses Ctrl-C.
fn interrupted(place: &Place) -> Run {
    let child = place.command(&["apply", "--yes"]).spawn().unwrap();
    let began = Instant::now();
    while !place
        .sandbox()
        .ledger()
        .iter()
        .any(|call| call.operation == "CreateFileSystem")
    {
        assert!(began.elapsed() < PATIENCE, "nothing was made");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    Run::of(child.wait_with_output().unwrap()).exits(1)
}

#[test]
fn ctrl_c_stops_after_the_steps_in_flight() {
    let dir = tempfile::tempdir().unwrap();
    let undisturbed = {
        let place = Place::below(dir.path(), ACME);
        place.deploy();
        place.inventory()
    };
    let place = Place::with_latency(dir.path(), ACME, LATENCY);
    let run = interrupted(&place);
    holds(
        &run.stderr,
        &[
            "Stopping after the steps in flight.",
            "efs.file-system/data done",
            "acme/mattermost was stopped on request and isn't finished",
            "deploycenter resume acme/mattermost",
        ],
    );
    assert!(
        place
            .inventory()
            .mentions("acme--mattermost--base")
            .is_empty(),
        "it stopped before the applications"
    );
    let planned = place.run(&["plan"]).succeeded();
    holds(
        &planned.stderr,
        &["was interrupted", "deploycenter resume acme/mattermost"],
    );

    let status = place.run(&["status"]).succeeded();
    holds(
        &status.stdout,
        &["running", "interrupted: resume or cancel it"],
    );

    let history = ["history", "acme/mattermost"];
    holds(
        &place.run(&history).succeeded().stdout,
        &["was interrupted: `deploycenter resume acme/mattermost` goes on"],
    );
    let history = [&history[..], &["--output", "json"]].concat();
    let last = || place.run(&history).succeeded().json()["deployments"][0].clone();
    assert_eq!(last()["state"], "running");
    assert_eq!(last()["interrupted"], true);

    place.run(&["resume"]).succeeded();
    assert_eq!(last().get("interrupted"), None);
    let resumed = place.inventory();
    assert!(
        resumed == undisturbed,
        "{}",
        undisturbed.difference(&resumed)
    );
    let done = place.mark();
    place.deploy();
    place.untouched_since(&done);
}

#[test]
fn what_was_interrupted_is_taken_back_on_request() {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::with_latency(dir.path(), ACME, LATENCY);
    let before = place.inventory();
    interrupted(&place);
    let cancel = ["cancel", "acme/mattermost", "--output", "json"];
    let report = place.run(&cancel).succeeded().json();
    assert_eq!(report["format"], 1);
    // With it goes what only it needed.
    let rows = report["deployments"].as_array().unwrap();
    let row = |target: &str| rows.iter().find(|row| row["target"] == target).unwrap();
    assert_eq!(row("acme/mattermost")["state"], "unwound");
    assert_eq!(row("acme/_customer")["state"], "succeeded");
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
    place.run(&cancel).refused("nothing-unfinished");
}
