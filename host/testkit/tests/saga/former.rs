//! An installation of before each customer had a project for its bases, led to today's
//! layout by ordinary verbs.

use deploycenter_domain::effect::Action;
use deploycenter_domain::journal::Status;
use deploycenter_domain::naming::FORMER_BASE_PROJECT;
use deploycenter_domain::plan::{Plan, PlannedEffect};
use deploycenter_domain::resource::Resource;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{Back, Engine, Outcome, PlanError, PlanOptions};
use deploycenter_ports::Deployments;
use deploycenter_testkit::World;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::crash::every_crash;
use crate::hands;
use crate::hold::{all_well, back, file, rolled};
use crate::life::{destroy, purge};
use crate::scene::{
    apply, before_deploy, before_update, carried_out, deployed, sicken, tried, undying,
};

const BASE: &str = "acme--mattermost--base";

/// A plan as an earlier version made it: no project for bases, and the base in the one that
/// all customers shared.
fn as_formerly(mut plan: Plan) -> Plan {
    for target in &mut plan.targets {
        target.effects.retain(|effect| {
            !matches!(
                effect.id.to_string().as_str(),
                "argocd.project/acme--base" | "git.file/base-project.json"
            )
        });
        for effect in &mut target.effects {
            effect
                .depends_on
                .retain(|id| id.name() != "base-project.json");
            formerly(effect);
        }
    }
    plan
}

fn formerly(effect: &mut PlannedEffect) {
    match &mut effect.after {
        Some(Resource::Application(application)) if application.name == BASE => {
            application.project = FORMER_BASE_PROJECT.to_owned();
            application.spec["project"] = json!(FORMER_BASE_PROJECT);
        }
        Some(Resource::Sync(sync)) if sync.application == BASE => {
            sync.project = FORMER_BASE_PROJECT.to_owned();
        }
        Some(Resource::File(file)) if effect.id.name() == "base.json" => {
            file.content = file
                .content
                .replace("\"acme--base\"", &format!("\"{FORMER_BASE_PROJECT}\""));
        }
        _ => {}
    }
    if effect.before == effect.after {
        effect.action = Action::None;
    }
}

fn deploy_formerly(world: &World) {
    let outcomes = undying(world, async |engine: Engine| {
        let planned = engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await
            .unwrap();
        carried_out(&engine, as_formerly(planned.plan)).await
    });
    all_well(&outcomes);
}

/// A world with an instance in the former layout.
fn former() -> World {
    let world = before_deploy();
    let body = json!({ "project": {
        "metadata": { "name": FORMER_BASE_PROJECT },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [
                { "group": "", "kind": "Namespace" },
                { "group": "", "kind": "PersistentVolume" },
            ],
        },
    }});
    hands::argocd(&world, "POST", "/api/v1/projects", &[], &body.to_string());
    deploy_formerly(&world);
    assert_eq!(project_of_base(&world), FORMER_BASE_PROJECT);
    assert!(
        file(&world, "base.json")
            .unwrap()
            .contains(FORMER_BASE_PROJECT)
    );
    world
}

/// The same, and an update waits.
fn about_to_change() -> World {
    let world = former();
    let updated = std::fs::read_to_string(before_update().checkout().join("customers.yaml"));
    world.write("customers.yaml", &updated.unwrap()).unwrap();
    world
}

fn project_of_base(world: &World) -> String {
    let all = hands::argocd(world, "GET", "/api/v1/applications", &[("name", BASE)], "");
    let project = all["items"][0]["spec"]["project"].as_str();
    project.unwrap_or_default().to_owned()
}

/// Nothing of ours is in the former project any more: an admin can delete it.
fn is_free(world: &World) {
    assert_eq!(project_of_base(world), "acme--base");
    let path = format!("/api/v1/projects/{FORMER_BASE_PROJECT}");
    assert_eq!(hands::argocd(world, "DELETE", &path, &[], ""), json!({}));
}

#[test]
fn an_ordinary_apply_moves_a_base_and_the_plan_says_so() {
    let world = former();
    let plan = undying(&world, async |engine: Engine| {
        engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await
            .unwrap()
            .plan
    });
    let changes: Vec<(String, Action)> = plan
        .targets
        .iter()
        .flat_map(|target| &target.effects)
        .filter(|effect| effect.action != Action::None)
        .map(|effect| (effect.id.to_string(), effect.action))
        .collect();
    let changes: Vec<(&str, Action)> = changes.iter().map(|(id, it)| (id.as_str(), *it)).collect();
    // The shared target comes first, and it makes the project that the base goes to.
    assert_eq!(
        changes,
        [
            ("argocd.project/acme--base", Action::Create),
            ("git.file/base-project.json", Action::Create),
            ("git.commit/folder", Action::Update),
            ("git.file/base.json", Action::Update),
            ("git.commit/folder", Action::Update),
            ("argocd.application/base", Action::Update),
            ("argocd.sync/base", Action::Update),
            ("argocd.sync/workload", Action::Update),
        ]
    );
    let live = |world: &World| world.inventory().unwrap().mentions("object ");
    let before = live(&world);
    all_well(&undying(&world, async |engine: Engine| {
        carried_out(&engine, plan).await
    }));
    assert_eq!(live(&world), before, "nothing in the cluster was touched");
    is_free(&world);

    // It is as if it had been deployed so: nothing waits, and the trees are the same.
    let today = before_deploy();
    deployed(&today);
    let there = world.inventory().unwrap();
    assert!(
        there == today.inventory().unwrap(),
        "{}",
        today.inventory().unwrap().difference(&there)
    );
    deployed(&world);
}

#[test]
fn the_move_survives_every_crash() {
    every_crash(former, apply);
}

#[test]
fn an_update_that_fails_on_the_way_goes_back_where_it_was() {
    let world = about_to_change();
    sicken(&world, "maxUsers: 200");
    let outcomes = tried(&world).unwrap();
    let of_instance = outcomes.iter().find(|outcome| !outcome.target.is_shared());
    let status = of_instance.map(|outcome| outcome.status);
    assert_eq!(status, Some(Status::Unwound), "{outcomes:?}");
    assert_eq!(project_of_base(&world), FORMER_BASE_PROJECT);
    let base = file(&world, "base.json").unwrap();
    assert!(base.contains(FORMER_BASE_PROJECT), "{base}");
}

type Doing = BoxFuture<'static, Result<Vec<Outcome>, PlanError>>;

fn rollback(engine: Engine) -> Doing {
    Box::pin(rolled(engine, back()))
}

/// Two deployments in the former layout.
fn twice_formerly() -> World {
    let world = about_to_change();
    deploy_formerly(&world);
    world
}

#[test]
fn a_rollback_to_former_files_puts_the_base_where_it_belongs_now() {
    // Nothing has moved yet: the way back makes the project first.
    let world = twice_formerly();
    all_well(&undying(&world, rollback).unwrap());
    is_free(&world);
    let base: Value = serde_json::from_str(&file(&world, "base.json").unwrap()).unwrap();
    assert_eq!(base["spec"]["project"], "acme--base");
    assert!(
        file(&world, "values.yaml")
            .unwrap()
            .contains("maxUsers: 100")
    );

    // It has moved with an update, and goes back behind the move.
    let world = about_to_change();
    deployed(&world);
    let all = undying(&world, async |engine: Engine| {
        let all = Deployments::Of("acme/mattermost".parse().unwrap());
        engine.store.all_deployments(&all).await.unwrap()
    });
    let to = all.last().map(|summary| summary.id.clone());
    let first = Back { to, ..back() };
    all_well(&undying(&world, async |engine: Engine| rolled(engine, first).await).unwrap());
    is_free(&world);
    let base: Value = serde_json::from_str(&file(&world, "base.json").unwrap()).unwrap();
    assert_eq!(base["spec"]["project"], "acme--base");
}

#[test]
fn what_was_never_moved_is_removed_from_where_it_is() {
    let world = former();
    world
        .write("customers.yaml", "version: 1\ncustomers: []\n")
        .unwrap();
    all_well(&undying(&world, destroy).unwrap());
    // Its data's end needs no project of all customers either.
    let path = format!("/api/v1/projects/{FORMER_BASE_PROJECT}");
    hands::argocd(&world, "DELETE", &path, &[], "");
    all_well(&undying(&world, purge).unwrap());
    let left = world.inventory().unwrap();
    assert_eq!(left.mentions("acme--mattermost"), [""; 0]);
    assert_eq!(left.mentions("application "), [""; 0]);
}
