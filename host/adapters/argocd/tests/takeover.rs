//! Against the stand-in, which answers as a real Argo CD was seen to.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_argocd::{ArgoCd, ArgoCdConfig};
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Application, Folder, Owner, Ownership, Project, Resource, Sync};
use deploycenter_git::{Credentials, Git, GitConfig};
use deploycenter_ports::{Applications, Clock, EffectAdapter, FailureKind, Note, Reading, Step, Syncing, Unwatched};
use deploycenter_sandbox::argocd::Sickness;
use deploycenter_sandbox::{Config, DropWhen, Effect, Fault, InjectedError, Sandbox, SandboxClock, World};
use serde_json::{Value, json};

const BRANCH: &str = "customer/acme";
const PATH: &str = "us-west-2/odoo";
const SERVER: &str = "https://kubernetes.default.svc";

/// The sandbox's time, which moves with its requests and with our sleeps.
#[derive(Clone)]
struct SandboxTime(Arc<Sandbox>);

impl std::fmt::Debug for SandboxTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxTime")
    }
}

#[async_trait]
impl Clock for SandboxTime {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(i64::try_from(self.0.now()).unwrap()).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.advance(u64::try_from(duration.as_millis()).unwrap());
        tokio::task::yield_now().await;
    }
}

struct World1 {
    _dir: tempfile::TempDir,
    remote: String,
    sandbox: Arc<Sandbox>,
    git: Arc<Git>,
    argocd: ArgoCd,
}

impl World1 {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let remote = dir.path().join("remote.git");
        git2::Repository::init_bare(&remote).unwrap();
        let remote = remote.to_str().unwrap().to_owned();
        let sandbox = Sandbox::start(Config {
            dir: None,
            clock: SandboxClock::Stepped { millis_per_request: 20 },
            latency: Duration::ZERO,
            faults: Vec::new(),
            world: World::default(),
            aws_port: 0,
            argocd_port: 0,
            argocd: deploycenter_sandbox::argocd::Config::default(),
        })
        .await
        .unwrap();
        let sandbox = Arc::new(sandbox);
        let clock: Arc<dyn Clock> = Arc::new(SandboxTime(Arc::clone(&sandbox)));
        let config = GitConfig { cache_dir: dir.path().join("cache"), remote_url: remote.clone(), credentials: Credentials::default() };
        let git = Git::open(&config, Arc::clone(&clock), Arc::new(Unwatched)).unwrap();
        let config = ArgoCdConfig::new(sandbox.argocd_url(), sandbox.argocd_token().to_owned(), "example".parse().unwrap());
        let argocd = ArgoCd::new(&config, git.clone(), clock, Arc::new(Unwatched)).unwrap();
        Self { _dir: dir, remote, sandbox, git, argocd }
    }

    fn fault(&self, operation: &str, times: u64, effect: Effect) {
        let fault = Fault { service: Some("argocd".to_owned()), operation: Some(operation.to_owned()), subject: None, write: None, after: 0, times: Some(times), effect };
        self.sandbox.set_faults(vec![fault]);
    }

    fn calls(&self, operation: &str) -> usize {
        self.sandbox.ledger().iter().filter(|entry| entry.operation == operation).count()
    }

    /// Commits a workload's folder and gives the tree that a takeover waits for.
    async fn commit(&self, deployment: u8, image: &str, template: &str) -> Sync {
        let files = [
            ("values.yaml", format!("image: {image}\nreplicas: 1\n")),
            ("chart/Chart.yaml", "apiVersion: v2\nname: odoo\nversion: 1.0.0\n".to_owned()),
            ("chart/templates/deployment.yaml", template.to_owned()),
        ];
        let wanted = Resource::Folder(Folder {
            branch: BRANCH.to_owned(),
            path: PATH.to_owned(),
            tree: None,
            files: files.into_iter().map(|(path, text)| (path.to_owned(), text)).collect(),
        });
        let before = self.git.observe(&wanted, Reading::Fresh).await.unwrap().map(|found| found.image);
        self.git.ensure(&step("folder", deployment, before, Some(wanted.clone()))).await.unwrap();
        let Some(Resource::Folder(folder)) = self.git.observe(&wanted, Reading::Fresh).await.unwrap().map(|found| found.image) else { panic!() };
        Sync { application: "acme--odoo".to_owned(), project: "acme".to_owned(), branch: BRANCH.to_owned(), path: PATH.to_owned(), tree: folder.tree }
    }

    fn project(&self, description: &str) -> Resource {
        Resource::Project(Project {
            name: "acme".to_owned(),
            labels: labels(),
            spec: json!({
                "description": description,
                "sourceRepos": [self.remote],
                "destinations": [{ "server": SERVER, "namespace": "acme--odoo" }],
                "clusterResourceWhitelist": [],
                "namespaceResourceBlacklist": [{ "group": "", "kind": "ResourceQuota" }, { "group": "networking.k8s.io", "kind": "NetworkPolicy" }],
            }),
        })
    }

    fn application(&self, prune: bool) -> Resource {
        Resource::Application(Application {
            name: "acme--odoo".to_owned(),
            project: "acme".to_owned(),
            labels: labels(),
            spec: json!({
                "project": "acme",
                "source": { "repoURL": self.remote, "targetRevision": BRANCH, "path": format!("{PATH}/chart"), "helm": { "valueFiles": ["../values.yaml"] } },
                "destination": { "server": SERVER, "namespace": "acme--odoo" },
                "syncPolicy": { "automated": { "prune": prune, "selfHeal": true } },
            }),
        })
    }

    /// A project, a folder and an application that has taken it over.
    async fn deploy(&self) -> Sync {
        let sync = self.commit(1, "odoo:1", DEPLOYMENT).await;
        assert!(self.argocd.ensure(&step("project", 1, None, Some(self.project("x")))).await.unwrap().changed);
        assert!(self.argocd.ensure(&step("workload", 1, None, Some(self.application(true)))).await.unwrap().changed);
        self.take_over(&sync, 1).await.unwrap();
        sync
    }

    async fn take_over(&self, sync: &Sync, deployment: u8) -> Result<bool, deploycenter_ports::Failure> {
        self.argocd.ensure(&step("sync", deployment, None, Some(Resource::Sync(sync.clone())))).await.map(|it| it.changed)
    }

    async fn get(&self, path: &str) -> Value {
        self.raw(reqwest::Method::GET, path, None).await
    }

    /// What another client of the same Argo CD would do.
    async fn raw(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = reqwest::Client::new()
            .request(method, self.sandbox.argocd_url().join(path).unwrap())
            .bearer_auth(self.sandbox.argocd_token())
            .header("content-type", "application/json");
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
    }
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nimage: {{ .Values.image }}\n";

fn labels() -> BTreeMap<String, String> {
    [("app.kubernetes.io/managed-by".to_owned(), "deploycenter".to_owned()), ("deploycenter.dev/customer".to_owned(), "acme".to_owned())].into()
}

fn owner(name: &str, deployment: u8) -> Owner {
    let kind = match name {
        "project" => EffectKind::Project,
        "sync" => EffectKind::Sync,
        "folder" => EffectKind::Commit,
        _ => EffectKind::Application,
    };
    Owner {
        installation: "example".parse().unwrap(),
        target: "acme/odoo".parse().unwrap(),
        effect: EffectId::new(kind, name).unwrap(),
        incarnation: Incarnation(1),
        deployment: format!("d{deployment}").parse().unwrap(),
    }
}

fn step(name: &str, deployment: u8, before: Option<Resource>, after: Option<Resource>) -> Step {
    Step { owner: owner(name, deployment), before, after, uncertain: false, undo: false, note: Note { actor: "Ada".to_owned(), main_commit: None } }
}

fn busy(status: u16, retry_after: Option<u64>) -> Effect {
    Effect::Error(InjectedError { status, code: "14".to_owned(), message: "busy".to_owned(), retry_after })
}

#[tokio::test]
async fn a_target_is_taken_over_and_a_second_run_changes_nothing() {
    let world = World1::new().await;
    let sync = world.deploy().await;
    let app = world.get("/api/v1/applications/acme--odoo?project=acme").await;
    assert_eq!((app["status"]["sync"]["status"].as_str(), app["status"]["health"]["status"].as_str()), (Some("Synced"), Some("Healthy")));
    assert_eq!(app["metadata"]["labels"]["deploycenter.dev/installation"], "example");
    assert_eq!(app["metadata"]["annotations"]["deploycenter.dev/target"], "acme/odoo");

    for reading in [Reading::Fresh, Reading::Listed] {
        for (name, wanted) in [("project", world.project("x")), ("workload", world.application(true)), ("sync", Resource::Sync(sync.clone()))] {
            let found = world.argocd.observe(&wanted, reading).await.unwrap().unwrap();
            assert_eq!(found.image, wanted, "{name} {reading:?}");
            let expected = if name == "sync" { Ownership::ByPlace } else { Ownership::Owned(owner(name, 1)) };
            assert_eq!(found.ownership, expected);
        }
    }
    assert_eq!((world.calls("ListApplications"), world.calls("ListProjects")), (1, 1), "lists are read once");

    let writes = world.sandbox.ledger().iter().filter(|entry| entry.write).count();
    for (deployment, ours) in [(1, true), (2, false)] {
        assert_eq!(world.argocd.ensure(&step("project", deployment, None, Some(world.project("x")))).await.unwrap().changed, ours);
        assert_eq!(world.argocd.ensure(&step("workload", deployment, None, Some(world.application(true)))).await.unwrap().changed, ours);
        assert!(!world.take_over(&sync, deployment).await.unwrap());
    }
    assert_eq!(world.sandbox.ledger().iter().filter(|entry| entry.write).count(), writes);
    let states = world.argocd.states().await.unwrap();
    assert_eq!(states.len(), 1);
    assert_eq!((states[0].name.as_str(), states[0].sync.as_str(), states[0].health.as_str()), ("acme--odoo", "Synced", "Healthy"));
}

#[tokio::test]
async fn a_push_is_taken_over_without_waiting_for_argo_cd_to_notice() {
    let world = World1::new().await;
    world.deploy().await;
    let before = world.sandbox.now();
    let sync = world.commit(2, "odoo:2", DEPLOYMENT).await;
    assert!(world.take_over(&sync, 2).await.unwrap());
    assert!(world.sandbox.now() - before < 60_000, "it took {} ms", world.sandbox.now() - before);
    let tree = world.get("/api/v1/applications/acme--odoo/resource-tree?project=acme").await;
    assert!(tree.to_string().contains("odoo:2"), "the new pods are there");
}

#[tokio::test]
async fn updates_keep_what_others_set_and_undo_restores() {
    let world = World1::new().await;
    world.deploy().await;
    let mut app = world.get("/api/v1/applications/acme--odoo?project=acme").await;
    app["metadata"]["labels"]["team"] = json!("blue");
    app["metadata"]["annotations"]["notifications"] = json!("slack");
    app["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io", "other.example.com/x"]);
    world.raw(reqwest::Method::PUT, "/api/v1/applications/acme--odoo?project=acme", Some(app)).await;

    let update = step("workload", 2, Some(world.application(true)), Some(world.application(false)));
    assert!(world.argocd.ensure(&update).await.unwrap().changed);
    let app = world.get("/api/v1/applications/acme--odoo?project=acme").await;
    assert_eq!(app["metadata"]["labels"]["team"], "blue");
    assert_eq!(app["metadata"]["annotations"]["notifications"], "slack");
    assert_eq!(app["metadata"]["annotations"]["deploycenter.dev/deployment"], "d2");
    assert_eq!(app["metadata"]["finalizers"][1], "other.example.com/x");
    assert_eq!(world.argocd.observe(&world.application(false), Reading::Fresh).await.unwrap().unwrap().image, world.application(false));

    world.argocd.undo(&update).await.unwrap();
    assert_eq!(world.argocd.observe(&world.application(true), Reading::Fresh).await.unwrap().unwrap().image, world.application(true));

    let project = step("project", 2, Some(world.project("x")), Some(world.project("y")));
    world.argocd.ensure(&project).await.unwrap();
    world.argocd.undo(&project).await.unwrap();
    assert_eq!(world.argocd.observe(&world.project("x"), Reading::Fresh).await.unwrap().unwrap().image, world.project("x"));

    // Edited behind our back: left, and said where.
    let mut app = world.get("/api/v1/applications/acme--odoo?project=acme").await;
    app["spec"]["source"]["targetRevision"] = json!("customer/acme");
    app["spec"]["syncPolicy"] = json!({});
    world.raw(reqwest::Method::PUT, "/api/v1/applications/acme--odoo?project=acme", Some(app)).await;
    let failure = world.argocd.ensure(&update).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Moved);
    assert!(failure.message.contains("spec.syncPolicy"), "{failure}");
}

#[tokio::test]
async fn undo_of_a_first_deployment_leaves_nothing() {
    let world = World1::new().await;
    world.deploy().await;
    let workload = step("workload", 1, None, Some(world.application(true)));
    let project = step("project", 1, None, Some(world.project("x")));
    world.argocd.undo(&Step { owner: owner("workload", 7), ..workload.clone() }).await.unwrap_err();
    for _ in 0..2 {
        world.argocd.undo(&workload).await.unwrap();
        world.argocd.undo(&project).await.unwrap();
    }
    assert_eq!(world.argocd.observe(&world.application(true), Reading::Fresh).await.unwrap(), None);
    assert_eq!(world.argocd.observe(&world.project("x"), Reading::Fresh).await.unwrap(), None);
    assert_eq!(world.sandbox.with_argocd(|argocd, _| argocd.live_objects(SERVER)), []);
}

#[tokio::test]
async fn a_project_goes_only_after_its_applications() {
    let world = World1::new().await;
    world.deploy().await;
    let delete = step("project", 2, Some(world.project("x")), None);
    let failure = world.argocd.ensure(&delete).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unhealthy);
    assert!(failure.message.contains("referenced by 1 applications"), "{failure}");
    world.raw(reqwest::Method::DELETE, "/api/v1/applications/acme--odoo?project=acme", None).await;
    assert!(world.argocd.ensure(&delete).await.unwrap().changed, "it waits for the last one to go");
}

#[tokio::test]
async fn a_create_waits_out_the_deletion_of_the_one_before() {
    let world = World1::new().await;
    world.deploy().await;
    let old = world.get("/api/v1/applications/acme--odoo?project=acme").await["metadata"]["uid"].clone();
    world.raw(reqwest::Method::DELETE, "/api/v1/applications/acme--odoo?project=acme", None).await;
    assert!(world.argocd.ensure(&step("workload", 2, None, Some(world.application(true)))).await.unwrap().changed);
    let new = world.get("/api/v1/applications/acme--odoo?project=acme").await;
    assert_ne!(new["metadata"]["uid"], old);
    assert!(new["metadata"]["deletionTimestamp"].is_null());
}

#[tokio::test]
async fn a_strangers_application_is_seen_and_left() {
    let world = World1::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    world.argocd.ensure(&step("project", 1, None, Some(world.project("x")))).await.unwrap();
    let Resource::Application(wanted) = world.application(true) else { panic!() };
    let body = json!({ "metadata": { "name": "acme--odoo", "labels": { "deploycenter.dev/installation": "another" } }, "spec": wanted.spec });
    world.raw(reqwest::Method::POST, "/api/v1/applications", Some(body)).await;
    for reading in [Reading::Listed, Reading::Fresh] {
        let found = world.argocd.observe(&world.application(true), reading).await.unwrap().unwrap();
        assert!(matches!(found.ownership, Ownership::Foreign(text) if text.contains("another")), "{reading:?}");
    }
    let create = step("workload", 1, None, Some(world.application(true)));
    let failure = world.argocd.ensure(&create).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Foreign, "{failure}");
    world.argocd.undo(&create).await.unwrap();
    assert!(world.argocd.observe(&world.application(true), Reading::Fresh).await.unwrap().is_some(), "it is left");
}

#[tokio::test]
async fn one_of_that_name_in_another_project_is_named() {
    let world = World1::new().await;
    world.commit(1, "odoo:1", DEPLOYMENT).await;
    world.argocd.ensure(&step("project", 1, None, Some(world.project("x")))).await.unwrap();
    let Resource::Application(wanted) = world.application(true) else { panic!() };
    let mut spec = wanted.spec;
    spec["project"] = json!("default");
    world.raw(reqwest::Method::POST, "/api/v1/applications", Some(json!({ "metadata": { "name": "acme--odoo" }, "spec": spec }))).await;
    let failure = world.argocd.ensure(&step("workload", 1, None, Some(world.application(true)))).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Foreign);
    assert!(failure.message.contains("in the project default"), "{failure}");
}

#[tokio::test]
async fn busy_answers_and_lost_replies_are_tried_again() {
    for effect in [busy(429, Some(2)), busy(503, None), Effect::Drop(DropWhen::Before), Effect::Drop(DropWhen::After)] {
        let world = World1::new().await;
        world.commit(1, "odoo:1", DEPLOYMENT).await;
        world.argocd.ensure(&step("project", 1, None, Some(world.project("x")))).await.unwrap();
        world.fault("CreateApplication", 2, effect.clone());
        let before = world.sandbox.now();
        assert!(world.argocd.ensure(&step("workload", 1, None, Some(world.application(true)))).await.unwrap().changed, "{effect:?}");
        assert_eq!(world.calls("CreateApplication"), 3, "{effect:?}");
        if effect == busy(429, Some(2)) {
            assert!(world.sandbox.now() - before >= 4000, "Retry-After is waited out");
        }
    }
    let world = World1::new().await;
    world.fault("GetProject", 100, busy(503, None));
    let failure = world.argocd.observe(&world.project("x"), Reading::Fresh).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert_eq!(world.calls("GetProject"), 6);
}

#[tokio::test]
async fn a_sick_workload_fails_by_the_name_of_its_pod_and_heals_when_it_is_reverted() {
    let world = World1::new().await;
    let good = world.deploy().await;
    world.sandbox.with_argocd(|argocd, _| {
        let sickness = Sickness { reason: "ImagePullBackOff".to_owned(), message: "Back-off pulling image odoo:bad".to_owned(), only_revision_containing: Some("odoo:bad".to_owned()) };
        argocd.sicken("acme--odoo", sickness);
    });
    let bad = world.commit(2, "odoo:bad", DEPLOYMENT).await;
    let failure = world.take_over(&bad, 2).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unhealthy);
    assert!(failure.message.contains("Pod ") && failure.message.contains("ImagePullBackOff"), "{failure}");
    world.argocd.synced(&bad).await.unwrap();

    let back = world.commit(3, "odoo:1", DEPLOYMENT).await;
    assert_eq!(back.tree, good.tree);
    world.take_over(&back, 3).await.unwrap();
}

#[tokio::test]
async fn what_the_project_forbids_fails_at_once_and_its_retry_does_not_hold_up_the_way_back() {
    let world = World1::new().await;
    world.deploy().await;
    let bad = world.commit(2, "odoo:2", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n").await;
    let before = world.sandbox.now();
    let failure = world.take_over(&bad, 2).await.unwrap_err();
    assert!(failure.message.contains("NetworkPolicy is not permitted in project acme"), "{failure}");
    let good = world.commit(3, "odoo:1", DEPLOYMENT).await;
    world.take_over(&good, 3).await.unwrap();
    assert!(world.calls("TerminateOperation") >= 1);
    assert!(world.sandbox.now() - before < 120_000, "it took {} ms", world.sandbox.now() - before);
}

#[tokio::test]
async fn a_broken_chart_fails_at_once_with_argo_cds_words() {
    let world = World1::new().await;
    world.deploy().await;
    let files = [("values.yaml", "a: [1\n"), ("chart/Chart.yaml", "apiVersion: v2\nname: odoo\nversion: 1.0.0\n")];
    let wanted = Resource::Folder(Folder {
        branch: BRANCH.to_owned(),
        path: PATH.to_owned(),
        tree: None,
        files: files.into_iter().map(|(path, text)| (path.to_owned(), text.to_owned())).collect(),
    });
    let before = world.git.observe(&wanted, Reading::Fresh).await.unwrap().map(|found| found.image);
    world.git.ensure(&step("folder", 2, before, Some(wanted.clone()))).await.unwrap();
    let Some(Resource::Folder(folder)) = world.git.observe(&wanted, Reading::Fresh).await.unwrap().map(|found| found.image) else { panic!() };
    let sync = Sync { application: "acme--odoo".to_owned(), project: "acme".to_owned(), branch: BRANCH.to_owned(), path: PATH.to_owned(), tree: folder.tree };
    let before = world.sandbox.now();
    let failure = world.take_over(&sync, 2).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unhealthy);
    assert!(failure.message.contains("ComparisonError"), "{failure}");
    assert!(world.sandbox.now() - before < 10_000);
    assert_eq!(world.argocd.observe(&Resource::Sync(sync), Reading::Fresh).await.unwrap(), None);
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_advice() {
    let world = World1::new().await;
    let config = ArgoCdConfig::new(world.sandbox.argocd_url(), "wrong".to_owned(), "example".parse().unwrap());
    let clock = Arc::new(SandboxTime(Arc::clone(&world.sandbox)));
    let argocd = ArgoCd::new(&config, world.git.clone(), clock, Arc::new(Unwatched)).unwrap();
    let failure = argocd.observe(&world.project("x"), Reading::Listed).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
    assert!(failure.help.unwrap().contains("ARGOCD_AUTH_TOKEN"));
}
