//! How much work a values schema may make, whatever the values are: it comes from a plugin,
//! and checking a value against it can't be stopped half-way.
//!
//! For each place in a value, a validator looks at no more subschemas than there are when
//! every `$ref` is written out. So that number is bounded, which a reference to itself
//! never is.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// How many parts a schema may have once every `$ref` is written out.
const PARTS: usize = 10_000;
/// How deep it may go, references included.
const DEPTH: usize = 128;
/// How many patterns it may have, and how long each may be in bytes.
const PATTERNS: usize = 100;
const PATTERN: usize = 500;

/// Keywords whose value is a schema, or a list of them.
const SCHEMAS: [&str; 16] = [
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "oneOf",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is an object of schemas.
const NAMED: [&str; 6] = [
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
/// Keywords that lead elsewhere by other means than a path from the root.
const ELSEWHERE: [&str; 6] = [
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$id",
    "$recursiveAnchor",
    "$recursiveRef",
];

/// Checks that a schema's work has a bound.
///
/// # Errors
/// What has none, as a clause that follows "the plugin's values schema".
pub(super) fn check(schema: &Value) -> Result<(), String> {
    let mut walk = SchemaWalk {
        root: schema,
        known: BTreeMap::new(),
        patterns: 0,
    };
    walk.schema(schema, 0).map(drop)
}

/// What a part of a schema comes to.
#[derive(Clone, Copy)]
struct Size {
    /// Itself and all below, references written out.
    parts: usize,
    /// How deep it goes.
    height: usize,
}

struct SchemaWalk<'a> {
    root: &'a Value,
    /// What references led to; `None` while that is still being walked.
    known: BTreeMap<&'a str, Option<Size>>,
    patterns: usize,
}

impl<'a> SchemaWalk<'a> {
    fn schema(&mut self, schema: &'a Value, depth: usize) -> Result<Size, String> {
        // On the way down: what is only counted on the way up has used the stack by then.
        not_deeper(depth)?;
        let mut size = Size {
            parts: 1,
            height: 0,
        };
        let Value::Object(keywords) = schema else {
            return plain(schema, depth);
        };
        for (keyword, value) in keywords {
            let part = self.keyword(keyword, value, depth + 1)?;
            add(&mut size, part, depth)?;
        }
        Ok(size)
    }

    fn keyword(&mut self, keyword: &str, value: &'a Value, depth: usize) -> Result<Size, String> {
        match value {
            Value::Object(named) if NAMED.contains(&keyword) => {
                if keyword == "patternProperties" {
                    named.keys().try_for_each(|pattern| self.pattern(pattern))?;
                }
                self.all(named.values(), depth)
            }
            Value::Array(list) if SCHEMAS.contains(&keyword) => self.all(list, depth),
            Value::Object(_) if SCHEMAS.contains(&keyword) => self.schema(value, depth),
            Value::String(pattern) if keyword == "pattern" => {
                self.pattern(pattern)?;
                plain(value, depth)
            }
            Value::String(reference) if keyword == "$ref" => self.reference(reference, depth),
            Value::String(_) | Value::Bool(_)
                if ELSEWHERE.contains(&keyword) && (keyword, depth) != ("$id", 1) =>
            {
                Err(format!(
                    "uses \"{keyword}\"; write \"$ref\" with a path from the root"
                ))
            }
            // An older draft's name for the same.
            Value::String(_) if keyword == "id" && depth > 1 => {
                Err("has an \"id\" within; write \"$ref\" with a path from the root".to_owned())
            }
            other => plain(other, depth),
        }
    }

    fn all(
        &mut self,
        schemas: impl IntoIterator<Item = &'a Value>,
        depth: usize,
    ) -> Result<Size, String> {
        let mut size = Size {
            parts: 1,
            height: 0,
        };
        for schema in schemas {
            let part = self.schema(schema, depth + 1)?;
            add(&mut size, part, depth)?;
        }
        Ok(size)
    }

    fn reference(&mut self, reference: &'a str, depth: usize) -> Result<Size, String> {
        match self.known.get(reference) {
            Some(Some(known)) => return Ok(*known),
            Some(None) => {
                return Err(format!(
                    "has a \"$ref\" that leads back to itself: {}",
                    shown(reference)
                ));
            }
            None => {}
        }
        let target = reference
            .strip_prefix('#')
            .filter(|path| path.is_empty() || path.starts_with('/'))
            .filter(|path| !path.contains('%'))
            .and_then(|path| self.root.pointer(path));
        let Some(target) = target else {
            return Err(format!(
                "is no valid JSON schema: the \"$ref\" {} is no path from the root such as #/$defs/size",
                shown(reference)
            ));
        };
        self.known.insert(reference, None);
        let size = self.schema(target, depth + 1)?;
        self.known.insert(reference, Some(size));
        Ok(size)
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        self.patterns += 1;
        if self.patterns > PATTERNS || pattern.len() > PATTERN {
            return Err(format!(
                "has a pattern of more than {PATTERN} bytes, or more than {PATTERNS} patterns"
            ));
        }
        Ok(())
    }
}

/// The size of what is no schema.
fn plain(value: &Value, depth: usize) -> Result<Size, String> {
    not_deeper(depth)?;
    let mut size = Size {
        parts: 1,
        height: 0,
    };
    let mut take = |value| -> Result<(), String> {
        let part = plain(value, depth + 1)?;
        add(&mut size, part, depth)
    };
    match value {
        Value::Array(list) => list.iter().try_for_each(&mut take)?,
        Value::Object(map) => Map::values(map).try_for_each(&mut take)?,
        _ => {}
    }
    Ok(size)
}

fn add(size: &mut Size, part: Size, depth: usize) -> Result<(), String> {
    size.parts = size.parts.saturating_add(part.parts);
    size.height = size.height.max(part.height + 1);
    if size.parts > PARTS {
        return Err(format!(
            "has more than {PARTS} parts once every \"$ref\" is written out"
        ));
    }
    not_deeper(depth + size.height)
}

fn not_deeper(depth: usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(format!("goes deeper than {DEPTH}"));
    }
    Ok(())
}

fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(80).collect::<String>())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::*;

    /// `pairs` definitions, each of which refers to the next one twice.
    fn doubling(pairs: usize, keyword: &str) -> Value {
        let mut defs = Map::new();
        for number in 0..pairs {
            let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
            defs.insert(format!("d{number}"), json!({ keyword: [next, next] }));
        }
        defs.insert(format!("d{pairs}"), json!({ "type": "object" }));
        json!({ "$ref": "#/$defs/d0", "$defs": defs })
    }

    #[test]
    fn ordinary_schemas_are_bounded() {
        check(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://example.com/it",
            "type": "object",
            "properties": {
                "id": { "type": "string", "pattern": "^[a-z]+$" },
                "$ref": { "$ref": "#/$defs/size" },
                "default": { "const": { "$ref": "#/nowhere", "$id": "x" } },
                "size": { "$ref": "#/$defs/size", "examples": [{ "id": "a" }] },
            },
            "patternProperties": { "^x-": true },
            "additionalProperties": false,
            "$defs": { "size": { "anyOf": [{ "type": "string" }, { "type": "null" }] } },
        }))
        .unwrap();
        check(&doubling(6, "allOf")).unwrap();
    }

    #[test]
    fn what_multiplies_is_refused() {
        for keyword in ["allOf", "anyOf", "oneOf", "prefixItems", "items"] {
            let said = check(&doubling(16, keyword)).unwrap_err();
            assert!(said.contains("more than 10000 parts"), "{keyword}: {said}");
        }
        let chain = |number: usize| json!({ "properties": { "a": { "$ref": format!("#/$defs/d{number}") } } });
        let defs: Map<String, Value> = (0..5_000)
            .map(|n| (format!("d{n}"), chain(n + 1)))
            .collect();
        let said = check(&json!({ "$ref": "#/$defs/d0", "$defs": defs })).unwrap_err();
        assert!(said.contains("deeper than 128"), "{said}");
    }

    #[test]
    fn what_leads_back_or_elsewhere_is_refused() {
        for (schema, wanted) in [
            (
                json!({ "properties": { "a": { "$ref": "#" } } }),
                "leads back",
            ),
            (json!({ "allOf": [{ "$ref": "#/allOf/0" }] }), "leads back"),
            (
                json!({ "$ref": "#/$defs/a", "$defs": { "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "items": { "$ref": "#/$defs/a" } } } }),
                "leads back",
            ),
            (
                json!({ "$ref": "#a", "$defs": { "a": { "$anchor": "a" } } }),
                "$anchor",
            ),
            (
                json!({ "$ref": "https://example.com/x" }),
                "no path from the root",
            ),
            (
                json!({ "$ref": "#/%24defs/a", "$defs": { "a": {} } }),
                "no path from the root",
            ),
            (
                json!({ "properties": { "a": { "$dynamicRef": "#a" } } }),
                "$dynamicRef",
            ),
            (json!({ "$recursiveRef": "#" }), "$recursiveRef"),
            (
                json!({ "properties": { "a": { "$id": "b", "$ref": "#/x" } } }),
                "\"$id\"",
            ),
            (json!({ "properties": { "a": { "id": "b" } } }), "\"id\""),
            (json!({ "pattern": "a".repeat(501) }), "pattern"),
        ] {
            let said = check(&schema).unwrap_err();
            assert!(said.contains(wanted), "{schema}: {said}");
        }
    }
}
