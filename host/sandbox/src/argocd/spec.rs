//! An application's spec: brought into the form that Argo CD stores, and checked.

use serde_json::{Map, Value, json};

use super::answer::Failure;
use super::git::SourceError;
use super::json::text;
use super::source::Sources;
use super::{ArgoCd, IN_CLUSTER, permit};

/// The fields that Argo CD knows at each place of a spec; others are dropped without a word.
const FIELDS: [(&str, &[&str]); 6] = [
    (
        "",
        &[
            "destination",
            "ignoreDifferences",
            "info",
            "project",
            "revisionHistoryLimit",
            "source",
            "sourceHydrator",
            "sources",
            "syncPolicy",
        ],
    ),
    (
        "/source",
        &[
            "chart",
            "directory",
            "helm",
            "kustomize",
            "name",
            "path",
            "plugin",
            "ref",
            "repoURL",
            "targetRevision",
        ],
    ),
    (
        "/source/directory",
        &["exclude", "include", "jsonnet", "recurse"],
    ),
    ("/destination", &["name", "namespace", "server"]),
    (
        "/syncPolicy",
        &[
            "automated",
            "managedNamespaceMetadata",
            "retry",
            "syncOptions",
        ],
    ),
    (
        "/syncPolicy/automated",
        &["allowEmpty", "enabled", "prune", "selfHeal"],
    ),
];

/// The spec as Argo CD gives it back: unknown fields, nulls and Go's zero values are gone, the
/// project is `default` if none was given, and a directory source has its `jsonnet: {}`.
pub(crate) fn normalize(mut spec: Value) -> Value {
    for (at, known) in FIELDS {
        if let Some(fields) = spec.pointer_mut(at).and_then(Value::as_object_mut) {
            fields.retain(|key, _| known.contains(&key.as_str()));
        }
    }
    let mut spec = without_zeros(spec).unwrap_or_else(|| json!({}));
    if let Some(source) = spec.pointer_mut("/source").and_then(Value::as_object_mut) {
        // `jsonnet` is a struct in Go, so it is always written; a directory that is nothing else
        // isn't stored at all.
        if let Some(directory) = source.get_mut("directory").and_then(Value::as_object_mut) {
            if directory.keys().all(|key| key == "jsonnet") {
                source.remove("directory");
            } else {
                directory.insert("jsonnet".to_owned(), json!({}));
            }
        }
        if source.get("helm").is_some_and(|helm| *helm == json!({})) {
            source.remove("helm");
        }
    }
    if let Some(fields) = spec.as_object_mut() {
        if fields
            .get("syncPolicy")
            .is_some_and(|policy| *policy == json!({}))
        {
            fields.remove("syncPolicy");
        }
        fields.entry("project").or_insert_with(|| "default".into());
        fields.entry("destination").or_insert_with(|| json!({}));
    }
    spec
}

/// Drops what Go's `omitempty` drops. Pointers in Go stay, even when what they point to is empty.
pub(crate) fn without_zeros(value: Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::String(text) => (!text.is_empty()).then_some(Value::String(text)),
        Value::Array(items) => {
            let kept = |item| without_zeros(item).unwrap_or_else(|| json!({}));
            (!items.is_empty()).then(|| items.into_iter().map(kept).collect())
        }
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                let value = match key.as_str() {
                    // The values of a chart are whatever their author wants.
                    "valuesObject" | "values" => (!value.is_null()).then_some(value),
                    "enabled" if value.is_boolean() => Some(value),
                    "automated" | "directory" | "helm" | "retry" | "source" | "destination"
                    | "syncPolicy" | "jsonnet"
                        if value.is_object() =>
                    {
                        Some(without_zeros(value).unwrap_or_else(|| json!({})))
                    }
                    _ => without_zeros(value),
                };
                if let Some(value) = value {
                    kept.insert(key, value);
                }
            }
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        number @ (Value::Number(_) | Value::Bool(true)) => Some(number),
    }
}

/// Whether automated sync is on: present, and not switched off by `enabled: false`.
pub(crate) fn is_automated(spec: &Value) -> bool {
    spec.pointer("/syncPolicy/automated")
        .is_some_and(|automated| {
            automated.is_object() && automated.get("enabled") != Some(&Value::Bool(false))
        })
}

/// The destination's server, `in-cluster` by name included.
pub(crate) fn server(spec: &Value) -> &str {
    match text(spec, "/destination/server") {
        "" if text(spec, "/destination/name") == "in-cluster" => IN_CLUSTER,
        server => server,
    }
}

impl ArgoCd {
    /// Checks a spec as create and update do, in Argo CD's order. `validate` is the query's flag:
    /// without it, repository and manifests aren't looked at, but the project is.
    pub(crate) fn check_spec(
        &mut self,
        name: &str,
        spec: &Value,
        validate: bool,
    ) -> Result<(), Failure> {
        let invalid = |reason: &str| {
            Failure::invalid(format!(
                "application spec for {name} is invalid: InvalidSpecError: {reason}"
            ))
        };
        let project = text(spec, "/project");
        if !self.state.projects.contains_key(project) {
            return Err(Failure::invalid(format!(
                "app is not allowed in project \"{project}\", or the project does not exist"
            )));
        }
        if spec.get("sources").is_some() || spec.get("sourceHydrator").is_some() {
            return Err(Failure::new(
                super::answer::Code::Unimplemented,
                "the stand-in knows applications with one source only",
            ));
        }
        let url = text(spec, "/source/repoURL");
        let path = text(spec, "/source/path");
        if url.is_empty() || (path.is_empty() && text(spec, "/source/chart").is_empty()) {
            return Err(invalid(
                "spec.source.repoURL and either spec.source.path or spec.source.chart are required",
            ));
        }
        self.check_destination(name, spec)?;
        if validate && self.config.git.open(url).is_err() {
            return Err(invalid(&format!(
                "repository not accessible: repositories not accessible: &Repository{{Repo: \
                 \"{url}\", Type: \"\", Name: \"\", Project: \"\"}}: repo client error while \
                 testing repository: rpc error: code = Unknown desc = error testing repository \
                 connectivity: repository not found: "
            )));
        }
        if let Some(reason) = self.project_refusal(spec) {
            return Err(invalid(&reason));
        }
        if validate {
            let rendered =
                Sources::resolve(&self.config.git, url, text(spec, "/source/targetRevision"))
                    .and_then(|commit| self.sources.load(&self.config.git, name, spec, &commit));
            if let Err(error) = rendered {
                return Err(invalid(&format!(
                    "Unable to generate manifests in {path}: {}",
                    rpc_error(&error)
                )));
            }
        }
        Ok(())
    }

    fn check_destination(&self, name: &str, spec: &Value) -> Result<(), Failure> {
        let invalid = |reason: String| {
            Failure::invalid(format!(
                "application destination spec for {name} is invalid: {reason}"
            ))
        };
        let given = text(spec, "/destination/server");
        let named = text(spec, "/destination/name");
        if !given.is_empty() && !named.is_empty() {
            return Err(invalid(format!(
                "application destination can't have both name and server defined: {named} {given}"
            )));
        }
        let server = server(spec);
        if !named.is_empty() && server.is_empty() {
            return Err(invalid(format!(
                "unable to find destination server: there are no clusters with this name: {named}"
            )));
        }
        if server.is_empty() {
            return Err(invalid(
                "Destination server missing from app spec".to_owned(),
            ));
        }
        if !self.knows_cluster(server) {
            return Err(invalid(format!("cluster \"{server}\" not found")));
        }
        Ok(())
    }

    /// Why the project doesn't take a spec; `None` if it does. A project that isn't there takes none.
    pub(crate) fn project_refusal(&self, spec: &Value) -> Option<String> {
        let name = text(spec, "/project");
        let Some(project) = self.state.projects.get(name) else {
            return Some(format!(
                "Application referencing project {name} which does not exist"
            ));
        };
        let url = text(spec, "/source/repoURL");
        if !permit::repository(project, url) {
            return Some(format!(
                "application repo {url} is not permitted in project '{name}'"
            ));
        }
        let (server, namespace) = (server(spec), text(spec, "/destination/namespace"));
        (!permit::destination(project, server, namespace)).then(|| {
            format!(
                "application destination server '{server}' and namespace '{namespace}' do not \
                 match any of the allowed destinations in project '{name}'"
            )
        })
    }
}

/// A repo server's error as the API server and the controller pass it on.
pub(crate) fn rpc_error(error: &SourceError) -> String {
    format!("rpc error: code = Unknown desc = {}", error.text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_is_stored_as_go_would_write_it() {
        let stored = normalize(json!({
            "source": {
                "repoURL": "u", "path": "p", "targetRevision": "", "unknown": 1,
                "directory": {"recurse": true}, "helm": {},
            },
            "destination": {"server": "s", "namespace": "n"},
            "syncPolicy": {"automated": {"prune": true, "selfHeal": false, "enabled": false}, "syncOptions": []},
            "whatever": true,
        }));
        assert_eq!(
            stored,
            json!({
                "source": {"repoURL": "u", "path": "p", "directory": {"recurse": true, "jsonnet": {}}},
                "destination": {"server": "s", "namespace": "n"},
                "syncPolicy": {"automated": {"prune": true, "enabled": false}},
                "project": "default",
            })
        );
        assert_eq!(normalize(stored.clone()), stored);
    }

    #[test]
    fn automated_may_be_empty_or_off() {
        let automated = |policy: Value| is_automated(&normalize(json!({"syncPolicy": policy})));
        assert!(automated(json!({"automated": {}})));
        assert!(!automated(json!({"automated": {"enabled": false}})));
        assert!(!automated(json!({})));
    }
}
