//! `status --watch`: what changed, once each, until Ctrl-C.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use deploycenter_sandbox::Fault;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::place::{ACME, ACME_UPDATED, Place, holds};

/// How long a line may take to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A watch that runs, and the lines that it prints.
struct Watching {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Watching {
    fn begin(place: &Place, args: &[&str]) -> Self {
        let all = [&["status", "--watch", "--interval", "200ms"], args].concat();
        let mut child = place.command(&all).spawn().unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        Self { child, lines }
    }

    #[track_caller]
    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line comes")
    }

    /// Presses Ctrl-C, wants it to end well, and gives what was left to read: lines and
    /// stderr.
    #[track_caller]
    fn end(mut self) -> (Vec<String>, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{stderr}");
        (self.lines.iter().collect(), stderr)
    }
}

fn lines_of(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if send.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    lines
}

fn lists(place: &Place) -> usize {
    place
        .sandbox()
        .ledger()
        .iter()
        .filter(|call| call.service == "argocd")
        .count()
}

/// Waits until Argo CD was asked so many times more.
#[track_caller]
fn rounds(place: &Place, more: usize) {
    let wanted = lists(place) + more;
    let began = Instant::now();
    while lists(place) < wanted {
        assert!(began.elapsed() < PATIENCE, "it no longer asks");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn programs_get_a_line_for_each_change() {
    let place = Place::new(ACME);
    let watching = Watching::begin(&place, &["--output", "json"]);
    let first: Value = serde_json::from_str(&watching.line()).unwrap();
    assert_eq!(first["format"], 1);
    assert!(first["at"].is_string());
    assert_eq!(
        first["targets"][0],
        json!({
            "target": "acme/mattermost", "region": "us-west-2", "app": "mattermost",
            "sync": "Unknown", "health": "Missing", "deployment": null, "state": null,
            "held": false, "updateAvailable": false, "pendingRemoval": false,
        })
    );

    place.deploy();
    let mut seen = vec![first];
    while seen.last().unwrap()["targets"][0]["state"] != "succeeded" {
        let line: Value = serde_json::from_str(&watching.line()).unwrap();
        let last = seen.last().unwrap();
        assert_ne!(line["targets"], last["targets"], "nothing changed");
        seen.push(line);
    }
    // The working tree is read again too.
    place.put("customers.yaml", "version: 1\ncustomers: []\n");
    let gone: Value = serde_json::from_str(&watching.line()).unwrap();
    assert_eq!(gone["targets"][0]["pendingRemoval"], true);

    let before = lists(&place);
    rounds(&place, 3);
    let (left, stderr) = watching.end();
    assert_eq!((left, stderr.as_str()), (Vec::new(), ""));
    let calls = place.sandbox().ledger().split_off(0);
    let asked: Vec<&str> = calls
        .iter()
        .filter(|call| call.service == "argocd")
        .skip(before)
        .map(|call| call.operation.as_str())
        .collect();
    assert!(
        asked.iter().all(|operation| *operation == asked[0]),
        "one list a round: {asked:?}"
    );
}

#[test]
fn people_get_a_table_for_each_change() {
    let place = Place::new(ACME);
    place.deploy();
    let watching = Watching::begin(&place, &["acme"]);
    let time = watching.line();
    assert!(time.ends_with('Z') && time.starts_with("20"), "{time}");
    holds(&watching.line(), &["TARGET", "HEALTH"]);
    let row = watching.line();
    holds(&row, &["acme/mattermost", "Healthy", "succeeded"]);
    assert_eq!(watching.line(), "");

    // A reading that fails is said once, and the next one goes on.
    let refused: Fault = serde_json::from_value(json!({
        "service": "argocd", "times": 2,
        "effect": { "error": { "status": 403, "code": "7", "message": "not today" } },
    }))
    .unwrap();
    place.sandbox().set_faults(vec![refused]);
    rounds(&place, 4);

    place.change("customers.yaml", ACME_UPDATED);
    place.deploy();
    let mut last = String::new();
    while !(last.contains("succeeded") && last != row) {
        last = watching.line();
    }
    let (_, stderr) = watching.end();
    assert_eq!(stderr.matches("couldn't read, and goes on").count(), 1);
    holds(
        &stderr,
        &["not today", "reads again, and nothing has changed"],
    );
}

#[test]
fn a_slip_of_the_hand_ends_at_once() {
    let mut place = Place::new(ACME);
    place.run(&["status", "--interval", "2s"]).exits(64);
    let run = place
        .run(&["status", "--watch", "--interval", "1ms"])
        .exits(64);
    holds(&run.stderr, &["1ms is shorter than 200ms"]);
    place.run(&["status", "--watch", "acne"]).exits(1);
    place.disconnect();
    place.run(&["status", "--watch"]).exits(1);
}
