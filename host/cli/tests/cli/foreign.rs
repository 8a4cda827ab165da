//! Someone else changes what is ours, between a plan and its apply: reported by name, never
//! overwritten in silence, and put back when that is asked for.

use serde_json::Value;

use crate::outside;
use crate::place::{ACME, ACME_UPDATED, Place, holds};

const TARGET: &str = "acme/mattermost";
const VALUES: &str = "us-west-2/mattermost/values.yaml";

/// Someone's act, and how it is named.
type Hand = (fn(&Place), &'static [&'static str]);

const HANDS: [Hand; 5] = [
    (
        |place| outside::delete_application(place, "acme--mattermost"),
        &["argocd.application/workload is gone"],
    ),
    (
        |place| outside::edit_application(place, "acme--mattermost"),
        &["argocd.application/workload", "selfHeal"],
    ),
    (
        |place| outside::change_project(place, "acme"),
        &["argocd.project/acme", "destinations", "elsewhere"],
    ),
    (
        |place| place.commit_by_hand("acme", VALUES, "maxUsers: 1\n"),
        &[
            "us-west-2/mattermost on customer/acme",
            "Someone",
            "By hand",
        ],
    ),
    (
        |place| place.commit_by_hand("acme", "project.json", "{}\n"),
        &["project.json on customer/acme", "Someone", "By hand"],
    ),
];

#[test]
fn is_named_and_put_back_only_on_request() {
    let place = Place::new(ACME);
    place.deploy();
    let before = place.inventory();
    let shown = ["plan", "--output", "json"];
    let apply = ["apply", "--yes", "--output", "json"];
    for (act, named) in HANDS {
        place.run(&["plan", "--out", "p.json"]).succeeded();
        act(&place);
        let changed = place.inventory();
        let mark = place.mark();
        let plan = place.run(&shown).succeeded().json();
        let blocked = plan["blocked"].as_array().unwrap();
        let drifted = |one: &&Value| one["code"] == "drifted";
        assert!(blocked.iter().any(|one| drifted(&one)), "{plan}");
        place.run(&["plan", "--detailed-exitcode"]).exits(2);
        let said = place.run(&apply).refused("drifted");
        holds(&said, named);
        holds(&said, &["deploycenter apply --reclaim acme"]);
        place.untouched_since(&mark);
        assert!(place.inventory() == changed);

        let over = ["plan", "--reclaim", "--detailed-exitcode"];
        place.run(&over).exits(2);
        place.run(&["apply", "--yes", "--reclaim"]).succeeded();
        let after = place.inventory();
        assert!(after == before, "{named:?}: {}", before.difference(&after));
        place.run(&["plan", "--detailed-exitcode"]).succeeded();
    }
}

#[test]
fn a_file_system_that_is_gone_is_not_slipped_under_its_volume() {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    let role = "arn:aws:iam::111122223333:role/deploycenter";
    outside::delete_file_systems(&place, role, "us-west-2");
    let mark = place.mark();
    for command in [&["apply", "--yes"][..], &["rollback", TARGET, "--yes"]] {
        let run = place.run(&[command, &["--output", "json"]].concat());
        if command[0] == "apply" {
            let said = run.refused("drifted");
            holds(
                &said,
                &[
                    "efs.file-system/data is gone",
                    "what is made anew is empty, so restore a backup",
                ],
            );
        } else {
            // There is one deployment, and nothing to go back to.
            run.refused("unknown-deployment");
        }
    }
    // No cluster takes another file system for a volume that is there.
    let said = place
        .run(&["apply", "--yes", "--reclaim", "--output", "json"])
        .refused("permanent");
    holds(
        &said,
        &[
            "spec.csi of the PersistentVolume acme--mattermost--data can't change",
            "destroy and purge the target, deploy it anew and restore a backup",
        ],
    );
    place.untouched_since(&mark);
}

#[test]
fn a_folder_that_someone_removed_is_no_removal() {
    let place = Place::new(ACME);
    place.deploy();
    let before = place.inventory();
    place.remove_by_hand("acme", "us-west-2/mattermost");
    let mark = place.mark();
    let said = place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("drifted");
    holds(&said, &["us-west-2/mattermost", "is gone from its branch"]);
    let orphans = place.run(&["orphans", "--output", "json"]).json();
    assert_eq!(orphans["orphans"], serde_json::json!([]));
    place.untouched_since(&mark);
    place.run(&["apply", "--yes", "--reclaim"]).succeeded();
    let after = place.inventory();
    assert!(after == before, "{}", before.difference(&after));
}
