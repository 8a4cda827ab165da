//! Rollbacks, acceptances and releases.

use std::path::Path;

use deploycenter_domain::hold::Hold;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{
    Back, Engine, Outcome, PlanError, PlanOptions, Planned, Refusal, RefusalCode,
};
use deploycenter_testkit::World;
use futures::future::BoxFuture;

use crate::crash::every_crash;
use crate::hands;
use crate::scene::{ACTOR, before_update, carried_out, deployed, undying};

const FOLDER: &str = "us-west-2/mattermost";

/// Whether a refusal offers that way out.
pub(crate) fn offers(refusal: &Refusal, way: &Remedy) -> bool {
    refusal.help.remedies().any(|offered| offered == way)
}

/// A world with an instance that was deployed and then updated.
pub(crate) fn updated() -> World {
    let world = before_update();
    deployed(&world);
    world
}

/// The same, rolled back.
pub(crate) fn rolled_back() -> World {
    let world = updated();
    all_well(&undying(&world, rollback).unwrap());
    world
}

/// A world with an instance whose values someone committed by hand.
pub(crate) fn committed_by_hand() -> World {
    let world = updated();
    let values = file(&world, "values.yaml").unwrap();
    let values = values.replace("maxUsers: 200", "maxUsers: 250");
    hands::commit(&world, &format!("{FOLDER}/values.yaml"), &values);
    world
}

/// How a rollback is asked for when nothing is said.
pub(crate) fn back() -> Back {
    Back {
        to: None,
        by: ACTOR.to_owned(),
        reason: None,
        data_compatible: false,
        reclaim: false,
    }
}

pub(crate) async fn rolled(engine: Engine, back: Back) -> Result<Vec<Outcome>, PlanError> {
    let target = "acme/mattermost".parse().unwrap();
    let planned = engine
        .open_run()
        .await?
        .plan_rollback(&target, &back)
        .await?;
    Ok(carried_out(&engine, planned.plan).await)
}

type Doing = BoxFuture<'static, Result<Vec<Outcome>, PlanError>>;

pub(crate) fn rollback(engine: Engine) -> Doing {
    Box::pin(rolled(engine, back()))
}

pub(crate) fn release(engine: Engine) -> Doing {
    Box::pin(async move {
        let target = "acme/mattermost".parse().unwrap();
        let planned = engine.open_run().await?.plan_release(&target).await?;
        Ok(carried_out(&engine, planned.plan).await)
    })
}

pub(crate) fn accept(engine: Engine) -> Doing {
    Box::pin(async move {
        let target = "acme/mattermost".parse().unwrap();
        let planned = engine
            .open_run()
            .await?
            .plan_accept(&target, ACTOR, Some("a hotfix"))
            .await?;
        Ok(carried_out(&engine, planned.plan).await)
    })
}

#[track_caller]
pub(crate) fn all_well(outcomes: &[Outcome]) {
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
}

/// Plans everything.
pub(crate) fn planned(world: &World, reclaim: bool) -> Planned {
    let options = PlanOptions {
        reclaim,
        ..PlanOptions::default()
    };
    undying(world, async |engine: Engine| {
        engine.plan(&Selection::default(), &options).await
    })
    .unwrap()
}

/// Applies everything that isn't left out, and wants it to succeed.
pub(crate) fn reclaimed(world: &World) {
    let options = PlanOptions {
        reclaim: true,
        ..PlanOptions::default()
    };
    let outcomes = undying(world, async |engine: Engine| {
        let planned = engine.plan(&Selection::default(), &options).await.unwrap();
        assert_eq!(planned.blocked, []);
        carried_out(&engine, planned.plan).await
    });
    all_well(&outcomes);
    assert!(!planned(world, false).plan.has_changes());
}

/// Why something was refused.
#[track_caller]
pub(crate) fn refused(result: Result<Vec<Outcome>, PlanError>) -> Refusal {
    match result {
        Err(PlanError::Refusal(blocked)) => blocked.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A file of the instance's folder.
pub(crate) fn file(world: &World, path: &str) -> Option<String> {
    let remote = git2::Repository::open_bare(world.remote()).unwrap();
    let branch = remote.find_reference("refs/heads/customer/acme").unwrap();
    let root = branch.peel_to_tree().unwrap();
    let entry = root.get_path(&Path::new(FOLDER).join(path)).ok()?;
    let blob = entry.to_object(&remote).unwrap().into_blob().unwrap();
    Some(String::from_utf8(blob.content().to_vec()).unwrap())
}

/// The folder's tree, a hold apart.
fn tree(world: &World) -> String {
    let remote = git2::Repository::open_bare(world.remote()).unwrap();
    let branch = remote.find_reference("refs/heads/customer/acme").unwrap();
    let root = branch.peel_to_tree().unwrap();
    let folder = root.get_path(Path::new(FOLDER)).unwrap();
    let folder = remote.find_tree(folder.id()).unwrap();
    let mut builder = remote.treebuilder(Some(&folder)).unwrap();
    if builder.get("hold.json").unwrap().is_some() {
        builder.remove("hold.json").unwrap();
    }
    builder.write().unwrap().to_string()
}

fn hold(world: &World) -> Option<Hold> {
    Some(Hold::read(&file(world, "hold.json")?).unwrap())
}

#[test]
fn a_rollback_survives_every_crash() {
    every_crash(updated, rollback);
}

#[test]
fn a_release_survives_every_crash() {
    every_crash(rolled_back, release);
}

#[test]
fn an_acceptance_survives_every_crash() {
    every_crash(committed_by_hand, accept);
}

#[test]
fn back_is_as_it_was_but_for_the_hold_and_stays_so_until_it_is_released() {
    let world = before_update();
    let (first, earlier) = (tree(&world), world.inventory().unwrap());
    deployed(&world);
    let second = tree(&world);
    let updated = world.inventory().unwrap();

    all_well(&undying(&world, rollback).unwrap());
    assert_eq!(tree(&world), first);
    let mut now = world.inventory().unwrap();
    let kept = format!("git customer/acme:{FOLDER}/hold.json");
    assert!(now.0.remove(&kept).is_some());
    assert!(now == earlier, "{}", earlier.difference(&now));
    let held = hold(&world).unwrap();
    assert_eq!(
        held.deployment.as_ref().map(DeploymentId::as_str),
        Some("d-000002")
    );
    assert_eq!(
        (held.by.as_str(), held.reason.as_str()),
        (ACTOR, "rolled back")
    );

    let waiting = planned(&world, true);
    assert!(!waiting.plan.has_changes());
    let [blocked] = &waiting.blocked[..] else {
        panic!("{:?}", waiting.blocked)
    };
    assert_eq!(blocked.code, RefusalCode::Held);
    assert!(blocked.message.contains(ACTOR), "{blocked:?}");

    // And back again, which is the update; then forward by the desired state, which
    // wants just that.
    all_well(&undying(&world, rollback).unwrap());
    assert_eq!(tree(&world), second);
    let outcome = undying(&world, rollback).unwrap();
    all_well(&outcome);
    assert_eq!(tree(&world), first);
    all_well(&undying(&world, release).unwrap());
    assert_eq!((tree(&world), hold(&world)), (first, None));
    assert_eq!(refused(undying(&world, release)).code, RefusalCode::NotHeld);
    deployed(&world);
    let now = world.inventory().unwrap();
    assert!(now == updated, "{}", updated.difference(&now));
}

#[test]
fn back_to_a_deployment_that_is_named() {
    let world = updated();
    let first = {
        let back = Back {
            to: Some("d-000002".parse().unwrap()),
            reason: Some("orders fail".to_owned()),
            ..back()
        };
        all_well(&undying(&world, async |engine| rolled(engine, back).await).unwrap());
        tree(&world)
    };
    assert_eq!(hold(&world).unwrap().reason, "orders fail");
    // There is nothing before it; what is newer and differs is what a rollback of the
    // rollback goes to.
    for unknown in ["d-000001", "d-000099"] {
        let back = Back {
            to: Some(unknown.parse().unwrap()),
            ..back()
        };
        let said = refused(undying(&world, async |engine| rolled(engine, back).await));
        assert_eq!(said.code, RefusalCode::UnknownDeployment);
        assert!(said.help.to_string().contains("d-000002"), "{said:?}");
    }
    assert_eq!(tree(&world), first);
}

#[test]
fn a_rollback_that_gets_sick_goes_forward_again() {
    let world = updated();
    let before = world.inventory().unwrap();
    crate::scene::sicken(&world, "maxUsers: 100");
    let outcomes = undying(&world, rollback).unwrap();
    let [outcome] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(outcome.status, Status::Unwound);
    assert!(
        outcome
            .reason
            .as_deref()
            .is_some_and(|why| why.contains("the database hides")),
        "{outcome:?}"
    );
    let now = world.inventory().unwrap();
    assert!(now == before, "{}", before.difference(&now));
}

#[test]
fn what_was_committed_by_hand_is_kept_or_put_back() {
    let prepared = committed_by_hand();
    let theirs = tree(&prepared);

    let kept = prepared.copy().unwrap();
    let said = refused(undying(&kept, rollback));
    assert_eq!(said.code, RefusalCode::Drifted);
    for part in ["Someone", "By hand", FOLDER] {
        assert!(said.message.contains(part), "{said:?}");
    }
    all_well(&undying(&kept, accept).unwrap());
    let held = hold(&kept).unwrap();
    assert_eq!((held.deployment, held.reason.as_str()), (None, "a hotfix"));
    assert_eq!(tree(&kept), theirs);
    assert_eq!(planned(&kept, false).blocked[0].code, RefusalCode::Held);
    assert_eq!(
        refused(undying(&kept, accept)).code,
        RefusalCode::NothingToAccept
    );
    all_well(&undying(&kept, release).unwrap());
    deployed(&kept);
    assert_ne!(tree(&kept), theirs);

    let back = prepared.copy().unwrap();
    reclaimed(&back);
    assert_eq!(tree(&back), tree(&kept));
}

#[test]
fn what_tells_argocd_isnt_accepted() {
    let world = updated();
    let base = file(&world, "base.json").unwrap();
    hands::commit(&world, &format!("{FOLDER}/base.json"), &format!("{base} "));
    let said = refused(undying(&world, accept));
    assert_eq!(said.code, RefusalCode::NotAcceptable);
    assert!(said.message.contains("base.json"), "{said:?}");
}

#[test]
fn a_base_committed_by_hand_is_held_against_the_lists() {
    let extra = |text: &str| {
        let world = updated();
        hands::commit(&world, &format!("{FOLDER}/dependencies/extra.yaml"), text);
        world
    };
    let config =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra, namespace: acme--mattermost}\n";
    let world = extra(&config.replace("acme--mattermost", "kube-system"));
    let said = refused(undying(&world, accept));
    assert_eq!(said.code, RefusalCode::BaseRefused);
    for part in [
        "dependencies/extra.yaml:3",
        "committed by hand",
        "\"kube-system\"",
    ] {
        assert!(said.message.contains(part), "{said:?}");
    }
    assert!(offers(&said, &Remedy::reclaim(&said.target)), "{said:?}");
    // What may be there is kept, in the host's own form.
    let world = extra(config);
    all_well(&undying(&world, accept).unwrap());
    assert_eq!(
        file(&world, "dependencies/extra.yaml").unwrap(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\n  namespace: acme--mattermost\n"
    );
    all_well(&undying(&world, release).unwrap());
}

#[test]
fn files_that_a_folder_doesnt_have_arent_accepted() {
    let world = updated();
    for path in ["notes.txt", "chart/.argocd-source.yaml"] {
        hands::commit(&world, &format!("{FOLDER}/{path}"), "a: b\n");
    }
    let said = refused(undying(&world, accept));
    assert_eq!(said.code, RefusalCode::BaseRefused);
    for part in [
        "notes.txt: isn't a file of a target's folder",
        "chart/.argocd-source.yaml: Argo CD would change",
    ] {
        assert!(said.message.contains(part), "{said:?}");
    }
}

#[test]
fn what_someone_commits_over_a_hold_isnt_released_in_silence() {
    let world = rolled_back();
    let held = tree(&world);
    hands::push(&world);
    let blocked = planned(&world, true).blocked;
    assert_eq!(blocked[0].code, RefusalCode::Held);
    assert!(blocked[0].message.contains("By hand"), "{blocked:?}");
    let said = refused(undying(&world, release));
    assert_eq!(said.code, RefusalCode::Drifted);
    let keep = Remedy::Accept(Targets::One(said.target.clone()));
    assert!(offers(&said, &keep), "{said:?}");
    let to = said.help.remedies().find_map(|way| match way {
        Remedy::Rollback {
            to, reclaim: true, ..
        } => to.clone(),
        _ => None,
    });

    let back = Back {
        to: Some(to.unwrap()),
        reclaim: true,
        ..back()
    };
    all_well(&undying(&world, async |engine| rolled(engine, back).await).unwrap());
    assert_eq!(tree(&world), held);
    all_well(&undying(&world, release).unwrap());
}
