//! Changes that leave something behind: another domain, a domain that moves from one
//! instance to another, a subnet that is given up.

use deploycenter_engine::{Back, Engine, Outcome, PlanError};
use deploycenter_sandbox::LedgerEntry;
use deploycenter_sandbox::sample::REGIONS;
use deploycenter_testkit::World;
use futures::future::BoxFuture;

use crate::crash::{every_crash, every_crash_of_many};
use crate::fail::for_good;
use crate::scene::{ACTOR, apply, before_deploy, carried_out, deployed, undying};

/// The scene's instance under another domain.
const RENAMED: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: talk.acme.apps.example.com, values: { maxUsers: 100 } }
";

/// Two instances of one customer.
const TWO: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com }
      - { app: mattermost, name: chat2, domain: talk.acme.apps.example.com }
";

/// The first one's domain is the second's now, and the first has a new one.
const MOVED: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: new.acme.apps.example.com }
      - { app: mattermost, name: chat2, domain: chat.acme.apps.example.com }
";

/// A world with a deployed instance whose domain is about to change.
pub(crate) fn before_change() -> World {
    let world = before_deploy();
    deployed(&world);
    world.write("customers.yaml", RENAMED).unwrap();
    world
}

fn changed() -> World {
    let world = before_change();
    deployed(&world);
    world
}

fn before_move() -> World {
    let world = World::new(TWO).unwrap();
    deployed(&world);
    world.write("customers.yaml", MOVED).unwrap();
    world
}

/// A world whose region is about to lose a subnet.
fn before_loss() -> World {
    let world = before_deploy();
    deployed(&world);
    let fewer = REGIONS.replace(", subnet-0a10000000000c]", "]");
    assert_ne!(fewer, REGIONS);
    world.write("regions.yaml", &fewer).unwrap();
    world
}

fn rollback(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(async move {
        let back = Back {
            to: None,
            by: ACTOR.to_owned(),
            reason: None,
            data_compatible: false,
            reclaim: false,
        };
        let target = "acme/mattermost".parse().unwrap();
        let planned = engine
            .open_run()
            .await?
            .plan_rollback(&target, &back)
            .await?;
        Ok(carried_out(&engine, planned.plan).await)
    })
}

/// The names of our records, sorted.
fn records(world: &World) -> Vec<String> {
    let snapshot = world.sandbox().snapshot();
    let zones = snapshot["route53"]["zones"].as_object().unwrap();
    let mut names: Vec<String> = zones
        .values()
        .flat_map(|zone| zone["records"].as_array().into_iter().flatten())
        .map(|record| record.to_string())
        .filter(|record| record.contains("deploycenter/"))
        .map(|record| {
            let begin = record.find(".acme.apps.example.com").unwrap();
            let start = record[..begin].rfind('"').unwrap() + 1;
            record[start..begin].to_owned()
        })
        .collect();
    names.sort();
    names
}

/// What was written since then, AWS's and Argo CD's, in order.
fn writes(ledger: &[LedgerEntry]) -> Vec<String> {
    ledger
        .iter()
        .filter(|entry| entry.write)
        .map(|entry| entry.operation.clone())
        .collect()
}

#[test]
fn a_new_domains_record_is_made_first_and_the_old_ones_goes_last() {
    let world = before_change();
    assert_eq!(records(&world), ["chat"]);
    let began = world.sandbox().ledger().len();
    deployed(&world);
    assert_eq!(records(&world), ["talk"]);
    let writes = writes(&world.sandbox().ledger()[began..]);
    let at = |wanted: &str| {
        let found = writes
            .iter()
            .enumerate()
            .filter(|(_, operation)| *operation == wanted);
        found.map(|(at, _)| at).collect::<Vec<_>>()
    };
    let changes = at("ChangeResourceRecordSets");
    let [made, removed] = changes[..] else {
        panic!("{writes:?}");
    };
    assert_eq!(removed, writes.len() - 1, "{writes:?}");
    assert!(made < removed, "{writes:?}");
    assert_eq!(crate::scene::tried(&world).unwrap(), []);
}

#[test]
fn a_change_of_domain_survives_every_crash() {
    every_crash(before_change, apply);
}

#[test]
fn a_change_of_domain_fails_clean_at_every_call() {
    for_good(before_change);
}

#[test]
fn the_way_back_to_a_domain_survives_every_crash() {
    every_crash(changed, rollback);
}

#[test]
fn a_rollback_brings_the_old_record_back_and_removes_the_new_one() {
    let world = changed();
    undying(&world, rollback).unwrap();
    assert_eq!(records(&world), ["chat"]);
}

#[test]
fn a_domain_moves_between_instances_of_a_customer() {
    let world = before_move();
    assert_eq!(records(&world), ["chat", "talk"]);
    deployed(&world);
    assert_eq!(records(&world), ["chat", "new"]);
    assert_eq!(crate::scene::tried(&world).unwrap(), []);
}

#[test]
fn a_move_of_a_domain_survives_every_crash() {
    every_crash_of_many(before_move, apply);
}

#[test]
fn a_subnet_that_is_given_up_loses_its_mount_targets() {
    let world = before_loss();
    let there = || {
        let snapshot = world.sandbox().snapshot();
        let mount_targets = snapshot["efs"]["mountTargets"].as_object().unwrap();
        mount_targets.len()
    };
    let before = there();
    deployed(&world);
    assert_eq!(there() + 1, before);
    assert_eq!(crate::scene::tried(&world).unwrap(), []);
}
