//! An app's schema within another: its references moved along, and without what holds
//! only for all layers of values together.

use serde_json::{Map, Value, json};

use super::DIALECT;
use super::known::AppValues;
use crate::name::AppName;

/// Keywords at the root that look at several first-level keys at once. One layer holds a
/// part of them, and the others the rest.
const OF_THE_WHOLE: &[&str] = &[
    "required",
    "minProperties",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "$ref",
    "$dynamicRef",
];

/// Those of them that may say which keys there are.
const COMPOSING: &[&str] = &[
    "dependentSchemas",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "$ref",
    "$dynamicRef",
];

/// Keywords whose value is no schema and holds none.
const DATA: &[&str] = &["enum", "const", "default", "examples"];

/// Keywords whose value is a map of schemas.
const MAPS: &[&str] = &[
    "properties",
    "patternProperties",
    "dependentSchemas",
    "$defs",
    "definitions",
];

/// Under which of `$defs` an app's values stand.
pub(super) fn definition(app: &AppName) -> String {
    format!("values-{app}")
}

/// A reference to it.
pub(super) fn reference(app: &AppName) -> Value {
    json!({ "$ref": format!("#/$defs/{}", definition(app)) })
}

/// The first-level keys that no layer below the customers' gives.
pub(super) fn left_to_customers(values: &AppValues) -> Vec<&str> {
    let required = values.schema.get("required").and_then(Value::as_array);
    required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|key| !values.given.contains(*key))
        .collect()
}

/// The schema of one layer of an app's values, to stand at [`definition`]. A layer may be
/// empty.
pub(super) fn layer(app: &AppName, values: &AppValues, required: &[&str]) -> Value {
    let mut schema = values.schema.clone();
    let Value::Object(root) = &mut schema else {
        return json!({ "type": ["object", "null"] });
    };
    let dialect = root.get("$schema").and_then(Value::as_str);
    if dialect.is_some_and(|dialect| dialect.trim_end_matches('#') != DIALECT) {
        // Another dialect's words would be misread here.
        return json!({
            "title": root.get("title").cloned().unwrap_or_else(|| app.as_str().into()),
            "type": ["object", "null"],
        });
    }
    let own = match root.remove("$id") {
        Some(Value::String(id)) => id.trim_end_matches('#').to_owned(),
        _ => String::new(),
    };
    let moved = Moved {
        own,
        app: app.as_str(),
        pointer: format!("#/$defs/{}", definition(app)),
    };
    moved.keywords(root);
    if COMPOSING.iter().any(|keyword| root.contains_key(*keyword)) {
        root.remove("unevaluatedProperties");
    }
    root.remove("$schema");
    let needed = root.get("required").and_then(Value::as_array).cloned();
    if let Some(Value::Object(properties)) = root.get_mut("properties") {
        for (key, property) in properties {
            let needed = needed.iter().flatten();
            if !needed.into_iter().any(|needed| needed == key) {
                or_null(property);
            }
        }
    }
    for keyword in OF_THE_WHOLE {
        root.remove(*keyword);
    }
    root.insert("type".to_owned(), json!(["object", "null"]));
    if !required.is_empty() {
        root.insert("required".to_owned(), json!(required));
        root.insert("type".to_owned(), "object".into());
    }
    schema
}

/// Lets a first-level key be dropped by `null`.
fn or_null(property: &mut Value) {
    /// Keywords that look at a value of any kind.
    const OF_ANY_KIND: &[&str] = &[
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "const",
        "if",
        "not",
        "oneOf",
    ];
    let null = || Value::from("null");
    let Value::Object(keywords) = property else {
        // `true` takes it already, and what `false` forbids has no value to drop.
        return;
    };
    if OF_ANY_KIND
        .iter()
        .any(|keyword| keywords.contains_key(*keyword))
    {
        // What editors show of it stays outside, where they look for it.
        let shown = ["title", "description", "default", "examples"];
        let shown: Map<String, Value> = shown
            .iter()
            .filter_map(|keyword| Some(((*keyword).to_owned(), keywords.get(*keyword)?.clone())))
            .collect();
        let own = std::mem::replace(keywords, shown);
        keywords.insert("anyOf".to_owned(), json!([own, { "type": "null" }]));
        return;
    }
    match keywords.get_mut("type") {
        Some(Value::Array(kinds)) if !kinds.contains(&null()) => kinds.push(null()),
        Some(kind @ Value::String(_)) if *kind != null() => *kind = json!([kind.take(), "null"]),
        _ => {}
    }
    if let Some(Value::Array(words)) = keywords.get_mut("enum")
        && !words.contains(&Value::Null)
    {
        words.push(Value::Null);
    }
}

/// Rewrites what refers within a schema that becomes a part of another.
struct Moved<'a> {
    /// Its own `$id`, which references may begin with; mostly none.
    own: String,
    app: &'a str,
    /// Where its root stands from now on.
    pointer: String,
}

impl Moved<'_> {
    fn schema(&self, schema: &mut Value) {
        if let Value::Object(keywords) = schema {
            // What has an id of its own is referred to by that, and refers to itself.
            if !keywords.contains_key("$id") {
                self.keywords(keywords);
            }
        }
    }

    fn keywords(&self, keywords: &mut Map<String, Value>) {
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("$ref" | "$dynamicRef", Value::String(target)) => {
                    *target = self.target(target);
                }
                ("$anchor" | "$dynamicAnchor", Value::String(name)) => {
                    *name = self.anchor(name);
                }
                (keyword, Value::Object(schemas)) if MAPS.contains(&keyword) => {
                    schemas.values_mut().for_each(|schema| self.schema(schema));
                }
                (keyword, _) if DATA.contains(&keyword) => {}
                (_, Value::Array(items)) => items.iter_mut().for_each(|item| self.schema(item)),
                (_, value) => self.schema(value),
            }
        }
    }

    fn target(&self, target: &str) -> String {
        let within = if self.own.is_empty() {
            target
        } else {
            target.strip_prefix(&self.own).unwrap_or(target)
        };
        match within.strip_prefix('#') {
            Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => {
                format!("{}{pointer}", self.pointer)
            }
            Some(name) => format!("#{}", self.anchor(name)),
            None if within.is_empty() => self.pointer.clone(),
            None => target.to_owned(),
        }
    }

    fn anchor(&self, name: &str) -> String {
        format!("{}.{name}", self.app)
    }
}
