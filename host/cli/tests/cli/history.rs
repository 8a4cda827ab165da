//! `history`: what deployments were, and what differs between what they left.

use deploycenter_sandbox::argocd::Sickness;
use serde_json::{Value, json};

use crate::place::{ACME, ACME_UPDATED, FLEET, Place, holds};

const TARGET: &str = "acme/mattermost";

/// The target's deployments, newest first.
fn deployments(place: &Place, target: &str) -> Vec<Value> {
    let history = place
        .run(&["history", target, "--output", "json"])
        .succeeded()
        .json();
    history["deployments"].as_array().unwrap().clone()
}

fn ids(place: &Place, target: &str) -> Vec<String> {
    deployments(place, target)
        .iter()
        .map(|row| row["deployment"].as_str().unwrap().to_owned())
        .collect()
}

/// Three deployments: the first, an update, and the first's state again.
fn lived() -> Place {
    let place = Place::new(ACME);
    place.deploy();
    for customers in [ACME_UPDATED, ACME] {
        place.change("customers.yaml", customers);
        place.deploy();
    }
    place
}

#[test]
fn what_each_deployment_was_for() {
    let place = lived();
    let rows = deployments(&place, TARGET);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[1]["operation"], "deploy");
    let changed = rows[1]["changed"].as_array().unwrap();
    for id in ["git.file/values.yaml", "dns.record/domain"] {
        assert!(changed.contains(&json!(id)), "no {id} in {changed:?}");
    }
    assert!(
        changed.iter().all(|id| {
            let id = id.as_str().unwrap();
            id.starts_with("git.file/") || id == "dns.record/domain"
        }),
        "{changed:?}"
    );
    let shown = place.run(&["history", TARGET]).succeeded();
    holds(
        &shown.stdout,
        &["first deployment", ", ~dns.record/domain", " deploy "],
    );
    let limited = place
        .run(&["history", TARGET, "--limit", "1"])
        .succeeded()
        .stdout;
    assert_eq!(limited.lines().count(), 2, "{limited}");
    assert!(limited.contains(rows[0]["deployment"].as_str().unwrap()));
}

#[test]
fn differences_need_nobody() {
    let mut place = lived();
    place.disconnect();
    let ids = ids(&place, TARGET);
    let [third, second, first] = &ids[..] else {
        panic!("{ids:?}")
    };

    // What the second changed, by the end of its id.
    let end = &second[second.len() - 10..];
    let shown = place.run(&["history", TARGET, "--diff", end]).succeeded();
    holds(
        &shown.stdout,
        &[
            &format!("acme/mattermost\n  from {first} ("),
            &format!("\n  to   {second} ("),
            "  ~ dns.record/domain\n      ~ weight: 100 → 50\n",
            "  ~ git.file/values.yaml\n      @@",
            "      -",
            "maxUsers: 100",
            "      +",
            "maxUsers: 137",
            "Difference: 0 created, ",
        ],
    );
    assert!(!shown.stdout.contains("known after apply"), "{shown}");

    let json = |range: &str| {
        place
            .run(&["history", TARGET, "--output", "json", "--diff", range])
            .succeeded()
            .json()
    };
    let changed = json(second);
    assert_eq!(
        (&changed["format"], &changed["target"]),
        (&json!(1), &json!(TARGET))
    );
    assert_eq!(
        (&changed["from"], &changed["to"]),
        (&json!(first), &json!(second))
    );
    let effects = changed["effects"].as_array().unwrap();
    let record = effects
        .iter()
        .find(|effect| effect["id"] == "dns.record/domain")
        .unwrap();
    assert_eq!(
        *record,
        json!({
            "id": "dns.record/domain", "kind": "dns.record", "name": "domain", "action": "update",
            "changes": [{ "path": "weight", "before": 100, "after": 50 }],
        })
    );
    assert_eq!(
        json(&format!("{first}..{second}"))["effects"],
        changed["effects"]
    );

    // There and back is nowhere, folder's tree and all.
    let nothing = json(&format!("{first}.."));
    assert_eq!(nothing["to"], json!(third));
    assert_eq!(nothing["effects"], json!([]));
    let back = json("previous..latest");
    assert_eq!(
        (&back["from"], &back["to"]),
        (&json!(second), &json!(third))
    );
    assert_eq!(back["effects"], json("latest")["effects"]);

    // The first found nothing, and left everything bound.
    let all = json(first);
    assert_eq!(all["from"], Value::Null);
    let effects = all["effects"].as_array().unwrap();
    assert!(effects.iter().all(|effect| effect["action"] == "create"));
    for kind in [
        "efs.file-system",
        "efs.mount-target",
        "efs.access-point",
        "secrets.entry",
        "dns.record",
        "git.file",
        "git.commit",
        "argocd.application",
    ] {
        assert!(
            effects.iter().any(|effect| effect["kind"] == kind),
            "no {kind}"
        );
    }
    assert!(!all.to_string().contains("known after apply"));

    let shared = place
        .run(&["history", "acme/_customer", "--diff", "latest"])
        .succeeded();
    holds(
        &shared.stdout,
        &["  from nothing\n", "+ argocd.project/acme"],
    );
}

#[test]
fn a_deployment_that_isnt_there_is_named() {
    let place = Place::new(FLEET);
    place.deploy();
    let ours = ids(&place, TARGET).remove(0);
    let theirs = ids(&place, "rivoli/mattermost").remove(0);
    let refused = |range: &str| {
        place
            .run(&["history", TARGET, "--diff", range, "--output", "json"])
            .refused("unknown-deployment")
    };
    holds(
        &refused("nope"),
        &["acme/mattermost has no deployment", "nope", &ours],
    );
    holds(
        &refused(&theirs),
        &["is a deployment of rivoli/mattermost, not of acme/mattermost"],
    );
    holds(&refused("previous"), &["only one deployment"]);
    holds(
        &refused(&format!("{ours}..{theirs}")),
        &["rivoli/mattermost"],
    );
    place
        .run(&["history", TARGET, "--diff", "a..b..c"])
        .exits(64);
    place
        .run(&["history", TARGET, "--diff", &ours, "--limit", "1"])
        .exits(64);

    let slip = place.run(&["history", "acme/matermost"]).exits(1);
    holds(&slip.stderr, &["did you mean \"acme/mattermost\"?"]);

    place.change("customers.yaml", FLEET.replace("100", "101"));
    place.deploy();
    // Both ids begin with the same years.
    holds(
        &refused(&ours[..2]),
        &["is the beginning or the end of 2", &ours],
    );
}

#[test]
fn what_was_taken_back_changed_nothing() {
    let place = Place::new(ACME);
    place.deploy();
    place.change("customers.yaml", ACME_UPDATED);
    let sickness = Sickness {
        reason: "CrashLoopBackOff".to_owned(),
        message: "back-off 5m0s restarting failed container".to_owned(),
        only_revision_containing: Some("maxUsers: 137".to_owned()),
    };
    place
        .sandbox()
        .with_argocd(|argocd, _| argocd.sicken("acme--mattermost", sickness));
    place
        .run(&["apply", "--yes", "--output", "json"])
        .refused("unwound");
    let ids = ids(&place, TARGET);
    let run = place
        .run(&["history", TARGET, "--diff", &ids[0]])
        .succeeded();
    holds(&run.stdout, &["unwound)", "\nNo difference.\n"]);
    holds(
        &run.stderr,
        &["was taken back, and so left what it had found"],
    );
}
