//! What one process enqueues, another one runs.

use deploycenter_domain::journal::Status;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::workflow::StatusReader;
use deploycenter_engine::{CancellationToken, Engine, PlanOptions};
use deploycenter_ports::CommitContext;
use deploycenter_testkit::World;

use crate::scene::{ACTOR, before_deploy, deployed, resumed, tried, undying};

/// A process that enqueues all, and goes; whether it gives the leases back before.
fn enqueued(world: &World, gives_back: bool) {
    undying(world, async |engine: Engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await;
        let plans = planned.unwrap().plan.targets;
        let commit = CommitContext {
            actor: ACTOR.to_owned(),
            main_commit: None,
        };
        let queued = engine.enqueue(plans, &commit).await.unwrap();
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
