//! What one process enqueues, another one runs.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::journal::Status;
use deploycenter_domain::resource::Adoption;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::workflow::{
    self, AdoptRequest, ApplyRequest, Removal, RemovalRequest, StatusReader,
};
use deploycenter_engine::{CancellationToken, Engine, Outcome, PlanOptions};
use deploycenter_ports::CommitContext;
use deploycenter_testkit::World;
use deploycenter_testkit::customers::ACME;

use crate::life::undesired;
use crate::scene::{ACTOR, before_deploy, deployed, resumed, tried, undying};

/// A process that enqueues all, and goes; whether it gives the leases back before.
pub(crate) fn enqueued(world: &World, gives_back: bool) {
    undying(world, async |engine: Engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await;
        let plans = planned.unwrap().plan.targets;
        let commit = CommitContext {
            actor: ACTOR.to_owned(),
            main_commit: None,
        };
        let queued = engine
            .enqueue(plans, &commit, &CancellationToken::new())
            .await
            .unwrap();
        if gives_back {
            engine.leave(queued).await;
        }
    });
}

/// The state of the instance's last deployment, and whether nobody works on it.
fn state(world: &World) -> (Status, bool) {
    undying(world, async |engine: Engine| {
        let reader = StatusReader::new(&engine, Selection::default());
        let status = reader.read().await.unwrap();
        let last = status.targets[0].last.as_ref().unwrap();
        (last.status, last.is_interrupted)
    })
}

#[test]
fn whoever_comes_runs_what_was_enqueued() {
    let undisturbed = {
        let world = before_deploy();
        deployed(&world);
        world.inventory().unwrap()
    };
    for gives_back in [true, false] {
        let world = before_deploy();
        let nothing = world.inventory().unwrap();
        enqueued(&world, gives_back);
        assert!(world.inventory().unwrap() == nothing, "nothing has begun");
        assert_eq!(state(&world), (Status::Queued, true));
        let outcomes = resumed(&world);
        assert_eq!(outcomes.len(), 2, "{outcomes:?}");
        for outcome in outcomes {
            assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
        }
        assert!(world.inventory().unwrap() == undisturbed);
        assert_eq!(state(&world), (Status::Succeeded, false));
        assert_eq!(tried(&world).unwrap(), [], "nothing is left to do");
    }
}

#[test]
fn what_was_only_enqueued_is_taken_back_without_a_trace() {
    let world = before_deploy();
    let nothing = world.inventory().unwrap();
    enqueued(&world, false);
    for target in ["acme/mattermost", "acme/_customer"] {
        let outcomes = undying(&world, async |engine: Engine| {
            let target = target.parse().unwrap();
            engine
                .cancel(&target, ACTOR, false, &CancellationToken::new())
                .await
                .unwrap()
        });
        assert_eq!(outcomes[0].status, Status::Unwound, "{outcomes:?}");
    }
    assert!(world.inventory().unwrap() == nothing);
    // The next deployment begins as if there had been none.
    deployed(&world);
}

/// What came of each, in order.
fn told(outcomes: &[Outcome]) -> Vec<(String, Status)> {
    outcomes
        .iter()
        .map(|outcome| (outcome.target.to_string(), outcome.status))
        .collect()
}

#[test]
fn what_was_taken_up_is_told_before_what_comes_after_it() {
    for adopts in [false, true] {
        let world = before_deploy();
        enqueued(&world, true);
        let next = ACME.replace("maxUsers: 100", "maxUsers: 137");
        world.write("customers.yaml", &next).unwrap();
        let outcomes = undying(&world, async |engine: Engine| {
            let cancel = CancellationToken::new();
            let prepared = if adopts {
                // It is its own since what was enqueued has been run.
                let record = "dns.record/domain".parse().unwrap();
                let request = AdoptRequest {
                    target: "acme/mattermost".parse().unwrap(),
                    effects: BTreeMap::from([(record, Adoption::default())]),
                    incarnation: None,
                    allow_dirty: false,
                    allow_older: false,
                };
                let adoption = workflow::adopt(&engine, &request, &cancel).await;
                adoption.unwrap().prepared
            } else {
                let request = ApplyRequest::default();
                let applied = workflow::apply(&engine, &request, &cancel).await;
                applied.unwrap().0
            };
            let ran = prepared.run(&engine, ACTOR.to_owned(), &cancel).await;
            ran.unwrap()
        });
        let targets = ["acme/_customer", "acme/mattermost", "acme/mattermost"];
        let expected = targets.map(|target| (target.to_owned(), Status::Succeeded));
        assert_eq!(told(&outcomes), expected, "adopts: {adopts}");
    }
}

#[test]
fn a_removal_that_was_enqueued_leaves_nothing_to_confirm() {
    let world = undesired();
    let targets = BTreeSet::from(["acme/mattermost".parse().unwrap()]);
    let removal = undying(&world, async |engine: Engine| {
        let cancel = CancellationToken::new();
        let run = engine.open_run().await.unwrap();
        let plan = run.plan_destroy(&targets, false).await.unwrap();
        let commit = CommitContext::default();
        let queued = engine.enqueue(plan.targets, &commit, &cancel).await;
        engine.leave(queued.unwrap()).await;
        let request = RemovalRequest {
            removal: Removal::Destroy {
                targets: targets.clone(),
                many: false,
            },
            allow_dirty: false,
        };
        let removal = workflow::remove(&engine, &request, &cancel).await;
        removal.unwrap()
    });
    assert_eq!(removal.to_confirm, BTreeSet::new());
    assert!(!removal.prepared.plan.has_changes());
    let expected = ["acme/_customer", "acme/mattermost"];
    let expected = expected.map(|target| (target.to_owned(), Status::Succeeded));
    assert_eq!(told(&removal.prepared.recovered), expected);
}
