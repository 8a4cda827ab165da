//! A plan file that isn't what `plan` wrote is refused.

use std::os::unix::fs::PermissionsExt as _;

use deploycenter_domain::saved::seal;
use serde_json::Value;

use crate::place::{ACME, Place, holds};

const APPLY: [&str; 5] = ["apply", "--plan", "edited.json", "--output", "json"];

fn saved(place: &Place) -> Value {
    let saved = std::fs::read(place.checkout().join("p.json")).unwrap();
    serde_json::from_slice(&saved).unwrap()
}

/// The instance's plan in a whole one.
fn target(plan: &mut Value) -> &mut Value {
    let target = plan["targets"].as_array_mut().unwrap().last_mut().unwrap();
    assert_eq!(target["target"], "acme/mattermost");
    target
}

/// Wants a text refused as a plan, with nothing written.
#[track_caller]
fn refused(place: &Place, text: &str, code: &str) -> String {
    place.put("edited.json", text);
    let mark = place.mark();
    let said = place.run(&APPLY).refused(code);
    place.untouched_since(&mark);
    said
}

/// Edits a saved plan and its digest with it, and wants it refused by what it says.
#[track_caller]
fn forged(place: &Place, what: &str, edit: impl FnOnce(&mut Value)) {
    let mut plan = saved(place);
    edit(target(&mut plan));
    // The counts as they should be, so that the effects alone differ.
    let mut count = serde_json::json!({ "create": 0, "update": 0, "delete": 0, "none": 0 });
    for target in plan["targets"].as_array().unwrap() {
        for effect in target["effects"].as_array().unwrap() {
            let action = effect["action"].as_str().unwrap();
            count[action] = (count[action].as_u64().unwrap() + 1).into();
        }
    }
    plan["summary"] = count;
    let said = refused(place, &seal(&plan).to_string(), "plan-edited");
    holds(&said, &["acme/mattermost: the plan file was edited", what]);
}

fn effect<'a>(target: &'a mut Value, id: &str) -> &'a mut Value {
    target["effects"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .find(|effect| effect["id"] == id)
        .unwrap()
}

#[test]
fn a_plan_is_refused_whatever_was_touched() {
    let place = Place::new(ACME);
    place.run(&["plan", "--out", "p.json"]).succeeded();
    let mode = place.checkout().join("p.json").metadata().unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);

    let edits: [fn(&mut Value); 5] = [
        |plan| plan["summary"]["create"] = 1.into(),
        |plan| plan["installation"] = "other".into(),
        |plan| plan["selectors"] = serde_json::json!(["acme"]),
        |plan| plan["note"] = "reviewed".into(),
        |plan| {
            let last = target(plan).clone();
            plan["targets"].as_array_mut().unwrap().push(last);
        },
    ];
    for edit in edits {
        let mut plan = saved(&place);
        edit(&mut plan);
        let said = refused(&place, &plan.to_string(), "plan-edited");
        holds(
            &said,
            &["edited.json", "the digest that was written with it"],
        );
    }
    let doubled = saved(&place)
        .to_string()
        .replacen('{', "{\"selectors\":[],", 1);
    let said = refused(&place, &doubled, "plan-edited");
    holds(&said, &["selectors", "twice"]);

    forged(&place, "dns.record/domain", |target| {
        effect(target, "dns.record/domain")["after"]["weight"] = 7.into()
    });
    forged(&place, "argocd.sync/workload", |target| {
        effect(target, "argocd.sync/workload")["dependsOn"] = Value::Array(Vec::new())
    });
    forged(&place, "digest", |target| {
        target["digest"] = format!("sha256:{}", "0".repeat(64)).into()
    });
    forged(&place, "secrets.entry/app", |target| {
        target["effects"]
            .as_array_mut()
            .unwrap()
            .retain(|effect| effect["id"] != "secrets.entry/app");
    });
    forged(&place, "dns.record/other", |target| {
        let mut other = effect(target, "dns.record/domain").clone();
        other["id"] = "dns.record/other".into();
        other["name"] = "other".into();
        other["after"]["name"] = "bank.apps.example.com".into();
        target["effects"].as_array_mut().unwrap().push(other);
    });
    forged(&place, "the order of the effects", |target| {
        target["effects"].as_array_mut().unwrap().reverse();
    });

    // What a program reads of `plan` may be applied as well.
    let shown = place.run(&["plan", "--output", "json"]).succeeded().stdout;
    place.put("p.json", shown);
    place.run(&["apply", "--plan", "p.json"]).succeeded();
}

#[test]
fn a_plan_of_another_installation_is_refused() {
    let place = Place::new(ACME);
    place.run(&["plan", "--out", "p.json"]).succeeded();
    let mut plan = saved(&place);
    plan["installation"] = "other".into();
    let said = refused(&place, &seal(&plan).to_string(), "plan-foreign");
    holds(&said, &["the installation other", "this repo's is"]);
}

#[test]
fn what_is_no_plan_is_refused() {
    let place = Place::new(ACME);
    place.put(
        "p.json",
        "{\n  \"format\": 1,\n  \"installation\": \"testing\",\n  \"targets\": 5\n}\n",
    );
    let said = place
        .run(&["apply", "--plan", "p.json", "--output", "json"])
        .refused("plan-unreadable");
    holds(
        &said,
        &["p.json", "\"line\":4", "deploycenter plan --out FILE"],
    );
    for (path, why) in [
        ("none.json", "No such file"),
        (".", "it is a folder"),
        ("/dev/null", "it is a pipe or a device"),
        ("/dev/stdin", "it is a pipe or a device"),
    ] {
        let said = place
            .run(&["apply", "--plan", path, "--output", "json"])
            .refused("failed");
        holds(&said, &[path, why]);
    }
}
