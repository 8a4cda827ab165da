//! Killed at every journal write and every outside call: right before, right after it
//! was sent, right after the reply. Then a new process takes over, and the end is the
//! same as if nothing had happened.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deploycenter_domain::journal::Status;
use deploycenter_engine::Outcome;
use deploycenter_sandbox::LedgerEntry;
use deploycenter_testkit::{Gate, Inventory, Life, World, trials};

use crate::scene::{Work, apply, before_deploy, before_update, resumed, undying};

#[test]
fn a_deploy_survives_every_crash() {
    every_crash(before_deploy, apply);
}

#[test]
fn an_update_survives_every_crash() {
    every_crash(before_update, apply);
}

/// One of how many points is tried while a plan is made.
const ALIKE: usize = 10;

/// The order of a process's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Every run has the same.
    Fixed,
    /// Several deployments go side by side, and each run mixes them in its own way.
    Mixed,
}

/// Lets a process die at every point of some work in a world, which does one thing after
/// the other.
pub(crate) fn every_crash(start: fn() -> World, work: Work) {
    crashes(start, work, Order::Fixed);
}

/// The same for work on several targets of one customer.
pub(crate) fn every_crash_of_many(start: fn() -> World, work: Work) {
    crashes(start, work, Order::Mixed);
}

fn crashes(start: fn() -> World, work: Work, order: Order) {
    let prepared = start();
    let world = prepared.copy().unwrap();
    let gate = Arc::new(Gate::new(None));
    match world.live(&gate, work).unwrap() {
        Life::Lived(outcomes) => all_well(&outcomes.unwrap()),
        Life::Died => unreachable!("nothing ends this life"),
    }
    let undisturbed = world.inventory().unwrap();
    let points = gate.trace();
    assert!(
        points.len() > 30,
        "the trace has {} points only",
        points.len()
    );
    let outlived = AtomicUsize::new(0);
    trials::each("points", telling(&points), |number| {
        let point = &points[number];
        match (order, crash_at(&prepared, work, number, &undisturbed)) {
            (Order::Fixed, reached) => assert_eq!(
                reached.as_ref(),
                Some(point),
                "another run takes another way at {number}"
            ),
            (Order::Mixed, Some(reached)) => {
                assert!(points.contains(&reached), "{reached} is new at {number}");
            }
            (Order::Mixed, None) => {
                outlived.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    // Calls that both wait for may be fewer in another mix, by a few.
    let outlived = outlived.into_inner();
    assert!(outlived < 10, "{outlived} runs ended before they died");
}

/// The numbers of the points that are tried. Before anything is journaled nothing has
/// happened: there, points are alike, and some of them tell enough.
pub(crate) fn telling(points: &[String]) -> impl Iterator<Item = usize> {
    let begun = points.iter().position(|point| point.starts_with("journal"));
    let begun = begun.unwrap_or(0);
    (0..points.len()).filter(move |number| *number >= begun || number % ALIKE == 0)
}

/// Lets a process die at the point of that number, and another one end what it left. The
/// point is returned; none when all was done before it was reached.
fn crash_at(
    prepared: &World,
    work: Work,
    number: usize,
    undisturbed: &Inventory,
) -> Option<String> {
    let world = prepared.copy().unwrap();
    let began = world.sandbox().ledger().len();
    let gate = Arc::new(Gate::new(Some(number)));
    match world.live(&gate, work).unwrap() {
        Life::Died => {}
        Life::Lived(outcomes) => {
            all_well(&outcomes.unwrap());
            assert!(world.inventory().unwrap() == *undisturbed, "at {number}");
            return None;
        }
    }
    let trace = gate.trace();
    let point = trace.last().expect("it died at a point");
    // What was journaled is ended; what wasn't has left nothing and is done again.
    let resumed = resumed(&world);
    all_well(&resumed);
    if resumed.is_empty() && world.inventory().unwrap() != *undisturbed {
        all_well(&undying(&world, work).unwrap());
    }
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
    Some(point.clone())
}

fn all_well(outcomes: &[Outcome]) {
    for outcome in outcomes {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
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
