//! What fails is taken back by itself, or says what it left and how to go on.

use deploycenter_sandbox::Fault;
use serde_json::json;

use crate::outside;
use crate::place::{ACME, ACME_UPDATED, Place, holds};

const APPLY: [&str; 4] = ["apply", "--yes", "--output", "json"];

#[test]
fn an_unhealthy_update_goes_back_by_itself() {
    let place = Place::new(ACME);
    place.deploy();
    let before = place.inventory();
    outside::sicken(&place, "acme--mattermost", Some("maxUsers: 137"));
    place.change("customers.yaml", ACME_UPDATED);
    let said = place.run(&APPLY).refused("unwound");
    holds(
        &said,
        &[
            "acme/mattermost failed and was taken back",
            "Pod acme--mattermost/",
            "CrashLoopBackOff",
            "restarting failed container",
        ],
    );
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
    let history = place.run(&["history", "acme/mattermost"]).succeeded();
    holds(
        &history.stdout,
        &["unwound", "succeeded", "CrashLoopBackOff"],
    );
}

/// The database's disk at another size, and more users.
fn grown(size: &str, users: u32) -> String {
    let database = format!(
        "{{ instances: 2, size: {size}, resources: {{ requests: {{ cpu: 250m, memory: 512Mi }}, limits: {{ memory: 1Gi }} }} }}"
    );
    ACME.replace(
        "maxUsers: 100",
        &format!("maxUsers: {users}, database: {database}"),
    )
}

#[test]
fn a_disk_that_grew_stays_grown_when_the_rest_goes_back() {
    let place = Place::new(ACME);
    place.deploy();
    let file = "us-west-2/mattermost/values.yaml";
    let values = place.committed("acme", file);
    outside::sicken(&place, "acme--mattermost", Some("maxUsers: 137"));
    place.change("customers.yaml", grown("40Gi", 137));
    let said = place.run(&APPLY).refused("unwound");
    holds(
        &said,
        &[
            "acme/mattermost failed and was taken back",
            "CrashLoopBackOff",
        ],
    );
    assert_eq!(place.committed("acme", file), values);
    let database = place.committed("acme", "us-west-2/mattermost/dependencies/postgres.yaml");
    holds(&database, &["size: \"40Gi\""]);

    // That is nobody else's doing, and the smaller size is no plan.
    place.change("customers.yaml", ACME);
    let said = place.run(&["plan"]).succeeded().stderr;
    holds(
        &said,
        &["Left out (permanent)", "can't change from 40Gi to 20Gi"],
    );
    place.change("customers.yaml", grown("40Gi", 100));
    place.deploy();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn a_disk_that_could_not_grow_goes_back_whole() {
    let place = Place::new(ACME);
    place.deploy();
    let before = place.inventory();
    let habits = json!({ "rejected": [{
        "of": { "kind": "Cluster" },
        "containing": "40Gi",
        "sentence": "spec.storage: Forbidden: a policy allows at most 30Gi",
    }] });
    let habits = serde_json::from_value(habits).unwrap();
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.set_habits(habits));
    place.change("customers.yaml", grown("40Gi", 100));
    place.run(&APPLY).refused("unwound");
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
}

#[test]
fn a_first_deployment_that_fails_leaves_nothing() {
    let place = Place::new(ACME);
    let before = place.inventory();
    outside::sicken(&place, "acme--mattermost", None);
    let said = place.run(&APPLY).refused("unwound");
    holds(
        &said,
        &[
            "acme/mattermost failed and was taken back",
            "CrashLoopBackOff",
        ],
    );
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));

    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.heal("acme--mattermost"));
    place.deploy();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
}

#[test]
fn what_cannot_be_taken_back_is_named_until_it_is() {
    let place = Place::new(ACME);
    let before = place.inventory();
    outside::sicken(&place, "acme--mattermost", None);
    let denied: Fault = serde_json::from_value(json!({
        "service": "efs",
        "operation": "DeleteFileSystem",
        "effect": { "error": { "status": 403, "code": "AccessDeniedException", "message": "an explicit deny in a policy" } },
    }))
    .unwrap();
    place.sandbox().set_faults(vec![denied]);
    let said = place.run(&APPLY).refused("needs-attention");
    holds(
        &said,
        &[
            "acme/mattermost needs attention",
            "CrashLoopBackOff",
            "an explicit deny in a policy",
            "left behind: efs.file-system/data (fs-",
            "deploycenter resume acme/mattermost",
        ],
    );
    // It stays so, and says so, until the cause is mended.
    let plan = place.run(&["plan"]);
    assert!(!plan.stdout.contains("Nothing to do"), "{}", plan.stdout);
    holds(&plan.stdout, &["Nothing to apply:", "left out."]);
    let said = plan.stderr;
    holds(
        &said,
        &[
            "Left out (needs-attention): acme/mattermost: its deployment ",
            "deploycenter resume acme/mattermost",
        ],
    );
    place.run(&APPLY).refused("needs-attention");
    place
        .run(&["resume", "--output", "json"])
        .refused("needs-attention");

    place.sandbox().set_faults(Vec::new());
    // Nothing is left, but what was wanted isn't there either.
    let said = place
        .run(&["resume", "acme/mattermost", "--output", "json"])
        .refused("unwound");
    holds(&said, &["acme/mattermost failed and was taken back"]);
    assert_eq!(said.matches("CrashLoopBackOff").count(), 1, "{said}");
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
    let run = place.run(&["resume"]).succeeded();
    holds(&run.stderr, &["Nothing is unfinished."]);
    place.run(&["resume", "acme"]).succeeded();
    for (slip, meant) in [("acme/matermost", "acme/mattermost"), ("acne", "acme")] {
        let said = place
            .run(&["resume", slip, "--output", "json"])
            .refused("unknown-target");
        holds(&said, &[slip, &format!("did you mean \\\"{meant}\\\"?")]);
    }
    let said = place
        .run(&["cancel", "acme/matermost", "--output", "json"])
        .refused("unknown-target");
    holds(
        &said,
        &[
            "there is no target acme/matermost",
            "did you mean \\\"acme/mattermost\\\"?",
        ],
    );
}
