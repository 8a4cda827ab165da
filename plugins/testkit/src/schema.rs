//! Whether an app's files agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Map, Value, json};

use crate::Kit;

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
