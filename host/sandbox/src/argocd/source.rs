//! From an application's source to the objects that it wants, as Argo CD's repo server does it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::chart::{Chart, TemplateKind, helm_failure, merge_values, set_parameter};
use super::git::{Checkout, GitAccess, SourceError, clean, resolve};
use super::json::{digest, list, text, texts};
use super::manifest::{Manifest, parse_file};

/// What a source gives at one commit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rendered {
    pub(crate) manifests: Vec<Manifest>,
    /// Kinds that a chart's templates name beside the objects above.
    pub(crate) template_kinds: BTreeSet<TemplateKind>,
    /// `Helm` or `Directory`.
    pub(crate) source_type: &'static str,
    /// The value files' text, or all text of a directory.
    pub(crate) text: String,
}

/// Renders sources, and keeps what it rendered by the ids of the trees that went in.
#[derive(Default)]
pub(crate) struct Sources {
    cache: BTreeMap<String, Result<Arc<Rendered>, SourceError>>,
}

/// Enough for some thousand applications at a few commits each.
const CACHED: usize = 8192;

impl Sources {
    /// The commit of a revision.
    pub(crate) fn resolve(
        git: &GitAccess,
        url: &str,
        revision: &str,
    ) -> Result<String, SourceError> {
        let repository = git.open(url)?;
        Ok(resolve(&repository, revision)?.to_string())
    }

    /// What `spec` gives for an application at a commit.
    pub(crate) fn load(
        &mut self,
        git: &GitAccess,
        application: &str,
        spec: &Value,
        revision: &str,
    ) -> Result<Arc<Rendered>, SourceError> {
        let repository = git.open(text(spec, "/source/repoURL"))?;
        let checkout = Checkout::new(&repository, revision)?;
        let given = text(spec, "/source/path");
        let path = clean_app_path(given).map_err(SourceError::Manifests)?;
        let folder = checkout
            .folder(&path)
            .ok_or_else(|| SourceError::Manifests(format!("{given}: app path does not exist")))?;
        let value_files = value_files(&checkout, spec, &path);
        let key = digest(
            &json!([
                application,
                text(spec, "/destination/namespace"),
                spec.pointer("/source/helm"),
                spec.pointer("/source/directory"),
                given,
                folder.id().to_string(),
                value_files
                    .iter()
                    .map(|file| file.blob.map(|blob| blob.to_string()))
                    .collect::<Vec<_>>(),
            ])
            .to_string(),
        );
        if let Some(known) = self.cache.get(&key) {
            return known.clone();
        }
        let is_chart = spec.pointer("/source/helm").is_some()
            || (spec.pointer("/source/directory").is_none()
                && folder.get_name("Chart.yaml").is_some());
        let rendered = if is_chart {
            render_chart(&checkout, &folder, &path, application, spec, &value_files)
        } else {
            render_directory(&checkout, &folder, spec)
        };
        let rendered = rendered.map(Arc::new).map_err(SourceError::Manifests);
        if self.cache.len() >= CACHED {
            self.cache.clear();
        }
        self.cache.insert(key, rendered.clone());
        rendered
    }
}

/// Checks `source.path` and cleans it.
fn clean_app_path(path: &str) -> Result<String, String> {
    if path.starts_with('/') {
        return Err(format!("{path}: app path is absolute"));
    }
    clean("", path).ok_or_else(|| format!("{path}: app path outside root"))
}

/// One of `helm.valueFiles`, looked up.
struct ValueFile {
    name: String,
    blob: Option<git2::Oid>,
}

fn value_files(checkout: &Checkout<'_>, spec: &Value, path: &str) -> Vec<ValueFile> {
    texts(spec, "/source/helm/valueFiles")
        .map(|name| ValueFile {
            name: name.to_owned(),
            // A path from the root is one within the repository.
            blob: match name.strip_prefix('/') {
                Some(rooted) => clean("", rooted),
                None => clean(path, name),
            }
            .and_then(|file| checkout.blob(&file)),
        })
        .collect()
}

fn render_directory(
    checkout: &Checkout<'_>,
    folder: &git2::Tree<'_>,
    spec: &Value,
) -> Result<Rendered, String> {
    let recurse = spec
        .pointer("/source/directory/recurse")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    let namespace = text(spec, "/destination/namespace");
    let mut manifests = Vec::new();
    let mut all = String::new();
    for (file, blob) in checkout.files(folder, recurse) {
        if ![".yaml", ".yml", ".json"]
            .iter()
            .any(|end| file.ends_with(end))
        {
            continue;
        }
        let content = checkout
            .text(blob)
            .ok_or_else(|| format!("Failed to unmarshal \"{file}\": yaml: invalid UTF-8"))?;
        manifests.extend(parse_file(&file, &content, namespace)?);
        all.push_str(&content);
    }
    Ok(Rendered {
        manifests,
        template_kinds: BTreeSet::new(),
        source_type: "Directory",
        text: all,
    })
}

fn render_chart(
    checkout: &Checkout<'_>,
    folder: &git2::Tree<'_>,
    path: &str,
    application: &str,
    spec: &Value,
    value_files: &[ValueFile],
) -> Result<Rendered, String> {
    let namespace = text(spec, "/destination/namespace");
    let failed = |stderr: &str| helm_failure(application, namespace, stderr);
    let files = checkout.files(folder, true);
    let parsed = |name: &str, content: &str| {
        serde_norway::from_str::<Value>(content)
            .map_err(|error| failed(&format!("failed to parse {name}: {error}")))
    };
    let read = |file: &str| files.get(file).and_then(|blob| checkout.text(*blob));
    let about = read("Chart.yaml").ok_or_else(|| failed("Chart.yaml file is missing"))?;
    let about = parsed("Chart.yaml", &about)?;
    for field in ["apiVersion", "name", "version"] {
        if about.get(field).is_none() {
            return Err(failed(&format!(
                "validation: chart.metadata.{field} is required"
            )));
        }
    }

    let mut values = json!({});
    let mut all = String::new();
    if let Some(own) = read("values.yaml") {
        take_values(&mut values, parsed("values.yaml", &own)?);
    }
    let may_miss = spec
        .pointer("/source/helm/ignoreMissingValueFiles")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    for file in value_files {
        let content = file.blob.and_then(|blob| checkout.text(blob));
        let Some(content) = content else {
            if may_miss {
                continue;
            }
            return Err(failed(&format!(
                "open {path}/{}: no such file or directory",
                file.name
            )));
        };
        take_values(&mut values, parsed(&file.name, &content)?);
        all.push_str(&content);
    }
    let inline = text(spec, "/source/helm/values");
    if !inline.is_empty() {
        take_values(&mut values, parsed("values", inline)?);
        all.push_str(inline);
    }
    if let Some(object) = spec.pointer("/source/helm/valuesObject") {
        take_values(&mut values, object.clone());
        all.push_str(&object.to_string());
    }
    for parameter in list(spec, "/source/helm/parameters") {
        set_parameter(
            &mut values,
            text(parameter, "/name"),
            text(parameter, "/value"),
        );
    }

    let mut templates = Vec::new();
    for (file, blob) in &files {
        if let Some(name) = file.strip_prefix("templates/") {
            let content = checkout.text(*blob).unwrap_or_default();
            templates.push((name.to_owned(), content));
        }
    }
    let chart = Chart {
        application,
        namespace,
        about,
        values,
        templates,
    };
    Ok(Rendered {
        manifests: chart.manifests()?,
        template_kinds: chart.template_kinds(),
        source_type: "Helm",
        text: all,
    })
}

/// An empty values file is null, which changes nothing.
fn take_values(values: &mut Value, over: Value) {
    if !over.is_null() {
        merge_values(values, over);
    }
}
