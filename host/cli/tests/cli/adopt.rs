//! What someone else made is never taken over by itself, only by name.

use serde_json::{Value, json};

use crate::outside::{self, THEIRS};
use crate::place::{ACME, Place, Run, holds};

const TARGET: &str = "acme/mattermost";
const DOMAIN: &str = "chat.acme.apps.example.com";

fn told(place: &Place, args: &[&str]) -> Run {
    place.run(&[args, &["--output", "json"]].concat())
}

#[test]
fn nothing_is_taken_over_by_itself() {
    let place = Place::new(ACME);
    outside::make_record(&place, DOMAIN);
    outside::make_project(&place, "acme");
    outside::make_application(&place, "acme--mattermost");
    outside::make_file_system(&place);
    let before = place.inventory();
    let mark = place.mark();
    let said = told(&place, &["apply", "--yes"]).refused("exists");
    holds(
        &said,
        &[
            "argocd.project/acme exists already",
            "deploycenter adopt acme/_customer argocd.project/acme",
            "chat.acme.apps.example.com is a simple A record",
            "deploycenter adopt acme/mattermost dns.record/domain",
            "deploycenter adopt acme/mattermost argocd.application/workload",
            "name there all that is to be taken over",
        ],
    );
    // Half of it doesn't help.
    told(&place, &["adopt", TARGET, "dns.record/domain", "--yes"]).refused("exists");
    let system = format!("efs.file-system/data={THEIRS}");
    let all = [
        "adopt",
        TARGET,
        "dns.record/domain",
        "argocd.project/acme",
        "argocd.application/workload",
        &system,
    ];
    let shown = place.run(&all).exits(1);
    holds(
        &shown.stderr,
        &[
            "~ argocd.project/acme (adopt)",
            "~ dns.record/domain (adopt)",
            "~ argocd.application/workload (adopt)",
            "~ efs.file-system/data (fs-0a1000000000ad0b7) (adopt)",
            "error[declined]",
        ],
    );
    assert!(place.inventory() == before);
    place.untouched_since(&mark);

    let yes = [&all[..], &["--yes"]].concat();
    let report = told(&place, &yes).succeeded().json();
    assert_eq!(report["format"], 1);
    assert_eq!(report["deployments"][1]["target"], TARGET);
    assert_eq!(report["deployments"][1]["state"], "succeeded");
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    let volumes = place.committed("acme", "us-west-2/mattermost/dependencies/volumes.yaml");
    holds(&volumes, &[THEIRS]);
    let rows = told(&place, &["history", TARGET]).json();
    assert_eq!(rows["deployments"][0]["operation"], "adopt");

    // Asked for again, there is nothing to do.
    let done = place.mark();
    let report = told(&place, &yes).succeeded().json();
    assert_eq!(report["deployments"], json!([]));
    holds(
        &place.run(&yes).succeeded().stderr,
        &[
            "argocd.project/acme is acme/_customer's own already",
            "dns.record/domain is acme/mattermost's own already",
        ],
    );
    place.untouched_since(&done);

    // It is the target's own now, and goes the way of such.
    place.change("customers.yaml", "version: 1\ncustomers: []\n");
    place
        .run(&["destroy", TARGET, "--confirm", TARGET])
        .succeeded();
    let orphans = told(&place, &["orphans"]).succeeded().json();
    let of_theirs = |orphan: &&Value| orphan["id"] == THEIRS;
    let orphan = orphans["orphans"]
        .as_array()
        .unwrap()
        .iter()
        .find(of_theirs);
    assert_eq!(orphan.unwrap()["target"], TARGET);
}

#[test]
fn what_fails_is_given_back() {
    let place = Place::new(ACME);
    outside::make_record(&place, DOMAIN);
    let before = place.inventory();
    outside::sicken(&place, "acme--mattermost", None);
    let adopt = ["adopt", TARGET, "dns.record/domain", "--yes"];
    let said = told(&place, &adopt).refused("unwound");
    holds(&said, &["CrashLoopBackOff"]);
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
}

#[test]
fn what_cannot_be_taken_over_is_refused_by_name() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let adopt = |effect: &str| told(&place, &["adopt", TARGET, effect, "--yes"]);
    let said = adopt("dns.record/domain").refused("invalid");
    holds(
        &said,
        &["dns.record/domain can't be adopted: there is nothing there"],
    );
    let said = adopt("dns.record/nope").refused("invalid");
    holds(
        &said,
        &[
            "dns.record/nope is no effect of this target",
            "argocd.application/workload",
        ],
    );
    let said = adopt("efs.file-system/data=fs-0123456789abcdef0").refused("invalid");
    holds(&said, &["can't be adopted"]);
    adopt("nonsense").exits(64);
    told(&place, &["adopt", "acme/_customer", "--yes"]).exits(64);
    told(&place, &["adopt", "acme/nope", "--yes"]).refused("not-desired");
    told(&place, &["adopt", TARGET, "--yes"]).refused("nothing-retained");
    place.untouched_since(&mark);

    // A target has one file system, and this one holds its data.
    place.deploy();
    outside::make_file_system(&place);
    let mark = place.mark();
    let said = adopt(&format!("efs.file-system/data={THEIRS}")).refused("invalid");
    holds(
        &said,
        &[
            "is there already",
            "only a target without a file system of its own",
        ],
    );
    place.untouched_since(&mark);
}
