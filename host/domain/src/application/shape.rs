//! Whether an application is as the host writes one. A state that comes back was written
//! by a version of before, which may have let a plugin say more than it may today.

use serde_json::{Value, json};

use super::{ApplicationOptions, NO_NAMESPACE, SyncOption, shown};
use crate::declaration::ApplicationRole;

/// What of an application's `spec` the host doesn't write for that role, each a sentence
/// that names the key.
#[must_use]
pub fn shape_problems(role: ApplicationRole, spec: &Value) -> Vec<String> {
    let mut shape = Shape::default();
    shape.map(
        "spec",
        spec,
        &[
            "destination",
            "ignoreDifferences",
            "project",
            "source",
            "syncPolicy",
        ],
    );
    shape.text("spec.project", &spec["project"]);
    shape.source(role, &spec["source"]);
    let destination = &spec["destination"];
    shape.map("spec.destination", destination, &["namespace", "server"]);
    shape.text("spec.destination.namespace", &destination["namespace"]);
    shape.text("spec.destination.server", &destination["server"]);
    shape.sync_policy(&spec["syncPolicy"]);
    if let Some(ignored) = spec.get("ignoreDifferences") {
        shape.ignored("spec.ignoreDifferences", ignored);
    }
    shape.found
}

/// What was found so far.
#[derive(Default)]
struct Shape {
    found: Vec<String>,
}

impl Shape {
    /// A map with these keys at most.
    fn map(&mut self, place: &str, value: &Value, keys: &[&str]) {
        let Some(map) = value.as_object() else {
            self.found.push(format!("{place} is no map"));
            return;
        };
        let foreign = map.keys().filter(|key| !keys.contains(&key.as_str()));
        self.found.extend(foreign.map(|key| {
            format!(
                "{place} has \"{}\", which the host doesn't write; there may be {}",
                shown(key),
                keys.join(", ")
            )
        }));
    }

    fn text(&mut self, place: &str, value: &Value) {
        if value.as_str().is_none_or(str::is_empty) {
            self.found.push(format!("{place} is no text"));
        }
    }

    fn exactly(&mut self, place: &str, value: &Value, wanted: &Value) {
        if value != wanted {
            self.found
                .push(format!("{place} isn't {wanted}, as the host writes it"));
        }
    }

    fn source(&mut self, role: ApplicationRole, source: &Value) {
        let (own, folder) = match role {
            ApplicationRole::Base => ("directory", "/dependencies"),
            ApplicationRole::Workload => ("helm", "/chart"),
        };
        self.map(
            "spec.source",
            source,
            &[own, "path", "repoURL", "targetRevision"],
        );
        self.text("spec.source.repoURL", &source["repoURL"]);
        self.text("spec.source.targetRevision", &source["targetRevision"]);
        let path = source["path"].as_str().unwrap_or_default();
        if !path.ends_with(folder) || path.split('/').any(|part| part == "..") {
            self.found.push(format!(
                "spec.source.path doesn't lead to a {folder} folder"
            ));
        }
        let chosen = &source[own];
        match role {
            ApplicationRole::Base => {
                self.map("spec.source.directory", chosen, &["recurse"]);
                self.exactly(
                    "spec.source.directory.recurse",
                    &chosen["recurse"],
                    &json!(true),
                );
            }
            ApplicationRole::Workload => {
                self.map("spec.source.helm", chosen, &["releaseName", "valueFiles"]);
                self.text("spec.source.helm.releaseName", &chosen["releaseName"]);
                self.exactly(
                    "spec.source.helm.valueFiles",
                    &chosen["valueFiles"],
                    &json!(["../values.yaml"]),
                );
            }
        }
    }

    fn sync_policy(&mut self, policy: &Value) {
        self.map("spec.syncPolicy", policy, &["automated", "syncOptions"]);
        let automated = &policy["automated"];
        self.map(
            "spec.syncPolicy.automated",
            automated,
            &["prune", "selfHeal"],
        );
        for key in ["prune", "selfHeal"] {
            self.exactly(
                &format!("spec.syncPolicy.automated.{key}"),
                &automated[key],
                &json!(true),
            );
        }
        let Some(options) = policy["syncOptions"].as_array() else {
            self.found
                .push("spec.syncPolicy.syncOptions is no list".to_owned());
            return;
        };
        let may_be = |text: &str| {
            text == NO_NAMESPACE || SyncOption::ALL.iter().any(|it| it.as_str() == text)
        };
        for option in options {
            if !option.as_str().is_some_and(may_be) {
                let text = option
                    .as_str()
                    .map_or_else(|| option.to_string(), str::to_owned);
                self.found.push(format!(
                    "spec.syncPolicy.syncOptions has \"{}\", which no plugin may choose",
                    shown(&text)
                ));
            }
        }
    }

    fn ignored(&mut self, place: &str, ignored: &Value) {
        for one in ignored.as_array().into_iter().flatten() {
            self.map(place, one, &["group", "jsonPointers", "kind", "name"]);
        }
        match serde_json::from_value(ignored.clone()) {
            Ok(ignored_differences) => {
                let options = ApplicationOptions {
                    sync_options: Vec::new(),
                    ignored_differences,
                };
                let problems = options.problems();
                self.found
                    .extend(problems.iter().map(|problem| format!("{place} {problem}")));
            }
            Err(error) => self.found.push(format!(
                "{place} can't be read: {}",
                shown(&error.to_string())
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// As the host writes it for a role.
    fn spec(role: ApplicationRole) -> Value {
        let mut source = json!({
            "repoURL": "https://git.example.com/fleet.git",
            "targetRevision": "customer/wagram",
        });
        match role {
            ApplicationRole::Base => {
                source["path"] = json!("eu-west-3/moodle/dependencies");
                source["directory"] = json!({ "recurse": true });
            }
            ApplicationRole::Workload => {
                source["path"] = json!("eu-west-3/moodle/chart");
                source["helm"] =
                    json!({ "releaseName": "moodle", "valueFiles": ["../values.yaml"] });
            }
        }
        json!({
            "project": "wagram",
            "source": source,
            "destination": {
                "server": "https://euw3.k8s.example.com",
                "namespace": "wagram--moodle",
            },
            "syncPolicy": {
                "automated": { "prune": true, "selfHeal": true },
                "syncOptions": ["CreateNamespace=false"],
            },
        })
    }

    #[test]
    fn what_the_host_writes_is_fine() {
        for role in [ApplicationRole::Base, ApplicationRole::Workload] {
            let mut spec = spec(role);
            assert_eq!(shape_problems(role, &spec), [""; 0]);
            let options: Vec<&str> = std::iter::once(NO_NAMESPACE)
                .chain(SyncOption::ALL.iter().map(|option| option.as_str()))
                .collect();
            spec["syncPolicy"]["syncOptions"] = json!(options);
            spec["ignoreDifferences"] = json!([
                { "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"] },
                { "group": "", "kind": "ConfigMap", "name": "x", "jsonPointers": ["/data/a"] },
            ]);
            assert_eq!(shape_problems(role, &spec), [""; 0]);
        }
    }

    #[test]
    fn what_it_doesnt_write_is_refused_by_name() {
        use ApplicationRole::{Base, Workload};
        let pointers = json!(["/spec/replicas"]);
        for (role, parent, key, value, says) in [
            (
                Workload,
                "/source/helm",
                "parameters",
                json!([]),
                "spec.source.helm has \"parameters\"",
            ),
            (
                Workload,
                "/source/helm",
                "values",
                json!("a: b"),
                "spec.source.helm has \"values\"",
            ),
            (
                Workload,
                "/source/helm",
                "valuesObject",
                json!({}),
                "has \"valuesObject\"",
            ),
            (
                Workload,
                "/source/helm",
                "valueFiles",
                json!(["https://x/y.yaml"]),
                "valueFiles isn't",
            ),
            (
                Workload,
                "/source/helm",
                "releaseName",
                json!(1),
                "releaseName is no text",
            ),
            (
                Workload,
                "/source",
                "directory",
                json!({ "recurse": true }),
                "spec.source has \"directory\"",
            ),
            (
                Workload,
                "/source",
                "chart",
                json!("x"),
                "spec.source has \"chart\"",
            ),
            (
                Workload,
                "/source",
                "path",
                json!("eu-west-3/moodle/dependencies"),
                "spec.source.path",
            ),
            (
                Workload,
                "/source",
                "path",
                json!("../moodle/chart"),
                "spec.source.path",
            ),
            (
                Workload,
                "/source",
                "repoURL",
                json!(null),
                "spec.source.repoURL is no text",
            ),
            (
                Base,
                "/source",
                "plugin",
                json!({}),
                "spec.source has \"plugin\"",
            ),
            (
                Base,
                "/source",
                "kustomize",
                json!({}),
                "spec.source has \"kustomize\"",
            ),
            (
                Base,
                "/source",
                "helm",
                json!({}),
                "spec.source has \"helm\"",
            ),
            (
                Base,
                "/source/directory",
                "jsonnet",
                json!({}),
                "directory has \"jsonnet\"",
            ),
            (
                Base,
                "/source/directory",
                "include",
                json!("*"),
                "directory has \"include\"",
            ),
            (
                Base,
                "/source/directory",
                "recurse",
                json!(false),
                "recurse isn't true",
            ),
            (Base, "", "sources", json!([]), "spec has \"sources\""),
            (Base, "", "info", json!([]), "spec has \"info\""),
            (
                Base,
                "",
                "revisionHistoryLimit",
                json!(1),
                "spec has \"revisionHistoryLimit\"",
            ),
            (Base, "", "source", json!("x"), "spec.source is no map"),
            (
                Base,
                "/destination",
                "name",
                json!("in-cluster"),
                "spec.destination has \"name\"",
            ),
            (
                Base,
                "/destination",
                "server",
                json!(""),
                "server is no text",
            ),
            (
                Base,
                "/syncPolicy",
                "managedNamespaceMetadata",
                json!({}),
                "has \"managedNamespaceMetadata\"",
            ),
            (
                Base,
                "/syncPolicy",
                "retry",
                json!({}),
                "spec.syncPolicy has \"retry\"",
            ),
            (
                Base,
                "/syncPolicy",
                "syncOptions",
                json!(["CreateNamespace=true"]),
                "CreateNamespace=true",
            ),
            (
                Base,
                "/syncPolicy",
                "syncOptions",
                json!(["Replace=true"]),
                "Replace=true",
            ),
            (
                Base,
                "/syncPolicy",
                "syncOptions",
                json!([1]),
                "syncOptions has \"1\"",
            ),
            (
                Base,
                "/syncPolicy",
                "syncOptions",
                json!("x"),
                "syncOptions is no list",
            ),
            (
                Base,
                "/syncPolicy/automated",
                "allowEmpty",
                json!(true),
                "automated has \"allowEmpty\"",
            ),
            (
                Base,
                "/syncPolicy/automated",
                "prune",
                json!(false),
                "prune isn't true",
            ),
            (
                Base,
                "",
                "ignoreDifferences",
                json!([{ "group": "", "kind": "Secret", "jsonPointers": ["/data"] }]),
                "spec.ignoreDifferences ignores differences of the kind \"Secret\"",
            ),
            (
                Base,
                "",
                "ignoreDifferences",
                json!([{ "group": "apps", "kind": "Deployment", "jsonPointers": pointers, "jqPathExpressions": [".spec"] }]),
                "spec.ignoreDifferences has \"jqPathExpressions\"",
            ),
            (
                Base,
                "",
                "ignoreDifferences",
                json!([{ "group": "apps", "kind": "Deployment" }]),
                "spec.ignoreDifferences can't be read",
            ),
            (
                Base,
                "",
                "ignoreDifferences",
                json!(null),
                "spec.ignoreDifferences can't be read",
            ),
        ] {
            let mut spec = spec(role);
            spec.pointer_mut(parent).unwrap()[key] = value.clone();
            let found = shape_problems(role, &spec);
            assert!(
                found.iter().any(|it| it.contains(says)),
                "{parent}/{key} {value}: {found:#?}"
            );
        }
        for none in [json!(null), json!([]), json!("x")] {
            assert!(!shape_problems(Base, &none).is_empty(), "{none}");
        }
        assert!(!shape_problems(Base, &spec(Workload)).is_empty());
        assert!(!shape_problems(Workload, &spec(Base)).is_empty());
    }
}
