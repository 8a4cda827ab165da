//! `plan` shows what would change, and changes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::place::{ACME, FLEET, Place, holds};

#[test]
fn a_plan_reads_well_and_changes_nothing() {
    let place = Place::new(ACME);
    let mark = place.mark();
    let run = place.run(&["plan"]).succeeded();
    holds(
        &run.stdout,
        &[
            "acme/_customer (us-west-2, first deployment)\n",
            "acme/mattermost (us-west-2, mattermost, first deployment)\n",
            "  + efs.file-system/data\n",
            "      + fileSystem: (known after apply)\n",
            "  + dns.record/domain\n",
            "  + git.file/dependencies/network.yaml (",
            " lines) mattermost reaches public addresses at 443, postgres reaches any address at 443 and 6443\n",
            "  + argocd.sync/workload\n",
            " to create, 0 to update, 0 to delete, 0 unchanged.\n",
        ],
    );
    assert!(!run.stdout.contains('\u{1b}'), "no colour was asked for");
    place.run(&["plan", "--detailed-exitcode"]).exits(2);
    place.untouched_since(&mark);
    assert!(place.branches().is_empty());
}

#[test]
fn a_plan_for_programs_has_the_promised_shape() {
    let place = Place::new(FLEET);
    let mark = place.mark();
    let plan = place.plan(&["acme"]);
    assert_eq!(plan["format"], 1);
    let targets = plan["targets"].as_array().unwrap();
    let names: Vec<&str> = targets
        .iter()
        .map(|target| target["target"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["acme/_customer", "acme/mattermost"]);
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for target in targets {
        assert_eq!(target["region"], "us-west-2");
        assert!(target["digest"].as_str().unwrap().starts_with("sha256:"));
        for effect in target["effects"].as_array().unwrap() {
            *counted
                .entry(effect["action"].as_str().unwrap())
                .or_default() += 1;
            check_effect(effect);
        }
    }
    for action in ["create", "update", "delete", "none"] {
        assert_eq!(
            plan["summary"][action],
            counted.get(action).copied().unwrap_or(0),
            "{action}"
        );
    }
    assert_eq!(
        place.plan(&["acme"]),
        plan,
        "the same inputs give the same plan"
    );
    place.untouched_since(&mark);
}

fn check_effect(effect: &Value) {
    let (kind, name) = (
        effect["kind"].as_str().unwrap(),
        effect["name"].as_str().unwrap(),
    );
    assert_eq!(effect["id"], format!("{kind}/{name}"));
    assert!(
        effect["dependsOn"].is_array() && effect["changes"].is_array(),
        "{effect}"
    );
}

#[test]
fn a_selector_that_means_nothing_is_refused() {
    let place = Place::new(FLEET);
    let run = place.run(&["plan", "acmee"]).exits(1);
    holds(&run.stderr, &["acmee", "acme"]);
}

#[test]
fn changes_that_are_alike_read_as_one() {
    let fleet = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com }
  - name: rivoli
    region: eu-west-3
    apps:
      - { app: mattermost, domain: chat.rivoli.apps.example.com }
";
    let place = Place::new(fleet);
    place.deploy();
    place.put(
        "customers.yaml",
        fleet.replace(".com }", ".com, weight: 50 }"),
    );
    let run = place.run(&["plan", "--grouped"]).succeeded();
    holds(
        &run.stdout,
        &[
            "acme/mattermost (us-west-2, mattermost)\n",
            "      ~ weight: 100 → 50\n",
            "  same for 1 other: rivoli/mattermost\n",
            "2 targets change, all alike: 0 to create, 2 to update, 0 to delete.\n",
        ],
    );
    let json = place.plan(&["--grouped"]);
    assert_eq!(
        json["groups"][0]["targets"],
        serde_json::json!(["acme/mattermost", "rivoli/mattermost"])
    );
    let edited = fleet.replacen(".com }", ".com, weight: 50 }", 1);
    place.put(
        "customers.yaml",
        edited.replacen(".com }", ".com, weight: 40 }", 1),
    );
    let run = place.run(&["plan", "--grouped"]).succeeded();
    holds(&run.stdout, &["2 targets change in 2 ways: "]);
    place.run(&["plan", "--grouped", "--verbose"]).exits(64);
}

#[test]
fn a_plan_tells_every_problem_that_validate_tells() {
    let place = Place::new(ACME);
    let wrong = ACME.replace("maxUsers: 100", "maxUsers: many");
    place.change("customers.yaml", format!("{wrong}    colour: blue\n"));
    let told = |verb: &str| place.run(&[verb, "--output", "json"]).refused("invalid");
    let all = told("validate");
    holds(&all, &["colour", "maxUsers"]);
    for verb in ["plan", "apply"] {
        assert_eq!(told(verb), all, "{verb}");
    }
}
