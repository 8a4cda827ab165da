//! Killed at every journal write and every outside call: right before, right after it
//! was sent, right after the reply. Then a new process takes over, and the end is the
//! same as if nothing had happened.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_sandbox::LedgerEntry;
use deploycenter_testkit::{Gate, Inventory, Life, World};

use crate::scene::{apply, before_deploy, before_update, deployed};

#[test]
fn a_deploy_survives_every_crash() {
    every_crash(before_deploy);
}

#[test]
fn an_update_survives_every_crash() {
    every_crash(before_update);
}

fn every_crash(start: fn() -> World) {
    let world = start();
    let gate = Arc::new(Gate::new(None));
    assert!(matches!(world.live(&gate, apply).unwrap(), Life::Lived(_)));
    let undisturbed = world.inventory().unwrap();
    let points = gate.trace();
    assert!(
        points.len() > 100,
        "the trace has {} points only",
        points.len()
    );
    for (number, point) in points.iter().enumerate() {
        crash_at(start, number, point, &undisturbed);
    }
}

fn crash_at(start: fn() -> World, number: usize, point: &str, undisturbed: &Inventory) {
    let world = start();
    let began = world.sandbox().ledger().len();
    let gate = Arc::new(Gate::new(Some(number)));
    match world.live(&gate, apply).unwrap() {
        Life::Died => {}
        Life::Lived(outcomes) => panic!("it outlived point {number} ({point}): {outcomes:?}"),
    }
    assert_eq!(
        gate.trace().last().map(String::as_str),
        Some(point),
        "another run takes another way at {number}"
    );
    deployed(&world);
    let recovered = world.inventory().unwrap();
    assert!(
        recovered == *undisturbed,
        "after a crash at point {number} ({point}):\n{}",
        undisturbed.difference(&recovered)
    );
    let ledger = world.sandbox().ledger();
    assert_eq!(
        doubles(&ledger[began..]),
        Vec::<String>::new(),
        "made twice after a crash at point {number} ({point})"
    );
}

/// What AWS made more than once, by its ledger.
fn doubles(ledger: &[LedgerEntry]) -> Vec<String> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for entry in ledger {
        let creates = entry.operation.starts_with("Create") && entry.service != "argocd";
        let changes = entry.operation == "ChangeResourceRecordSets";
        if (creates || changes) && entry.status.is_some_and(|status| status < 300) {
            *made
                .entry(format!("{} {}", entry.operation, entry.subject))
                .or_default() += 1;
        }
    }
    made.into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(what, times)| format!("{what}: {times} times"))
        .collect()
}
