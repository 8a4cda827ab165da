//! Stopped by whoever asked before anything began: nothing is journaled, nothing is done,
//! and every verb says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::workflow::{
    self, AdoptRequest, ApplyRequest, Prepared, Removal, RemovalRequest, SyncRequest, WorkflowError,
};
use deploycenter_engine::{CancellationToken, Engine, ErrorCode, PlanOptions, RunError};
use deploycenter_ports::{CommitContext, DeploymentEvent, EventSink};
use deploycenter_testkit::{Gate, Life, World};

use crate::life::{desired_again, retained, undesired};
use crate::queue::enqueued;
use crate::scene::{ACTOR, before_deploy, before_update, deployed, undying};

fn target() -> TargetId {
    "acme/mattermost".parse().unwrap()
}

/// Nobody ever enqueued anything, and nobody holds a lease.
async fn journal_is_empty(engine: &Engine) {
    assert_eq!(engine.store.all_targets().await.unwrap(), []);
    assert_eq!(engine.store.all_holders().await.unwrap(), []);
}

/// What is to be deployed.
async fn plans(engine: &Engine) -> Vec<TargetPlan> {
    let planned = engine
        .plan(&Selection::default(), &PlanOptions::default())
        .await;
    let plans = planned.unwrap().plan.targets;
    assert_eq!(plans.len(), 2);
    plans
}

/// Wants that a deployment was stopped before it was one.
async fn stopped(engine: &Engine, plans: Vec<TargetPlan>, cancel: &CancellationToken) {
    let commit = CommitContext::default();
    let ran = engine.deploy(plans, &commit, cancel).await;
    assert_eq!(ran, Err(RunError::Stopped));
}

#[test]
fn nothing_is_journaled_of_what_was_stopped_before() {
    let world = before_deploy();
    let nothing = world.inventory().unwrap();
    undying(&world, async |engine: Engine| {
        let cancel = CancellationToken::new();
        cancel.cancel();
        stopped(&engine, plans(&engine).await, &cancel).await;
        journal_is_empty(&engine).await;
    });
    assert!(world.inventory().unwrap() == nothing);
    // The next one begins as if there had been none.
    deployed(&world);
}

#[test]
fn nor_of_what_is_stopped_while_it_waits_for_a_lease() {
    let world = before_deploy();
    let nothing = world.inventory().unwrap();
    let cancel = CancellationToken::new();
    let asked = cancel.clone();
    let gate = Gate::new(None).when_locked(Duration::ZERO, move || asked.cancel());
    let life = world.live(&Arc::new(gate), async |engine: Engine| {
        let theirs = "acme/_customer".parse().unwrap();
        let plans = plans(&engine).await;
        let lease = engine.store.acquire(&theirs).await.unwrap();
        stopped(&engine, plans, &cancel).await;
        engine.store.release(&lease).await.unwrap();
        journal_is_empty(&engine).await;
    });
    assert!(matches!(life.unwrap(), Life::Lived(())));
    assert!(world.inventory().unwrap() == nothing);
}

/// What changes something in two halves.
#[derive(Debug, Clone, Copy)]
enum Verb {
    Apply,
    Sync,
    Adopt,
    Destroy,
    Purge,
}

const VERBS: [Verb; 5] = [
    Verb::Apply,
    Verb::Sync,
    Verb::Adopt,
    Verb::Destroy,
    Verb::Purge,
];

impl Verb {
    /// A world in which it has something to do.
    fn world(self) -> World {
        match self {
            Self::Apply => before_update(),
            Self::Sync => {
                let world = before_deploy();
                deployed(&world);
                let overrides = "overrides/mattermost/values.yaml";
                world.write(overrides, "language: es\n").unwrap();
                world
            }
            Self::Adopt => desired_again(),
            Self::Destroy => undesired(),
            Self::Purge => retained(),
        }
    }

    /// Its first half.
    async fn prepared(
        self,
        engine: &Engine,
        cancel: &CancellationToken,
    ) -> Result<Prepared, WorkflowError> {
        let removal = match self {
            Self::Apply => {
                let request = ApplyRequest::default();
                let applied = workflow::apply(engine, &request, cancel).await;
                return applied.map(|(prepared, _)| prepared);
            }
            Self::Sync => {
                let request = SyncRequest {
                    batch: 1,
                    ..SyncRequest::default()
                };
                let rollout = workflow::sync(engine, &request, cancel).await;
                return rollout.map(|rollout| rollout.prepared);
            }
            Self::Adopt => {
                let request = AdoptRequest {
                    target: target(),
                    effects: BTreeMap::new(),
                    incarnation: None,
                    allow_dirty: false,
                    allow_older: false,
                };
                let adoption = workflow::adopt(engine, &request, cancel).await;
                return adoption.map(|adoption| adoption.prepared);
            }
            Self::Destroy => Removal::Destroy {
                targets: BTreeSet::from([target()]),
                many: false,
            },
            Self::Purge => Removal::Purge {
                target: target(),
                incarnation: None,
            },
        };
        let request = RemovalRequest {
            removal,
            allow_dirty: false,
        };
        let removal = workflow::remove(engine, &request, cancel).await;
        removal.map(|removal| removal.prepared)
    }
}

#[test]
fn every_verb_says_that_it_was_stopped() {
    for verb in VERBS {
        let world = verb.world();
        let before = world.inventory().unwrap();
        undying(&world, async |engine: Engine| {
            let known = engine.store.all_targets().await.unwrap();
            let cancel = CancellationToken::new();
            let prepared = verb.prepared(&engine, &cancel).await.unwrap();
            assert!(prepared.plan.has_changes(), "{verb:?}");
            cancel.cancel();
            // Between its halves, and before the first one.
            let ran = prepared.run(&engine, ACTOR.to_owned(), &cancel).await;
            let again = verb.prepared(&engine, &cancel).await;
            for error in [ran.unwrap_err(), again.unwrap_err()] {
                assert_eq!(error, WorkflowError::Stopped(Vec::new()), "{verb:?}");
                assert_eq!(ErrorCode::from(&error), ErrorCode::Interrupted);
                assert_eq!(
                    error.to_string(),
                    "stopped before anything began; nothing was done"
                );
            }
            let now = engine.store.all_targets().await.unwrap();
            assert_eq!(now, known, "{verb:?}");
        });
        assert!(world.inventory().unwrap() == before, "{verb:?}");
    }
}

/// Whoever watches, and asks to stop as soon as a deployment has ended.
#[derive(Debug)]
struct AtTheFirstEnd(CancellationToken);

impl EventSink for AtTheFirstEnd {
    fn event(&self, event: &DeploymentEvent) {
        if matches!(event, DeploymentEvent::Ended { .. }) {
            self.0.cancel();
        }
    }
}

#[test]
fn what_was_taken_up_before_the_stop_is_told() {
    let world = before_deploy();
    enqueued(&world, true);
    let error = undying(&world, async |mut engine: Engine| {
        let cancel = CancellationToken::new();
        engine.progress = Arc::new(AtTheFirstEnd(cancel.clone()));
        Verb::Apply.prepared(&engine, &cancel).await.unwrap_err()
    });
    assert!(
        error.to_string().starts_with("stopped before anything new"),
        "{error}"
    );
    let WorkflowError::Stopped(recovered) = error else {
        panic!("it wasn't stopped");
    };
    let told: Vec<(String, bool)> = recovered
        .iter()
        .map(|outcome| {
            (
                outcome.target.to_string(),
                outcome.status == Status::Succeeded,
            )
        })
        .collect();
    let whole = |target: &str, whole| (target.to_owned(), whole);
    assert_eq!(
        told,
        [
            whole("acme/_customer", true),
            whole("acme/mattermost", false)
        ]
    );
}
