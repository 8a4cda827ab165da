//! A git remote, the stand-in that reads it, and both adapters, on the stand-in's time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_argocd::{ArgoCd, ArgoCdConfig};
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Application, Folder, Owner, Project, Resource, Sync};
use deploycenter_git::{Credentials, Git, GitConfig};
use deploycenter_ports::{Clock, CommitContext, Provider, Step, Unwatched};
use deploycenter_sandbox::{
    Effect, Fault, InjectedError, Sandbox, SandboxClock, SandboxConfig, World,
};
use serde_json::{Value, json};

pub(crate) const BRANCH: &str = "customer/acme";
pub(crate) const PATH: &str = "us-west-2/odoo";
pub(crate) const SERVER: &str = "https://kubernetes.default.svc";

/// The sandbox's time, which moves with its requests and with our sleeps.
#[derive(Clone)]
pub(crate) struct SandboxTime(pub(crate) Arc<Sandbox>);

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

pub(crate) struct Cluster {
    _dir: tempfile::TempDir,
    pub(crate) remote: String,
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) git: Arc<Git>,
    pub(crate) argocd: ArgoCd,
}

impl Cluster {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let remote = dir.path().join("remote.git");
        git2::Repository::init_bare(&remote).unwrap();
        let remote = remote.to_str().unwrap().to_owned();
        let sandbox = Sandbox::start(SandboxConfig {
            dir: None,
            clock: SandboxClock::Stepped {
                millis_per_request: 20,
            },
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
        let config = GitConfig {
            cache_dir: dir.path().join("cache"),
            remote_url: remote.clone(),
            credentials: Credentials::default(),
            signer: None,
        };
        let git = Git::open(&config, Arc::clone(&clock), Arc::new(Unwatched)).unwrap();
        let config = ArgoCdConfig::new(
            sandbox.argocd_url(),
            sandbox.argocd_token().to_owned(),
            "example".parse().unwrap(),
        );
        let argocd = ArgoCd::new(&config, git.clone(), clock, Arc::new(Unwatched)).unwrap();
        Self {
            _dir: dir,
            remote,
            sandbox,
            git,
            argocd,
        }
    }

    pub(crate) fn fault(&self, operation: &str, times: u64, effect: Effect) {
        let fault = Fault {
            service: Some("argocd".to_owned()),
            operation: Some(operation.to_owned()),
            subject: None,
            write: None,
            after: 0,
            times: Some(times),
            effect,
        };
        self.sandbox.set_faults(vec![fault]);
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.sandbox
            .ledger()
            .iter()
            .filter(|entry| entry.operation == operation)
            .count()
    }

    /// Commits a workload's folder and gives the tree that a takeover waits for.
    pub(crate) async fn commit(&self, deployment: u8, image: &str, template: &str) -> Sync {
        self.commit_with(deployment, image, template, NAMESPACE)
            .await
    }

    /// The same with another base.
    pub(crate) async fn commit_with(
        &self,
        deployment: u8,
        image: &str,
        template: &str,
        base: &str,
    ) -> Sync {
        let files = [
            ("values.yaml", format!("image: {image}\nreplicas: 1\n")),
            (
                "chart/Chart.yaml",
                "apiVersion: v2\nname: odoo\nversion: 1.0.0\n".to_owned(),
            ),
            ("chart/templates/deployment.yaml", template.to_owned()),
            ("dependencies/namespace.yaml", base.to_owned()),
        ];
        let wanted = Resource::Folder(Folder {
            branch: BRANCH.to_owned(),
            path: PATH.to_owned(),
            tree: None,
            files: files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text))
                .collect(),
        });
        let before = self
            .git
            .observe(&wanted)
            .await
            .unwrap()
            .map(|found| found.state);
        self.git
            .ensure(&step("folder", deployment, before, Some(wanted.clone())))
            .await
            .unwrap();
        let Some(Resource::Folder(folder)) = self
            .git
            .observe(&wanted)
            .await
            .unwrap()
            .map(|found| found.state)
        else {
            panic!()
        };
        Sync {
            application: "acme--odoo".to_owned(),
            project: "acme".to_owned(),
            branch: BRANCH.to_owned(),
            path: PATH.to_owned(),
            tree: folder.tree,
            ailing: false,
        }
    }

    pub(crate) fn project(&self, description: &str) -> Resource {
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

    /// A project for bases.
    pub(crate) fn base_project(&self, name: &str) -> Resource {
        Resource::Project(Project {
            name: name.to_owned(),
            labels: labels(),
            spec: json!({
                "sourceRepos": [self.remote],
                "destinations": [{ "server": SERVER, "namespace": "acme--odoo" }],
                "clusterResourceWhitelist": [{ "group": "", "kind": "Namespace" }, { "group": "", "kind": "PersistentVolume" }],
            }),
        })
    }

    pub(crate) fn application(&self, prune: bool) -> Resource {
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

    /// The application that makes the namespace.
    pub(crate) fn base(&self) -> Resource {
        Resource::Application(Application {
            name: "acme--odoo--base".to_owned(),
            project: "acme--base".to_owned(),
            labels: labels(),
            spec: json!({
                "project": "acme--base",
                "source": { "repoURL": self.remote, "targetRevision": BRANCH, "path": format!("{PATH}/dependencies"), "directory": { "recurse": true } },
                "destination": { "server": SERVER, "namespace": "acme--odoo" },
                "syncPolicy": { "automated": { "prune": true, "selfHeal": true } },
            }),
        })
    }

    /// A folder that a base and a workload have taken over.
    pub(crate) async fn deploy(&self) -> Sync {
        let sync = self.commit(1, "odoo:1", DEPLOYMENT).await;
        assert!(
            self.argocd
                .ensure(&step("project", 1, None, Some(self.project("x"))))
                .await
                .unwrap()
                .changed
        );
        let bases = step(
            "base-project",
            1,
            None,
            Some(self.base_project("acme--base")),
        );
        assert!(self.argocd.ensure(&bases).await.unwrap().changed);
        assert!(
            self.argocd
                .ensure(&step("base", 1, None, Some(self.base())))
                .await
                .unwrap()
                .changed
        );
        self.take_over(&Self::of_base(&sync), 1).await.unwrap();
        assert!(
            self.argocd
                .ensure(&step("workload", 1, None, Some(self.application(true))))
                .await
                .unwrap()
                .changed
        );
        self.take_over(&sync, 1).await.unwrap();
        sync
    }

    /// The same folder, as its base takes it over.
    pub(crate) fn of_base(sync: &Sync) -> Sync {
        Sync {
            application: "acme--odoo--base".to_owned(),
            project: "acme--base".to_owned(),
            ..sync.clone()
        }
    }

    pub(crate) async fn take_over(
        &self,
        sync: &Sync,
        deployment: u8,
    ) -> Result<bool, deploycenter_ports::ProviderError> {
        self.argocd
            .ensure(&step(
                "sync",
                deployment,
                None,
                Some(Resource::Sync(sync.clone())),
            ))
            .await
            .map(|it| it.changed)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.raw(reqwest::Method::GET, path, None).await
    }

    /// What another client of the same Argo CD would do.
    pub(crate) async fn raw(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<Value>,
    ) -> Value {
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

pub(crate) const DEPLOYMENT: &str =
    "apiVersion: apps/v1\nkind: Deployment\nimage: {{ .Values.image }}\n";

pub(crate) const NAMESPACE: &str =
    "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: acme--odoo\n";

pub(crate) fn labels() -> BTreeMap<String, String> {
    [
        (
            "app.kubernetes.io/managed-by".to_owned(),
            "deploycenter".to_owned(),
        ),
        ("deploycenter.dev/customer".to_owned(), "acme".to_owned()),
    ]
    .into()
}

pub(crate) fn owner(name: &str, deployment: u8) -> Owner {
    let kind = match name {
        "project" | "base-project" => EffectKind::Project,
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

pub(crate) fn step(
    name: &str,
    deployment: u8,
    before: Option<Resource>,
    after: Option<Resource>,
) -> Step {
    Step {
        owner: owner(name, deployment),
        before,
        after,
        uncertain: false,
        undo: false,
        commit: CommitContext {
            actor: "Ada".to_owned(),
            main_commit: None,
        },
        adopt: None,
    }
}

pub(crate) fn busy(status: u16, retry_after: Option<u64>) -> Effect {
    Effect::Error(InjectedError {
        status,
        code: "14".to_owned(),
        message: "busy".to_owned(),
        retry_after,
    })
}
