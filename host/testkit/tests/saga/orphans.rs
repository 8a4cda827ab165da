//! What belongs to no target any more: nothing in use is listed, and nothing is missed. In
//! each scene everything of ours outside is either an orphan or in use.

use std::collections::BTreeSet;
use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_engine::{Engine, Orphan};
use deploycenter_sandbox::{Effect, Fault, InjectedError};
use deploycenter_testkit::{Gate, Inventory, Life, World, trials};
use serde_json::Value;

use crate::life::{desired_again, destroy, done, purge, retained, undesired};
use crate::scene::{apply, before_deploy, deployed, sicken, tried, undying};

fn orphans(world: &World) -> Vec<Orphan> {
    undying(world, async |engine: Engine| {
        engine.orphans().await.unwrap()
    })
}

/// The ids of things in an inventory that another doesn't have: those that AWS and Argo CD
/// hold, and namespaces.
fn ids(inventory: &Inventory, but: &Inventory) -> BTreeSet<String> {
    inventory
        .0
        .iter()
        .filter(|(name, _)| !but.0.contains_key(*name))
        .filter_map(|(name, state)| id(name, state))
        .collect()
}

fn id(name: &str, state: &str) -> Option<String> {
    let known = [
        "file system ",
        "mount target ",
        "access point ",
        "project ",
        "application ",
    ];
    if let Some(id) = known.iter().find_map(|kind| name.strip_prefix(kind)) {
        return Some(id.to_owned());
    }
    if name.starts_with("secret ") {
        let state: Value = serde_json::from_str(state).unwrap();
        return Some(state["name"].as_str().unwrap().to_owned());
    }
    if let Some(record) = name.strip_prefix("record ") {
        let record: Value = serde_json::from_str(record).unwrap();
        let name = record["Name"].as_str().unwrap().trim_end_matches('.');
        return Some(format!("{name} {}", record["SetIdentifier"].as_str()?));
    }
    // Server, group, kind, namespace and name; the core group and a cluster's own
    // namespace have none.
    let parts: Vec<&str> = name.strip_prefix("object ")?.split(' ').collect();
    match parts[..] {
        [_, "", "Namespace", "", namespace] => Some(namespace.to_owned()),
        _ => None,
    }
}

/// The ids of orphans, likewise: a record without its zone, a file not at all.
fn listed(orphans: &[Orphan]) -> BTreeSet<String> {
    let outside = orphans.iter().filter(|orphan| orphan.system != "git");
    outside
        .map(|orphan| match orphan.system {
            "route53" => orphan.id.split_once(' ').unwrap().1.to_owned(),
            _ => orphan.id.clone(),
        })
        .collect()
}

/// Wants just these to be listed, each with a reason and that way out.
#[track_caller]
fn lists(world: &World, wanted: &BTreeSet<String>, way: &Remedy) {
    let found = orphans(world);
    assert_eq!(&listed(&found), wanted, "{found:#?}");
    for orphan in &found {
        assert!(!orphan.reason.to_string().is_empty(), "{orphan:?}");
        assert!(orphan.command.remedies().eq([way]), "{orphan:?}");
    }
}

#[track_caller]
fn lists_nothing(world: &World) {
    assert_eq!(orphans(world), []);
}

fn fresh() -> Inventory {
    before_deploy().inventory().unwrap()
}

fn purge_of(life: Option<u32>) -> Remedy {
    Remedy::purge(&"acme/mattermost".parse().unwrap(), life.map(Incarnation))
}

#[test]
fn what_runs_is_in_use() {
    let world = before_deploy();
    lists_nothing(&world);
    deployed(&world);
    lists_nothing(&world);
    world.lose_journal().unwrap();
    lists_nothing(&world);
    // Nobody desires it any more, and it runs.
    let world = undesired();
    lists_nothing(&world);
    world.lose_journal().unwrap();
    lists_nothing(&world);
}

#[test]
fn what_was_retained_is_listed_until_it_is_purged() {
    let world = retained();
    let left = ids(&world.inventory().unwrap(), &fresh());
    assert!(left.len() > 5, "{left:?}");
    lists(&world, &left, &purge_of(None));
    for orphan in orphans(&world) {
        assert!(orphan.since.is_some(), "{orphan:?}");
        assert!(
            orphan
                .reason
                .to_string()
                .contains("acme/mattermost was destroyed by"),
            "{orphan:?}"
        );
    }
    done(&undying(&world, purge).unwrap());
    lists_nothing(&world);
}

#[test]
fn the_marks_tell_what_no_journal_knows() {
    let world = retained();
    let mut left = ids(&world.inventory().unwrap(), &fresh());
    world.lose_journal().unwrap();
    // A namespace bears no marks that we could read.
    assert!(left.remove("acme--mattermost"));
    lists(&world, &left, &purge_of(None));
}

#[test]
fn a_later_life_is_in_use_and_the_earlier_one_is_left() {
    let world = desired_again();
    let left = ids(&world.inventory().unwrap(), &fresh());
    lists(&world, &left, &purge_of(None));
    deployed(&world);
    lists(&world, &left, &purge_of(Some(1)));
}

#[test]
fn what_is_at_work_is_in_use_wherever_it_dies() {
    let prepared = before_deploy();
    let trace = {
        let world = prepared.copy().unwrap();
        let gate = Arc::new(Gate::new(None));
        world.live(&gate, apply).unwrap();
        gate.trace()
    };
    let some = (0..trace.len()).step_by(trace.len() / 12);
    trials::each("points", some, |number| {
        let world = prepared.copy().unwrap();
        match world
            .live(&Arc::new(Gate::new(Some(number))), apply)
            .unwrap()
        {
            Life::Died => {}
            Life::Lived(outcomes) => panic!("{outcomes:?}"),
        }
        lists_nothing(&world);
    });
}

/// Refuses one kind of call from now on.
fn refuse(world: &World, operation: &str) {
    world.sandbox().set_faults(vec![Fault {
        service: None,
        operation: Some(operation.to_owned()),
        subject: None,
        write: None,
        after: 0,
        times: None,
        effect: Effect::Error(InjectedError {
            status: 400,
            code: "ValidationException".to_owned(),
            message: "injected refusal".to_owned(),
            retry_after: None,
        }),
    }]);
}

fn resume() -> Remedy {
    Remedy::Resume(Targets::One("acme/mattermost".parse().unwrap()))
}

#[test]
fn what_a_stuck_deployment_left_is_listed_with_the_way_on() {
    let world = before_deploy();
    sicken(&world, "chat.acme");
    refuse(&world, "DeleteFileSystem");
    let outcomes = tried(&world).unwrap();
    let stuck = |status| outcomes.iter().any(|outcome| outcome.status == status);
    assert!(stuck(Status::NeedsAttention), "{outcomes:?}");
    world.sandbox().set_faults(Vec::new());
    let mut left = ids(&world.inventory().unwrap(), &fresh());
    // What instances share is in use while one is on its way.
    left.remove("acme");
    left.remove("acme--base");
    assert!(!left.is_empty());
    lists(&world, &left, &resume());
}

#[test]
fn what_a_stuck_removal_left_is_listed_with_the_way_on() {
    for work in [destroy, purge] {
        let world = undesired();
        refuse(&world, "DeleteApplication");
        let outcomes = undying(&world, work).unwrap();
        let stuck = |status| outcomes.iter().any(|outcome| outcome.status == status);
        assert!(stuck(Status::NeedsAttention), "{outcomes:?}");
        world.sandbox().set_faults(Vec::new());
        let mut left = ids(&world.inventory().unwrap(), &fresh());
        left.remove("acme");
        left.remove("acme--base");
        left.remove("acme--mattermost");
        let found = orphans(&world);
        let mut listed = listed(&found);
        // Workload and namespace have one name.
        assert!(listed.remove("acme--mattermost"));
        assert_eq!(listed, left, "{found:#?}");
        assert!(found.iter().all(|orphan| orphan.command == resume().into()));
    }
}
