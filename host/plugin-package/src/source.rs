//! An app's folder, read into the parts of a plugin file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use deploycenter_domain::declaration::Manifest;
use deploycenter_domain::name::AppName;
use serde::Deserialize;
use serde_json::Value;

use crate::{API_VERSION, GRANTS, PackageError};

/// Everything of a plugin file but its code.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// From `plugin.toml`.
    pub manifest: Manifest,
    /// `schema.json`.
    pub schema: Value,
    /// `values.yaml`, as written.
    pub values: String,
    /// The app's templates by path under `templates/`, and the shared ones as
    /// `shared/<path>`.
    pub templates: BTreeMap<String, String>,
    /// The chart's files by path under `chart/`.
    pub chart: BTreeMap<String, String>,
}

/// `plugin.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PluginToml {
    app: AppName,
    version: String,
    description: String,
    grants: Vec<String>,
    #[serde(default)]
    data_versions: BTreeMap<String, String>,
    migration: Option<String>,
}

impl Source {
    /// Reads an app's folder, and the templates that apps share from theirs.
    ///
    /// # Errors
    /// What can't be read or isn't what it should be, by path.
    pub fn read(app: &Path, shared: &Path) -> Result<Self, PackageError> {
        let path = app.join("plugin.toml");
        let bad = |reason: String| PackageError::Bad {
            path: path.clone(),
            reason,
        };
        let toml: PluginToml =
            toml::from_str(&text(&path)?).map_err(|error| bad(error.to_string()))?;
        let mut grants = toml.grants;
        grants.sort();
        grants.dedup();
        if let Some(unknown) = grants
            .iter()
            .find(|grant| !GRANTS.contains(&grant.as_str()))
        {
            return Err(bad(format!(
                "\"{unknown}\" is no grant; there are {}",
                GRANTS.join(", ")
            )));
        }
        let schema_path = app.join("schema.json");
        let schema: Value =
            serde_json::from_str(&text(&schema_path)?).map_err(|error| PackageError::Bad {
                path: schema_path.clone(),
                reason: error.to_string(),
            })?;
        let mut templates = folder(&app.join("templates"))?;
        for (name, source) in folder(shared)? {
            templates.insert(format!("shared/{name}"), source);
        }
        Ok(Self {
            manifest: Manifest {
                app: toml.app,
                version: toml.version,
                api_version: API_VERSION.to_owned(),
                description: toml.description,
                grants,
                data_versions: toml.data_versions,
                migration: toml.migration,
            },
            schema,
            values: text(&app.join("values.yaml"))?,
            templates,
            chart: folder(&app.join("chart"))?,
        })
    }
}

fn text(path: &Path) -> Result<String, PackageError> {
    let bytes = fs::read(path).map_err(|source| PackageError::Read {
        path: path.to_owned(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|_| PackageError::Bad {
        path: path.to_owned(),
        reason: "is no UTF-8 text".to_owned(),
    })
}

/// All files below a folder by their path in it, with `/` on every system. A folder that
/// isn't there has none; what editors and file managers leave behind is passed over.
fn folder(root: &Path) -> Result<BTreeMap<String, String>, PackageError> {
    let mut files = BTreeMap::new();
    if root.is_dir() {
        walk(root, "", &mut files)?;
    }
    Ok(files)
}

fn walk(
    folder: &Path,
    prefix: &str,
    files: &mut BTreeMap<String, String>,
) -> Result<(), PackageError> {
    let failed = |source| PackageError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| PackageError::Bad {
                path: path.clone(),
                reason: "its name is no UTF-8 text".to_owned(),
            })?;
        if name == ".DS_Store" || name.ends_with('~') || name.ends_with(".swp") {
            continue;
        }
        let name = format!("{prefix}{name}");
        // Not following links: a link could lead out of the app's folder.
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            walk(&path, &format!("{name}/"), files)?;
        } else if kind.is_file() {
            files.insert(name, text(&path)?);
        } else {
            return Err(PackageError::Bad {
                path,
                reason: "is neither a file nor a folder".to_owned(),
            });
        }
    }
    Ok(())
}
