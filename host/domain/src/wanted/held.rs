//! What a plugin declared, held against what is the target's own: the base's objects and
//! the two applications.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Graph, Site};
use crate::base;
use crate::declaration::{ApplicationRole, Declaration};
use crate::effect::OutputName;
use crate::guardrails;
use crate::resource::{Application, Resource};
use crate::token::Reference;

impl Graph {
    pub(super) fn check_base(&mut self, site: Site<'_>, files: &BTreeMap<String, String>) {
        let handles: Vec<String> = self
            .effects
            .values()
            .filter_map(|effect| match &effect.after {
                Resource::AccessPoint(point) => {
                    let own = Reference {
                        effect: effect.id.clone(),
                        output: OutputName::Id,
                    };
                    Some(format!("{}::{}", point.file_system, own.token()))
                }
                _ => None,
            })
            .collect();
        let namespace = site.names.namespace();
        let bounds = base::Bounds {
            namespace: &namespace,
            handles: &handles,
        };
        for (path, text) in files
            .iter()
            .filter(|(path, _)| path.starts_with("dependencies/"))
        {
            match guardrails::refused_file(path) {
                Some(refusal) => self.problems.push(refusal),
                None => self.problems.extend(base::check(path, text, bounds)),
            }
        }
    }

    /// A declared application, held against the names and places that are the target's.
    pub(super) fn application(
        &mut self,
        site: Site<'_>,
        declaration: &Declaration,
        role: ApplicationRole,
    ) -> Option<Application> {
        let names = site.names;
        let said = role.as_str();
        let Some(declared) = declaration.applications.get(&role) else {
            self.problems
                .push(format!("the plugin declares no {said} application"));
            return None;
        };
        let folder = names.folder();
        let (name, project) = (names.application_of(role), names.project_of(role));
        let path = match role {
            ApplicationRole::Base => format!("{folder}/dependencies"),
            ApplicationRole::Workload => format!("{folder}/chart"),
        };
        let branch = site.names.branch();
        let mut expected = vec![
            ("/metadata/name", json!(name)),
            ("/spec/project", json!(project)),
            (
                "/spec/destination/server",
                json!(site.region.cluster.server),
            ),
            ("/spec/destination/namespace", json!(names.namespace())),
            ("/spec/source/repoURL", json!(site.repository)),
            ("/spec/source/targetRevision", json!(branch)),
            ("/spec/source/path", json!(path)),
        ];
        if role == ApplicationRole::Workload {
            expected.push(("/spec/source/helm/valueFiles", json!(["../values.yaml"])));
        }
        for (pointer, value) in expected {
            let found = declared.pointer(pointer).unwrap_or(&Value::Null);
            if *found != value {
                self.problems.push(format!(
                    "the {said} application's {pointer} is {found}, and has to be {value}"
                ));
            }
        }
        // Anything else could point the application somewhere else.
        const KNOWN: &[&str] = &[
            "project",
            "destination",
            "source",
            "syncPolicy",
            "ignoreDifferences",
            "info",
            "revisionHistoryLimit",
        ];
        let spec = declared.get("spec").cloned().unwrap_or_default();
        for key in spec.as_object().into_iter().flat_map(|spec| spec.keys()) {
            if !KNOWN.contains(&key.as_str()) {
                self.problems.push(format!(
                    "the {said} application's spec has \"{key}\", which a plugin may not set"
                ));
            }
        }
        Some(Application {
            name,
            project,
            labels: names.labels(),
            spec,
        })
    }
}

/// An application as it is committed.
pub(super) fn manifest(application: &Application) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": { "name": application.name, "namespace": "argocd", "labels": application.labels },
        "spec": application.spec,
    })
}
