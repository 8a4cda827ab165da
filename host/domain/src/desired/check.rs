//! Merged values against an app's schema and its own check, to the line of the key.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::layer::Place;
use super::merge::Merged;
use super::node::{dotted, join};
use super::suggest::did_you_mean;
use crate::declaration::Violation;
use crate::problem::Problem;

/// How long a value of the author's may be in a message.
const SHOWN: usize = 60;

/// A schema that isn't one: the plugin's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin's values schema is no valid JSON schema: {0}")]
pub struct SchemaError(String);

/// A compiled JSON schema of an app's values.
#[derive(Debug)]
pub struct Schema {
    validator: Validator,
    schema: Value,
}

impl Schema {
    /// Compiles a schema. It comes from a plugin, so nothing outside of it is fetched and
    /// its patterns run in linear time.
    ///
    /// # Errors
    /// When it is no valid schema, or refers to something outside.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex().size_limit(1 << 20))
            .build(schema)
            .map_err(|error| SchemaError(error.to_string()))?;
        Ok(Self {
            validator,
            schema: schema.clone(),
        })
    }

    /// What is wrong with merged values. `instance` is where the instance was written: the
    /// place of what isn't written anywhere.
    #[must_use]
    pub fn problems(&self, merged: &Merged, instance: &Place) -> Vec<Problem> {
        let value = merged.to_value();
        let mut found: Vec<Problem> = self
            .validator
            .iter_errors(&value)
            .flat_map(|error| self.explain(&error, merged))
            .collect();
        for problem in &mut found {
            place(problem, instance);
        }
        found.sort();
        found.dedup();
        found
    }

    fn explain(&self, error: &ValidationError<'_>, merged: &Merged) -> Vec<Problem> {
        let pointer = error.instance_path().as_str().to_owned();
        let name = dotted(&pointer);
        let written = error.instance();
        let one = |message: String, help: Option<String>| {
            let mut problem = merged.problem(&pointer, message);
            problem.help = help;
            vec![problem]
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.properties(error);
                unexpected
                    .iter()
                    .map(|key| {
                        let pointer = join(&pointer, key);
                        let mut problem = merged
                            .problem(&pointer, format!("unknown value \"{}\"", dotted(&pointer)));
                        problem.help = did_you_mean(key, known.iter().map(String::as_str));
                        problem
                    })
                    .collect()
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<String> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(plain)
                    .collect();
                let help = match &**written {
                    // `version: 18.0` without quotes is a number.
                    Value::Number(number) if options.contains(&number.to_string()) => {
                        Some(format!("put it in double quotes: \"{number}\""))
                    }
                    Value::String(text) => did_you_mean(text, options.iter().map(String::as_str)),
                    _ => None,
                };
                one(
                    format!(
                        "\"{name}\" is {}, and must be one of {}",
                        shown(written),
                        options.join(", ")
                    ),
                    help,
                )
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(kind) => word(&kind.to_string()).to_owned(),
                    TypeKind::Multiple(kinds) => kinds
                        .iter()
                        .map(|kind| word(&kind.to_string()).to_owned())
                        .collect::<Vec<_>>()
                        .join(" or "),
                };
                let help = type_help(&wanted, written);
                one(
                    format!("\"{name}\" must be {wanted}, not {}", shown(written)),
                    help,
                )
            }
            ValidationErrorKind::Required { property } => {
                let key = plain(property);
                let message = if name.is_empty() {
                    format!("the value \"{key}\" is missing")
                } else {
                    format!("\"{name}\" has no \"{key}\"")
                };
                // A customer's map replaces the app's whole.
                let help = (!name.is_empty()).then(|| {
                    format!(
                        "a first-level key replaces the app's whole; write all of \"{}\" out",
                        name.split('.').next().unwrap_or(&name)
                    )
                });
                one(message, help)
            }
            ValidationErrorKind::Pattern { .. } | ValidationErrorKind::Format { .. } => {
                let (title, help) = self.annotation(error);
                one(
                    format!("\"{name}\" is {}, which isn't {title}", shown(written)),
                    help,
                )
            }
            ValidationErrorKind::Minimum { limit } => one(
                format!(
                    "\"{name}\" is {}, and must be at least {limit}",
                    shown(written)
                ),
                None,
            ),
            ValidationErrorKind::Maximum { limit } => one(
                format!(
                    "\"{name}\" is {}, and must be at most {limit}",
                    shown(written)
                ),
                None,
            ),
            _ => one(format!("\"{name}\": {}", clip(&error.to_string())), None),
        }
    }

    /// The keys that the schema knows where an unknown one was found.
    fn properties(&self, error: &ValidationError<'_>) -> Vec<String> {
        self.around(error)
            .and_then(|schema| schema.get("properties"))
            .and_then(Value::as_object)
            .map(|properties| properties.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// What the schema says the text should be, and its examples.
    fn annotation(&self, error: &ValidationError<'_>) -> (String, Option<String>) {
        let around = self.around(error);
        let format = match error.kind() {
            ValidationErrorKind::Format { format } => Some(format!("a valid {format}")),
            _ => None,
        };
        let title = format.unwrap_or_else(|| "of the right form".to_owned());
        let examples = around
            .and_then(|schema| schema.get("examples"))
            .and_then(Value::as_array);
        let help = examples
            .filter(|examples| !examples.is_empty())
            .map(|examples| {
                format!(
                    "for example {}",
                    examples.iter().map(plain).collect::<Vec<_>>().join(", ")
                )
            })
            .or_else(|| {
                let description = around.and_then(|schema| schema.get("description"));
                description.and_then(Value::as_str).map(str::to_owned)
            });
        (title, help)
    }

    /// The schema object that holds the keyword which failed.
    fn around(&self, error: &ValidationError<'_>) -> Option<&Value> {
        let path = error.schema_path().as_str();
        let (parent, _) = path.rsplit_once('/')?;
        self.schema.pointer(parent)
    }
}

/// A problem that the app's own check found, at its place; `instance` is where the
/// instance was written.
#[must_use]
pub fn violation_problem(violation: &Violation, merged: &Merged, instance: &Place) -> Problem {
    let mut problem = merged.problem(&violation.pointer, clip(&violation.message));
    place(&mut problem, instance);
    problem
}

fn place(problem: &mut Problem, instance: &Place) {
    if problem.file.is_none() {
        problem.file = Some(instance.file.clone());
        problem.line = Some(instance.line);
        problem.column = Some(instance.column);
    }
}

fn type_help(wanted: &str, written: &Value) -> Option<String> {
    match written {
        Value::String(text) if wanted == "true or false" => {
            match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" => Some("write true".to_owned()),
                "no" | "off" | "n" => Some("write false".to_owned()),
                _ => None,
            }
        }
        Value::String(text) if wanted.contains("number") && text.parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: {text}"))
        }
        Value::Number(_) | Value::Bool(_) if wanted == "text" => {
            Some(format!("put it in double quotes: \"{written}\""))
        }
        _ => None,
    }
}

/// JSON schema's types in the words of the other messages.
fn word(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        "null" => "nothing",
        other => other,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value in a message: short ones as written, lists and maps by kind.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
        other => clip(&other.to_string()),
    }
}

fn clip(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    match text.char_indices().nth(SHOWN * 4) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
