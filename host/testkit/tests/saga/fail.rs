//! Failed at every call, for good and for a while. What a deployment made is gone again,
//! or it succeeded, or each leftover is named and `resume` ends it.

use std::sync::atomic::{AtomicUsize, Ordering};

use deploycenter_domain::journal::Status;
use deploycenter_sandbox::{DropWhen, Effect, Fault, InjectedError, LedgerEntry};
use deploycenter_testkit::{GitFault, Inventory, World, trials};

use crate::scene::{before_deploy, before_update, deployed, sicken, tried};

/// One kind of call to one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    service: String,
    operation: String,
    subject: String,
}

/// The distinct calls of a stretch of the ledger, in order.
fn calls(ledger: &[LedgerEntry]) -> Vec<Target> {
    let mut found: Vec<Target> = Vec::new();
    for entry in ledger {
        let target = Target {
            service: entry.service.clone(),
            operation: entry.operation.clone(),
            subject: entry.subject.clone(),
        };
        if !found.contains(&target) {
            found.push(target);
        }
    }
    found
}

fn fault(target: &Target, after: u64, times: Option<u64>, effect: Effect) -> Fault {
    Fault {
        service: Some(target.service.clone()),
        operation: Some(target.operation.clone()),
        subject: Some(target.subject.clone()),
        write: None,
        after,
        times,
        effect,
    }
}

fn refused(target: &Target) -> Effect {
    let code = if target.service == "argocd" {
        "3"
    } else {
        "ValidationException"
    };
    Effect::Error(InjectedError {
        status: 400,
        code: code.to_owned(),
        message: "injected refusal".to_owned(),
        retry_after: None,
    })
}

fn busy(target: &Target) -> Effect {
    let code = if target.service == "argocd" {
        "14"
    } else {
        "ServiceUnavailable"
    };
    Effect::Error(InjectedError {
        status: 503,
        code: code.to_owned(),
        message: "injected trouble".to_owned(),
        retry_after: Some(1),
    })
}

/// The calls that an undisturbed run makes, and what is there before and after.
fn undisturbed(prepared: &World) -> (Vec<Target>, Inventory, Inventory) {
    let world = prepared.copy().unwrap();
    let before = world.inventory().unwrap();
    deployed(&world);
    (
        calls(&world.sandbox().ledger()),
        before,
        world.inventory().unwrap(),
    )
}

/// Runs with a fault in force, then without, and holds the outcome to its word.
fn holds(world: &World, what: &str, before: &Inventory, after: &Inventory) {
    let outcomes = tried(world);
    let now = world.inventory().unwrap();
    let attention: Vec<_> = outcomes
        .iter()
        .flatten()
        .filter(|outcome| outcome.status == Status::NeedsAttention)
        .collect();
    let waiting: Vec<_> = outcomes
        .iter()
        .flatten()
        .filter(|outcome| matches!(outcome.status, Status::Running | Status::Unwinding))
        .collect();
    if attention.is_empty() && waiting.is_empty() {
        let succeeded = outcomes.as_ref().is_ok_and(|outcomes| {
            outcomes
                .iter()
                .all(|outcome| outcome.status == Status::Succeeded)
        });
        let expected = if succeeded { after } else { before };
        assert!(
            now == *expected,
            "{what}: {outcomes:?}\n{}",
            expected.difference(&now)
        );
        return;
    }
    assert!(
        attention
            .iter()
            .all(|outcome| outcome.reason.is_some() && !outcome.leftovers.is_empty()),
        "{what}: {attention:?}"
    );
    // An instance may wait for what its customer's instances share, which waits itself.
    let shared_waits = waiting
        .iter()
        .any(|outcome| outcome.target.is_shared() && !outcome.waits.is_empty());
    assert!(
        waiting
            .iter()
            .all(|outcome| shared_waits || !outcome.waits.is_empty()),
        "{what}: {waiting:?}"
    );
    world.sandbox().set_faults(Vec::new());
    world.set_git_fault(None);
    let resumed = crate::scene::resumed(world);
    assert!(
        resumed.iter().all(|outcome| outcome.status.is_final()),
        "{what}: {resumed:?}"
    );
    let now = world.inventory().unwrap();
    // What only waited goes on in its direction.
    let forward = attention.is_empty()
        && waiting
            .iter()
            .all(|outcome| outcome.status == Status::Running);
    assert!(
        now == *after || (now == *before && !forward),
        "{what}, resumed: {resumed:?}\n{}",
        before.difference(&now)
    );
}

/// Refuses each call of an apply in turn, for good.
pub(crate) fn for_good(start: fn() -> World) {
    let prepared = start();
    let (calls, before, after) = undisturbed(&prepared);
    let refusals = calls.iter().flat_map(|target| [(target, 0), (target, 1)]);
    trials::each("faults", refusals, |(target, let_through)| {
        let world = prepared.copy().unwrap();
        world
            .sandbox()
            .set_faults(vec![fault(target, let_through, None, refused(target))]);
        let what = format!("{target:?} refused from call {let_through} on");
        holds(&world, &what, &before, &after);
    });
    let of_git = (0..3).flat_map(|after| [(after, false), (after, true)]);
    trials::each("faults", of_git, |(git, done)| {
        let world = prepared.copy().unwrap();
        world.set_git_fault(Some(GitFault {
            after: git,
            times: None,
            done,
        }));
        let what = format!("git from commit {git} on, done: {done}");
        holds(&world, &what, &before, &after);
    });
}

fn for_a_while(start: fn() -> World) {
    let prepared = start();
    let (calls, _, after) = undisturbed(&prepared);
    let troubles = calls.iter().flat_map(|target| {
        [
            (target, "busy", 2, busy(target)),
            (target, "hung up before", 1, Effect::Drop(DropWhen::Before)),
            (target, "hung up after", 1, Effect::Drop(DropWhen::After)),
        ]
    });
    trials::each("faults", troubles, |(target, name, times, effect)| {
        let world = prepared.copy().unwrap();
        world
            .sandbox()
            .set_faults(vec![fault(target, 0, Some(times), effect)]);
        let outcomes = tried(&world);
        let now = world.inventory().unwrap();
        assert!(
            now == after,
            "{target:?} {name}: {outcomes:?}\n{}",
            after.difference(&now)
        );
    });
}

#[test]
fn a_deploy_fails_clean_at_every_call() {
    for_good(before_deploy);
}

#[test]
fn an_update_fails_clean_at_every_call() {
    for_good(before_update);
}

#[test]
fn a_deploy_outlasts_passing_trouble_at_every_call() {
    for_a_while(before_deploy);
}

#[test]
fn an_update_outlasts_passing_trouble_at_every_call() {
    for_a_while(before_update);
}

/// A deployment whose pods never get ready goes back; then each call of the way back
/// fails as well, until it is let through.
fn stuck_on_the_way_back(start: fn() -> World, sick: &str) {
    let prepared = start();
    let world = prepared.copy().unwrap();
    let before = world.inventory().unwrap();
    sicken(&world, sick);
    let outcomes = tried(&world).unwrap();
    assert!(
        outcomes
            .iter()
            .any(|outcome| outcome.status == Status::Unwound
                && outcome
                    .reason
                    .as_deref()
                    .is_some_and(|reason| reason.contains("the database hides"))),
        "{outcomes:?}"
    );
    let now = world.inventory().unwrap();
    assert!(now == before, "{outcomes:?}\n{}", before.difference(&now));
    let ledger = world.sandbox().ledger();
    let back = ledger
        .iter()
        .rposition(|entry| {
            entry.operation == "CreateApplication" || entry.operation == "GetResourceTree"
        })
        .unwrap_or(0);
    let writes: Vec<LedgerEntry> = ledger[back..]
        .iter()
        .filter(|entry| entry.write)
        .cloned()
        .collect();
    let stuck = AtomicUsize::new(0);
    trials::each("faults", calls(&writes), |target| {
        let world = prepared.copy().unwrap();
        sicken(&world, sick);
        let passed = if target.operation == "ChangeResourceRecordSets"
            || !target.operation.starts_with("Delete")
        {
            1
        } else {
            0
        };
        world
            .sandbox()
            .set_faults(vec![fault(&target, passed, None, refused(&target))]);
        let outcomes = tried(&world).unwrap();
        let parked: Vec<_> = outcomes
            .iter()
            .filter(|outcome| outcome.status == Status::NeedsAttention)
            .collect();
        if parked.is_empty() {
            return;
        }
        stuck.fetch_add(1, Ordering::SeqCst);
        assert!(
            parked.iter().all(|outcome| !outcome.leftovers.is_empty()),
            "{target:?}: {parked:?}"
        );
        world.sandbox().set_faults(Vec::new());
        let resumed = crate::scene::resumed(&world);
        assert!(
            resumed.iter().all(|outcome| outcome.status.is_final()),
            "{target:?}: {resumed:?}"
        );
        let now = world.inventory().unwrap();
        assert!(
            now == before,
            "{target:?}: {resumed:?}\n{}",
            before.difference(&now)
        );
    });
    assert!(
        stuck.into_inner() > 0,
        "no call of the way back could be made to fail: {writes:?}"
    );
}

#[test]
fn a_sick_deploy_goes_back_whatever_stands_in_the_way() {
    stuck_on_the_way_back(before_deploy, "chat.acme");
}

#[test]
fn a_sick_update_goes_back_whatever_stands_in_the_way() {
    stuck_on_the_way_back(before_update, "200");
}
