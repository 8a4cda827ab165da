//! Whether an app's files agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Map, Value, json};

use crate::Kit;
use crate::kit::problems;

impl Kit {
    /// Wants a form to find what it shows: a title, a description and a group for each
    /// value, and as default the one that applies.
    ///
    /// # Panics
    /// With the key that lacks one, or differs.
    pub fn check_form(&self) {
        let base = self.merged(json!({}));
        for (key, property) in self.properties() {
            for wanted in ["title", "description", "x-group"] {
                // What a `$ref` brings counts, but a form wants these beside it.
                let referred = wanted == "description" && property.get("$ref").is_some();
                assert!(
                    property.get(wanted).is_some() || referred,
                    "{key} has no {wanted}"
                );
            }
            let (Some(default), Some(value)) = (property.get("default"), base.get(key)) else {
                continue;
            };
            let part =
                value
                    .as_object()
                    .zip(default.as_object())
                    .is_some_and(|(value, default)| {
                        value
                            .iter()
                            .all(|(key, value)| default.get(key) == Some(value))
                    });
            assert!(
                value == default || part,
                "{key}: {value} in values.yaml, {default} in schema.json"
            );
        }
    }

    /// Wants every default and every example of the schema, however deep in its
    /// `properties`, to be what the schema takes there.
    ///
    /// # Panics
    /// With all that it doesn't take.
    pub fn check_examples(&self) {
        let mut wrong = Vec::new();
        self.examples_below("", &self.schema, &mut wrong);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn examples_below(&self, pointer: &str, schema: &Value, wrong: &mut Vec<String>) {
        let examples = schema.get("examples").and_then(Value::as_array);
        let default = schema.get("default").into_iter();
        for value in default.chain(examples.into_iter().flatten()) {
            let problems = problems(&self.alone(schema), value).into_iter();
            wrong.extend(problems.map(|problem| format!("{pointer}: {value}: {problem}")));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (key, property) in properties.into_iter().flatten() {
            self.examples_below(&format!("{pointer}/{key}"), property, wrong);
        }
    }

    /// A part of the schema as a schema of its own, with the definitions that it refers to.
    fn alone(&self, part: &Value) -> Value {
        let mut alone = part.clone();
        if let Value::Object(alone) = &mut alone {
            for key in ["$schema", "$defs"] {
                if let Some(shared) = self.schema.get(key) {
                    alone.insert(key.to_owned(), shared.clone());
                }
            }
        }
        alone
    }

    /// Whether the schema describes the place that a JSON pointer leads to in the values.
    pub(crate) fn describes(&self, pointer: &str) -> bool {
        let mut keys = pointer.split('/').skip(1);
        keys.try_fold(&self.schema, |schema, key| {
            self.part(schema, &key.replace("~1", "/").replace("~0", "~"))
        })
        .is_some()
    }

    /// What a schema says of one key of an object, or of one element of an array.
    fn part<'a>(&'a self, schema: &'a Value, key: &str) -> Option<&'a Value> {
        if let Some(property) = schema.get("properties").and_then(|all| all.get(key)) {
            return Some(property);
        }
        if key.parse::<usize>().is_ok()
            && let Some(items) = schema.get("items")
        {
            return Some(items);
        }
        let referred = schema.get("$ref").and_then(Value::as_str);
        let referred = referred.and_then(|to| self.schema.pointer(to.strip_prefix('#')?));
        let branches = ["allOf", "anyOf", "oneOf"].into_iter();
        let branches = branches.filter_map(|word| schema.get(word)?.as_array());
        referred
            .into_iter()
            .chain(branches.flatten())
            .find_map(|schema| self.part(schema, key))
            .or_else(|| {
                let others = schema.get("additionalProperties");
                others.filter(|others| others.is_object())
            })
    }

    /// The image of each version, as the line `set <variable> = { … }` of the app's
    /// `templates/values.yaml` has it. Each version that the schema offers has one image
    /// and one data-version, and nothing else has either.
    ///
    /// # Panics
    /// With the versions of each of the three where they differ.
    #[must_use]
    pub fn images(&self, variable: &str) -> BTreeMap<String, String> {
        let offered: BTreeSet<String> =
            serde_json::from_value(self.properties()["version"]["enum"].clone())
                .expect("the schema's `version` is an enum of texts");
        let migrating: BTreeSet<String> = self
            .manifest
            .get("data-versions")
            .and_then(toml::Value::as_table)
            .expect("plugin.toml has data-versions")
            .keys()
            .cloned()
            .collect();
        let path = self.folder.join("templates/values.yaml");
        let template = fs::read_to_string(&path).expect("the app has templates/values.yaml");
        let start = format!("set {variable} = {{");
        let line = template
            .lines()
            .find_map(|line| line.split_once(&start))
            .unwrap_or_else(|| panic!("{} has no line `{start} … }}`", path.display()));
        let (inside, _) = line.1.split_once('}').expect("the object ends on its line");
        let images: BTreeMap<String, String> = serde_json::from_str(&format!("{{{inside}}}"))
            .unwrap_or_else(|error| panic!("`{start}{inside}}}`: {error}"));
        assert_eq!(offered, migrating, "versions and data-versions");
        assert_eq!(
            offered,
            images.keys().cloned().collect(),
            "versions and images"
        );
        images
    }

    fn properties(&self) -> &Map<String, Value> {
        self.schema["properties"]
            .as_object()
            .expect("the schema has properties")
    }
}
