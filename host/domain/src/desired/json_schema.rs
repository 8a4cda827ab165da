//! JSON schemas (draft 2020-12) of the desired state's files, so that editors complete and
//! check what people write. They say what one file alone can get wrong; `read` and the
//! apps' own checks remain the judges.
//!
//! A schema takes all that the parser takes, but for a single value left empty (`region:`),
//! which the parser counts as not written. It refuses what the parser refuses by shape.

mod customers;
mod forms;
mod known;
mod regions;
mod settings;
#[cfg(test)]
mod tests;
mod values;

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value, json};

pub use known::{AppValues, Known};

use super::file;
use super::suggest::did_you_mean;
use crate::name::AppName;
use crate::remedy::{Advice, Remedy};

/// The folder of a deployment repo that holds the schemas.
pub const FOLDER: &str = "schemas";

/// The dialect that they are written in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Which file a schema is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SchemaKind {
    /// `customers.yaml`.
    Customers,
    /// A file of `customers.d/`.
    Customer,
    /// `regions.yaml`.
    Regions,
    /// A file of `environments/`.
    Environment,
    /// `overrides/<app>/values.yaml`.
    Overrides(AppName),
    /// `plugins.lock`.
    Plugins,
    /// `deploycenter.toml`.
    Settings,
}

/// A text that names no schema. `Display` is a sentence for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no schema \"{text}\"")]
pub struct UnknownKind {
    text: String,
    /// What might have been meant.
    pub help: Option<String>,
}

impl SchemaKind {
    /// Those whose name holds no app, in the order in which they are listed.
    const PLAIN: [Self; 6] = [
        Self::Customers,
        Self::Customer,
        Self::Regions,
        Self::Environment,
        Self::Plugins,
        Self::Settings,
    ];

    /// Every schema that a deployment repo with these apps has.
    #[must_use]
    pub fn all(known: &Known) -> Vec<Self> {
        let mut kinds = Self::PLAIN.to_vec();
        let apps = known.apps.iter().flat_map(|apps| apps.keys());
        kinds.extend(apps.cloned().map(Self::Overrides));
        kinds
    }

    /// Where it lies in a deployment repo: `schemas/customers.json`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{FOLDER}/{}.json", self.to_string().replace('/', "-"))
    }

    /// The file or files that it is for, as people name them.
    #[must_use]
    pub fn describes(&self) -> String {
        match self {
            Self::Customers => file::CUSTOMERS.to_owned(),
            Self::Customer => format!("{}<customer>.yaml", file::CUSTOMERS_FOLDER),
            Self::Regions => file::REGIONS.to_owned(),
            Self::Environment => "environments/<environment>.yaml".to_owned(),
            Self::Overrides(app) => format!("overrides/{app}/values.yaml"),
            Self::Plugins => file::PLUGINS.to_owned(),
            Self::Settings => file::SETTINGS.to_owned(),
        }
    }

    /// The schema of a file of the desired state, by its path; `None`: it has none.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let yaml_in = |folder: &str| super::shared::stem(path, folder).is_some();
        if let Some(rest) = path.strip_prefix("overrides/") {
            let app = rest.strip_suffix("/values.yaml")?;
            return app.parse().ok().map(Self::Overrides);
        }
        match path {
            file::CUSTOMERS => Some(Self::Customers),
            file::REGIONS => Some(Self::Regions),
            file::PLUGINS => Some(Self::Plugins),
            file::SETTINGS => Some(Self::Settings),
            _ if yaml_in(file::CUSTOMERS_FOLDER) => Some(Self::Customer),
            _ if yaml_in("environments/") => Some(Self::Environment),
            _ => None,
        }
    }
}

impl fmt::Display for SchemaKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Customers => "customers",
            Self::Customer => "customer",
            Self::Regions => "regions",
            Self::Environment => "environment",
            Self::Overrides(app) => return write!(f, "overrides/{app}"),
            Self::Plugins => "plugins",
            Self::Settings => "settings",
        })
    }
}

impl FromStr for SchemaKind {
    type Err = UnknownKind;
    /// Takes the schema's name, or the path of a file that it is for.
    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        if let Some(app) = text.strip_prefix("overrides/")
            && let Ok(app) = app.parse()
        {
            return Ok(Self::Overrides(app));
        }
        let names = Self::PLAIN.map(|kind| kind.to_string());
        Self::PLAIN
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .or_else(|| Self::of_path(text))
            .ok_or_else(|| UnknownKind {
                text: text.chars().take(80).collect(),
                help: did_you_mean(
                    text,
                    names.iter().map(String::as_str).chain(["overrides/<app>"]),
                ),
            })
    }
}

/// The line that tells an editor which schema a file has, to stand above all others in it;
/// `None`: the file has no schema. YAML's language server and Taplo read these lines.
#[must_use]
pub fn reference(path: &str) -> Option<String> {
    let schema = SchemaKind::of_path(path)?.path();
    let up = "../".repeat(path.matches('/').count());
    Some(match path.rsplit_once('.') {
        Some((_, "yaml")) => format!("# yaml-language-server: $schema={up}{schema}\n"),
        _ => format!("#:schema ./{up}{schema}\n"),
    })
}

/// How whoever makes schemas words the ways out that stand in them.
pub type SchemaWords = fn(&Advice) -> String;

/// Makes a schema. `None`: it is for an app that isn't known.
#[must_use]
pub fn json_schema(kind: &SchemaKind, known: &Known, words: SchemaWords) -> Option<Value> {
    let mut root = match kind {
        SchemaKind::Customers => customers::all(known, words),
        SchemaKind::Customer => customers::one(known, words),
        SchemaKind::Regions => regions::schema(),
        SchemaKind::Environment => customers::environment(known),
        SchemaKind::Overrides(app) => {
            let values = known.apps.as_ref()?.get(app)?;
            customers::overrides(app, values, known)
        }
        SchemaKind::Plugins => settings::plugins(),
        SchemaKind::Settings => settings::settings(),
    };
    root.insert("$schema".to_owned(), DIALECT.into());
    let made = "Made by DeployCenter. After a change of plugins, regions or environments: ";
    let comment = words(&(made, Remedy::RenewSchemas).into());
    root.insert("$comment".to_owned(), comment.into());
    Some(Value::Object(root))
}

/// A schema as the text of a file.
#[must_use]
pub fn text(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// A map with these keys and no others.
fn object(
    title: &str,
    description: &str,
    required: &[&str],
    properties: Value,
) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("title".to_owned(), title.into());
    object.insert("description".to_owned(), description.into());
    object.insert("type".to_owned(), "object".into());
    object.insert("additionalProperties".to_owned(), false.into());
    if !required.is_empty() {
        object.insert("required".to_owned(), json!(required));
    }
    object.insert("properties".to_owned(), properties);
    object
}

/// A schema with a title and a description.
fn described(mut schema: Value, title: &str, description: &str) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert("title".to_owned(), title.into());
        schema.insert("description".to_owned(), description.into());
    }
    schema
}

/// A schema with another keyword.
fn with(mut schema: Value, keyword: &str, value: impl Into<Value>) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert(keyword.to_owned(), value.into());
    }
    schema
}

/// The `version` of a file's layout.
fn version() -> Value {
    json!({
        "title": "Version",
        "description": "The version of this file's layout: 1.",
        "type": "integer",
        "const": 1,
    })
}
