//! What instances share: `environments/<env>.yaml`, `overrides/<app>/values.yaml` and
//! `overrides/<app>/templates/…`.

use std::collections::BTreeMap;

use super::layer::Layer;
use super::lockfile::relative_path;
use super::node::{Content, Spot, join};
use super::reader::Reader;
use super::{secrets, text, yaml};
use crate::digest::Digest;
use crate::guardrails::FILES;
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

impl Overrides {
    /// Over the texts alone, wherever they stand.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of_json(&(&self.values, &self.templates))
    }
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

/// Which apps there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Installed<'a> {
    /// Those that could be read.
    pub(super) apps: &'a [&'a AppName],
    /// Whether these are all: else no other is called unknown.
    pub(super) all: bool,
}

/// Reads `environments/`.
pub(super) fn environments(
    files: &BTreeMap<String, Vec<u8>>,
    installed: Installed<'_>,
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
        let values = environment(path, bytes, installed, found);
        environments.insert(name, values);
    }
    environments
}

fn environment(
    path: &str,
    bytes: &[u8],
    installed: Installed<'_>,
    found: &mut Vec<Problem>,
) -> BTreeMap<AppName, Layer> {
    let (node, problems) = yaml::parse(path, bytes);
    let mut reader = Reader::new(path, problems);
    let mut layers = BTreeMap::new();
    match node {
        Some(node) if node.content == Content::Null => {}
        Some(node) => {
            for entry in reader
                .any_object(&node, "")
                .map_or(&[][..], |object| object.entries())
            {
                let pointer = join("", &entry.key);
                let at = (entry.spot, pointer.as_str());
                let Some(app) = known_app(&mut reader, &entry.key, at, installed) else {
                    continue;
                };
                let layer = Layer::read(&mut reader, &entry.node, &pointer);
                secrets::look(&layer, None, &mut reader.found);
                layers.insert(app, layer);
            }
        }
        None => {
            for app in installed.apps {
                layers.insert((*app).clone(), Layer::unreadable(path, ""));
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
    (spot, pointer): (Spot, &str),
    installed: Installed<'_>,
) -> Option<AppName> {
    match text.parse::<AppName>() {
        Err(error) => {
            reader.problem(spot, pointer, error.to_string(), None);
            None
        }
        Ok(app) => {
            if let Some(problem) = installed.unknown(&app) {
                reader.at(spot, pointer, problem);
            }
            Some(app)
        }
    }
}

impl Installed<'_> {
    /// The problem with an app that has no plugin.
    pub(super) fn unknown(self, app: &AppName) -> Option<Problem> {
        (self.all && self.apps.binary_search(&app).is_err()).then(|| {
            Problem::new(format!("unknown app \"{app}\""))
                .suggest(app.as_str(), self.apps.iter().map(|app| app.as_str()))
                .or_help("plugins.lock lists the apps that are installed")
        })
    }
}

/// Reads `overrides/`.
pub(super) fn overrides(
    files: &BTreeMap<String, Vec<u8>>,
    installed: Installed<'_>,
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
        if let Some(problem) = installed.unknown(&app) {
            found.push(problem.in_file(path));
        }
        let overrides = all.entry(app).or_default();
        if rest == "values.yaml" {
            let (layer, mut problems) = Layer::read_file(path, bytes);
            found.append(&mut problems);
            secrets::look(&layer, None, found);
            overrides.values = Some(layer);
        } else if let Some(name) = rest.strip_prefix("templates/") {
            if let Err(message) = relative_path(name) {
                found.push(Problem::new(message).in_file(path).help("rename the file"));
                continue;
            }
            if let Some((message, help)) = gone(name) {
                found.push(Problem::new(message).in_file(path).help(help));
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

/// What to do instead of overriding a template that the host's own objects have replaced;
/// else an override that made them tighter would be passed over in silence.
fn gone(template: &str) -> Option<(&'static str, &'static str)> {
    let shared = template.strip_prefix("shared/");
    if shared == Some("platform.yaml") {
        return Some((
            "there is no such template any more: regions.yaml says where add-ons live",
            "write the namespaces under `cluster.namespaces` of each region, and take this file away",
        ));
    }
    let name = shared.unwrap_or(template);
    if name.starts_with("argocd/") {
        return Some((
            "would be the manifest of an Argo CD application, which DeployCenter makes itself",
            "take the file away; sync options and ignored differences are the plugin's to choose, with ensure-application",
        ));
    }
    let own = FILES.contains(&name) || name.starts_with("tenancy/");
    own.then_some((
        "namespace, quota, network policies, accounts and the secret store are made by the host, from what the app's plugin declares; no template makes them",
        "take this file away; `cluster.quota` and `cluster.namespaces` in regions.yaml are the operator's",
    ))
}
