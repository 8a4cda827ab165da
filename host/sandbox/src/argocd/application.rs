//! The calls that read, make, change and delete applications.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ArgoCd;
use super::answer::{Answer, Code, Failure};
use super::filter::{choose_fields, items, selects};
use super::health::Clusters;
use super::json::{is_object_name, text, text_map, texts, uid};
use super::patch::{json_patch, merge};
use super::spec::normalize;
use super::state::{Application, COMPARED_AFTER, Step};
use crate::service::{Millis, Request};

impl ArgoCd {
    /// The application as it shows now.
    pub(crate) fn view(&self, name: &str, now: Millis) -> Answer {
        let application = self
            .state
            .applications
            .get(name)
            .ok_or_else(Failure::denied)?;
        Ok(self.clusters(now).view(application))
    }

    /// The clusters at an instant.
    pub(crate) fn clusters(&self, now: Millis) -> Clusters<'_> {
        Clusters {
            state: &self.state,
            pods_ready_after: self.config.pods_ready_after,
            now,
        }
    }

    /// Checks that an application is there for this request.
    ///
    /// # Errors
    /// 403 if it isn't there and no project was given (so that nobody learns which exist), 404 if
    /// a project was given.
    pub(crate) fn find(&self, name: &str, request: &Request) -> Result<(), Failure> {
        let projects: Vec<&str> = values(request, &["project", "projects"]).collect();
        if projects.len() > 1 {
            return Err(Failure::invalid(
                "multiple projects specified - the get endpoint accepts either zero or one project",
            ));
        }
        if name.is_empty() || values(request, &["appNamespace"]).any(|space| space != "argocd") {
            return Err(Failure::denied());
        }
        let found = self.state.applications.get(name);
        match projects.first().filter(|project| !project.is_empty()) {
            Some(project) if found.is_none_or(|found| found.project() != *project) => {
                Err(Failure::new(
                    Code::NotFound,
                    format!("applications.argoproj.io \"{name}\" not found"),
                ))
            }
            None if found.is_none() => Err(Failure::denied()),
            _ => Ok(()),
        }
    }

    /// `GET /api/v1/applications/{name}`, with `refresh`.
    pub(crate) fn get_application(&mut self, name: &str, request: &Request, now: Millis) -> Answer {
        self.find(name, request)?;
        if matches!(request.query("refresh"), Some("normal" | "hard"))
            && let Some(mut application) = self.state.applications.remove(name)
        {
            self.refresh(&mut application, now);
            self.put(application);
        }
        self.view(name, now)
    }

    /// `GET /api/v1/applications`.
    pub(crate) fn list_applications(&self, request: &Request, now: Millis) -> Answer {
        let clusters = self.clusters(now);
        let given = |names: &[&str]| {
            values(request, names)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let projects = given(&["project", "projects"]);
        let among = |wanted: &[String], value: &str| {
            wanted.iter().all(String::is_empty) || wanted.iter().any(|one| one == value)
        };
        let mut found = Vec::new();
        for application in self.state.applications.values() {
            let selected = selects(
                request.query("selector").unwrap_or_default(),
                &application.labels,
            )
            .map_err(|error| Failure::new(Code::Unknown, error))?;
            if selected
                && among(&projects, application.project())
                && among(&given(&["name"]), &application.name)
                && among(
                    &given(&["repo"]),
                    text(&application.spec, "/source/repoURL"),
                )
                && among(&given(&["appNamespace"]), "argocd")
            {
                found.push(clusters.view(application));
            }
        }
        let answer = json!({
            "metadata": {"resourceVersion": self.state.version.to_string()},
            "items": items(found),
        });
        Ok(match request.query("fields") {
            Some(fields) if !fields.is_empty() => choose_fields(&answer, fields),
            _ => answer,
        })
    }

    /// `POST /api/v1/applications`.
    pub(crate) fn create_application(
        &mut self,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        let wanted = Body::new(body);
        let name = text(body, "/metadata/name");
        if name.is_empty() {
            return Err(Failure::new(
                Code::Unknown,
                "error while validating and normalizing app: resource name may not be empty",
            ));
        }
        self.check_spec(name, &wanted.spec, validates(request))?;
        if !is_object_name(name) {
            return Err(Failure::invalid(format!(
                "Application.argoproj.io \"{name}\" is invalid: metadata.name: Invalid value: \
                 \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case \
                 alphanumeric characters, '-' or '.', and must start and end with an alphanumeric \
                 character"
            )));
        }
        let Some(mut existing) = self.state.applications.get(name).cloned() else {
            let application = self.new_application(name, wanted, now);
            self.state.applications.insert(name.to_owned(), application);
            return self.view(name, now);
        };
        let same_annotations = wanted
            .annotations
            .iter()
            .all(|(key, value)| existing.annotations.get(key) == Some(value));
        if existing.spec == wanted.spec
            && existing.labels == wanted.labels
            && existing.finalizers == wanted.finalizers
            && same_annotations
        {
            // A dying one too: nothing is made, and it still goes.
            return self.view(name, now);
        }
        if request.query("upsert") != Some("true") {
            return Err(Failure::invalid(
                "existing application spec is different, use upsert flag to force update",
            ));
        }
        existing.labels.extend(wanted.labels);
        existing.annotations.extend(wanted.annotations);
        existing.finalizers = wanted.finalizers;
        set_spec(&mut existing, wanted.spec, now);
        Ok(self.store(existing, now))
    }

    fn new_application(&mut self, name: &str, wanted: Body, now: Millis) -> Application {
        let resource_version = self.state.bump();
        let mut application = Application {
            name: name.to_owned(),
            uid: uid(&format!("application {name} {resource_version}")),
            created: now,
            generation: 1,
            resource_version,
            labels: wanted.labels,
            annotations: wanted.annotations,
            finalizers: wanted.finalizers,
            deleting: None,
            spec: wanted.spec,
            known_revision: None,
            compared: None,
            stale_health: None,
            operation: None,
            operation_state: None,
            history: Vec::new(),
            agenda: std::collections::BTreeSet::new(),
            synced_text: String::new(),
        };
        application.schedule(now + COMPARED_AFTER, Step::Compare);
        application
    }

    /// `PUT /api/v1/applications/{name}`: the body's name wins, and the resource version in it
    /// is ignored.
    pub(crate) fn update_application(
        &mut self,
        path_name: &str,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        let name = match text(body, "/metadata/name") {
            "" => path_name,
            name => name,
        };
        self.find(name, request)?;
        self.replace(name, Body::new(body), validates(request), now)
    }

    /// `PUT /api/v1/applications/{name}/spec`: body and answer are the spec alone.
    pub(crate) fn update_spec(
        &mut self,
        name: &str,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        self.find(name, request)?;
        let wanted = Body {
            spec: normalize(body.clone()),
            ..self.body_of(name)?
        };
        let view = self.replace(name, wanted, validates(request), now)?;
        Ok(view.get("spec").cloned().unwrap_or_default())
    }

    /// `PATCH /api/v1/applications/{name}`: the patch is a text within the body.
    pub(crate) fn patch_application(
        &mut self,
        name: &str,
        body: &Value,
        request: &Request,
        now: Millis,
    ) -> Answer {
        for field in ["patch", "patchType"] {
            if !body.get(field).is_some_and(Value::is_string) {
                return Err(Failure::field_missing(field));
            }
        }
        self.find(name, request)?;
        let patch: Value = serde_json::from_str(text(body, "/patch"))
            .map_err(|error| Failure::invalid(format!("error unmarshaling patch: {error}")))?;
        let mut view = self.view(name, now)?;
        match text(body, "/patchType") {
            "merge" => merge(&mut view, patch),
            "json" => json_patch(&mut view, &patch)
                .map_err(|error| Failure::invalid(format!("error applying patch: {error}")))?,
            other => {
                return Err(Failure::invalid(format!(
                    "Patch type '{other}' is not supported"
                )));
            }
        }
        self.replace(name, Body::new(&view), true, now)
    }

    fn body_of(&self, name: &str) -> Result<Body, Failure> {
        let application = self
            .state
            .applications
            .get(name)
            .ok_or_else(Failure::denied)?;
        Ok(Body {
            labels: application.labels.clone(),
            annotations: application.annotations.clone(),
            finalizers: application.finalizers.clone(),
            spec: application.spec.clone(),
        })
    }

    fn replace(&mut self, name: &str, wanted: Body, validate: bool, now: Millis) -> Answer {
        self.check_spec(name, &wanted.spec, validate)?;
        let application = self
            .state
            .applications
            .get(name)
            .ok_or_else(Failure::denied)?;
        let mut changed = application.clone();
        changed.labels = wanted.labels;
        changed.annotations = wanted.annotations;
        changed.finalizers = wanted.finalizers;
        set_spec(&mut changed, wanted.spec, now);
        Ok(self.store(changed, now))
    }

    /// Writes a changed application and shows it. One that is being deleted and has lost its last
    /// finalizer is gone with this, and leaves its objects behind.
    pub(crate) fn store(&mut self, application: Application, now: Millis) -> Value {
        let gone = application.deleting.is_some() && application.finalizers.is_empty();
        let name = application.name.clone();
        let view = self.clusters(now).view(&application);
        if gone {
            self.state.applications.remove(&name);
            self.state.bump();
            return view;
        }
        self.put(application);
        self.view(&name, now).unwrap_or(view)
    }

    /// Writes an application with a new resource version.
    pub(crate) fn put(&mut self, mut application: Application) {
        application.resource_version = self.state.bump();
        self.state
            .applications
            .insert(application.name.clone(), application);
    }
}

/// What of a body counts; status, operation and the rest of its metadata don't.
struct Body {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    finalizers: Vec<String>,
    spec: Value,
}

impl Body {
    fn new(body: &Value) -> Self {
        Body {
            labels: text_map(body, "/metadata/labels"),
            annotations: text_map(body, "/metadata/annotations"),
            finalizers: texts(body, "/metadata/finalizers")
                .map(str::to_owned)
                .collect(),
            spec: normalize(body.get("spec").cloned().unwrap_or_else(|| json!({}))),
        }
    }
}

/// Replaces the spec; a changed one is compared anew, from a fresh look at git.
fn set_spec(application: &mut Application, spec: Value, now: Millis) {
    if application.spec == spec {
        return;
    }
    application.spec = spec;
    application.generation += 1;
    application.known_revision = None;
    if application.deleting.is_none() {
        application.schedule(now + COMPARED_AFTER, Step::Compare);
    }
}

fn validates(request: &Request) -> bool {
    request.query("validate") != Some("false")
}

/// All values of some query parameters.
fn values<'a>(request: &'a Request, names: &[&str]) -> impl Iterator<Item = &'a str> {
    request
        .query
        .iter()
        .filter(|(key, _)| names.contains(&key.as_str()))
        .map(|(_, value)| value.as_str())
}
