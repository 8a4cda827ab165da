//! Projects and applications.

use std::sync::Arc;

use super::support::{Cluster, DEPLOYMENT, SERVER, SandboxTime, busy, owner, step};
use deploycenter_argocd::{ArgoCd, ArgoCdConfig};
use deploycenter_domain::resource::{Ownership, Resource};
use deploycenter_ports::{Applications, Provider, ProviderErrorKind, Step, Unwatched};
use deploycenter_sandbox::{DropWhen, Effect};
use serde_json::json;

#[tokio::test]
async fn a_target_is_taken_over_and_a_second_run_changes_nothing() {
    let world = Cluster::new().await;
    let sync = world.deploy().await;
    let app = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await;
    assert_eq!(
        (
            app["status"]["sync"]["status"].as_str(),
            app["status"]["health"]["status"].as_str()
        ),
        (Some("Synced"), Some("Healthy"))
    );
    assert_eq!(
        app["metadata"]["labels"]["deploycenter.dev/installation"],
        "example"
    );
    assert_eq!(
        app["metadata"]["annotations"]["deploycenter.dev/target"],
        "acme/odoo"
    );

    let run = world.argocd.snapshot();
    for (name, wanted) in [
        ("project", world.project("x")),
        ("workload", world.application(true)),
        ("sync", Resource::Sync(sync.clone())),
    ] {
        let readings = [
            ("live", world.argocd.observe(&wanted).await),
            ("listed", run.observe(&wanted).await),
        ];
        for (reading, found) in readings {
            let found = found.unwrap().unwrap();
            assert_eq!(found.state, wanted, "{name} {reading}");
            let expected = if name == "sync" {
                Ownership::ByPlace
            } else {
                Ownership::Owned(owner(name, 1))
            };
            assert_eq!(found.ownership, expected);
        }
    }
    assert_eq!(
        (world.calls("ListApplications"), world.calls("ListProjects")),
        (1, 1),
        "lists are read once"
    );

    let writes = world
        .sandbox
        .ledger()
        .iter()
        .filter(|entry| entry.write)
        .count();
    for (deployment, ours) in [(1, true), (2, false)] {
        assert_eq!(
            world
                .argocd
                .ensure(&step("project", deployment, None, Some(world.project("x"))))
                .await
                .unwrap()
                .changed,
            ours
        );
        assert_eq!(
            world
                .argocd
                .ensure(&step(
                    "workload",
                    deployment,
                    None,
                    Some(world.application(true))
                ))
                .await
                .unwrap()
                .changed,
            ours
        );
        assert!(!world.take_over(&sync, deployment).await.unwrap());
    }
    assert_eq!(
        world
            .sandbox
            .ledger()
            .iter()
            .filter(|entry| entry.write)
            .count(),
        writes
    );
    let states = world.argocd.states().await.unwrap();
    assert_eq!(states.len(), 2);
    assert_eq!(
        (
            states[0].name.as_str(),
            states[0].sync.as_str(),
            states[0].health.as_str()
        ),
        ("acme--odoo", "Synced", "Healthy")
    );
}

#[tokio::test]
async fn updates_keep_what_others_set_and_undo_restores() {
    let world = Cluster::new().await;
    world.deploy().await;
    let mut app = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await;
    app["metadata"]["labels"]["team"] = json!("blue");
    app["metadata"]["annotations"]["notifications"] = json!("slack");
    app["metadata"]["finalizers"] = json!([
        "resources-finalizer.argocd.argoproj.io",
        "other.example.com/x"
    ]);
    world
        .raw(
            reqwest::Method::PUT,
            "/api/v1/applications/acme--odoo?project=acme",
            Some(app),
        )
        .await;

    let update = step(
        "workload",
        2,
        Some(world.application(true)),
        Some(world.application(false)),
    );
    assert!(world.argocd.ensure(&update).await.unwrap().changed);
    let app = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await;
    assert_eq!(app["metadata"]["labels"]["team"], "blue");
    assert_eq!(app["metadata"]["annotations"]["notifications"], "slack");
    assert_eq!(
        app["metadata"]["annotations"]["deploycenter.dev/deployment"],
        "d2"
    );
    assert_eq!(app["metadata"]["finalizers"][1], "other.example.com/x");
    assert_eq!(
        world
            .argocd
            .observe(&world.application(false))
            .await
            .unwrap()
            .unwrap()
            .state,
        world.application(false)
    );

    world.argocd.undo(&update).await.unwrap();
    assert_eq!(
        world
            .argocd
            .observe(&world.application(true))
            .await
            .unwrap()
            .unwrap()
            .state,
        world.application(true)
    );

    let project = step(
        "project",
        2,
        Some(world.project("x")),
        Some(world.project("y")),
    );
    world.argocd.ensure(&project).await.unwrap();
    world.argocd.undo(&project).await.unwrap();
    assert_eq!(
        world
            .argocd
            .observe(&world.project("x"))
            .await
            .unwrap()
            .unwrap()
            .state,
        world.project("x")
    );

    // Edited behind our back: left, and said where.
    let mut app = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await;
    app["spec"]["source"]["targetRevision"] = json!("customer/acme");
    app["spec"]["syncPolicy"] = json!({});
    world
        .raw(
            reqwest::Method::PUT,
            "/api/v1/applications/acme--odoo?project=acme",
            Some(app),
        )
        .await;
    let failure = world.argocd.ensure(&update).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("spec.syncPolicy"), "{failure}");
}

#[tokio::test]
async fn undo_of_a_first_deployment_leaves_nothing() {
    let world = Cluster::new().await;
    world.deploy().await;
    let workload = step("workload", 1, None, Some(world.application(true)));
    let project = step("project", 1, None, Some(world.project("x")));
    world
        .argocd
        .undo(&Step {
            owner: owner("workload", 7),
            ..workload.clone()
        })
        .await
        .unwrap_err();
    let base = step("base", 1, None, Some(world.base()));
    for _ in 0..2 {
        world.argocd.undo(&workload).await.unwrap();
        world.argocd.undo(&base).await.unwrap();
        world.argocd.undo(&project).await.unwrap();
    }
    assert_eq!(
        world
            .argocd
            .observe(&world.application(true))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        world.argocd.observe(&world.project("x")).await.unwrap(),
        None
    );
    assert_eq!(
        world
            .sandbox
            .with_argocd(|argocd, _| argocd.live_objects(SERVER)),
        []
    );
}

/// The base of [`Cluster::deploy`] in another project.
fn base_in(world: &Cluster, project: &str) -> Resource {
    let Resource::Application(mut base) = world.base() else {
        panic!()
    };
    base.project = project.to_owned();
    base.spec["project"] = json!(project);
    Resource::Application(base)
}

#[tokio::test]
async fn an_application_moves_to_another_project_and_back() {
    let world = Cluster::new().await;
    world.deploy().await;
    let other = step("base-project", 2, None, Some(world.base_project("other")));
    world.argocd.ensure(&other).await.unwrap();
    let (old, new) = (base_in(&world, "acme--base"), base_in(&world, "other"));
    let state = async |wanted: &Resource| {
        let seen = world.argocd.observe(wanted).await.unwrap();
        seen.unwrap().state
    };
    let uid = async |project: &str| {
        let path = format!("/api/v1/applications/acme--odoo--base?project={project}");
        world.get(&path).await["metadata"]["uid"].clone()
    };
    let was = uid("acme--base").await;
    assert_eq!(state(&new).await, old, "it is seen where it is");

    let lost = Effect::Drop(DropWhen::After);
    world.fault("UpdateApplication", 1, lost);
    let there = step("base", 2, Some(old.clone()), Some(new.clone()));
    // Its answer is lost once, and then it is taken again.
    for _ in 0..2 {
        world.argocd.ensure(&there).await.unwrap();
        assert_eq!(state(&new).await, new);
    }
    assert_eq!(uid("other").await, was, "it is the same application");
    let delete = step(
        "base-project",
        1,
        Some(world.base_project("acme--base")),
        None,
    );
    assert!(
        world.argocd.ensure(&delete).await.unwrap().changed,
        "nothing is left in it"
    );

    let again = step(
        "base-project",
        1,
        None,
        Some(world.base_project("acme--base")),
    );
    world.argocd.ensure(&again).await.unwrap();
    for _ in 0..2 {
        world.argocd.undo(&there).await.unwrap();
        assert_eq!(state(&new).await, old);
    }
    assert_eq!(uid("acme--base").await, was);
}

#[tokio::test]
async fn a_project_goes_only_after_its_applications() {
    let world = Cluster::new().await;
    world.deploy().await;
    let delete = step("project", 2, Some(world.project("x")), None);
    let failure = world.argocd.ensure(&delete).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unhealthy);
    assert!(
        failure.message.contains("referenced by 1 applications"),
        "{failure}"
    );
    world
        .raw(
            reqwest::Method::DELETE,
            "/api/v1/applications/acme--odoo?project=acme",
            None,
        )
        .await;
    assert!(
        world.argocd.ensure(&delete).await.unwrap().changed,
        "it waits for the last one to go"
    );
}

#[tokio::test]
async fn a_create_waits_out_the_deletion_of_the_one_before() {
    let world = Cluster::new().await;
    world.deploy().await;
    let old = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await["metadata"]["uid"]
        .clone();
    world
        .raw(
            reqwest::Method::DELETE,
            "/api/v1/applications/acme--odoo?project=acme",
            None,
        )
        .await;
    assert!(
        world
            .argocd
            .ensure(&step("workload", 2, None, Some(world.application(true))))
            .await
            .unwrap()
            .changed
    );
    let new = world
        .get("/api/v1/applications/acme--odoo?project=acme")
        .await;
    assert_ne!(new["metadata"]["uid"], old);
    assert!(new["metadata"]["deletionTimestamp"].is_null());
}

#[tokio::test]
async fn a_strangers_application_is_seen_and_left() {
    let world = Cluster::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    world
        .argocd
        .ensure(&step("project", 1, None, Some(world.project("x"))))
        .await
        .unwrap();
    let Resource::Application(wanted) = world.application(true) else {
        panic!()
    };
    let body = json!({ "metadata": { "name": "acme--odoo", "labels": { "deploycenter.dev/installation": "another" } }, "spec": wanted.spec });
    world
        .raw(reqwest::Method::POST, "/api/v1/applications", Some(body))
        .await;
    let wanted = world.application(true);
    let readings = [
        ("listed", world.argocd.snapshot().observe(&wanted).await),
        ("live", world.argocd.observe(&wanted).await),
    ];
    for (reading, found) in readings {
        let found = found.unwrap().unwrap();
        assert!(
            matches!(found.ownership, Ownership::Foreign(text) if text.contains("another")),
            "{reading}"
        );
    }
    let create = step("workload", 1, None, Some(world.application(true)));
    let failure = world.argocd.ensure(&create).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign, "{failure}");
    world.argocd.undo(&create).await.unwrap();
    assert!(
        world
            .argocd
            .observe(&world.application(true))
            .await
            .unwrap()
            .is_some(),
        "it is left"
    );
}

#[tokio::test]
async fn one_of_that_name_in_another_project_is_named() {
    let world = Cluster::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    world
        .argocd
        .ensure(&step("project", 1, None, Some(world.project("x"))))
        .await
        .unwrap();
    let Resource::Application(wanted) = world.application(true) else {
        panic!()
    };
    let mut spec = wanted.spec;
    spec["project"] = json!("default");
    world
        .raw(
            reqwest::Method::POST,
            "/api/v1/applications",
            Some(json!({ "metadata": { "name": "acme--odoo" }, "spec": spec })),
        )
        .await;
    let failure = world
        .argocd
        .ensure(&step("workload", 1, None, Some(world.application(true))))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    assert!(
        failure.message.contains("in the project default"),
        "{failure}"
    );
}

#[tokio::test]
async fn busy_answers_and_lost_replies_are_tried_again() {
    for effect in [
        busy(429, Some(2)),
        busy(503, None),
        Effect::Drop(DropWhen::Before),
        Effect::Drop(DropWhen::After),
    ] {
        let world = Cluster::new().await;
        world.commit(1, "odoo:1", DEPLOYMENT).await;
        world
            .argocd
            .ensure(&step("project", 1, None, Some(world.project("x"))))
            .await
            .unwrap();
        world.fault("CreateApplication", 2, effect.clone());
        let before = world.sandbox.now();
        assert!(
            world
                .argocd
                .ensure(&step("workload", 1, None, Some(world.application(true))))
                .await
                .unwrap()
                .changed,
            "{effect:?}"
        );
        assert_eq!(world.calls("CreateApplication"), 3, "{effect:?}");
        if effect == busy(429, Some(2)) {
            assert!(
                world.sandbox.now() - before >= 4000,
                "Retry-After is waited out"
            );
        }
    }
    let world = Cluster::new().await;
    world.fault("GetProject", 100, busy(503, None));
    let failure = world.argocd.observe(&world.project("x")).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unavailable, "{failure}");
    assert_eq!(world.calls("GetProject"), 6);
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_advice() {
    let world = Cluster::new().await;
    let config = ArgoCdConfig::new(
        world.sandbox.argocd_url(),
        "wrong".to_owned(),
        "example".parse().unwrap(),
    );
    let clock = Arc::new(SandboxTime(Arc::clone(&world.sandbox)));
    let argocd = ArgoCd::new(&config, world.git.clone(), clock, Arc::new(Unwatched)).unwrap();
    let failure = argocd
        .snapshot()
        .observe(&world.project("x"))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    assert!(
        failure
            .help
            .unwrap()
            .to_string()
            .contains("ARGOCD_AUTH_TOKEN")
    );
}
