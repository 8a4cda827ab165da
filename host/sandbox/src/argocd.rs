//! A stand-in for Argo CD: its API server, repo server and application controller as far as a
//! client can tell, with the surprises of the real ones. It reads real git repositories; the
//! clusters behind it are only remembered.
//!
//! What isn't here: Helm (a chart gives four usual objects, see `chart`, and no hooks), multi-source
//! applications, sync windows, accounts beside `admin` and the event
//! stream, which answers 501. A refresh answers at once with what the real one answers after it
//! has waited for the comparison.

mod admission;
mod answer;
mod application;
mod apply;
mod automatic;
mod chart;
mod compare;
mod deletion;
mod fields;
mod filter;
mod git;
mod habits;
mod health;
mod json;
mod live;
mod live_status;
mod manifest;
mod operation;
mod patch;
mod permit;
mod project;
mod reconcile;
mod resource;
mod rights;
mod route;
mod running;
mod secret_keys;
mod session;
mod source;
mod spec;
mod state;
mod tree;
mod view;
mod waves;

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::answer::{Answer, Code, Failure, json_response, plain};
use self::json::text;
use self::route::Route;
use self::source::Sources;
use self::state::State;
use crate::service::{Call, Millis, Request, Response, Service};

pub use self::git::GitAccess;
pub use self::habits::{Endless, Habits, LateStatus, Rejected, Stale, Troubled, WaitsFor, Which};

/// The server that Argo CD runs in itself.
pub const IN_CLUSTER: &str = "https://kubernetes.default.svc";

/// A body may be smaller than this; kube-apiserver's limit, which is the one that is met.
const BODY_LIMIT: usize = 3 * 1024 * 1024;

/// What the stand-in is told at the start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The token that is always good: `Authorization: Bearer <token>`. Logging in as `admin`
    /// with the password `sandbox` gives others, for a day.
    pub token: String,
    /// Destination servers that are known, beside [`IN_CLUSTER`]; empty: any.
    pub clusters: Vec<String>,
    /// How long pods take from their start until they are ready; sick ones are found
    /// `Degraded` after the same time.
    pub pods_ready_after: Millis,
    /// How long a push stays unnoticed when nobody asks for a refresh.
    pub resync_after: Millis,
    /// Where repositories lie.
    pub git: GitAccess,
    /// What `GET /api/version` says.
    pub version: String,
    /// The habits in force from the start; absent: those that a saved state has, or else the
    /// usual ones.
    pub habits: Option<Habits>,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            token: "argocd-sandbox-token".to_owned(),
            clusters: Vec::new(),
            pods_ready_after: 1_000,
            resync_after: 208_000,
            git: GitAccess::default(),
            version: "v3.6.0+sandbox".to_owned(),
            habits: None,
        }
    }
}

/// Why an application's pods never get ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sickness {
    /// What the pods' `Status Reason` is: `CrashLoopBackOff`, `ImagePullBackOff`, …
    pub reason: String,
    /// What the pods' health says.
    pub message: String,
    /// Sick only while the values files that were synced last (for a base: the text of its
    /// manifests) hold this, so that a bad update heals when it is reverted.
    #[serde(
        rename = "onlyWhileValuesContain",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub only_revision_containing: Option<String>,
}

/// The stand-in.
pub struct ArgoCd {
    config: Config,
    state: State,
    sources: Sources,
    /// Resources and the actions on them that the account may not take.
    denied: BTreeSet<(String, String)>,
}

impl ArgoCd {
    /// An Argo CD with the project `default`, and nothing else.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut state = State::default();
        project::at_the_start(&mut state);
        state.habits = config.habits.clone().unwrap_or_default();
        ArgoCd {
            config,
            state,
            sources: Sources::default(),
            denied: BTreeSet::new(),
        }
    }

    /// From now on the pods of this application (workload or base, by name) never become ready,
    /// until [`ArgoCd::heal`]. Also `POST /_sandbox/sicken` with
    /// `{"application", "reason", "message", "onlyWhileValuesContain"?}`.
    pub fn sicken(&mut self, application: &str, sickness: Sickness) {
        self.state.sick.insert(application.to_owned(), sickness);
        self.state.bump();
    }

    /// Makes another cluster known, by its server.
    pub fn add_cluster(&mut self, server: &str) {
        self.config.clusters.push(server.to_owned());
    }

    /// Ends a sickness. Also `POST /_sandbox/heal` with `{"application"}`.
    pub fn heal(&mut self, application: &str) {
        self.state.sick.remove(application);
        self.state.bump();
    }

    /// Every object in a cluster, as kind, namespace (empty for what belongs to the cluster) and
    /// name, in a stable order. What pods and the like are made by controllers isn't among them.
    /// Call [`ArgoCd::advance`] first for what has come due since the last request.
    #[must_use]
    pub fn live_objects(&self, server: &str) -> Vec<(String, String, String)> {
        self.state
            .live
            .keys()
            .filter(|key| key.server == server)
            .map(|key| (key.kind.clone(), key.namespace.clone(), key.name.clone()))
            .collect()
    }

    /// Counts up whenever anything changed, so that a snapshot needn't be written when it is the same.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.state.version
    }

    fn knows_cluster(&self, server: &str) -> bool {
        server == IN_CLUSTER
            || self.config.clusters.is_empty()
            || self.config.clusters.iter().any(|known| known == server)
    }

    fn respond(&mut self, request: &Request, now: Millis) -> Result<Response, Failure> {
        let is_api = request.path.starts_with("/api/") || request.path.starts_with("/_sandbox/");
        if is_api && request.method != Method::GET && !has_json_type(request) {
            return Err(Failure::Plain(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Invalid content type",
            ));
        }
        let route = Route::find(&request.method, &request.path)?;
        let open = match route {
            Route::Healthz => return Ok(plain(StatusCode::OK, "ok")),
            Route::Version => Some(self.version_info(request, now)),
            Route::UserInfo => Some(self.user_info(request, now)?),
            Route::CreateSession => return self.create_session(&read_body(request)?, now),
            _ => None,
        };
        if let Some(answer) = open {
            return Ok(json_response(StatusCode::OK, &answer));
        }
        self.authenticate(request, now)
            .map_err(|failure| match (&route, failure) {
                (Route::Stream, Failure::Grpc(code, text)) => Failure::Stream(code, text),
                (_, failure) => failure,
            })?;
        let answer = self.answer(&route, request, now)?;
        Ok(json_response(StatusCode::OK, &answer))
    }

    fn answer(&mut self, route: &Route, request: &Request, now: Millis) -> Answer {
        // Of all bodies, this one is a text.
        let (body, patch) = match route {
            Route::PatchResource(_) => (json!({}), read_text(request)?),
            _ => (read_body(request)?, String::new()),
        };
        if let Some(refusal) = self.refusal(route, &body, request, now) {
            return refusal;
        }
        match route {
            Route::DeleteSession => Ok(json!({})),
            Route::CanI(resource, action) => self.can_i(resource, action),
            Route::ListClusters => Ok(self.list_clusters()),
            Route::ListRepositories => Ok(json!({"metadata": {}, "items": null})),
            Route::ListProjects => self.list_projects(),
            Route::CreateProject => self.create_project(&body, now),
            Route::GetProject(name) => self.get_project(name),
            Route::UpdateProject(name) => self.update_project(name, &body, now),
            Route::DeleteProject(name) => self.delete_project(name),
            Route::ListApplications => self.list_applications(request, now),
            Route::CreateApplication => self.create_application(&body, request, now),
            Route::GetApplication(name) => self.get_application(name, request, now),
            Route::UpdateApplication(name) => self.update_application(name, &body, request, now),
            Route::PatchApplication(name) => self.patch_application(name, &body, request, now),
            Route::DeleteApplication(name) => self.delete_application(name, request, now),
            Route::UpdateApplicationSpec(name) => self.update_spec(name, &body, request, now),
            Route::SyncApplication(name) => self.sync_application(name, &body, request, now),
            Route::TerminateOperation(name) => self.terminate_operation(name, request, now),
            Route::RollbackApplication(name) => {
                self.rollback_application(name, &body, request, now)
            }
            Route::ResourceTree(name) => self.resource_tree(name, request, now),
            Route::ManagedResources(name) => self.managed_resources(name, request, now),
            Route::GetResource(name) => self.get_resource(name, request, now),
            Route::PatchResource(name) => self.patch_resource(name, &patch, request, now),
            Route::DeleteResource(name) => self.delete_resource(name, request, now),
            Route::Manifests(name) => self.manifests(name, request),
            Route::RevisionMetadata(name, sha) => self.revision_metadata(name, sha, request),
            Route::Stream => Err(Failure::Stream(
                Code::Unimplemented,
                "the stand-in has no event stream: ask for the application instead".to_owned(),
            )),
            Route::Sicken => self.take_sickness(&body),
            Route::SetHabits => self.take_habits(&body),
            Route::Heal => {
                self.heal(text(&body, "/application"));
                Ok(json!({}))
            }
            Route::Healthz | Route::Version | Route::UserInfo | Route::CreateSession => {
                Ok(json!({}))
            }
        }
    }

    fn take_sickness(&mut self, body: &Value) -> Answer {
        let application = text(body, "/application").to_owned();
        let sickness: Sickness = serde_json::from_value(body.clone())
            .map_err(|error| Failure::invalid(error.to_string()))?;
        if application.is_empty() {
            return Err(Failure::invalid("missing field `application`"));
        }
        self.sicken(&application, sickness);
        Ok(json!({}))
    }

    fn version_info(&self, request: &Request, now: Millis) -> Value {
        if self.authenticate(request, now).is_err() {
            return json!({"Version": self.config.version});
        }
        json!({
            "Version": self.config.version,
            "Compiler": "sandbox",
            "Platform": "sandbox",
            "HelmVersion": "none",
        })
    }

    fn list_clusters(&self) -> Value {
        let mut servers: Vec<&str> = vec![IN_CLUSTER];
        servers.extend(self.config.clusters.iter().map(String::as_str));
        servers.dedup();
        let lines = servers.iter().map(|server| {
            json!({
                "server": server,
                "name": if *server == IN_CLUSTER { "in-cluster" } else { server },
                "config": {"tlsClientConfig": {"insecure": false}},
                "connectionState": {"status": "Successful", "message": ""},
            })
        });
        json!({"metadata": {}, "items": lines.collect::<Vec<_>>()})
    }
}

impl Service for ArgoCd {
    fn classify(&self, request: &Request) -> Option<Call> {
        let body_name = || {
            let body = read_body(request).unwrap_or_default();
            let own = text(&body, "/metadata/name");
            let name = if own.is_empty() {
                text(&body, "/project/metadata/name")
            } else {
                own
            };
            name.to_owned()
        };
        Some(match Route::find(&request.method, &request.path) {
            Ok(route) => route.call(body_name),
            Err(_) => Call {
                service: "argocd",
                operation: "Unknown".to_owned(),
                subject: request.path.clone(),
                write: request.method != Method::GET,
            },
        })
    }

    fn handle(&mut self, request: &Request, _call: &Call, now: Millis) -> Response {
        self.advance(now);
        self.respond(request, now)
            .unwrap_or_else(|failure| failure.response())
    }

    fn snapshot(&self) -> Value {
        serde_json::to_value(&self.state).expect("its keys are texts and its numbers finite")
    }

    fn restore(&mut self, state: Value) -> Result<(), serde_json::Error> {
        self.state = serde_json::from_value(state)?;
        if let Some(habits) = &self.config.habits {
            self.state.habits.clone_from(habits);
        }
        Ok(())
    }
}

/// Only `application/json` as it stands will do, in any case of letters; no parameters.
fn has_json_type(request: &Request) -> bool {
    request
        .header("content-type")
        .is_some_and(|value| value.eq_ignore_ascii_case("application/json"))
}

/// The body as a JSON text.
fn read_text(request: &Request) -> Result<String, Failure> {
    serde_json::from_slice(&request.body)
        .map_err(|_| Failure::invalid("json: cannot unmarshal object into Go value of type string"))
}

/// The body as a JSON object; no body is an empty one.
fn read_body(request: &Request) -> Result<Value, Failure> {
    if request.body.len() >= BODY_LIMIT {
        return Err(Failure::new(
            Code::Unknown,
            format!("Request entity too large: limit is {BODY_LIMIT}"),
        ));
    }
    if request.body.iter().all(u8::is_ascii_whitespace) {
        return Ok(json!({}));
    }
    match serde_json::from_slice(&request.body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Failure::invalid(
            "json: cannot unmarshal into a Go value of type object",
        )),
        Err(error) => Err(Failure::invalid(error.to_string())),
    }
}
