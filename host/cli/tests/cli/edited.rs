//! A plan file that isn't what `plan` wrote is refused.

use serde_json::Value;

use crate::place::{ACME, Place, holds};

/// Saves a plan, edits it, and wants it refused with nothing written.
#[track_caller]
fn edit(place: &Place, what: &str, edit: impl FnOnce(&mut Value)) {
    let saved = std::fs::read(place.checkout().join("p.json")).unwrap();
    let mut plan: Value = serde_json::from_slice(&saved).unwrap();
    let target = plan["targets"].as_array_mut().unwrap().last_mut().unwrap();
    assert_eq!(target["target"], "acme/mattermost");
    edit(target);
    place.put("edited.json", plan.to_string());
    let mark = place.mark();
    let run = place.run(&["apply", "--plan", "edited.json", "--output", "json"]);
    let said = run.refused("plan-edited");
    holds(&said, &["acme/mattermost: the plan file was edited", what]);
    place.untouched_since(&mark);
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
fn an_edited_plan_is_refused() {
    let place = Place::new(ACME);
    place.run(&["plan", "--out", "p.json"]).succeeded();
    edit(&place, "dns.record/domain", |target| {
        effect(target, "dns.record/domain")["after"]["weight"] = 7.into()
    });
    edit(&place, "argocd.sync/workload", |target| {
        effect(target, "argocd.sync/workload")["dependsOn"] = Value::Array(Vec::new())
    });
    edit(&place, "digest", |target| {
        target["digest"] = format!("sha256:{}", "0".repeat(64)).into()
    });
    edit(&place, "secrets.entry/app", |target| {
        target["effects"]
            .as_array_mut()
            .unwrap()
            .retain(|effect| effect["id"] != "secrets.entry/app");
    });
    edit(&place, "dns.record/other", |target| {
        let mut other = effect(target, "dns.record/domain").clone();
        other["id"] = "dns.record/other".into();
        other["name"] = "other".into();
        other["after"]["name"] = "bank.apps.example.com".into();
        target["effects"].as_array_mut().unwrap().push(other);
    });
    place.run(&["apply", "--plan", "p.json"]).succeeded();
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
    let said = place
        .run(&["apply", "--plan", "none.json", "--output", "json"])
        .refused("failed");
    holds(&said, &["none.json"]);
}
