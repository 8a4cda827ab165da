//! Two processes deploy two instances of one customer at once, both for the first time: at
//! every point between two calls of the one, the other does its whole work, or as much of
//! it as it can before it has to wait for what they share.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use deploycenter_domain::journal::Status;
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_engine::{
    CancellationToken, Engine, Outcome, PlanOptions, RefusalCode, ResumeScope,
};
use deploycenter_sandbox::argocd::Sickness;
use deploycenter_testkit::customers::NEIGHBOURS;
use deploycenter_testkit::{Gate, Inventory, Life, World, trials};

use crate::crash::telling;
use crate::scene::{carried_out, deployed, tried, undying};

/// A newer desired state, with an instance more.
const THREE: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
      - { app: mattermost, name: chat2, domain: chat2.acme.apps.example.com }
      - { app: mattermost, name: chat3, domain: chat3.acme.apps.example.com }
";

const ONE: &str = "acme/mattermost";
const OTHER: &str = "acme/chat2";

/// How long the one stands still at most while the other works.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a lease that someone has is waited for, each time.
const PAUSE: Duration = Duration::from_millis(50);

fn only(target: &str) -> Selection {
    Selection {
        selectors: vec![Selector::parse(target).unwrap()],
        ..Selection::default()
    }
}

/// A run of `apply` for one target.
async fn apply(engine: Engine, target: &str) -> Vec<Outcome> {
    let selection = only(target);
    let taken_up = engine
        .resume(
            ResumeScope::Interrupted,
            |target| selection.touches(target),
            &CancellationToken::new(),
        )
        .await
        .unwrap();
    assert_eq!(taken_up, [], "the other one lives");
    let planned = engine
        .plan(&selection, &PlanOptions::default())
        .await
        .unwrap();
    assert_eq!(planned.blocked, [], "left out");
    carried_out(&engine, planned.plan).await
}

/// What both came to.
struct Ends {
    one: Vec<Outcome>,
    other: Vec<Outcome>,
}

impl Ends {
    /// How the deployment of an instance ended.
    #[track_caller]
    fn status(&self, target: &str) -> Status {
        let of_it: Vec<&Outcome> = self
            .one
            .iter()
            .chain(&self.other)
            .filter(|outcome| outcome.target.to_string() == target)
            .collect();
        assert_eq!(of_it.len(), 1, "{target}: {of_it:?}");
        of_it[0].status
    }
}

/// Runs the one, and at its point of that number the other.
fn at_once(world: &World, number: usize) -> Ends {
    let (begin, begun) = channel();
    let (go_on, going_on) = channel();
    // The one stands still until the other has ended, or waits for it.
    let hand = move || {
        begin.send(()).unwrap();
        let _ = going_on.recv_timeout(PATIENCE);
    };
    let gate = Arc::new(Gate::with_hand(number, hand));
    std::thread::scope(|scope| {
        let other = scope.spawn(move || works(world, &begun, go_on));
        let one = match world
            .live(&gate, async |engine: Engine| apply(engine, ONE).await)
            .unwrap()
        {
            Life::Lived(outcomes) => outcomes,
            Life::Died => unreachable!("nothing ends this life"),
        };
        let other = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ends { one, other }
    })
}

fn works(world: &World, begun: &Receiver<()>, go_on: Sender<()>) -> Vec<Outcome> {
    begun.recv().unwrap();
    // When a lease is taken already, the one goes on, and is given some time. It may have
    // gone on long ago. The channel closes with the gate when the work is done.
    let gate = Gate::new(None).when_locked(PAUSE, move || {
        let _ = go_on.send(());
    });
    match world
        .live(&Arc::new(gate), async |engine| apply(engine, OTHER).await)
        .unwrap()
    {
        Life::Lived(outcomes) => outcomes,
        Life::Died => unreachable!("nothing ends this life"),
    }
}

fn world() -> World {
    World::new(NEIGHBOURS).unwrap()
}

fn alone(world: &World, target: &str) -> Vec<Outcome> {
    undying(world, async |engine: Engine| apply(engine, target).await)
}

fn sicken(world: &World, target: &str) {
    world.sandbox().with_argocd(|argocd, _| {
        argocd.sicken(
            &target.replace('/', "--"),
            Sickness {
                reason: "CrashLoopBackOff".to_owned(),
                message: "the database hides".to_owned(),
                only_revision_containing: None,
            },
        );
    });
}

/// Lets both work at once, at every point between two calls of the one. Those in `sick` fail and go back;
/// the end is that of a world in which only the others were ever begun.
fn at_every_point(sick: &[&str]) {
    let well: Vec<&str> = [ONE, OTHER]
        .into_iter()
        .filter(|target| !sick.contains(target))
        .collect();
    let expected = {
        let world = world();
        for target in &well {
            alone(&world, target);
        }
        world.inventory().unwrap()
    };
    let fast = std::env::var_os("DEPLOYCENTER_TEST_FAST").is_some();
    let prepared = world();
    let points = points(&prepared, sick);
    let between = telling(&points).filter(|number| is_between(&points[*number]));
    // What is taken back shares the way there with what succeeds.
    let step = match (fast, sick.is_empty()) {
        (true, _) => 9,
        (false, true) => 1,
        (false, false) => 3,
    };
    trials::each("points", between.step_by(step), |number| {
        let world = prepared.copy().unwrap();
        for target in sick {
            sicken(&world, target);
        }
        let ends = at_once(&world, number);
        for target in [ONE, OTHER] {
            let status = if sick.contains(&target) {
                Status::Unwound
            } else {
                Status::Succeeded
            };
            assert_eq!(
                ends.status(target),
                status,
                "{target}, at point {number}: {:?} {:?}",
                ends.one,
                ends.other
            );
        }
        same(&expected, &world.inventory().unwrap(), number);
        if sick.is_empty() {
            assert_eq!(tried(&world).unwrap(), [], "at point {number}");
        }
    });
}

/// Whether the one has nothing under way there: what the other sees doesn't depend on
/// whether the one has heard its last answer.
fn is_between(point: &str) -> bool {
    point.to_ascii_lowercase().ends_with(": before")
}

/// The points that the one passes when it is alone.
fn points(prepared: &World, sick: &[&str]) -> Vec<String> {
    let world = prepared.copy().unwrap();
    for target in sick {
        sicken(&world, target);
    }
    let gate = Arc::new(Gate::new(None));
    world
        .live(&gate, async |engine: Engine| apply(engine, ONE).await)
        .unwrap();
    let points = gate.trace();
    assert!(points.len() > 60, "{points:?}");
    points
}

#[track_caller]
fn same(expected: &Inventory, found: &Inventory, number: usize) {
    assert!(
        found == expected,
        "at point {number}:\n{}",
        expected.difference(found)
    );
}

#[test]
fn both_succeed() {
    at_every_point(&[]);
}

#[test]
fn the_other_fails() {
    at_every_point(&[OTHER]);
}

#[test]
fn the_one_fails() {
    at_every_point(&[ONE]);
}

#[test]
fn both_fail() {
    at_every_point(&[ONE, OTHER]);
}

#[test]
fn the_same_target_twice_is_locked() {
    let world = world();
    let (begin, begun) = channel();
    let (said, saying) = channel();
    let hand = move || {
        begin.send(()).unwrap();
        saying.recv().unwrap();
    };
    // Somewhere in the middle.
    let gate = Arc::new(Gate::with_hand(points(&world, &[]).len() / 2, hand));
    std::thread::scope(|scope| {
        let world = &world;
        let second = scope.spawn(move || {
            begun.recv().unwrap();
            let planned = undying(world, async |engine: Engine| {
                engine
                    .plan(&Selection::default(), &PlanOptions::default())
                    .await
            });
            said.send(()).unwrap();
            planned.unwrap()
        });
        let first = world
            .live(&gate, async |engine: Engine| apply(engine, ONE).await)
            .unwrap();
        assert!(matches!(first, Life::Lived(_)));
        let planned = second.join().unwrap();
        let blocked: Vec<(String, RefusalCode)> = planned
            .blocked
            .iter()
            .map(|blocked| (blocked.target.to_string(), blocked.code))
            .collect();
        assert_eq!(blocked, [(ONE.to_owned(), RefusalCode::Locked)]);
    });
}

#[test]
fn an_older_desired_state_takes_nothing_from_a_newer_one() {
    let expected = {
        let world = World::new(THREE).unwrap();
        deployed(&world);
        world.inventory().unwrap()
    };
    for newer_first in [false, true] {
        let world = world();
        let plan = |target: &str| {
            let planned = undying(&world, async |engine: Engine| {
                engine.plan(&only(target), &PlanOptions::default()).await
            });
            planned.unwrap().plan
        };
        let older = plan(ONE);
        world.write("customers.yaml", THREE).unwrap();
        let newer = plan("acme/chat3");
        let mut plans = vec![older, newer];
        if newer_first {
            plans.reverse();
        }
        for plan in plans {
            let outcomes = undying(&world, async |engine: Engine| {
                carried_out(&engine, plan).await
            });
            assert!(
                outcomes
                    .iter()
                    .all(|outcome| outcome.status == Status::Succeeded),
                "{outcomes:?}"
            );
        }
        alone(&world, OTHER);
        let found = world.inventory().unwrap();
        assert!(found == expected, "{}", expected.difference(&found));
        assert_eq!(tried(&world).unwrap(), []);
    }
}
