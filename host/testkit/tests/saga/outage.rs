//! Outside systems that are away: for a while at every call, and for longer than anyone
//! waits. A deployment goes on in its direction, whichever that is; only an answer turns it
//! round.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deploycenter_domain::journal::{Event, Status};
use deploycenter_engine::{CancellationToken, Outcome, PlanOptions};
use deploycenter_ports::{DeploymentEvent, Deployments, EventSink};
use deploycenter_sandbox::{DropWhen, Effect, Fault};
use deploycenter_testkit::{GitFault, World, trials};

use crate::scene::{before_deploy, before_update, deployed, resumed, sicken, tried, undying};

/// How many requests a minute's absence swallows: each call is tried six times, and looked
/// for again in between.
pub(crate) const A_MINUTE: u64 = 25;

/// One of how many calls is tried.
const EVERY: usize = 4;

/// A service that answers so many calls, and then, for so many, nobody.
pub(crate) fn away(service: &str, after: u64, times: Option<u64>) -> Fault {
    Fault {
        service: Some(service.to_owned()),
        operation: None,
        subject: None,
        write: None,
        after,
        times,
        effect: Effect::Drop(DropWhen::Before),
    }
}

/// The numbers of the calls to a service that a run of `apply` makes once it has its plan.
fn calls(prepared: &World, service: &str) -> std::ops::Range<u64> {
    let (world, planned) = (prepared.copy().unwrap(), prepared.copy().unwrap());
    let of = |world: &World| {
        let ledger = world.sandbox().ledger();
        let calls = ledger.iter();
        calls.filter(|entry| entry.service == service).count() as u64
    };
    undying(&planned, async |engine| {
        engine
            .plan(&Default::default(), &PlanOptions::default())
            .await
            .map(drop)
    })
    .unwrap();
    deployed(&world);
    of(&planned)..of(&world)
}

/// What is journaled of every deployment, oldest first.
fn journal(world: &World) -> Vec<Event> {
    undying(world, async |engine| {
        let mut events = Vec::new();
        for record in engine.store.all_targets().await.unwrap() {
            let all = Deployments::Of(record.target);
            for summary in engine.store.all_deployments(&all).await.unwrap() {
                let record = engine.store.deployment(&summary.id).await.unwrap();
                let recorded = record.unwrap().events.into_iter();
                events.extend(recorded.map(|recorded| recorded.event));
            }
        }
        events
    })
}

fn waits(world: &World) -> usize {
    let is_wait = |event: &&Event| matches!(event, Event::Waiting { .. });
    journal(world).iter().filter(is_wait).count()
}

/// Lets a service be away for a minute at one of every few calls that come after the plan.
fn outlasts(start: fn() -> World, service: &str) {
    let prepared = start();
    let calls = calls(&prepared, service);
    assert!(!calls.is_empty(), "no call to {service}");
    let whole = prepared.copy().unwrap();
    deployed(&whole);
    let expected = whole.inventory().unwrap();
    let waited = AtomicUsize::new(0);
    trials::each("faults", calls.step_by(EVERY), |number| {
        let world = prepared.copy().unwrap();
        let fault = away(service, number, Some(A_MINUTE));
        world.sandbox().set_faults(vec![fault]);
        for outcome in tried(&world).unwrap() {
            assert_eq!(
                outcome.status,
                Status::Succeeded,
                "{service} away from call {number} on: {outcome:?}"
            );
        }
        let now = world.inventory().unwrap();
        assert!(
            now == expected,
            "{service} away from call {number} on:\n{}",
            expected.difference(&now)
        );
        waited.fetch_add(waits(&world), Ordering::SeqCst);
    });
    assert!(waited.into_inner() > 0, "nothing ever waited for {service}");
}

#[test]
fn a_deploy_outlasts_argocd() {
    outlasts(before_deploy, "argocd");
}

#[test]
fn an_update_outlasts_argocd() {
    outlasts(before_update, "argocd");
}

#[test]
fn a_deploy_outlasts_efs() {
    outlasts(before_deploy, "efs");
}

#[test]
fn an_update_outlasts_route53() {
    outlasts(before_update, "route53");
}

/// The one that was stopped, and why it says it was.
fn stopped(outcomes: &[Outcome], status: Status) -> &Outcome {
    let mut unfinished = outcomes.iter().filter(|outcome| outcome.status == status);
    let outcome = unfinished
        .next()
        .unwrap_or_else(|| panic!("none is {status:?}: {outcomes:?}"));
    assert!(unfinished.next().is_none(), "{outcomes:?}");
    outcome
}

#[test]
fn what_went_forward_goes_forward_when_the_wait_was_in_vain() {
    for service in ["argocd", "secretsmanager"] {
        for start in [before_deploy as fn() -> World, before_update] {
            let world = start();
            let calls = calls(&world, service);
            let Some(number) = calls.clone().nth(calls.clone().count() / 2) else {
                continue;
            };
            world
                .sandbox()
                .set_faults(vec![away(service, number, None)]);
            let outcomes = tried(&world).unwrap();
            let outcome = stopped(&outcomes, Status::Running);
            let reason = outcome.reason.as_deref().unwrap();
            assert!(reason.starts_with("waiting for "), "{reason}");
            assert_eq!(outcome.waits.len(), 1, "{outcome:?}");
            assert_eq!(outcome.waits[0].system, service);
            // Another process sees it too.
            let (seen, status) = undying(&world, async |engine| {
                let unfinished = engine.store.all_deployments(&Deployments::Unfinished);
                let summary = unfinished
                    .await
                    .unwrap()
                    .into_iter()
                    .find(|summary| summary.target == outcome.target)
                    .unwrap();
                let status = summary.status();
                (summary.waits, status)
            });
            assert_eq!((&seen, status), (&outcome.waits, Status::Running));
            world.sandbox().set_faults(Vec::new());
            for outcome in resumed(&world) {
                assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
                assert_eq!((outcome.reason, outcome.waits), (None, Vec::new()));
            }
        }
    }
}

#[test]
fn what_went_back_goes_back_when_the_wait_was_in_vain() {
    for (start, sick) in [
        (before_deploy as fn() -> World, "chat.acme"),
        (before_update, "200"),
    ] {
        // Away from where it turns round.
        let prepared = start();
        let world = prepared.copy().unwrap();
        let before = world.inventory().unwrap();
        sicken(&world, sick);
        tried(&world).unwrap();
        let ledger = world.sandbox().ledger();
        let of_argocd = ledger.iter().filter(|it| it.service == "argocd");
        let turned = of_argocd
            .map(|entry| entry.operation.as_str())
            .collect::<Vec<_>>()
            .iter()
            .rposition(|operation| *operation == "GetResourceTree")
            .unwrap();
        let world = prepared;
        sicken(&world, sick);
        let number = u64::try_from(turned).unwrap() + 2;
        world
            .sandbox()
            .set_faults(vec![away("argocd", number, None)]);
        let outcomes = tried(&world).unwrap();
        let outcome = stopped(&outcomes, Status::Unwinding);
        let reason = outcome.reason.as_deref().unwrap();
        assert!(
            reason.contains("the database hides") && reason.contains("; waiting for Argo CD since"),
            "{reason}"
        );
        world.sandbox().set_faults(Vec::new());
        let target = outcome.target.clone();
        for outcome in resumed(&world) {
            let expected = if outcome.target == target {
                Status::Unwound
            } else {
                // What only it needed goes with it.
                Status::Succeeded
            };
            assert_eq!(outcome.status, expected, "{outcome:?}");
        }
        let now = world.inventory().unwrap();
        assert!(now == before, "{}", before.difference(&now));
    }
}

#[test]
fn git_that_is_away_turns_nothing_round() {
    let prepared = before_update();
    for done in [false, true] {
        let world = prepared.copy().unwrap();
        world.set_git_fault(Some(GitFault {
            after: 0,
            times: Some(3),
            done,
        }));
        deployed(&world);
        assert!(waits(&world) > 0);

        let world = prepared.copy().unwrap();
        world.set_git_fault(Some(GitFault {
            after: 0,
            times: None,
            done,
        }));
        let outcomes = tried(&world).unwrap();
        let outcome = stopped(&outcomes, Status::Running);
        assert_eq!(outcome.waits[0].system, "git", "{outcome:?}");
        world.set_git_fault(None);
        for outcome in resumed(&world) {
            assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
        }
    }
}

/// Whoever watches, and asks to stop as soon as something waits.
#[derive(Debug, Default)]
struct Impatient {
    cancel: CancellationToken,
    seen: std::sync::Mutex<Vec<DeploymentEvent>>,
}

impl EventSink for Impatient {
    fn event(&self, event: &DeploymentEvent) {
        self.seen.lock().unwrap().push(event.clone());
        if matches!(event, DeploymentEvent::Waiting { .. }) {
            self.cancel.cancel();
        }
    }
}

#[test]
fn a_wait_ends_when_someone_asks_to_stop() {
    let world = before_update();
    let number = calls(&world, "argocd").start;
    world
        .sandbox()
        .set_faults(vec![away("argocd", number, None)]);
    let watcher = Arc::new(Impatient::default());
    let outcomes = undying(&world, async |mut engine| {
        engine.progress = watcher.clone();
        let planned = engine
            .plan(&Default::default(), &PlanOptions::default())
            .await
            .unwrap();
        let commit = deploycenter_ports::CommitContext::default();
        engine
            .deploy(planned.plan.targets, &commit, &watcher.cancel)
            .await
            .unwrap()
    });
    let outcome = stopped(&outcomes, Status::Running);
    assert_eq!(outcome.waits.len(), 1, "{outcome:?}");
    let seen = watcher.seen.lock().unwrap();
    let shown = seen.iter().find_map(|event| match event {
        DeploymentEvent::Waiting { system, since, .. } => Some((*system, *since)),
        _ => None,
    });
    assert_eq!(shown, Some(("Argo CD", outcome.waits[0].since)));
}

#[test]
fn instances_begin_later_when_what_they_share_waits() {
    // The first call after the plan is for the project, which is new.
    let world = before_deploy();
    let before = world.inventory().unwrap();
    let number = calls(&world, "argocd").start;
    world
        .sandbox()
        .set_faults(vec![away("argocd", number, None)]);
    let outcomes = tried(&world).unwrap();
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.status == Status::Running),
        "{outcomes:?}"
    );
    let now = world.inventory().unwrap();
    assert!(now == before, "{}", before.difference(&now));
    world.sandbox().set_faults(Vec::new());
    for outcome in resumed(&world) {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
}
