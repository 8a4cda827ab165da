//! Merged values against an app's schema and its own check, to the line of the key.

use std::collections::BTreeSet;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;

use super::bounds;
use super::layer::Place;
use super::merge::{LayerKind, Merged, ValueOrigin};
use super::node::{dotted, join};
use super::regions::Region;
use super::suggest::{few, nearest};
use super::value_formats;
use crate::declaration::Violation;
use crate::escape;
use crate::problem::Problem;
use crate::remedy::Advice;

/// How long a value of the author's may be in a message.
const SHOWN: usize = 60;

/// How many errors of one instance's values are looked at.
const ERRORS: usize = 200;

/// The largest that a compiled pattern may be, and what it may take while it runs, in bytes.
const PATTERN_SIZE: usize = 256 << 10;

/// The code by which plugins say that a cluster lacks an add-on.
const MISSING_ADDON: &str = "missing-addon";

/// A schema that isn't one, or whose work has no bound: the plugin's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plugin's values schema {0}")]
pub struct SchemaError(String);

impl SchemaError {
    /// The sentence without its subject.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0
    }
}

/// Something in the values that the schema doesn't take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What, and where it was written.
    pub problem: Problem,
    /// Where in the merged values: a JSON pointer.
    pub pointer: String,
}

impl Fault {
    /// Whether a JSON pointer leads to it, into it or to what holds it.
    #[must_use]
    pub fn touches(&self, pointer: &str) -> bool {
        let within = |inner: &str, outer: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        within(pointer, &self.pointer) || (!pointer.is_empty() && within(&self.pointer, pointer))
    }
}

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
    /// When it is no valid schema, refers to something outside, or has no bound on the work
    /// that it makes.
    pub fn new(schema: &Value) -> Result<Self, SchemaError> {
        Self::check_bounds(schema)?;
        let patterns = PatternOptions::regex()
            .size_limit(PATTERN_SIZE)
            .dfa_size_limit(PATTERN_SIZE);
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(schema)
            .map_err(|error| {
                let why = escape::shown(&error.to_string());
                SchemaError(format!("is no valid JSON schema: {why}"))
            })?;
        Ok(Self {
            validator,
            schema: schema.clone(),
        })
    }

    /// Checks that the work a schema makes has a bound, without compiling it.
    ///
    /// # Errors
    /// What has none.
    pub fn check_bounds(schema: &Value) -> Result<(), SchemaError> {
        bounds::check(schema).map_err(SchemaError)
    }

    /// What is wrong with merged values. `instance` is where the instance was written: the
    /// place of what isn't written anywhere.
    #[must_use]
    pub fn problems(&self, merged: &Merged, instance: &Place) -> Vec<Problem> {
        self.faults(merged, instance)
            .into_iter()
            .map(|fault| fault.problem)
            .collect()
    }

    /// The same, with where in the values each is.
    #[must_use]
    pub fn faults(&self, merged: &Merged, instance: &Place) -> Vec<Fault> {
        let value = merged.to_value();
        let errors: Vec<ValidationError<'_>> =
            self.validator.iter_errors(&value).take(ERRORS).collect();
        let words: BTreeSet<&str> = errors
            .iter()
            .filter(|error| matches!(error.kind(), ValidationErrorKind::Enum { .. }))
            .map(|error| error.instance_path().as_str())
            .collect();
        let meant: BTreeSet<String> = errors.iter().flat_map(|error| self.meant(error)).collect();
        let mut found: Vec<Fault> = errors
            .iter()
            .filter(|error| match error.kind() {
                // A key that was misspelled isn't missing as well.
                ValidationErrorKind::Required { property } => {
                    !meant.contains(&join(error.instance_path().as_str(), &plain(property)))
                }
                // What the words are says what kind they are.
                ValidationErrorKind::Type { .. } => !words.contains(error.instance_path().as_str()),
                _ => true,
            })
            .flat_map(|error| {
                let whole = error.instance_path().as_str().to_owned();
                let unexpected = match error.kind() {
                    ValidationErrorKind::AdditionalProperties { unexpected }
                    | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                        unexpected.iter().map(|key| join(&whole, key)).collect()
                    }
                    _ => Vec::new(),
                };
                let problems = self.explain(error, merged).into_iter();
                let pointers = unexpected.into_iter().chain(std::iter::repeat(whole));
                problems
                    .zip(pointers)
                    .map(|(problem, pointer)| Fault { problem, pointer })
                    .collect::<Vec<_>>()
            })
            .collect();
        for wrong in value_formats::wrong(&self.schema, &value) {
            let pointer = wrong.pointer;
            // What isn't of the right form at all is said by its pattern, unless what was meant
            // is known.
            if wrong.help.is_none() {
                found.retain(|fault| fault.pointer != pointer);
            }
            if found.iter().all(|fault| fault.pointer != pointer) {
                let mut problem = merged.problem(&pointer, clip(&wrong.message));
                problem.help = wrong.help.map(Advice::from);
                found.push(Fault { problem, pointer });
            }
        }
        found.extend(self.unknown_dropped(merged));
        for fault in &mut found {
            place(&mut fault.problem, instance);
        }
        found.sort();
        found.dedup();
        found
    }

    /// Values as plugins get them: each text of the format `quantity` in Kubernetes' canonical
    /// form, so that what is made of it stays as it is written wherever it is read and
    /// written again.
    #[must_use]
    pub fn canonical(&self, values: Value) -> Value {
        value_formats::canonical(&self.schema, values)
    }

    /// Keys that a `null` drops and that the app never had: most likely slips.
    fn unknown_dropped(&self, merged: &Merged) -> Vec<Fault> {
        if merged.dropped.is_empty() {
            return Vec::new();
        }
        let value = merged.with_dropped();
        let errors = self.validator.iter_errors(&value).take(ERRORS);
        errors
            .filter(|error| error.instance_path().as_str().is_empty())
            .filter_map(|error| match error.kind() {
                ValidationErrorKind::AdditionalProperties { unexpected }
                | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                    let known = self.properties(&error);
                    Some((unexpected.clone(), known))
                }
                _ => None,
            })
            .flat_map(|(unexpected, known)| {
                let dropped = unexpected
                    .into_iter()
                    .filter(|key| merged.dropped.contains_key(key));
                dropped
                    .map(|key| {
                        let pointer = join("", &key);
                        let problem = unknown(merged, &pointer, &key, &known);
                        Fault { problem, pointer }
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    fn explain(&self, error: &ValidationError<'_>, merged: &Merged) -> Vec<Problem> {
        let pointer = error.instance_path().as_str().to_owned();
        let name = dotted(&pointer);
        let written = error.instance();
        let one = |message: String, help: Option<String>| {
            let mut problem = merged.problem(&pointer, message);
            problem.help = help.map(Advice::from);
            vec![problem]
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let known = self.properties(error);
                unexpected
                    .iter()
                    .map(|key| unknown(merged, &join(&pointer, key), key, &known))
                    .collect()
            }
            ValidationErrorKind::Enum { options } => {
                let options: Vec<String> = options
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(plain)
                    .collect();
                let message = format!(
                    "\"{name}\" is {}, and must be one of {}",
                    shown(written),
                    few(&options)
                );
                let mut problem = merged.problem(&pointer, message);
                match &**written {
                    Value::Number(number) => {
                        if let Some(meant) = quoted_number(number, &options) {
                            let help = format!("put it in double quotes: \"{meant}\"");
                            problem.help = Some(help.into());
                        }
                    }
                    Value::String(text) => {
                        problem = problem.suggest(text, options.iter().map(String::as_str));
                        problem.help = None;
                    }
                    _ => {}
                }
                vec![problem]
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
            // What is missing may be what was refused.
            ValidationErrorKind::Required { .. } if merged.is_partial() => Vec::new(),
            ValidationErrorKind::Required { property } => {
                let key = plain(property);
                let message = if name.is_empty() {
                    format!("the value \"{key}\" is missing")
                } else {
                    format!("\"{name}\" has no \"{key}\"")
                };
                if name.is_empty() && merged.dropped.contains_key(&key) {
                    let message = format!("\"{key}\" can't be dropped: the app needs it");
                    let help = "give a value instead of null, or take the line out, and what the layers below give stays";
                    return vec![merged.problem(&join("", &key), message).help(help)];
                }
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
            ValidationErrorKind::MinLength { limit } => one(
                format!("\"{name}\" is shorter than {}", characters(*limit)),
                None,
            ),
            ValidationErrorKind::MaxLength { limit } => one(
                format!("\"{name}\" is longer than {}", characters(*limit)),
                None,
            ),
            ValidationErrorKind::MinItems { limit } => {
                one(format!("\"{name}\" has fewer than {limit} items"), None)
            }
            ValidationErrorKind::MaxItems { limit } => {
                one(format!("\"{name}\" has more than {limit} items"), None)
            }
            ValidationErrorKind::UniqueItems => one(
                format!("\"{name}\" holds an item twice"),
                Some("take one of them out".to_owned()),
            ),
            ValidationErrorKind::Constant { expected_value } => one(
                format!(
                    "\"{name}\" is {}, and must be {}",
                    shown(written),
                    shown(expected_value)
                ),
                None,
            ),
            ValidationErrorKind::Not { .. } => one(
                format!("\"{name}\" is {}, which isn't taken", shown(written)),
                self.annotation(error).1,
            ),
            _ => one(format!("\"{name}\": {}", clip(&error.to_string())), None),
        }
    }

    /// The keys that unknown ones are slips for, as JSON pointers.
    fn meant(&self, error: &ValidationError<'_>) -> Vec<String> {
        let (ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected }) = error.kind()
        else {
            return Vec::new();
        };
        let known = self.properties(error);
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let meant = unexpected.iter().filter_map(|key| nearest(key, &known));
        meant
            .map(|key| join(error.instance_path().as_str(), key))
            .collect()
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
/// instance was written, and `region` where it runs: that is where an add-on is missing
/// which no value asks for.
#[must_use]
pub fn violation_problem(
    violation: &Violation,
    merged: &Merged,
    instance: &Place,
    region: &Region,
) -> Problem {
    if violation.code == MISSING_ADDON && violation.pointer.is_empty() {
        return Problem::new(clip(&violation.message))
            .in_file(&region.at.file)
            .at(region.at.line, region.at.column)
            .on(format!("/regions/{}/addons", region.name));
    }
    let message = clip(&violation.message);
    // The app's own value is sound by itself: it is the instance that has to say another, or
    // to change what doesn't go with it.
    let app = merged
        .origin(&violation.pointer)
        .filter(|origin| origin.layer == LayerKind::App);
    if let Some(ValueOrigin { file, line, .. }) = app {
        let key = dotted(&violation.pointer);
        return Problem::new(message)
            .in_file(&instance.file)
            .at(instance.line, instance.column)
            .on(&violation.pointer)
            .help(format!(
                "{key} is the app's own value ({file}:{line}); give another here"
            ));
    }
    let mut problem = merged.problem(&violation.pointer, message);
    place(&mut problem, instance);
    problem
}

/// A key that the schema doesn't know.
fn unknown(merged: &Merged, pointer: &str, key: &str, known: &[String]) -> Problem {
    merged
        .problem(pointer, format!("unknown value \"{}\"", dotted(pointer)))
        .suggest(key, known.iter().map(String::as_str))
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
        Value::Null => {
            Some("write a value or take the line out: null drops first-level keys alone".to_owned())
        }
        _ => None,
    }
}

/// The option that a number is when it is put in quotes. `18.0` and `18` are one number
/// to a reader of YAML.
fn quoted_number<'a>(number: &serde_json::Number, options: &'a [String]) -> Option<&'a String> {
    let text = number.to_string();
    options.iter().find(|option| **option == text).or_else(|| {
        options
            .iter()
            .find(|option| option.parse().ok() == number.as_f64())
    })
}

fn characters(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} character{plural}")
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
