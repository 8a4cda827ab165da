//! A plan in a file: read as written, and refused whatever was touched.

use deploycenter_domain::plan::Plan;
use deploycenter_domain::saved::{SavedError, read, seal};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{config, edited};
use crate::support::{first, update};

fn whole() -> Plan {
    let mut other = update();
    other.target = "acme/second".parse().unwrap();
    Plan::new(
        "testing".parse().unwrap(),
        vec!["acme".to_owned()],
        vec![first(), other],
    )
}

fn text() -> String {
    serde_json::to_string_pretty(&seal(&whole())).unwrap()
}

/// Reads the plan after an edit, its digest as it was or made anew.
fn after(edit: impl FnOnce(&mut Value), anew: bool) -> Result<Plan, SavedError> {
    let mut value = seal(&whole());
    edit(&mut value);
    let value = if anew { seal(&value) } else { value };
    read(value.to_string().as_bytes())
}

#[test]
fn it_is_read_as_written_in_whatever_layout() {
    assert_eq!(read(text().as_bytes()), Ok(whole()));
    let tight = serde_json::from_str::<Value>(&text()).unwrap().to_string();
    assert_eq!(read(tight.as_bytes()), Ok(whole()));
}

#[test]
fn what_is_said_beside_a_plan_is_under_its_digest_and_no_part_of_it() {
    let mut value = serde_json::to_value(whole()).unwrap();
    value["blocked"] = json!([{ "target": "acme/third" }]);
    value["held"] = json!([]);
    let mut sealed = seal(&value);
    assert_eq!(read(sealed.to_string().as_bytes()), Ok(whole()));
    sealed["blocked"] = json!([]);
    assert!(matches!(
        read(sealed.to_string().as_bytes()),
        Err(SavedError::Edited(_))
    ));
}

/// Edits of every kind.
type Edit = (&'static str, fn(&mut Value));
const EDITS: [Edit; 11] = [
    ("a fake effect", |plan| {
        let effects = plan["targets"][0]["effects"].as_array_mut().unwrap();
        let mut fake = effects[0].clone();
        fake["name"] = "fake".into();
        fake["id"] = format!("{}/fake", fake["kind"].as_str().unwrap()).into();
        effects.push(fake);
    }),
    ("a doubled effect", |plan| {
        let effects = plan["targets"][0]["effects"].as_array_mut().unwrap();
        effects.push(effects[0].clone());
    }),
    ("the order of effects", |plan| {
        plan["targets"][0]["effects"]
            .as_array_mut()
            .unwrap()
            .reverse();
    }),
    ("the order of targets", |plan| {
        plan["targets"].as_array_mut().unwrap().reverse();
    }),
    ("the summary's counts", |plan| {
        plan["summary"]["create"] = 99.into()
    }),
    ("the installation", |plan| {
        plan["installation"] = "other".into()
    }),
    ("the selectors", |plan| plan["selectors"] = json!([])),
    ("an unknown key", |plan| plan["note"] = "reviewed".into()),
    ("an unknown key within", |plan| {
        plan["targets"][1]["effects"][0]["note"] = 1.into();
    }),
    ("a second entry of a target", |plan| {
        let targets = plan["targets"].as_array_mut().unwrap();
        targets.push(targets[0].clone());
    }),
    ("a target left out", |plan| {
        plan["targets"].as_array_mut().unwrap().pop();
    }),
];

#[test]
fn whatever_was_touched_it_is_edited() {
    for (what, edit) in EDITS {
        let mut changed = seal(&whole());
        edit(&mut changed);
        assert_ne!(changed, seal(&whole()), "{what} changes nothing");
        assert!(
            matches!(after(edit, false), Err(SavedError::Edited(_))),
            "{what}"
        );
    }
    let no_digest = after(
        |plan| drop(plan.as_object_mut().unwrap().remove("digest")),
        false,
    );
    assert!(matches!(no_digest, Err(SavedError::Edited(_))));
}

#[test]
fn a_digest_made_anew_hides_no_contradiction() {
    for (what, wanted) in [
        ("a doubled effect", "is in it twice"),
        ("a fake effect", "its summary"),
        ("the order of targets", "in another order"),
        ("the summary's counts", "its summary"),
        ("an unknown key", "what no plan holds"),
        ("an unknown key within", "what no plan holds"),
        ("a second entry of a target", "is in it twice"),
    ] {
        let (_, edit) = EDITS.iter().find(|(name, _)| *name == what).unwrap();
        match after(edit, true) {
            Err(SavedError::Edited(why)) => assert!(why.contains(wanted), "{what}: {why}"),
            other => panic!("{what}: {other:?}"),
        }
    }
}

#[test]
fn a_key_twice_is_refused_with_its_place() {
    let doubled = text().replacen(
        "\"installation\"",
        "\"summary\": {\"create\": 0, \"update\": 0, \"delete\": 0, \"none\": 0},\n  \"installation\"",
        1,
    );
    match read(doubled.as_bytes()) {
        Err(SavedError::Edited(why)) => {
            assert!(why.contains("the key \"summary\" twice at line "), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_plan_is_told_with_its_place() {
    let unreadable = |text: &str| match read(text.as_bytes()) {
        Err(SavedError::Unreadable { line, .. }) => line,
        other => panic!("{other:?}"),
    };
    assert_eq!(unreadable("{\n \"format\": 1,\n \"installation\": 5\n}"), 3);
    assert_eq!(unreadable("{\n not JSON"), 2);
    assert_eq!(unreadable("[]"), 1);
    let other = text().replacen("\"format\": 1", "\"format\": 2", 1);
    assert_eq!(
        read(other.as_bytes()),
        Err(SavedError::Format("2".to_owned()))
    );
}

proptest! {
    #![proptest_config(config(1000))]

    #[test]
    fn bytes_that_are_read_are_those_that_were_written(bytes in edited(text().into_bytes())) {
        if let Ok(plan) = read(&bytes) {
            prop_assert_eq!(plan, whole());
        }
    }
}
