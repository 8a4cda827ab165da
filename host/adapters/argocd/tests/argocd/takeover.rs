//! Folders that applications take over.

use super::support::{BRANCH, Cluster, DEPLOYMENT, NAMESPACE, PATH, busy, step};
use deploycenter_domain::resource::{Folder, Resource, Sync};
use deploycenter_ports::{Provider, ProviderErrorKind, Syncing};
use deploycenter_sandbox::argocd::Sickness;
use deploycenter_sandbox::{DropWhen, Effect};

#[tokio::test]
async fn a_push_is_taken_over_without_waiting_for_argo_cd_to_notice() {
    let world = Cluster::new().await;
    world.deploy().await;
    let before = world.sandbox.now();
    let sync = world.commit(2, "odoo:2", DEPLOYMENT).await;
    assert!(world.take_over(&sync, 2).await.unwrap());
    assert!(
        world.sandbox.now() - before < 60_000,
        "it took {} ms",
        world.sandbox.now() - before
    );
    let tree = world
        .get("/api/v1/applications/acme--odoo/resource-tree?project=acme")
        .await;
    assert!(
        tree.to_string().contains("odoo:2"),
        "the new pods are there"
    );
}

#[tokio::test]
async fn a_sick_workload_fails_by_the_name_of_its_pod_and_heals_when_it_is_reverted() {
    let world = Cluster::new().await;
    let good = world.deploy().await;
    world.sandbox.with_argocd(|argocd, _| {
        let sickness = Sickness {
            reason: "ImagePullBackOff".to_owned(),
            message: "Back-off pulling image odoo:bad".to_owned(),
            only_revision_containing: Some("odoo:bad".to_owned()),
        };
        argocd.sicken("acme--odoo", sickness);
    });
    let bad = world.commit(2, "odoo:bad", DEPLOYMENT).await;
    let failure = world.take_over(&bad, 2).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unhealthy);
    assert!(
        failure.message.contains("Pod ") && failure.message.contains("ImagePullBackOff"),
        "{failure}"
    );
    world.argocd.synced(&bad).await.unwrap();

    let back = world.commit(3, "odoo:1", DEPLOYMENT).await;
    assert_eq!(back.tree, good.tree);
    world.take_over(&back, 3).await.unwrap();
}

#[tokio::test]
async fn what_the_project_forbids_fails_at_once_and_its_retry_does_not_hold_up_the_way_back() {
    let world = Cluster::new().await;
    world.deploy().await;
    let bad = world
        .commit(
            2,
            "odoo:2",
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n",
        )
        .await;
    let before = world.sandbox.now();
    let failure = world.take_over(&bad, 2).await.unwrap_err();
    assert!(
        failure
            .message
            .contains("NetworkPolicy is not permitted in project acme"),
        "{failure}"
    );
    let good = world.commit(3, "odoo:1", DEPLOYMENT).await;
    world.take_over(&good, 3).await.unwrap();
    assert!(world.calls("TerminateOperation") >= 1);
    assert!(
        world.sandbox.now() - before < 120_000,
        "it took {} ms",
        world.sandbox.now() - before
    );
}

#[tokio::test]
async fn a_broken_chart_fails_at_once_with_argo_cds_words() {
    let world = Cluster::new().await;
    world.deploy().await;
    let files = [
        ("values.yaml", "a: [1\n"),
        (
            "chart/Chart.yaml",
            "apiVersion: v2\nname: odoo\nversion: 1.0.0\n",
        ),
        ("dependencies/namespace.yaml", NAMESPACE),
    ];
    let wanted = Resource::Folder(Folder {
        branch: BRANCH.to_owned(),
        path: PATH.to_owned(),
        tree: None,
        files: files
            .into_iter()
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .collect(),
    });
    let before = world
        .git
        .observe(&wanted)
        .await
        .unwrap()
        .map(|found| found.state);
    world
        .git
        .ensure(&step("folder", 2, before, Some(wanted.clone())))
        .await
        .unwrap();
    let Some(Resource::Folder(folder)) = world
        .git
        .observe(&wanted)
        .await
        .unwrap()
        .map(|found| found.state)
    else {
        panic!()
    };
    let sync = Sync {
        application: "acme--odoo".to_owned(),
        project: "acme".to_owned(),
        branch: BRANCH.to_owned(),
        path: PATH.to_owned(),
        tree: folder.tree,
        ailing: false,
    };
    let before = world.sandbox.now();
    let failure = world.take_over(&sync, 2).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Unhealthy);
    assert!(failure.message.contains("ComparisonError"), "{failure}");
    assert!(world.sandbox.now() - before < 10_000);
    assert_eq!(
        world.argocd.observe(&Resource::Sync(sync)).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn an_argo_cd_that_is_away_is_told_from_one_that_answers() {
    let world = Cluster::new().await;
    let sync = world.deploy().await;
    for effect in [
        Effect::Drop(DropWhen::Before),
        busy(503, None),
        busy(502, None),
    ] {
        world.fault("GetApplication", 1_000, effect.clone());
        let before = world.sandbox.now();
        let failure = world.take_over(&sync, 2).await.unwrap_err();
        assert_eq!(
            failure.kind,
            ProviderErrorKind::Unavailable,
            "{effect:?}: {failure}"
        );
        assert!(failure.since.is_some());
        assert!(world.sandbox.now() - before < 30_000, "{effect:?}");
    }
    world.fault("GetApplication", 1_000, busy(500, None));
    let failure = world.take_over(&sync, 2).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused, "{failure}");
}
