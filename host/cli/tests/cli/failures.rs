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
    let said = place.run(&["plan"]).stderr;
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
}
