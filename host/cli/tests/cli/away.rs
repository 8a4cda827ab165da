//! Argo CD is away while a deployment is under way: it waits, and says so here and to
//! whoever asks from elsewhere.

use std::time::{Duration, Instant};

use deploycenter_sandbox::Fault;
use serde_json::json;

use crate::place::{ACME, ACME_UPDATED, Place, Run, holds};

/// How long it may take until Argo CD was asked often enough to be thought away.
const PATIENCE: Duration = Duration::from_secs(60);

/// An update that is about to begin. What it asks of Argo CD, and its plan doesn't, finds
/// nobody.
fn away() -> Place {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    let away: Fault = serde_json::from_value(json!({
        "service": "argocd", "operation": "GetApplication", "effect": { "drop": "before" },
    }))
    .unwrap();
    place.sandbox().set_faults(vec![away]);
    place
}

#[test]
fn it_waits_visibly_and_goes_on_when_argocd_is_back() {
    let place = away();
    let apply = place.command(&["apply", "--yes"]).spawn().unwrap();
    let began = Instant::now();
    let history = loop {
        let history = place.run(&["history", "acme/mattermost"]).succeeded();
        if history.stdout.contains("waiting for Argo CD since 20") {
            break history;
        }
        assert!(began.elapsed() < PATIENCE, "{history}");
        std::thread::sleep(Duration::from_millis(200));
    };
    holds(&history.stdout, &["running", "GET /api/v1/applications/"]);
    let status = place.run(&["status"]).succeeded();
    holds(&status.stdout, &["running", "waiting for Argo CD since 20"]);
    let status = place.run(&["status", "--output", "json"]).succeeded();
    let row = &status.json()["targets"][0];
    assert_eq!(row["state"], "running");
    assert_eq!(row["waiting"][0]["system"], "argocd");

    place.sandbox().set_faults(Vec::new());
    let run = Run::of(apply.wait_with_output().unwrap()).succeeded();
    holds(
        &run.stderr,
        &[
            "acme/mattermost: waiting for Argo CD since ",
            "acme/mattermost: Argo CD answers again",
            "acme/mattermost: succeeded",
        ],
    );
    assert!(!run.stderr.contains("going back"), "{run}");
    let status = place.run(&["status"]).succeeded();
    assert!(!status.stdout.contains("waiting"), "{status}");
}

#[test]
fn after_its_deadline_it_stops_where_it_is_and_resume_goes_forward() {
    let place = away();
    let settings = std::fs::read_to_string(place.checkout().join("deploycenter.toml")).unwrap();
    assert!(!settings.contains("[timeouts]"), "{settings}");
    place.change(
        "deploycenter.toml",
        format!("{settings}\n[timeouts]\noutage_seconds = 1\n"),
    );
    let run = place.run(&["apply", "--yes", "--output", "json"]).exits(1);
    let error = run.error();
    assert_eq!(error["code"], "interrupted");
    let problem = &error["problems"][0];
    let message = problem["message"].as_str().unwrap();
    holds(
        message,
        &[
            "acme/mattermost was stopped while it waited and isn't finished: waiting for Argo CD since 20",
        ],
    );
    assert_eq!(message.matches("didn't answer").count(), 1, "{message}");
    assert_eq!(
        problem["help"],
        "when Argo CD answers again, go on with: deploycenter resume acme/mattermost"
    );
    let row = &run.json()["deployments"][0];
    assert_eq!(row["state"], "running");
    assert_eq!(row["waiting"][0]["system"], "argocd");

    place.sandbox().set_faults(Vec::new());
    let run = place.run(&["resume", "--output", "json"]).succeeded();
    assert_eq!(run.json()["deployments"][0]["state"], "succeeded");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}
