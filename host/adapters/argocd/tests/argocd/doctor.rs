//! What someone is told who looks at Argo CD before deploying with it.

use std::sync::Arc;
use std::time::Duration;

use deploycenter_argocd::{ArgoCdConfig, Cluster as Place, Platform};
use deploycenter_ports::{Examine as _, Unwatched};
use deploycenter_sandbox::{Effect, InjectedError};
use reqwest::Method;
use serde_json::json;

use crate::support::{Cluster, SERVER, SandboxTime};

const LIMIT: Duration = Duration::from_secs(20);

fn platform(cluster: &Cluster, token: &str, server: &str) -> Platform {
    let config = ArgoCdConfig::new(
        cluster.sandbox.argocd_url(),
        token.to_owned(),
        "example".parse().unwrap(),
    );
    let place = Place {
        region: "us-west-2".to_owned(),
        name: "prod-usw2".to_owned(),
        server: server.to_owned(),
    };
    let clock = Arc::new(SandboxTime(Arc::clone(&cluster.sandbox)));
    let generated = Some(cluster.remote.clone());
    Platform::new(&config, vec![place], generated, clock, Arc::new(Unwatched)).unwrap()
}

/// One line a check: `rights projects: ok, …`.
async fn told(platform: &Platform, limit: Duration) -> Vec<String> {
    let found = platform.examine(limit).await.into_iter();
    let lines = found.map(|found| {
        let scope = found
            .scope
            .map_or_else(String::new, |scope| format!(" {scope}"));
        let help = found
            .help
            .map_or_else(String::new, |help| format!(" | {help}"));
        let status = found.status.as_str();
        format!("{}{scope}: {status}, {}{help}", found.check, found.message)
    });
    lines.collect()
}

/// The line of a check that begins so.
#[track_caller]
fn line<'a>(told: &'a [String], begin: &str) -> &'a str {
    told.iter()
        .find(|line| line.starts_with(begin))
        .unwrap_or_else(|| panic!("no {begin} in {told:#?}"))
}

async fn of(cluster: &Cluster) -> Vec<String> {
    told(
        &platform(cluster, cluster.sandbox.argocd_token(), SERVER),
        LIMIT,
    )
    .await
}

#[tokio::test]
async fn all_is_well_before_the_first_deployment_and_after() {
    let cluster = Cluster::new().await;
    let url = cluster.sandbox.argocd_url();
    let url = url.as_str().trim_end_matches('/');
    let mut expected = vec![
        format!("reach {url}: ok, Argo CD v3.6.0+sandbox"),
        "token: ok, valid, for the account admin".to_owned(),
        "rights applications: ok, may get, create, update, delete, sync".to_owned(),
        "rights applications' objects: ok, may update, delete".to_owned(),
        "rights projects: ok, may get, create, update, delete".to_owned(),
        "rights clusters: ok, may get, update".to_owned(),
        "rights repositories: ok, may get".to_owned(),
        "base-project deploycenter-base: ok, it isn't there, and nothing needs it: each customer has a project for its bases"
            .to_owned(),
        format!("cluster us-west-2: ok, {SERVER} is known"),
        format!(
            "repository {}: skipped, not checked: it isn't registered in Argo CD, which a public one or one with a credential template needn't be; the first sync shows",
            cluster.remote
        ),
    ];
    assert_eq!(of(&cluster).await, expected);

    cluster.deploy().await;
    expected[9] = format!(
        "repository {}: ok, Argo CD reads it: 2 applications come from it",
        cluster.remote
    );
    assert_eq!(of(&cluster).await, expected);
    let written = cluster.sandbox.ledger();
    assert!(written.iter().all(|call| call.operation != "Unknown"));
}

#[tokio::test]
async fn a_wrong_token_and_none_are_told_apart() {
    let cluster = Cluster::new().await;
    let way = "set ARGOCD_AUTH_TOKEN to a token that `argocd account generate-token` made";
    for (token, message) in [
        ("garbage", "the token is wrong, revoked or expired"),
        ("", "there is no token for Argo CD"),
    ] {
        let told = told(&platform(&cluster, token, SERVER), LIMIT).await;
        assert_eq!(told[1], format!("token: fail, {message} | {way}"));
        assert_eq!(told.len(), 10);
        for line in &told[2..] {
            assert!(
                line.ends_with(": skipped, not checked: there is no valid token"),
                "{line}"
            );
        }
    }
}

#[tokio::test]
async fn missing_rights_are_named_with_the_policies_that_give_them() {
    let cluster = Cluster::new().await;
    cluster.sandbox.with_argocd(|argocd, _| {
        argocd.deny("applications", "sync");
        argocd.deny("applications", "delete");
        argocd.deny("applications", "update/*");
        argocd.deny("clusters", "get");
        argocd.deny("repositories", "get");
    });
    // A cluster that it does know, which such an account can't see.
    let told = of(&cluster).await;
    assert_eq!(
        line(&told, "rights applications"),
        "rights applications: fail, may not delete, sync all applications | have an Argo CD admin give the account's role these in argocd-rbac-cm: p, role:deploycenter, applications, delete, */*, allow; p, role:deploycenter, applications, sync, */*, allow"
    );
    assert_eq!(
        line(&told, "rights applications' objects"),
        "rights applications' objects: warn, may not update: a deployment with an object that the API server rejects can't be taken back whole | have an Argo CD admin give the account's role these in argocd-rbac-cm: p, role:deploycenter, applications, update/*, */*, allow"
    );
    assert_eq!(
        line(&told, "rights projects"),
        "rights projects: ok, may get, create, update, delete"
    );
    assert!(
        line(&told, "rights clusters")
            .starts_with("rights clusters: warn, may not get all clusters: ")
    );
    assert_eq!(
        line(&told, "cluster us-west-2"),
        format!(
            "cluster us-west-2: skipped, not checked: the account doesn't see {SERVER}, and may not see every cluster"
        )
    );
    assert!(line(&told, "repository ").contains(": skipped, "));

    cluster
        .sandbox
        .with_argocd(|argocd, _| argocd.deny("projects", "get"));
    let told = of(&cluster).await;
    let base = line(&told, "base-project");
    assert!(
        base.contains(": fail, Argo CD refused GET /api/v1/projects/deploycenter-base with 403"),
        "{base}"
    );
}

#[tokio::test]
async fn an_unknown_cluster_fails_by_name() {
    let cluster = Cluster::new().await;
    let token = cluster.sandbox.argocd_token();
    let told = told(
        &platform(&cluster, token, "https://elsewhere.example"),
        LIMIT,
    )
    .await;
    assert_eq!(
        line(&told, "cluster us-west-2"),
        "cluster us-west-2: fail, Argo CD doesn't know the cluster https://elsewhere.example | argocd cluster add CONTEXT --name prod-usw2, or correct cluster.server of us-west-2 in regions.yaml"
    );
}

#[tokio::test]
async fn the_former_project_is_said_to_be_in_use_and_then_to_be_no_ones() {
    let cluster = Cluster::new().await;
    cluster.deploy().await;
    let project = json!({ "project": {
        "metadata": { "name": "deploycenter-base" },
        "spec": {
            "sourceRepos": ["*"],
            "destinations": [{ "server": "*", "namespace": "*" }],
            "clusterResourceWhitelist": [{ "group": "*", "kind": "*" }],
        },
    }});
    cluster
        .raw(Method::POST, "/api/v1/projects", Some(project))
        .await;
    let base = async || line(&of(&cluster).await, "base-project").to_owned();
    assert_eq!(
        base().await,
        "base-project deploycenter-base: warn, nothing that this account sees is in it any more, and it may make any namespace and volume | an Argo CD admin may delete it now: kubectl delete appproject -n argocd deploycenter-base"
    );

    let path = "/api/v1/applications/acme--odoo--base?project=acme--base";
    let mut app = cluster.get(path).await;
    app["spec"]["project"] = json!("deploycenter-base");
    cluster.raw(Method::PUT, path, Some(app)).await;
    assert_eq!(
        base().await,
        "base-project deploycenter-base: warn, applications of ours are still in it (1), though each customer has a project for its bases now | <apply> moves them; what is held moves once it is released"
    );

    let path = "/api/v1/applications/acme--odoo--base?project=deploycenter-base";
    let mut app = cluster.get(path).await;
    app["metadata"]["labels"]["deploycenter.dev/installation"] = json!("another");
    cluster.raw(Method::PUT, path, Some(app)).await;
    assert_eq!(
        base().await,
        "base-project deploycenter-base: ok, no application of ours is in it; others' are (1)"
    );
}

#[tokio::test]
async fn an_argo_cd_that_is_away_or_silent_holds_nobody_up() {
    let cluster = Cluster::new().await;
    let busy = Effect::Error(InjectedError {
        status: 503,
        code: "14".to_owned(),
        message: "later".to_owned(),
        retry_after: None,
    });
    cluster.fault("GetVersion", 2, busy);
    let told = of(&cluster).await;
    assert!(
        told[0].contains(": fail, Argo CD didn't answer GET /api/version in 2 tries: 503 later | check argocd.server"),
        "{told:?}"
    );
    assert_eq!(
        told[1],
        "token: skipped, not checked: Argo CD doesn't answer"
    );
    assert_eq!(told.len(), 10);

    cluster.fault("ListClusters", 1, Effect::DelayMs(5_000));
    let token = cluster.sandbox.argocd_token();
    let told = self::told(&platform(&cluster, token, SERVER), Duration::from_secs(1)).await;
    assert!(
        line(&told, "cluster us-west-2")
            .starts_with("cluster us-west-2: fail, Argo CD gave no answer within 1 s | "),
        "{told:#?}"
    );
    assert!(line(&told, "base-project").contains(": ok, "));
}
