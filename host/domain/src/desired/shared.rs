//! What instances share: `environments/<env>.yaml`, `overrides/<app>/values.yaml` and
//! `overrides/<app>/templates/…`.

use std::collections::BTreeMap;

use super::layer::Layer;
use super::lockfile::relative_path;
use super::node::{Spot, join};
use super::reader::Reader;
use super::{secrets, suggest, text, yaml};
use crate::name::{AppName, EnvironmentName};
use crate::problem::Problem;

/// Known without a file.
pub(super) const ENVIRONMENTS: [&str; 3] = ["dev", "prod", "staging"];

/// An app's shared values and templates.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides {
    /// `values.yaml`.
    pub values: Option<Layer>,
    /// Texts by name: the path below `templates/`.
    pub templates: BTreeMap<String, String>,
}

/// What environments change, by environment and app.
pub type Environments = BTreeMap<EnvironmentName, BTreeMap<AppName, Layer>>;

/// The name in `environments/<name>.yaml`; `None`: no such path.
pub(super) fn stem<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    path.strip_prefix(folder)?
        .strip_suffix(".yaml")
        .filter(|stem| !stem.contains('/'))
}

/// Whether a file below the places of the desired state is there for people or tools.
pub(super) fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
        || path
            .rsplit('/')
            .next()
            .is_some_and(|name| name == "README.md" || name == "CODEOWNERS")
}

/// Reads `environments/`. `apps` are the known apps, or `None` where that isn't known.
pub(super) fn environments(
    files: &BTreeMap<String, Vec<u8>>,
    apps: Option<&[&AppName]>,
    found: &mut Vec<Problem>,
) -> Environments {
    let mut environments: Environments = ENVIRONMENTS
        .iter()
        .filter_map(|name| Some((name.parse().ok()?, BTreeMap::new())))
        .collect();
    for (path, bytes) in files
        .iter()
        .filter(|(path, _)| path.starts_with("environments/"))
    {
        if is_aside(path) {
            continue;
        }
        let Some(stem) = stem(path, "environments/") else {
            found.push(
                Problem::new("isn't read")
                    .in_file(path)
                    .help("name it environments/<environment>.yaml, or take it away"),
            );
            continue;
        };
        let name: EnvironmentName = match stem.parse() {
            Ok(name) => name,
            Err(error) => {
                found.push(
                    Problem::new(format!("{error}"))
                        .in_file(path)
                        .help("rename the file"),
                );
                continue;
            }
        };
        let values = environment(path, bytes, apps, found);
        environments.insert(name, values);
    }
    environments
}

fn environment(
    path: &str,
    bytes: &[u8],
    apps: Option<&[&AppName]>,
    found: &mut Vec<Problem>,
) -> BTreeMap<AppName, Layer> {
    let (node, problems) = yaml::parse(path, bytes);
    let mut reader = Reader::new(path, problems);
    let mut layers = BTreeMap::new();
    if let Some(node) = node
        && node.content != super::node::Content::Null
        && let Some(object) = reader.any_object(&node, "")
    {
        for entry in object.entries() {
            let pointer = join("", &entry.key);
            let Some(app) = known_app(&mut reader, &entry.key, entry.spot, &pointer, apps) else {
                continue;
            };
            if let Some(layer) = Layer::read(&mut reader, &entry.node, &pointer) {
                secrets::look(&layer, "CUSTOMER/INSTANCE", &mut reader.found);
                layers.insert(app, layer);
            }
        }
    }
    found.append(&mut reader.found);
    layers
}

/// An app's name that is installed; else it is a problem.
fn known_app(
    reader: &mut Reader<'_>,
    text: &str,
    spot: Spot,
    pointer: &str,
    apps: Option<&[&AppName]>,
) -> Option<AppName> {
    match text.parse::<AppName>() {
        Err(error) => {
            reader.problem(spot, pointer, error.to_string(), None);
            None
        }
        Ok(app) => {
            if let Some(apps) = apps
                && !apps.contains(&&app)
            {
                let (message, help) = unknown_app(text, apps);
                reader.problem(spot, pointer, message, Some(help));
            }
            Some(app)
        }
    }
}

/// Message and help for an app that has no plugin.
pub(super) fn unknown_app(text: &str, apps: &[&AppName]) -> (String, String) {
    let help = suggest::did_you_mean(text, apps.iter().map(|app| app.as_str()))
        .unwrap_or_else(|| "plugins.lock lists the apps that are installed".to_owned());
    (format!("unknown app \"{text}\""), help)
}

/// Reads `overrides/`.
pub(super) fn overrides(
    files: &BTreeMap<String, Vec<u8>>,
    apps: Option<&[&AppName]>,
    found: &mut Vec<Problem>,
) -> BTreeMap<AppName, Overrides> {
    let mut all: BTreeMap<AppName, Overrides> = BTreeMap::new();
    for (path, bytes) in files {
        let Some((folder, rest)) = path
            .strip_prefix("overrides/")
            .and_then(|path| path.split_once('/'))
        else {
            if path.starts_with("overrides/") && !is_aside(path) {
                found.push(
                    Problem::new("isn't read")
                        .in_file(path)
                        .help("move it into overrides/<app>/"),
                );
            }
            continue;
        };
        if is_aside(rest) {
            continue;
        }
        let app: AppName = match folder.parse() {
            Ok(app) => app,
            Err(error) => {
                found.push(
                    Problem::new(format!("{error}"))
                        .in_file(path)
                        .help("rename the folder"),
                );
                continue;
            }
        };
        if let Some(apps) = apps
            && !apps.contains(&&app)
        {
            let (message, help) = unknown_app(folder, apps);
            found.push(Problem::new(message).in_file(path).help(help));
        }
        let overrides = all.entry(app).or_default();
        if rest == "values.yaml" {
            match Layer::parse(path, bytes) {
                Ok(layer) => {
                    secrets::look(&layer, "CUSTOMER/INSTANCE", found);
                    overrides.values = Some(layer);
                }
                Err(mut problems) => found.append(&mut problems),
            }
        } else if let Some(name) = rest.strip_prefix("templates/") {
            if let Err(message) = relative_path(name) {
                found.push(Problem::new(message).in_file(path).help("rename the file"));
                continue;
            }
            match text::plain_text(path, bytes) {
                Ok(text) => {
                    overrides.templates.insert(name.to_owned(), text.to_owned());
                }
                Err(mut problems) => found.append(&mut problems),
            }
        } else {
            found.push(
                Problem::new("isn't read").in_file(path).help(
                    "an app's folder has values.yaml and templates/; take anything else away",
                ),
            );
        }
    }
    all
}
