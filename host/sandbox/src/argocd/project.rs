//! The calls on projects.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Answer, Code, Failure};
use super::json::{is_object_name, list, text, texts, time, uid};
use super::spec::{server, without_zeros};
use super::state::{Application, State, Step};
use super::{ArgoCd, permit};
use crate::service::Millis;

/// The lists of kinds in a project, each change of which asks for a right on its clusters.
const KINDS: [&str; 4] = [
    "clusterResourceWhitelist",
    "clusterResourceBlacklist",
    "namespaceResourceBlacklist",
    "namespaceResourceWhitelist",
];

/// The project that is there at the start: Argo CD's own.
pub(crate) fn at_the_start(state: &mut State) {
    let spec = json!({
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    });
    let version = state.bump();
    let project = new_project("default", &json!({}), spec, version, 0);
    state.projects.insert("default".to_owned(), project);
}

fn new_project(name: &str, metadata: &Value, spec: Value, version: u64, now: Millis) -> Value {
    let mut project = json!({
        "metadata": {
            "name": name,
            "namespace": "argocd",
            "uid": uid(&format!("project {name} {version}")),
            "resourceVersion": version.to_string(),
            "generation": 1,
            "creationTimestamp": time(now),
            "managedFields": [{"manager": "argocd-server", "operation": "Update",
                               "apiVersion": "argoproj.io/v1alpha1", "time": time(now)}],
        },
        "spec": spec,
        "status": {},
    });
    copy_metadata(metadata, &mut project);
    project
}

/// Takes labels, annotations and finalizers from a body.
fn copy_metadata(from: &Value, project: &mut Value) {
    for field in ["labels", "annotations", "finalizers"] {
        match from.get(field).cloned().and_then(without_zeros) {
            Some(value) => project["metadata"][field] = value,
            None => {
                if let Some(metadata) = project["metadata"].as_object_mut() {
                    metadata.remove(field);
                }
            }
        }
    }
}

impl ArgoCd {
    /// `GET /api/v1/projects`.
    pub(crate) fn list_projects(&self) -> Answer {
        Ok(json!({
            "metadata": {"resourceVersion": self.state.version.to_string()},
            "items": self.state.projects.values().collect::<Vec<_>>(),
        }))
    }

    /// `GET /api/v1/projects/{name}`.
    pub(crate) fn get_project(&self, name: &str) -> Answer {
        self.state
            .projects
            .get(name)
            .cloned()
            .ok_or_else(|| unknown(name))
    }

    /// `POST /api/v1/projects`. The body's `upsert` counts; the query's doesn't.
    pub(crate) fn create_project(&mut self, body: &Value, now: Millis) -> Answer {
        let (given, spec) = payload(body)?;
        let name = text(given, "/metadata/name");
        let Some(existing) = self.state.projects.get(name) else {
            check_name(name)?;
            let version = self.state.bump();
            let metadata = given.get("metadata").cloned().unwrap_or_default();
            let project = new_project(name, &metadata, spec, version, now);
            self.state.projects.insert(name.to_owned(), project.clone());
            return Ok(project);
        };
        let differing = differing_keys(&existing["spec"], &spec);
        if differing.is_empty() {
            // Labels alone don't count, not even with upsert.
            return Ok(existing.clone());
        }
        if body.get("upsert") != Some(&Value::Bool(true)) {
            return Err(Failure::invalid(format!(
                "existing project spec is different; use upsert flag to force update; difference \
                 in keys \"{}\"",
                differing.join(",")
            )));
        }
        self.asks("projects", "update", name, now)?;
        let mut project = existing.clone();
        project["spec"] = spec;
        Ok(self.store_project(name, project, now))
    }

    /// What a change of a project asks for beside the right to update it, in the order of
    /// Argo CD's `ProjectService.Update`. Making one asks for neither.
    fn rights_of_change(&self, before: &Value, after: &Value, now: Millis) -> Result<(), Failure> {
        let servers = |spec: &Value| -> BTreeSet<String> {
            let destinations = list(spec, "/destinations").iter();
            destinations
                .map(|it| text(it, "/server").to_owned())
                .collect()
        };
        let repositories = |spec: &Value| -> BTreeSet<String> {
            texts(spec, "/sourceRepos").map(str::to_owned).collect()
        };
        let (was, is) = (servers(before), servers(after));
        for further in is.difference(&was) {
            self.asks("clusters", "update", further, now)?;
        }
        for further in repositories(after).difference(&repositories(before)) {
            self.asks("repositories", "update", further, now)?;
        }
        if KINDS.iter().any(|list| before.get(list) != after.get(list)) {
            for server in &is {
                self.asks("clusters", "update", server, now)?;
            }
        }
        Ok(())
    }

    /// `PUT /api/v1/projects/{name}`. The name in the body doesn't matter.
    pub(crate) fn update_project(&mut self, name: &str, body: &Value, now: Millis) -> Answer {
        let (given, spec) = payload(body)?;
        let existing = self.state.projects.get(name).ok_or_else(|| unknown(name))?;
        self.rights_of_change(&existing["spec"], &spec, now)?;
        let mut project = existing.clone();
        project["spec"] = spec;
        copy_metadata(&given["metadata"], &mut project);
        let allowed_before = existing.clone();
        let count = |allowed: &dyn Fn(&Value, &Application) -> bool| {
            self.applications_of(name)
                .filter(|app| allowed(&allowed_before, app) && !allowed(&project, app))
                .count()
        };
        let destinations = count(&|project, app| {
            permit::destination(
                project,
                server(&app.spec),
                text(&app.spec, "/destination/namespace"),
            )
        });
        let sources =
            count(&|project, app| permit::repository(project, text(&app.spec, "/source/repoURL")));
        for (number, what) in [(destinations, "destination"), (sources, "source")] {
            if number > 0 {
                return Err(Failure::invalid(format!(
                    "as a result of project update {number} applications {what} became invalid"
                )));
            }
        }
        match text(given, "/metadata/resourceVersion") {
            "" => Err(Failure::invalid(format!(
                "AppProject.argoproj.io \"{name}\" is invalid: metadata.resourceVersion: Invalid \
                 value: 0: must be specified for an update"
            ))),
            version if version != text(existing, "/metadata/resourceVersion") => Err(Failure::new(
                Code::Aborted,
                format!(
                    "Operation cannot be fulfilled on appprojects.argoproj.io \"{name}\": the \
                     object has been modified; please apply your changes to the latest version \
                     and try again"
                ),
            )),
            _ => Ok(self.store_project(name, project, now)),
        }
    }

    /// `DELETE /api/v1/projects/{name}`.
    pub(crate) fn delete_project(&mut self, name: &str) -> Answer {
        if name == "default" {
            return Err(Failure::invalid(
                "name 'default' is reserved and cannot be deleted",
            ));
        }
        if !self.state.projects.contains_key(name) {
            return Err(unknown(name));
        }
        let users = self.applications_of(name).count();
        if users > 0 {
            return Err(Failure::invalid(format!(
                "project is referenced by {users} applications"
            )));
        }
        self.state.projects.remove(name);
        self.state.bump();
        Ok(json!({}))
    }

    fn applications_of(&self, project: &str) -> impl Iterator<Item = &Application> {
        self.state
            .applications
            .values()
            .filter(move |app| app.project() == project)
    }

    /// Writes a changed project; its applications are compared anew.
    fn store_project(&mut self, name: &str, mut project: Value, now: Millis) -> Value {
        let version = self.state.bump();
        let generation = project["metadata"]["generation"]
            .as_u64()
            .unwrap_or_default();
        project["metadata"]["generation"] = (generation + 1).into();
        project["metadata"]["resourceVersion"] = version.to_string().into();
        self.state.projects.insert(name.to_owned(), project.clone());
        for application in self.state.applications.values_mut() {
            if application.project() == name && application.deleting.is_none() {
                application.schedule(now + super::state::COMPARED_AFTER, Step::Compare);
            }
        }
        project
    }
}

/// The project of a body and its spec as it is stored.
fn payload(body: &Value) -> Result<(&Value, Value), Failure> {
    let given = body
        .get("project")
        .filter(|project| project.is_object())
        .ok_or_else(|| Failure::invalid("missing payload 'project' in request"))?;
    let spec = given
        .get("spec")
        .cloned()
        .and_then(without_zeros)
        .unwrap_or_else(|| json!({}));
    if text(&spec, "/description").chars().count() > 255 {
        return Err(Failure::invalid(
            "description must not be longer than 255 characters",
        ));
    }
    let mut seen = Vec::new();
    for destination in list(&spec, "/destinations") {
        let place = format!(
            "{}/{}",
            text(destination, "/server"),
            text(destination, "/namespace")
        );
        if seen.contains(&place) {
            return Err(Failure::invalid(format!(
                "destination '{place}' already added"
            )));
        }
        seen.push(place);
    }
    Ok((given, spec))
}

fn check_name(name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(Failure::invalid(
            "AppProject.argoproj.io \"\" is invalid: metadata.name: Required value: name or \
             generateName is required",
        ));
    }
    if !is_object_name(name) {
        return Err(Failure::invalid(format!(
            "AppProject.argoproj.io \"{name}\" is invalid: metadata.name: Invalid value: \
             \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
             characters, '-' or '.', and must start and end with an alphanumeric character"
        )));
    }
    Ok(())
}

/// The keys that differ, by the names of their fields in Go.
fn differing_keys(before: &Value, after: &Value) -> Vec<String> {
    let keys = |spec: &Value| -> Vec<String> {
        spec.as_object()
            .map(|map| map.keys().cloned().collect())
            .unwrap_or_default()
    };
    let mut all = keys(before);
    all.extend(keys(after));
    all.sort();
    all.dedup();
    all.into_iter()
        .filter(|key| before.get(key) != after.get(key))
        .map(|key| {
            let mut chars = key.chars();
            chars.next().map_or_else(String::new, |first| {
                format!("{}{}", first.to_ascii_uppercase(), chars.as_str())
            })
        })
        .collect()
}

fn unknown(name: &str) -> Failure {
    Failure::new(
        Code::NotFound,
        format!("appprojects.argoproj.io \"{name}\" not found"),
    )
}
