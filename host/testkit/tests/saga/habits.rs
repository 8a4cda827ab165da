//! Argo CD with the habits of real ones, one at a time, in every scene. What passes is
//! outlasted, and what doesn't is taken back by itself: nothing waits for a person.

use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::plan::Plan;
use deploycenter_engine::{Outcome, PlanOptions};
use deploycenter_sandbox::argocd::{
    Endless, Habits, LateStatus, Rejected, Stale, Troubled, WaitsFor, Which,
};
use deploycenter_testkit::{Gate, Inventory, Life, World, trials};

use crate::scene::{
    Work, apply, before_deploy, before_update, carried_out, resumed, sicken, undying,
};
use crate::{change, hands, hold, life, outage};

/// The workload's application, and the base's.
const WORKLOAD: &str = "acme--mattermost";
const BASE: &str = "acme--mattermost--base";

/// What only the updated values hold.
const UPDATED: &str = "maxUsers: 200";

/// The kind of the base's database.
const DATABASE: &str = "Cluster";

/// One of how many points of a way back is died at.
const EVERY: usize = 30;

/// A habit and its name.
type Habit = (&'static str, fn() -> Habits);

/// What a deployment outlasts. Times are the stand-in's, which goes on by a tenth of a
/// second with each request.
const PASSING: [Habit; 4] = [
    ("a late first status", || Habits {
        late_status: vec![LateStatus {
            of: Which::kind(DATABASE),
            after: 2500,
        }],
        ..Habits::default()
    }),
    ("Degraded for a while", || Habits {
        troubled: vec![Troubled {
            of: Which::kind(DATABASE),
            phase: "Applying configuration".to_owned(),
            lasts: 2500,
            at_first: true,
        }],
        ..Habits::default()
    }),
    ("stale health", || Habits {
        stale: vec![Stale {
            of: Which::kind(DATABASE),
            lasts: Some(2500),
        }],
        ..Habits::default()
    }),
    ("an operation that takes its time to end", || Habits {
        terminating_for: 1500,
        ..Habits::default()
    }),
];

/// What no patience helps against, of a workload.
const FOR_GOOD: [Habit; 3] = [
    ("a hook that never ends", || endless(WaitsFor::Hook)),
    ("a wave that never gets well", || endless(WaitsFor::Wave)),
    ("an object that is rejected", || {
        rejecting(WORKLOAD, "Deployment")
    }),
];

fn endless(waits_for: WaitsFor) -> Habits {
    let of = Which::application(WORKLOAD);
    Habits {
        endless: vec![Endless { of, waits_for }],
        ..Habits::default()
    }
}

fn rejecting(application: &str, kind: &str) -> Habits {
    let of = Which {
        kind: Some(kind.to_owned()),
        ..Which::application(application)
    };
    Habits {
        rejected: vec![Rejected {
            of,
            containing: None,
            sentence: "spec: Invalid value: it is none".to_owned(),
        }],
        ..Habits::default()
    }
}

/// The same, for what the update brings.
fn once_updated(mut habits: Habits) -> Habits {
    let of = habits.endless.iter_mut().map(|habit| &mut habit.of);
    let rejected = habits.rejected.iter_mut().map(|habit| &mut habit.of);
    for of in of.chain(rejected) {
        of.while_values_contain = Some(UPDATED.to_owned());
    }
    habits
}

fn behaves(world: &World, habits: Habits) {
    world
        .sandbox()
        .with_argocd(|argocd, _| argocd.set_habits(habits));
}

/// What happens, in which world, and what does it.
type Scene = (&'static str, fn() -> World, Work);

/// Everything that happens to a target that is well.
fn scenes() -> Vec<Scene> {
    vec![
        ("a deploy", before_deploy, apply),
        ("an update", before_update, apply),
        ("a change of domain", change::before_change, apply),
        ("a rollback", hold::updated, hold::rollback),
        ("a release", hold::rolled_back, hold::release),
        ("an acceptance", hold::committed_by_hand, hold::accept),
        ("a removal", life::undesired, life::destroy),
        ("a purge", life::undesired, life::purge),
        ("a purge of what was retained", life::retained, life::purge),
        ("a revival", life::desired_again, life::revive),
        ("an adoption", life::taken, life::adopt),
    ]
}

fn done(what: &str, world: &World, work: Work, expected: &Inventory) {
    for outcome in undying(world, work).unwrap() {
        assert_eq!(outcome.status, Status::Succeeded, "{what}: {outcome:?}");
    }
    let now = world.inventory().unwrap();
    assert!(now == *expected, "{what}:\n{}", expected.difference(&now));
}

#[test]
fn every_scene_outlasts_what_passes() {
    trials::each("scenes", scenes(), |(scene, start, work)| {
        let prepared = start();
        let plain = prepared.copy().unwrap();
        let began = plain.sandbox().ledger().len();
        undying(&plain, work).unwrap();
        let expected = plain.inventory().unwrap();
        for (name, habits) in PASSING {
            let world = prepared.copy().unwrap();
            behaves(&world, habits());
            done(&format!("{scene}, {name}"), &world, work, &expected);
        }
        let ledger = plain.sandbox().ledger();
        let of_argocd = ledger[began..].iter().filter(|it| it.service == "argocd");
        let half = of_argocd.count() as u64 / 2;
        let world = prepared.copy().unwrap();
        let minute = outage::away("argocd", half, Some(outage::A_MINUTE));
        world.sandbox().set_faults(vec![minute]);
        done(&format!("{scene}, away"), &world, work, &expected);
    });
}

/// What a run of `apply` sets out to do. Made once: all worlds of a scene are alike.
fn planned(world: &World) -> Plan {
    let options = PlanOptions::default();
    let planned = undying(world, async |engine| {
        engine.plan(&Default::default(), &options).await
    });
    planned.unwrap().plan
}

/// Wants everything of a deployment to be taken back, whatever its process dies of on the
/// way.
fn goes_back(what: &str, prepared: &World, plan: &Plan, habits: &Habits) {
    let before = prepared.inventory().unwrap();
    let is_back = |what: &str, world: &World, outcomes: &[Outcome]| {
        assert!(
            outcomes.iter().all(|outcome| outcome.status.is_final()),
            "{what}: {outcomes:?}"
        );
        let now = world.inventory().unwrap();
        assert!(
            now == before,
            "{what}: {outcomes:?}\n{}",
            before.difference(&now)
        );
    };
    let lived = |world: &World, gate: &Arc<Gate>| {
        behaves(world, habits.clone());
        world
            .live(gate, async |engine| {
                carried_out(&engine, plan.clone()).await
            })
            .unwrap()
    };
    let (world, gate) = (prepared.copy().unwrap(), Arc::new(Gate::new(None)));
    let Life::Lived(outcomes) = lived(&world, &gate) else {
        unreachable!("nothing ends this life");
    };
    is_back(what, &world, &outcomes);
    assert!(
        outcomes
            .iter()
            .any(|outcome| outcome.status == Status::Unwound),
        "{what}: {outcomes:?}"
    );
    let points = gate.trace();
    let turned = points
        .iter()
        .position(|point| point.contains("unwind-started"))
        .unwrap();
    trials::each("points", (turned..points.len()).step_by(EVERY), |number| {
        let what = format!("{what}, dead at {number} ({})", points[number]);
        let (world, gate) = (prepared.copy().unwrap(), Arc::new(Gate::new(Some(number))));
        let life = lived(&world, &gate);
        assert!(matches!(life, Life::Died), "{what}");
        is_back(&what, &world, &resumed(&world));
    });
}

#[test]
fn a_deploy_that_can_never_be_goes_back_by_itself() {
    let prepared = before_deploy();
    let plan = planned(&prepared);
    for (name, habits) in FOR_GOOD {
        goes_back(name, &prepared, &plan, &habits());
    }
}

#[test]
fn an_update_that_can_never_be_goes_back_by_itself() {
    let prepared = before_update();
    let plan = planned(&prepared);
    for (name, habits) in FOR_GOOD {
        goes_back(name, &prepared, &plan, &once_updated(habits()));
    }
}

/// What the API server rejects in a base is rejected without its protection too, so that no
/// sync opens it.
#[test]
fn a_first_deployment_with_a_rejected_base_goes_back_by_itself() {
    let prepared = before_deploy();
    let plan = planned(&prepared);
    for kind in [DATABASE, "NetworkPolicy"] {
        let what = format!("a {kind} that is rejected");
        goes_back(&what, &prepared, &plan, &rejecting(BASE, kind));
    }
}

#[test]
fn a_sick_deployment_goes_back_in_every_habit() {
    for (start, sick) in [
        (before_deploy as fn() -> World, "chat.acme"),
        (before_update, "200"),
    ] {
        let prepared = start();
        let before = prepared.inventory().unwrap();
        let plan = planned(&prepared);
        for (name, habits) in PASSING {
            let world = prepared.copy().unwrap();
            behaves(&world, habits());
            sicken(&world, sick);
            let outcomes = undying(&world, async |engine| {
                carried_out(&engine, plan.clone()).await
            });
            let now = world.inventory().unwrap();
            assert!(
                now == before && outcomes.iter().all(|outcome| outcome.status.is_final()),
                "{name}: {outcomes:?}\n{}",
                before.difference(&now)
            );
        }
    }
}

/// An operation that nothing but its end ends is under way.
fn operating(start: fn() -> World, application: &str) -> World {
    let world = start();
    let endless = Endless {
        of: Which::application(application),
        waits_for: WaitsFor::Hook,
    };
    behaves(
        &world,
        Habits {
            endless: vec![endless],
            ..Habits::default()
        },
    );
    let path = format!("/api/v1/applications/{application}/sync");
    hands::argocd(&world, "POST", &path, &[], "{}");
    world
}

#[test]
fn what_is_removed_doesnt_wait_for_an_operation_without_end() {
    for work in [life::destroy as Work, life::purge] {
        let plain = life::undesired();
        undying(&plain, work).unwrap();
        let expected = plain.inventory().unwrap();
        for application in [WORKLOAD, BASE] {
            let world = operating(life::undesired, application);
            done(application, &world, work, &expected);
        }
    }
}

#[test]
fn a_purge_doesnt_wait_for_a_base_that_can_never_be() {
    for start in [life::undesired as fn() -> World, life::retained] {
        let plain = start();
        undying(&plain, life::purge).unwrap();
        let expected = plain.inventory().unwrap();
        let world = start();
        behaves(&world, rejecting(BASE, DATABASE));
        done("a rejected database", &world, life::purge, &expected);
    }
}
