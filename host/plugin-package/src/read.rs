//! Reading a plugin file, without running any of its code.

use std::collections::BTreeMap;

use deploycenter_domain::chart;
use deploycenter_domain::declaration::Manifest;
use deploycenter_domain::desired::{LockedPlugin, Schema};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::escape::is_plain_line;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wasmparser::{Encoding, Parser, Payload};

use crate::{LoadError, MAX_SIZE, imports, manifest, section};

/// What every plugin exports; its other exports are hooks.
const PLANNING: &str = "deploycenter:plugin/planning@0.1.0";

/// What a plugin file holds beside its code.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginFile {
    /// What the plugin says of itself.
    pub manifest: Manifest,
    /// The JSON schema of the merged values.
    pub schema: Value,
    /// The base values: YAML, as its author wrote it.
    pub base_values: String,
    /// Templates by name; shared ones as `shared/<path>`.
    pub templates: BTreeMap<String, String>,
    /// The Helm chart's files by path.
    pub chart: BTreeMap<String, String>,
    /// What the component imports, sorted.
    pub imports: Vec<String>,
    /// What it exports, sorted: `planning`, and the hooks that it has.
    pub exports: Vec<String>,
    /// The digest of the whole file.
    pub digest: Digest,
}

impl PluginFile {
    /// Its entry in `plugins.lock`, for a file kept at `source` in the deployment repo:
    /// granted what it asks for, and the default of its app.
    #[must_use]
    pub fn locked(&self, source: String) -> LockedPlugin {
        LockedPlugin {
            app: self.manifest.app.clone(),
            version: self.manifest.version.clone(),
            digest: self.digest.clone(),
            source,
            grants: self.manifest.grants.clone(),
            default: true,
        }
    }

    /// Reads a plugin file and checks size, shape, sections and imports.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        Self::read_as(bytes, bounded(bytes)?)
    }

    /// The same, for a file whose digest is known.
    pub(crate) fn read_as(bytes: &[u8], digest: Digest) -> Result<Self, LoadError> {
        let Outline {
            mut sections,
            mut imports,
            mut exports,
        } = outline(bytes)?;
        let manifest: Manifest = json(&mut sections, section::MANIFEST)?;
        manifest::check(&manifest)?;
        imports.sort();
        exports.sort();
        imports::check(imports.iter().map(String::as_str), &manifest.grants)?;
        if !exports.iter().any(|export| export == PLANNING) {
            return Err(LoadError::MissingExport(PLANNING.to_owned()));
        }
        let schema: Value = json(&mut sections, section::SCHEMA)?;
        if !schema.is_object() {
            return Err(LoadError::Section {
                section: section::SCHEMA,
                reason: "is no JSON object".to_owned(),
            });
        }
        Schema::check_bounds(&schema).map_err(|error| LoadError::Section {
            section: section::SCHEMA,
            reason: error.reason().to_owned(),
        })?;
        let base_values = take(&mut sections, section::VALUES)?;
        let base_values = std::str::from_utf8(base_values)
            .map_err(|_| LoadError::Section {
                section: section::VALUES,
                reason: "is no UTF-8 text".to_owned(),
            })?
            .to_owned();
        let templates = paths(&mut sections, section::TEMPLATES)?;
        let chart = paths(&mut sections, section::CHART)?;
        let foreign = chart::check(&chart);
        if !foreign.is_empty() {
            return Err(LoadError::Section {
                section: section::CHART,
                reason: format!("holds what is no chart's own: {}", foreign.join("; ")),
            });
        }
        Ok(Self {
            manifest,
            schema,
            base_values,
            templates,
            chart,
            imports,
            exports,
            digest,
        })
    }
}

/// The digest of a file that isn't too large.
pub(crate) fn bounded(bytes: &[u8]) -> Result<Digest, LoadError> {
    if bytes.len() > MAX_SIZE {
        return Err(LoadError::TooLarge { size: bytes.len() });
    }
    Ok(Digest::of(bytes))
}

struct Outline<'a> {
    sections: BTreeMap<&'static str, &'a [u8]>,
    imports: Vec<String>,
    exports: Vec<String>,
}

/// The sections of ours, the imports and the exports of the outermost component.
fn outline(bytes: &[u8]) -> Result<Outline<'_>, LoadError> {
    let broken = |error: wasmparser::BinaryReaderError| LoadError::NotAComponent(error.to_string());
    let mut found = Outline {
        sections: BTreeMap::new(),
        imports: Vec::new(),
        exports: Vec::new(),
    };
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::Version { encoding, .. } => {
                if depth == 0 && encoding != Encoding::Component {
                    let reason = "it is a core module; `wit-component` makes a component of one";
                    return Err(LoadError::NotAComponent(reason.to_owned()));
                }
                depth += 1;
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(reader) if depth == 1 => {
                for import in reader {
                    found
                        .imports
                        .push(import.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(reader) if depth == 1 => {
                for export in reader {
                    found
                        .exports
                        .push(export.map_err(broken)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(custom) if depth == 1 => {
                if let Some(ours) = section::ALL.into_iter().find(|name| *name == custom.name())
                    && found.sections.insert(ours, custom.data()).is_some()
                {
                    return Err(LoadError::Section {
                        section: ours,
                        reason: "is there twice".to_owned(),
                    });
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn take<'a>(
    sections: &mut BTreeMap<&'static str, &'a [u8]>,
    name: &'static str,
) -> Result<&'a [u8], LoadError> {
    let bad = |reason| LoadError::Section {
        section: name,
        reason,
    };
    let missing = || bad("is missing; is this an app plugin?".to_owned());
    let data = sections.remove(name).ok_or_else(missing)?;
    let most = section::most(name);
    if data.len() > most {
        return Err(bad(format!(
            "has {} bytes; at most {most} are taken",
            data.len()
        )));
    }
    Ok(data)
}

fn json<T: DeserializeOwned>(
    sections: &mut BTreeMap<&'static str, &[u8]>,
    name: &'static str,
) -> Result<T, LoadError> {
    serde_json::from_slice(take(sections, name)?).map_err(|error| LoadError::Section {
        section: name,
        reason: format!("can't be read: {error}"),
    })
}

/// How many templates, or files of a chart, a plugin may have.
const FILES_MAX: usize = 1_000;
/// The longest path of one, in bytes.
const PATH_MAX: usize = 200;

/// An object of paths. They become files of a git tree, or names in messages, so none may
/// lead out of it or hold what a terminal obeys.
fn paths(
    sections: &mut BTreeMap<&'static str, &[u8]>,
    name: &'static str,
) -> Result<BTreeMap<String, String>, LoadError> {
    let files: BTreeMap<String, String> = json(sections, name)?;
    let bad = |reason| LoadError::Section {
        section: name,
        reason,
    };
    if files.len() > FILES_MAX {
        return Err(bad(format!("holds more than {FILES_MAX} files")));
    }
    let odd = files.keys().find(|path| {
        !is_plain_line(path, PATH_MAX)
            || path.contains('\\')
            || path
                .split('/')
                .any(|part| matches!(part, "" | "." | "..") || part.eq_ignore_ascii_case(".git"))
    });
    match odd {
        Some(path) => {
            let start: String = path.chars().take(PATH_MAX).collect();
            Err(bad(format!(
                "holds the path \"{}\", which isn't one within it",
                start.escape_debug()
            )))
        }
        None => Ok(files),
    }
}
