//! A git repository, an Argo CD that reads it, and a clock that the test turns.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use bytes::Bytes;
use deploycenter_sandbox::argocd::{ArgoCd, Config, IN_CLUSTER};
use deploycenter_sandbox::service::{Millis, Request, Response, Service as _};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Repository, Signature, Time};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

/// Where the target's folder lies on its branch.
pub(crate) const FOLDER: &str = "us-west-2/odoo";
/// The customer's branch.
pub(crate) const BRANCH: &str = "customer/acme";
const TOKEN: &str = "token-of-the-test";

pub(crate) struct Sandbox {
    _dir: tempfile::TempDir,
    repository: Repository,
    pub(crate) argocd: ArgoCd,
    pub(crate) now: Millis,
}

/// The path of the applications.
pub(crate) const APPS: &str = "/api/v1/applications";

/// What a comparison of states is about, in one line:
/// `sync | revision | health | phase | syncResult.revision`.
pub(crate) type State = (String, String, String, String, String);

impl Sandbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(dir.path()).unwrap();
        let mut sandbox = Sandbox {
            _dir: dir,
            repository,
            argocd: ArgoCd::new(config()),
            now: 1_700_000_000_000,
        };
        sandbox.ok("POST", "/api/v1/projects", base_project());
        sandbox
    }

    pub(crate) fn url(&self) -> String {
        self.repository.path().to_str().unwrap().to_owned()
    }

    /// Commits files to the customer's branch (`None` removes) and returns the SHA.
    pub(crate) fn push(&self, files: &[(&str, Option<&str>)]) -> String {
        let repository = &self.repository;
        let reference = format!("refs/heads/{BRANCH}");
        let parent = repository
            .find_reference(&reference)
            .ok()
            .map(|found| found.peel_to_commit().unwrap());
        let base = match &parent {
            Some(parent) => parent.tree().unwrap(),
            None => {
                let empty = repository.treebuilder(None).unwrap().write().unwrap();
                repository.find_tree(empty).unwrap()
            }
        };
        let mut update = TreeUpdateBuilder::new();
        for (path, content) in files {
            match content {
                Some(content) => {
                    let blob = repository.blob(content.as_bytes()).unwrap();
                    update.upsert(Path::new(path), blob, FileMode::Blob);
                }
                None => {
                    update.remove(Path::new(path));
                }
            }
        }
        let tree = repository
            .find_tree(update.create_updated(repository, &base).unwrap())
            .unwrap();
        let author =
            Signature::new("Test", "test@example.com", &Time::new(1_700_000_000, 0)).unwrap();
        let parents: Vec<_> = parent.iter().collect();
        repository
            .commit(
                Some(&reference),
                &author,
                &author,
                "a change\n",
                &tree,
                &parents,
            )
            .unwrap()
            .to_string()
    }

    /// Commits the files of a workload and a base, as a target's folder has them.
    pub(crate) fn push_target(&self, image: &str) -> String {
        self.push(&[
            (&format!("{FOLDER}/values.yaml"), Some(&values(image))),
            (
                &format!("{FOLDER}/chart/Chart.yaml"),
                Some("apiVersion: v2\nname: odoo\nversion: 1.0.0\n"),
            ),
            (
                &format!("{FOLDER}/chart/templates/deployment.yaml"),
                Some("apiVersion: apps/v1\nkind: Deployment\nimage: {{ .Values.image }}\n"),
            ),
            (
                &format!("{FOLDER}/dependencies/base.yaml"),
                Some(&base(true)),
            ),
        ])
    }

    /// Makes the customer's project, and both applications, and waits until they are healthy.
    pub(crate) fn deploy_target(&mut self, image: &str) -> String {
        let sha = self.push_target(image);
        self.ok("POST", "/api/v1/projects", project());
        let base = self.base_app();
        self.ok("POST", "/api/v1/applications", base);
        self.pass(10_000);
        let workload = self.workload();
        self.ok("POST", "/api/v1/applications", workload);
        self.pass(10_000);
        for name in ["acme--odoo--base", "acme--odoo"] {
            assert_eq!(self.state(name).0, "Synced", "{name}");
            assert_eq!(self.state(name).2, "Healthy", "{name}");
        }
        sha
    }

    pub(crate) fn workload(&self) -> Value {
        json!({
            "metadata": {"name": "acme--odoo", "labels": {"app": "odoo"},
                         "finalizers": ["resources-finalizer.argocd.argoproj.io"]},
            "spec": {
                "project": "acme",
                "source": {"repoURL": self.url(), "targetRevision": BRANCH,
                           "path": format!("{FOLDER}/chart"),
                           "helm": {"valueFiles": ["../values.yaml"]}},
                "destination": {"server": IN_CLUSTER, "namespace": "acme--odoo"},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
            },
        })
    }

    /// The workload without automated sync.
    pub(crate) fn manual(&self) -> Value {
        let mut body = self.workload();
        body["spec"].as_object_mut().unwrap().remove("syncPolicy");
        body
    }

    pub(crate) fn base_app(&self) -> Value {
        let mut body = self.workload();
        body["metadata"]["name"] = "acme--odoo--base".into();
        body["spec"]["project"] = "acme--base".into();
        body["spec"]["source"] = json!({
            "repoURL": self.url(), "targetRevision": BRANCH,
            "path": format!("{FOLDER}/dependencies"), "directory": {"recurse": true},
        });
        body
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, millis: Millis) {
        self.now += millis;
        self.argocd.advance(self.now);
    }

    /// One request, with headers as given; the answer as it comes.
    pub(crate) fn raw(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Response {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let request = Request {
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: path.to_owned(),
            query: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
            headers: map,
            body: Bytes::from(body.to_owned()),
        };
        let call = self.argocd.classify(&request).unwrap();
        self.argocd.handle(&request, &call, self.now)
    }

    /// One good request by a client that is logged in.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let text = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self.raw(method, path, &headers, &text);
        let body = serde_json::from_slice(&response.body)
            .unwrap_or_else(|_| String::from_utf8_lossy(&response.body).into_owned().into());
        (response.status.as_u16(), body)
    }

    /// One that must answer 200.
    pub(crate) fn ok(&mut self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(method, path, &body);
        assert_eq!(status, 200, "{method} {path}: {answer}");
        answer
    }

    /// One that must fail: its status, code and text.
    pub(crate) fn refused(&mut self, method: &str, path: &str, body: Value) -> (u16, u64, String) {
        let (status, answer) = self.call(method, path, &body);
        assert_ne!(status, 200, "{method} {path}: {answer}");
        assert_eq!(answer["error"], answer["message"], "{answer}");
        (
            status,
            answer["code"].as_u64().unwrap_or_default(),
            answer["message"].as_str().unwrap_or_default().to_owned(),
        )
    }

    pub(crate) fn get(&mut self, name: &str) -> Value {
        self.ok("GET", &format!("/api/v1/applications/{name}"), Value::Null)
    }

    pub(crate) fn refresh(&mut self, name: &str) -> Value {
        self.ok(
            "GET",
            &format!("/api/v1/applications/{name}?refresh=normal"),
            Value::Null,
        )
    }

    pub(crate) fn state(&mut self, name: &str) -> State {
        state_of(&self.get(name))
    }

    /// The distinct states that a watcher sees within a time, looking each 10 ms.
    pub(crate) fn watch(&mut self, name: &str, millis: Millis) -> Vec<State> {
        let mut seen: Vec<State> = Vec::new();
        for _ in 0..millis / 10 {
            let state = self.state(name);
            if seen.last() != Some(&state) {
                seen.push(state);
            }
            self.pass(10);
        }
        seen
    }

    pub(crate) fn live(&self) -> Vec<String> {
        self.argocd
            .live_objects(IN_CLUSTER)
            .into_iter()
            .map(|(kind, _, name)| format!("{kind}/{name}"))
            .collect()
    }

    /// Starts anew from what the old one wrote down.
    pub(crate) fn restart(&mut self) {
        let state = self.argocd.snapshot();
        self.argocd = ArgoCd::new(config());
        self.argocd.restore(state.clone()).unwrap();
        assert_eq!(self.argocd.snapshot(), state);
    }
}

pub(crate) fn config() -> Config {
    Config {
        token: TOKEN.to_owned(),
        clusters: vec!["https://eks.example".to_owned()],
        ..Config::default()
    }
}

pub(crate) fn values(image: &str) -> String {
    format!("image: {image}\nreplicas: 2\n")
}

/// A base's manifests; `retained`: with the annotation that protects data.
pub(crate) fn base(retained: bool) -> String {
    let annotations = if retained {
        "annotations: {argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"}"
    } else {
        "annotations: {}"
    };
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo, {annotations}}}\n---\n\
         apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: acme--odoo, {annotations}}}\n\
         spec: {{storageClassName: \"\", accessModes: [ReadWriteMany], \
         claimRef: {{namespace: acme--odoo, name: data}}}}\n---\n\
         apiVersion: v1\nkind: PersistentVolumeClaim\n\
         metadata: {{name: data, namespace: acme--odoo, {annotations}}}\n\
         spec: {{storageClassName: \"\", accessModes: [ReadWriteMany], volumeName: acme--odoo}}\n---\n\
         apiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: quota, namespace: acme--odoo}}\n"
    )
}

/// The customer's project.
pub(crate) fn project() -> Value {
    json!({"project": {"metadata": {"name": "acme"}, "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": IN_CLUSTER, "namespace": "acme--odoo"}],
        "namespaceResourceBlacklist": [
            {"group": "", "kind": "ResourceQuota"},
            {"group": "networking.k8s.io", "kind": "NetworkPolicy"},
            {"group": "rbac.authorization.k8s.io", "kind": "*"},
        ],
    }}})
}

/// The customer's project for bases.
pub(crate) fn base_project() -> Value {
    json!({"project": {"metadata": {"name": "acme--base"}, "spec": {
        "sourceRepos": ["*"],
        "destinations": [{"server": IN_CLUSTER, "namespace": "acme--odoo"}],
        "clusterResourceWhitelist": [
            {"group": "", "kind": "Namespace"},
            {"group": "", "kind": "PersistentVolume"},
        ],
    }}})
}

pub(crate) fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

pub(crate) fn state_of(application: &Value) -> State {
    let phase = match text(application, "/status/operationState/phase") {
        none if none.is_empty() && application.get("operation").is_some() => "pending".to_owned(),
        phase => phase,
    };
    (
        text(application, "/status/sync/status"),
        text(application, "/status/sync/revision"),
        text(application, "/status/health/status"),
        phase,
        text(application, "/status/operationState/syncResult/revision"),
    )
}

/// One refused request: method, path, body, then status, code and the beginning of the text.
pub(crate) type Row<'a> = (&'a str, &'a str, Value, u16, u64, &'a str);

pub(crate) fn check_all(sandbox: &mut Sandbox, rows: Vec<Row<'_>>) {
    for (method, path, body, status, code, beginning) in rows {
        let found = sandbox.refused(method, path, body);
        assert_eq!(
            (found.0, found.1),
            (status, code),
            "{method} {path}: {}",
            found.2
        );
        assert!(
            found.2.starts_with(beginning),
            "{method} {path}: {}",
            found.2
        );
    }
}

/// States as they read in a table, revisions by the names given.
pub(crate) fn named(states: &[State], names: &[(&str, &str)]) -> Vec<String> {
    let name = |revision: &str| {
        let found = names.iter().find(|(sha, _)| *sha == revision);
        found
            .map_or_else(
                || if revision.is_empty() { "-" } else { "?" },
                |(_, name)| name,
            )
            .to_owned()
    };
    states
        .iter()
        .map(|(sync, revision, health, phase, result)| {
            format!(
                "{sync} | {} | {health} | {phase} | {}",
                name(revision),
                name(result)
            )
        })
        .collect()
}

/// Pushes values with this image.
pub(crate) fn push_image(sandbox: &Sandbox, image: &str) -> String {
    sandbox.push(&[(&format!("{FOLDER}/values.yaml"), Some(&values(image)))])
}
