//! Ctrl-C: the steps in flight end, and what is left waits for `resume`; before anything
//! begins nothing is left at all.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Child;
use std::time::{Duration, Instant};

use deploycenter_sandbox::Fault;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use crate::place::{ACME, FLEET, Place, Run, holds};

const LATENCY: Duration = Duration::from_millis(60);

/// Whom `ACME` leaves out of `FLEET`.
const RIVOLI: &str = "rivoli/mattermost";

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
    press(&child);
    Run::of(child.wait_with_output().unwrap()).exits(1)
}

/// Presses Ctrl-C.
fn press(child: &Child) {
    kill_process(Pid::from_child(child), Signal::INT).unwrap();
}

/// Lets a command begin to plan, presses Ctrl-C, and wants nothing done.
#[track_caller]
fn stopped_early(place: &Place, args: &[&str]) {
    let slow: Fault = serde_json::from_value(json!({
        "service": "efs",
        "operation": "DescribeFileSystems",
        "effect": { "delayMs": 1500 },
    }))
    .unwrap();
    place.sandbox().set_faults(vec![slow]);
    let mark = place.mark();
    let all = [args, &["--output", "json"]].concat();
    let child = place.command(&all).spawn().unwrap();
    let began = Instant::now();
    while !place
        .since(&mark)
        .iter()
        .any(|call| call.operation == "DescribeFileSystems")
    {
        assert!(began.elapsed() < PATIENCE, "nothing was planned");
        std::thread::sleep(Duration::from_millis(5));
    }
    press(&child);
    let run = Run::of(child.wait_with_output().unwrap());
    holds(&run.stderr, &["Stopping. Press Ctrl-C again"]);
    assert!(!run.stderr.contains("resume"), "{run}");
    assert_eq!(run.json()["deployments"], json!([]));
    let said = run.refused("interrupted");
    holds(&said, &["stopped before anything began; nothing was done"]);
    place.untouched_since(&mark);
    place.sandbox().set_faults(Vec::new());
    let resume = place.run(&["resume"]).succeeded();
    holds(&resume.stderr, &["Nothing is unfinished."]);
}

/// How many deployments a target has had.
fn deployments(place: &Place) -> usize {
    let history = place.run(&["history", RIVOLI, "--output", "json"]);
    let report = history.succeeded().json();
    report["deployments"].as_array().unwrap().len()
}

#[test]
fn ctrl_c_before_anything_begins_leaves_nothing() {
    let place = Place::new(FLEET);
    stopped_early(&place, &["apply", "--yes"]);
    place.deploy();
    assert_eq!(deployments(&place), 1);
    place.change("customers.yaml", ACME);
    stopped_early(&place, &["destroy", RIVOLI, "--confirm", RIVOLI]);
    assert_eq!(deployments(&place), 1);
}

/// A terminal: where someone would type, and what reads that.
fn terminal() -> (OwnedFd, OwnedFd) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap();
    let stdin = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
    (keyboard, stdin.unwrap())
}

/// Presses Ctrl-C at a prompt, and wants that to be the answer.
#[track_caller]
fn stopped_at(place: &Place, args: &[&str], prompt: &str) {
    let mark = place.mark();
    // Nobody types, and nobody hangs up.
    let (keyboard, stdin) = terminal();
    let mut child = place.command(args).stdin(stdin).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let mut said = Vec::new();
    while !said.ends_with(prompt.as_bytes()) {
        let mut next = [0];
        stderr.read_exact(&mut next).unwrap();
        said.extend(next);
    }
    press(&child);
    let pressed = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if pressed.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(keyboard);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1), "{rest}");
    holds(
        &rest,
        &[
            "error[interrupted]",
            "stopped before anything began; nothing was done",
        ],
    );
    assert!(!rest.contains("steps in flight"), "{rest}");
    assert!(!rest.contains("resume"), "{rest}");
    place.untouched_since(&mark);
}

#[test]
fn ctrl_c_at_a_prompt_is_an_answer() {
    let place = Place::new(FLEET);
    stopped_at(&place, &["apply"], "taken for an answer: ");
    place.deploy();
    place.change("customers.yaml", ACME);
    let prompt = format!("Type its name, {RIVOLI}: ");
    stopped_at(&place, &["destroy", RIVOLI], &prompt);
    assert_eq!(deployments(&place), 1);
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
