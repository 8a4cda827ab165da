//! Batch after batch: what lies between two may stop a rollout, and so does whoever asks.

use deploycenter_domain::batch::batches;
use deploycenter_domain::journal::Status;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{CancellationToken, Engine, Next, PlanOptions, Rollout};
use deploycenter_ports::CommitContext;
use deploycenter_testkit::World;
use deploycenter_testkit::customers::ACME_AND_RIVOLI;

use crate::scene::{tried, undying};

/// Rolls out to one customer after the other; between the two that happens.
fn rolled_out(
    world: &World,
    cancel: &CancellationToken,
    between: fn(&CancellationToken) -> Next,
) -> Rollout {
    undying(world, async |engine: Engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await;
        let batches = batches(planned.unwrap().plan.targets, 1);
        assert_eq!(batches.len(), 2);
        let gate = async |ended: &[_], next: &[_]| {
            assert_eq!((ended.len(), next.len()), (2, 2));
            between(cancel)
        };
        engine
            .roll_out(batches, &CommitContext::default(), cancel, gate)
            .await
    })
}

fn begun(rollout: &Rollout) -> Vec<String> {
    rollout
        .outcomes
        .iter()
        .map(|outcome| {
            assert_eq!(outcome.status, Status::Succeeded);
            outcome.target.to_string()
        })
        .collect()
}

#[test]
fn each_batch_after_the_other() {
    let world = World::new(ACME_AND_RIVOLI).unwrap();
    let rollout = rolled_out(&world, &CancellationToken::new(), |_| Next::Begin);
    assert_eq!(
        begun(&rollout),
        [
            "acme/_customer",
            "acme/mattermost",
            "rivoli/_customer",
            "rivoli/mattermost"
        ]
    );
    assert_eq!((rollout.not_begun, rollout.error), (Vec::new(), None));
    assert_eq!(tried(&world).unwrap(), []);
}

#[test]
fn a_gate_or_a_person_stops_it() {
    let stop: [fn(&CancellationToken) -> Next; 2] = [
        |_| Next::Stop,
        |cancel| {
            cancel.cancel();
            Next::Begin
        },
    ];
    for between in stop {
        let world = World::new(ACME_AND_RIVOLI).unwrap();
        let rollout = rolled_out(&world, &CancellationToken::new(), between);
        assert_eq!(begun(&rollout), ["acme/_customer", "acme/mattermost"]);
        assert_eq!(rollout.not_begun, ["rivoli/mattermost".parse().unwrap()]);
        assert_eq!(rollout.error, None);
        assert!(world.inventory().unwrap().mentions("rivoli").is_empty());
    }
}

#[test]
fn a_batch_that_cannot_begin_leaves_what_was_done() {
    let world = World::new(ACME_AND_RIVOLI).unwrap();
    let rollout = undying(&world, async |engine: Engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await;
        let batches = batches(planned.unwrap().plan.targets, 1);
        let target = "rivoli/mattermost".parse().unwrap();
        let lease = engine.store.acquire(&target).await.unwrap();
        let gate = async |_: &[_], _: &[_]| Next::Begin;
        let rollout = engine
            .roll_out(
                batches,
                &CommitContext::default(),
                &CancellationToken::new(),
                gate,
            )
            .await;
        engine.store.release(&lease).await.unwrap();
        rollout
    });
    assert_eq!(begun(&rollout), ["acme/_customer", "acme/mattermost"]);
    assert_eq!(rollout.not_begun, ["rivoli/mattermost".parse().unwrap()]);
    let error = rollout.error.unwrap().to_string();
    assert!(
        error.contains("rivoli/mattermost is locked by a test"),
        "{error}"
    );
}

#[test]
fn what_was_stopped_before_the_first_batch_begins_none() {
    let world = World::new(ACME_AND_RIVOLI).unwrap();
    let nothing = world.inventory().unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let rollout = rolled_out(&world, &cancel, |_| unreachable!("no batch has ended"));
    assert_eq!(begun(&rollout), [""; 0]);
    let all = ["acme/mattermost", "rivoli/mattermost"];
    assert_eq!(rollout.not_begun, all.map(|target| target.parse().unwrap()));
    assert_eq!(rollout.error, None);
    assert!(world.inventory().unwrap() == nothing);
}
