//! What a plugin declared, held against what is the target's own: the base's objects, and
//! the two applications, which the host makes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Graph, Site};
use crate::application::{ApplicationOptions, NO_NAMESPACE};
use crate::base;
use crate::declaration::{ApplicationRole, Declaration};
use crate::effect::OutputName;
use crate::guardrails;
use crate::resource::{Application, Resource};
use crate::token::Reference;

impl Graph {
    /// The base's files as they are committed, the host's own among them; with problems,
    /// as they were declared.
    pub(super) fn base(
        &mut self,
        site: Site<'_>,
        declaration: &Declaration,
    ) -> BTreeMap<String, String> {
        let mut files = declaration.files.clone();
        let refused = files
            .keys()
            .filter_map(|path| guardrails::refused_file(path));
        self.problems.extend(refused);
        let versions = &site.lock.secret_versions;
        match guardrails::files(site.names, site.region, declaration, versions) {
            Ok(own) => files.extend(own),
            Err(found) => self.problems.extend(found),
        }
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
        let bounds = base::Bounds {
            namespace: &site.names.namespace(),
            handles: &handles,
            secret_prefix: &site.names.secret_prefix(),
            aws_region: &site.region.aws_region,
            labels: &site.names.labels(),
            origin: base::BaseOrigin::Templates,
        };
        match base::written(&files, bounds) {
            Ok(written) => written,
            Err(problems) => {
                self.problems.extend(problems);
                files
            }
        }
    }

    /// A declared application: its target's own in every place, with the options that the
    /// plugin chose.
    pub(super) fn application(
        &mut self,
        site: Site<'_>,
        declaration: &Declaration,
        role: ApplicationRole,
    ) -> Option<Application> {
        let names = site.names;
        let said = role.as_str();
        let Some(chosen) = declaration.applications.get(&role) else {
            self.problems
                .push(format!("the plugin declares no {said} application"));
            return None;
        };
        let problems = chosen.problems();
        self.problems.extend(
            problems
                .iter()
                .map(|problem| format!("the {said} application {problem}")),
        );
        let project = names.project_of(role);
        Some(Application {
            name: names.application_of(role),
            spec: spec(site, role, &project, chosen.clone().sorted()),
            project,
            labels: names.labels(),
        })
    }
}

fn spec(site: Site<'_>, role: ApplicationRole, project: &str, chosen: ApplicationOptions) -> Value {
    let names = site.names;
    let folder = names.folder();
    let mut source = json!({
        "repoURL": site.repository,
        "targetRevision": names.branch(),
    });
    match role {
        ApplicationRole::Base => {
            source["path"] = json!(format!("{folder}/dependencies"));
            source["directory"] = json!({ "recurse": true });
        }
        ApplicationRole::Workload => {
            source["path"] = json!(format!("{folder}/chart"));
            // The release has the app's name: Argo CD's own default, the application's,
            // may be longer than the 53 characters that Helm takes.
            source["helm"] =
                json!({ "releaseName": site.lock.app, "valueFiles": ["../values.yaml"] });
        }
    }
    let options = chosen.sync_options.iter().map(|option| option.as_str());
    let options: Vec<&str> = std::iter::once(NO_NAMESPACE).chain(options).collect();
    let mut spec = json!({
        "project": project,
        "source": source,
        "destination": {
            "server": site.region.cluster.server,
            "namespace": names.namespace(),
        },
        "syncPolicy": {
            "automated": { "prune": true, "selfHeal": true },
            "syncOptions": options,
        },
    });
    if !chosen.ignored_differences.is_empty() {
        spec["ignoreDifferences"] = json!(chosen.ignored_differences);
    }
    spec
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
