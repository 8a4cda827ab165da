//! What a plan says of the version that its data is in.

use std::collections::BTreeMap;

use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::lock::{FILE, Lock, PinnedPlugin};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::plan::{PlannedEffect, Remark, TargetPlan};
use deploycenter_domain::stale::{Verdict, compare};

use crate::support::{effect, file, plan, token};

fn lock(data_version: Option<&str>) -> String {
    let lock = Lock {
        format: 1,
        app: "odoo".parse().unwrap(),
        incarnation: Incarnation::FIRST,
        plugin: PinnedPlugin {
            version: "0.1.0".to_owned(),
            digest: Digest::of(b"plugin"),
        },
        overrides: None,
        data_version: data_version.map(str::to_owned),
        secret_versions: BTreeMap::new(),
        bindings: BTreeMap::from([(
            "efs.file-system/data:id".to_owned(),
            token("efs.file-system/data"),
        )]),
    };
    lock.text()
}

fn lock_file(before: Option<&str>, after: &str) -> PlannedEffect {
    effect(
        &format!("git.file/{FILE}"),
        before.map(|text| file(FILE, text)),
        Some(file(FILE, after)),
    )
}

/// An update whose lock file goes from one data-version to another.
fn update(from: &str, to: &str) -> TargetPlan {
    let effects = vec![lock_file(Some(&lock(Some(from))), &lock(Some(to)))];
    let data_version = DataVersionChange::of(&effects);
    let app = "odoo".parse().unwrap();
    TargetPlan {
        remarks: data_version
            .iter()
            .map(|change| change.remark(&app, None))
            .collect(),
        data_version,
        ..plan(effects)
    }
}

#[test]
fn versions_are_dotted_numbers() {
    let back = |from, to| {
        DataVersionChange::between(Some(from), Some(to)).map(|change| change.goes_back())
    };
    for (from, to) in [
        ("17.0", "18.0"),
        ("11.7", "11.11"),
        ("9", "10"),
        ("4.5", "4.5.1"),
        ("18.0", "18.0.0.1"),
    ] {
        assert_eq!(back(from, to), Some(false), "{from} to {to}");
        assert_eq!(back(to, from), Some(true), "{to} to {from}");
    }
    for (from, to) in [("18.0", "18.0"), ("18", "18.0"), ("a", "a")] {
        assert_eq!(back(from, to), None, "{from} to {to}");
    }
    // Without an order, nobody can say that it goes back.
    for (from, to) in [
        ("a", "b"),
        ("b", "a"),
        ("18.0", "next"),
        ("18.0", "17.0-rc1"),
        ("2", "-1"),
        ("18.0", ""),
        ("99999999999999999999", "1"),
    ] {
        assert_eq!(back(from, to), Some(false), "{from} to {to}");
    }
    assert_eq!(DataVersionChange::between(None, Some("1")), None);
    assert_eq!(DataVersionChange::between(Some("1"), None), None);
}

#[test]
fn the_lock_file_says_whether_it_is_crossed() {
    let plan = update("17.0", "18.0");
    assert_eq!(plan.crosses_data_version(), Some(("17.0", "18.0")));
    assert_eq!(plan.remarks.len(), 1);
    assert_eq!(
        plan.remarks[0].message,
        "the data goes from version 17.0 to 18.0, and odoo has no way back from there"
    );
    let help = |migration| {
        let change = DataVersionChange::between(Some("1"), Some("2")).unwrap();
        let remark = change.remark(&"odoo".parse().unwrap(), migration);
        remark.help.unwrap()
    };
    assert!(help(None).starts_with("take a backup first"));
    assert!(help(Some("read the manual")).starts_with("read the manual; take a backup first"));
    assert_eq!(update("17.0", "17.0").crosses_data_version(), None);
    for effects in [
        // A first deployment, a version that nobody named, and a file of someone else's.
        vec![lock_file(None, &lock(Some("18.0")))],
        vec![lock_file(Some(&lock(None)), &lock(Some("18.0")))],
        vec![lock_file(Some(&lock(Some("18.0"))), &lock(None))],
        vec![lock_file(Some("by hand"), &lock(Some("18.0")))],
        vec![],
    ] {
        assert_eq!(DataVersionChange::of(&effects), None, "{effects:?}");
    }
}

#[test]
fn a_plan_keeps_it_and_leaves_out_what_is_not_there() {
    let crossing = update("17.0", "18.0");
    let json = serde_json::to_value(&crossing).unwrap();
    assert_eq!(
        json["dataVersion"],
        serde_json::json!({ "from": "17.0", "to": "18.0" })
    );
    assert_eq!(json["remarks"][0]["code"], "data-version");
    assert_eq!(
        serde_json::from_value::<TargetPlan>(json).unwrap(),
        crossing
    );
    let json = serde_json::to_value(update("17.0", "17.0")).unwrap();
    assert!(
        json.get("dataVersion").is_none() && json.get("remarks").is_none(),
        "{json}"
    );
}

/// A plan as read and as made, and whether it is the one that was made.
#[test]
fn it_cannot_be_edited_away() {
    let made = update("17.0", "18.0");
    assert_eq!(compare(&made, &made), Verdict::Same);
    let edited = |what: &str, edit: fn(&mut TargetPlan)| {
        let mut read = made.clone();
        edit(&mut read);
        assert_eq!(
            compare(&read, &made),
            Verdict::Edited(vec![what.to_owned()])
        );
    };
    edited("remarks", |plan| plan.remarks.clear());
    edited("remarks", |plan| {
        plan.remarks
            .push(Remark::new(Remark::APP_WARNING, "all is well"));
    });
    edited("dataVersion", |plan| {
        plan.data_version = DataVersionChange::between(Some("17.0"), Some("17.1"));
    });
    let mut read = made.clone();
    read.data_version = None;
    assert_eq!(
        compare(&read, &made),
        Verdict::Edited(vec!["dataVersion".to_owned(), "remarks".to_owned()])
    );
}

#[test]
fn wording_is_not_held_against_a_plan() {
    let mut made = update("17.0", "18.0");
    made.remarks
        .push(Remark::new(Remark::APP_WARNING, "two wait for a licence"));
    let mut read = made.clone();
    for remark in &mut read.remarks {
        *remark = Remark::new(&remark.code, "as an earlier version put it");
    }
    assert_eq!(compare(&read, &made), Verdict::Same);
}

/// Its commit stands already: what was crossed isn't crossed again.
#[test]
fn a_crossing_that_is_done_is_done() {
    let reviewed = update("17.0", "18.0");
    let there = lock(Some("18.0"));
    let fresh = plan(vec![lock_file(Some(&there), &there)]);
    assert_eq!(fresh.crosses_data_version(), None);
    assert_eq!(compare(&reviewed, &fresh), Verdict::Same);
}

#[test]
fn a_remark_shows_no_token() {
    let remark = Remark::new(
        Remark::APP_WARNING,
        format!("mounts {}", token("efs.file-system/data")),
    );
    assert_eq!(remark.message, "mounts (known after apply)");
}
