//! Every step taken twice: the second time nothing changes. And a plan of what stands has
//! nothing to do.

use std::collections::BTreeMap;

use deploycenter_sandbox::LedgerEntry;
use deploycenter_testkit::World;

use crate::scene::{before_deploy, before_update, deployed, tried};

/// How often each thing was written in AWS.
fn writes(ledger: &[LedgerEntry]) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for entry in ledger
        .iter()
        .filter(|entry| entry.write && entry.service != "argocd")
    {
        *found
            .entry((entry.operation.clone(), entry.subject.clone()))
            .or_default() += 1;
    }
    found
}

fn every_step_twice(start: fn() -> World) {
    let (once, twice) = (start(), start());
    twice.do_everything_twice();
    let began = once.sandbox().ledger().len();
    assert_eq!(began, twice.sandbox().ledger().len());
    deployed(&once);
    deployed(&twice);
    let (expected, found) = (once.inventory().unwrap(), twice.inventory().unwrap());
    assert!(expected == found, "{}", expected.difference(&found));
    assert_eq!(
        writes(&once.sandbox().ledger()[began..]),
        writes(&twice.sandbox().ledger()[began..])
    );
}

#[test]
fn a_deploys_steps_taken_twice_change_nothing_more() {
    every_step_twice(before_deploy);
}

#[test]
fn an_updates_steps_taken_twice_change_nothing_more() {
    every_step_twice(before_update);
}

#[test]
fn what_stands_is_left_alone() {
    let world = before_update();
    deployed(&world);
    let (began, before) = (world.sandbox().ledger().len(), world.inventory().unwrap());
    assert_eq!(tried(&world).unwrap(), Vec::new());
    assert!(world.inventory().unwrap() == before);
    let ledger = world.sandbox().ledger();
    let written: Vec<_> = ledger[began..].iter().filter(|entry| entry.write).collect();
    assert!(written.is_empty(), "{written:?}");
}
