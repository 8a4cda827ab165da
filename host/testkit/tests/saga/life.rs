//! The end of a target and what comes after it, killed at every point: away with the data
//! kept, away with the data, on with what was retained, on with what someone else made.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::Adoption;
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_engine::{Engine, Outcome, PlanError, PlanOptions};
use deploycenter_sandbox::{Effect, Fault, InjectedError};
use deploycenter_testkit::customers::ACME;
use deploycenter_testkit::{World, trials};
use futures::future::BoxFuture;
use serde_json::json;

use crate::crash::every_crash;
use crate::hands;
use crate::hold::offers;
use crate::scene::{
    before_deploy, carried_out, deployed, left_out, resumed, sicken, tried, undying,
};

const EMPTY: &str = "version: 1\ncustomers: []\n";

/// The file system that someone else made.
const THEIRS: &str = "fs-0a1000000000ad0b7";

/// The key that the region's file systems are encrypted with.
const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/8d3c7a52-0000-4000-8000-000000000001";

/// A world with a deployed instance that nobody desires any more.
pub(crate) fn undesired() -> World {
    let world = before_deploy();
    deployed(&world);
    world.write("customers.yaml", EMPTY).unwrap();
    world
}

/// A world in which that instance was destroyed, and its data retained.
pub(crate) fn retained() -> World {
    let world = undesired();
    done(&undying(&world, destroy).unwrap());
    world
}

/// A world in which it is desired again after that.
pub(crate) fn desired_again() -> World {
    let world = retained();
    world.write("customers.yaml", ACME).unwrap();
    world
}

/// A world in which a file system, a record and an application stand where an instance is
/// to be deployed.
pub(crate) fn taken() -> World {
    let world = before_deploy();
    let edited = world.sandbox().edit_aws(|state| {
        let systems = &mut state["efs"]["fileSystems"];
        let mut theirs = systems["fs-0a1000000000005e2"].clone();
        theirs["id"] = json!(THEIRS);
        theirs["creationToken"] = json!("theirs");
        theirs["kmsKeyId"] = json!(KEY);
        theirs["tags"] = json!({ "Name": "theirs", "team": "x" });
        systems[THEIRS] = theirs;
        for (_, zone) in state["route53"]["zones"].as_object_mut().unwrap() {
            if zone["name"].to_string().contains("apps.example.com") {
                zone["records"].as_array_mut().unwrap().push(json!({
                    "Name": "chat.acme.apps.example.com.",
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": { "ResourceRecord": [{ "Value": "198.51.100.7" }] },
                }));
            }
        }
    });
    assert!(edited);
    let body = json!({
        "metadata": { "name": "acme--mattermost", "labels": { "team": "x" } },
        "spec": {
            "project": "default",
            "source": { "repoURL": "https://git.example.com/theirs.git", "targetRevision": "main", "path": "chat" },
            "destination": { "server": "https://usw2.k8s.example.com", "namespace": "chat" },
        },
    });
    let query = [("validate", "false")];
    hands::argocd(
        &world,
        "POST",
        "/api/v1/applications",
        &query,
        &body.to_string(),
    );
    world
}

fn target() -> TargetId {
    "acme/mattermost".parse().unwrap()
}

fn selection() -> Selection {
    Selection {
        selectors: vec![Selector::parse("acme/mattermost").unwrap()],
        ..Selection::default()
    }
}

pub(crate) fn destroy(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(async move {
        let targets = BTreeSet::from([target()]);
        let plan = engine
            .open_run()
            .await?
            .plan_destroy(&targets, false)
            .await?;
        Ok(carried_out(&engine, plan).await)
    })
}

pub(crate) fn purge(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(async move {
        let plan = engine.open_run().await?.plan_purge(&target(), None).await?;
        Ok(carried_out(&engine, plan).await)
    })
}

pub(crate) fn revive(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(async move {
        let life = engine
            .open_run()
            .await?
            .incarnation_to_revive(&target(), None)
            .await?;
        let options = PlanOptions {
            revive: Some(life),
            ..PlanOptions::default()
        };
        let planned = engine.plan(&selection(), &options).await?;
        assert_eq!(planned.blocked, []);
        Ok(carried_out(&engine, planned.plan).await)
    })
}

pub(crate) fn adopt(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(async move {
        let by_id = Adoption {
            id: Some(THEIRS.to_owned()),
            former: None,
        };
        let adopt = BTreeMap::from([
            ("efs.file-system/data".parse().unwrap(), by_id),
            ("dns.record/domain".parse().unwrap(), Adoption::default()),
            (
                "argocd.application/workload".parse().unwrap(),
                Adoption::default(),
            ),
        ]);
        let options = PlanOptions {
            adopt,
            ..PlanOptions::default()
        };
        let planned = engine.plan(&selection(), &options).await?;
        assert_eq!(planned.blocked, []);
        Ok(carried_out(&engine, planned.plan).await)
    })
}

/// Wants all of them to have succeeded, and that there were some.
#[track_caller]
pub(crate) fn done(outcomes: &[Outcome]) {
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
}

#[test]
fn a_removal_survives_every_crash() {
    every_crash(undesired, destroy);
}

#[test]
fn a_purge_survives_every_crash() {
    every_crash(undesired, purge);
}

#[test]
fn a_purge_of_what_was_retained_survives_every_crash() {
    every_crash(retained, purge);
}

#[test]
fn a_revival_survives_every_crash() {
    every_crash(desired_again, revive);
}

#[test]
fn an_adoption_survives_every_crash() {
    every_crash(taken, adopt);
}

#[test]
fn a_purge_leaves_nothing() {
    let fresh = before_deploy().inventory().unwrap();
    for start in [undesired, retained] {
        let world = start();
        done(&undying(&world, purge).unwrap());
        let left = world.inventory().unwrap();
        assert!(left == fresh, "{}", fresh.difference(&left));
    }
}

#[test]
fn a_revived_target_is_as_it_was() {
    let world = before_deploy();
    deployed(&world);
    let before = world.inventory().unwrap();
    world.write("customers.yaml", EMPTY).unwrap();
    done(&undying(&world, destroy).unwrap());
    world.write("customers.yaml", ACME).unwrap();
    done(&undying(&world, revive).unwrap());
    let after = world.inventory().unwrap();
    assert!(after == before, "{}", before.difference(&after));
    // From here on it is deployed as any other.
    assert_eq!(tried(&world).unwrap(), Vec::new());
}

#[test]
fn a_revival_that_fails_leaves_the_data_where_it_was() {
    let world = desired_again();
    let before = world.inventory().unwrap();
    sicken(&world, "chat.acme");
    let outcomes = undying(&world, revive).unwrap();
    let unwound = |outcome: &&Outcome| outcome.status == Status::Unwound;
    assert_eq!(outcomes.iter().filter(unwound).count(), 1, "{outcomes:?}");
    let after = world.inventory().unwrap();
    assert!(after == before, "{}", before.difference(&after));
}

#[test]
fn an_adoption_that_fails_gives_back_what_it_took() {
    let world = taken();
    let before = world.inventory().unwrap();
    sicken(&world, "chat.acme");
    let outcomes = undying(&world, adopt).unwrap();
    let unwound = |outcome: &&Outcome| outcome.status == Status::Unwound;
    assert_eq!(outcomes.iter().filter(unwound).count(), 1, "{outcomes:?}");
    let after = world.inventory().unwrap();
    assert!(after == before, "{}", before.difference(&after));
}

#[test]
fn without_adopt_nothing_is_taken_over() {
    let world = taken();
    let before = world.inventory().unwrap();
    let said = left_out(&world);
    for effect in ["dns.record/domain", "argocd.application/workload"] {
        let adopt = Remedy::Adopt {
            targets: Targets::One("acme/mattermost".parse().unwrap()),
            what: Adopted::Effect {
                effect: effect.parse().unwrap(),
                id: None,
            },
        };
        assert!(said.iter().any(|one| offers(one, &adopt)), "{said:?}");
    }
    assert!(world.inventory().unwrap() == before);
}

/// A later customer of the same name gets another life, and none of the old data; purging
/// the old life leaves the new one alone.
#[test]
fn a_later_life_gets_none_of_the_old_data() {
    for journal in [true, false] {
        let world = desired_again();
        let old = world.inventory().unwrap();
        if !journal {
            world.lose_journal().unwrap();
        }
        deployed(&world);
        let both = world.inventory().unwrap();
        for name in old.0.keys() {
            assert!(both.0.contains_key(name), "{name} is gone");
        }
        assert!(both.0.contains_key("application acme--mattermost--i2"));
        let deployed_anew = before_deploy();
        let old_alone = deployed_anew.inventory().unwrap();
        let purge_first = undying(&world, async |engine: Engine| {
            let life = Some(deploycenter_domain::name::Incarnation(1));
            let plan = engine
                .open_run()
                .await
                .unwrap()
                .plan_purge(&target(), life)
                .await
                .unwrap();
            carried_out(&engine, plan).await
        });
        done(&purge_first);
        let left = world.inventory().unwrap();
        for name in both.0.keys().filter(|name| !old.0.contains_key(*name)) {
            assert!(left.0.contains_key(name), "{name} is gone");
        }
        let of_old = |name: &&String| {
            old.0.contains_key(*name)
                && !old_alone.0.contains_key(*name)
                && !name.starts_with("git ")
        };
        let kept: Vec<&String> = left.0.keys().filter(of_old).collect();
        // Without the journal nobody knows what is in the namespace.
        let unknown = kept.iter().all(|name| name.starts_with("object "));
        assert!(unknown && (!journal || kept.is_empty()), "{kept:?}");
        assert_eq!(tried(&world).unwrap(), Vec::new());
    }
}

/// Each kind of call that a removal makes, refused: it waits for someone, names what is
/// left, and ends once the cause is mended.
fn stuck(start: fn() -> World, work: crate::scene::Work, operations: &[&str]) {
    let prepared = start();
    let undisturbed = prepared.copy().unwrap();
    done(&undying(&undisturbed, work).unwrap());
    let after = undisturbed.inventory().unwrap();
    trials::each("faults", operations, |operation| {
        let world = prepared.copy().unwrap();
        world.sandbox().set_faults(vec![Fault {
            service: None,
            operation: Some((*operation).to_owned()),
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
        let outcomes = undying(&world, work).unwrap();
        let waiting: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.status == Status::NeedsAttention)
            .collect();
        assert_eq!(waiting.len(), 1, "{operation}: {outcomes:?}");
        assert!(
            waiting[0].reason.is_some() && !waiting[0].leftovers.is_empty(),
            "{operation}: {waiting:?}"
        );
        world.sandbox().set_faults(Vec::new());
        done(&resumed(&world));
        let now = world.inventory().unwrap();
        assert!(now == after, "{operation}:\n{}", after.difference(&now));
    });
}

#[test]
fn a_removal_that_is_refused_waits_and_goes_on() {
    stuck(
        undesired,
        destroy,
        &["DeleteApplication", "ChangeResourceRecordSets"],
    );
}

#[test]
fn a_purge_that_is_refused_waits_and_goes_on() {
    stuck(
        undesired,
        purge,
        &[
            "DeleteApplication",
            "DeleteAccessPoint",
            "DeleteMountTarget",
            "DeleteFileSystem",
            "DeleteSecret",
        ],
    );
}
