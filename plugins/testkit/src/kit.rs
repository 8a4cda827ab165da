//! An app's folder, and what its tests ask of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use deploycenter_sdk::argocd::{IgnoredDifference, Options, Role, SyncOption};
use deploycenter_sdk::{App, PlanError, Request, Violation, host};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::declared::{Declared, Recorder};
use crate::place::place;

/// An app's folder, read. What can't be read or doesn't fit fails the test with a panic
/// that says so.
#[derive(Debug, Clone)]
pub struct Kit {
    pub(crate) folder: PathBuf,
    /// `plugin.toml`.
    pub(crate) manifest: toml::Table,
    /// `schema.json`.
    pub(crate) schema: Value,
    /// `values.yaml`.
    pub(crate) base: Value,
    /// `templates/`, and the shared ones as `shared/…`.
    pub(crate) templates: BTreeMap<String, String>,
    pub(crate) context: Value,
}

impl Kit {
    /// The app in a folder; what apps share is in the folder `templates` two above it.
    ///
    /// # Panics
    /// When the folder doesn't hold an app.
    #[must_use]
    pub fn of(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        let manifest: toml::Table = toml::from_str(&text(&folder.join("plugin.toml")))
            .unwrap_or_else(|error| panic!("plugin.toml: {error}"));
        let schema = serde_json::from_str(&text(&folder.join("schema.json")))
            .unwrap_or_else(|error| panic!("schema.json: {error}"));
        let base = serde_norway::from_str(&text(&folder.join("values.yaml")))
            .unwrap_or_else(|error| panic!("values.yaml: {error}"));
        let mut templates = BTreeMap::new();
        files(&folder.join("templates"), "", &mut templates);
        files(&folder.join("../../templates"), "shared/", &mut templates);
        let app = manifest.get("app").and_then(toml::Value::as_str);
        let context = place(app.expect("plugin.toml names the app"));
        Self {
            folder: folder.to_owned(),
            manifest,
            schema,
            base,
            templates,
            context,
        }
    }

    /// The same app, elsewhere: the context as changed.
    #[must_use]
    pub fn at(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.context);
        self
    }

    /// The base values with first-level keys replaced, as the host merges them.
    ///
    /// # Panics
    /// When `over` is no object.
    #[must_use]
    pub fn merged(&self, over: Value) -> Value {
        let mut values = self.base.clone();
        let (Value::Object(base), Value::Object(over)) = (&mut values, over) else {
            panic!("values are objects")
        };
        base.extend(over);
        values
    }

    /// Whether the schema takes the merged values.
    #[must_use]
    pub fn fits(&self, over: Value) -> bool {
        problems(&self.schema, &self.merged(over)).is_empty()
    }

    /// The merged values as the app reads them.
    ///
    /// # Panics
    /// When they don't fit the schema, or the app doesn't read what the schema lets through.
    #[must_use]
    pub fn values<V: DeserializeOwned>(&self, over: Value) -> V {
        let merged = self.merged(over.clone());
        let problems = problems(&self.schema, &merged);
        assert!(problems.is_empty(), "{over}: {}", problems.join("\n"));
        serde_json::from_value(merged).unwrap_or_else(|error| panic!("{over}: the values: {error}"))
    }

    /// What the app is asked.
    ///
    /// # Panics
    /// As [`values`](Self::values).
    #[must_use]
    pub fn request<V: DeserializeOwned>(&self, over: Value) -> Request<V> {
        let Value::Object(raw_context) = self.context.clone() else {
            panic!("the context is an object")
        };
        Request {
            target: self.target(),
            values: self.values(over.clone()),
            raw_values: self.merged(over),
            context: serde_json::from_value(self.context.clone())
                .unwrap_or_else(|error| panic!("the context: {error}")),
            raw_context,
        }
    }

    /// What the app is called.
    pub(crate) fn app(&self) -> &str {
        self.context["app"].as_str().unwrap_or_default()
    }

    fn target(&self) -> String {
        let part = |name: &str| self.context[name].as_str().unwrap_or_default();
        format!("{}/{}", part("customer"), part("instance"))
    }

    /// What the app's own check finds.
    ///
    /// # Panics
    /// As [`values`](Self::values).
    #[must_use]
    pub fn violations<A: App>(&self, over: Value) -> Vec<Violation> {
        let request = self.request(over);
        self.run(|| A::validate(&request)).0
    }

    /// Code and pointer of each of them.
    ///
    /// # Panics
    /// As [`values`](Self::values).
    #[must_use]
    pub fn found<A: App>(&self, over: Value) -> Vec<(String, String)> {
        let found = self.violations::<A>(over).into_iter();
        found.map(|found| (found.code, found.pointer)).collect()
    }

    /// The pointer and the message of each add-on that the app's own check misses, on a
    /// cluster with those `addons` (`None`: nobody said which) and that certificate issuer.
    ///
    /// # Panics
    /// As [`values`](Self::values).
    #[must_use]
    pub fn lacking<A: App>(
        &self,
        over: Value,
        addons: Option<&[&str]>,
        issuer: Option<&str>,
    ) -> Vec<String> {
        let there = self.clone().at(|context| {
            context["region"]["addons"] = json!(addons);
            context["region"]["ingress"]["clusterIssuer"] = json!(issuer);
        });
        let found = there.violations::<A>(over).into_iter();
        found
            .filter(|found| found.code == "missing-addon")
            .map(|found| format!("{} {}", found.pointer, found.message))
            .collect()
    }

    /// Wants a plan with these values to warn, once and by name, of an add-on that the
    /// region doesn't list, and of nothing where it lists it or lists none at all.
    ///
    /// # Panics
    /// With the warnings that there were instead.
    pub fn check_warns_without<A: App>(&self, addon: &str, over: &Value) {
        let region = self.context["region"]["name"].as_str().unwrap_or_default();
        let warned = |addons: Value| {
            let there = self
                .clone()
                .at(|context| context["region"]["addons"] = addons);
            let planned = there.plan::<A>(over.clone());
            planned
                .unwrap_or_else(|error| panic!("there is no plan: {error:?}"))
                .warnings
        };
        let found = warned(json!(["another-addon"]));
        assert!(
            matches!(&*found, [one] if one.contains(addon) && one.contains(region)),
            "without {addon}: {found:?}"
        );
        for fine in [json!([addon]), Value::Null] {
            assert_eq!(warned(fine.clone()), [""; 0], "with {fine}");
        }
    }

    /// Wants the values of the chart to say `replicas` with an autoscaler too, within its
    /// bounds, and Argo CD to leave that number of the Kubernetes Deployment alone while
    /// there is an autoscaler and only then. `over` is what else the values are to say.
    ///
    /// # Panics
    /// With the values that gave something else.
    pub fn check_autoscaled<A: App>(&self, deployment: &str, over: &Value) {
        for (enabled, replicas, first) in [(false, 4, 4), (true, 4, 4), (true, 1, 2), (true, 9, 6)]
        {
            let mut over = over.clone();
            over["replicas"] = json!(replicas);
            over["autoscaling"] = json!({ "enabled": enabled, "minReplicas": 2, "maxReplicas": 6 });
            let declared = self
                .plan::<A>(over.clone())
                .unwrap_or_else(|error| panic!("there is no plan: {error:?}"));
            assert_eq!(declared.yaml("values.yaml")[0]["replicas"], first, "{over}");
            let left = IgnoredDifference {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                name: Some(deployment.to_owned()),
                json_pointers: vec!["/spec/replicas".to_owned()],
            };
            let wanted = if enabled {
                Options {
                    sync_options: vec![SyncOption::RespectIgnoreDifferences],
                    ignored_differences: vec![left],
                }
            } else {
                Options::default()
            };
            assert_eq!(
                declared.applications.get(&Role::Workload),
                Some(&wanted),
                "{over}"
            );
        }
    }

    /// What the app declares.
    ///
    /// # Errors
    /// As the app's `plan`.
    ///
    /// # Panics
    /// As [`values`](Self::values).
    pub fn plan<A: App>(&self, over: Value) -> Result<Declared, PlanError> {
        let request = self.request(over);
        let (answer, declared) = self.run(|| A::plan(&request));
        answer.map(|()| declared)
    }

    fn run<R>(&self, work: impl FnOnce() -> R) -> (R, Declared) {
        let recorder = Recorder::new(&self.templates, &self.target());
        let declared = Rc::clone(&recorder.declared);
        let answer = host::with(recorder, work);
        (answer, declared.take())
    }
}

/// What a schema finds wrong with a value, each with its place in the value.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let validator =
        jsonschema::validator_for(schema).unwrap_or_else(|error| panic!("schema.json: {error}"));
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The texts below a folder by their path in it; none where there is no folder.
fn files(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = format!("{prefix}{}", name.to_string_lossy());
        if entry.path().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, text(&entry.path()));
        }
    }
}
