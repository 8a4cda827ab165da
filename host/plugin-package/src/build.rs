//! Writing a plugin file: the same parts give the same bytes.

use std::borrow::Cow;

use deploycenter_domain::desired::Schema;
use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_component::ComponentEncoder;

use crate::{LoadError, PackageError, PluginFile, Source, section};

/// Makes a component of a core module that `wit-bindgen` described.
///
/// # Errors
/// When the module isn't such a one.
pub fn componentize(core: &[u8]) -> Result<Vec<u8>, PackageError> {
    ComponentEncoder::default()
        .validate(true)
        .module(core)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| PackageError::Component(format!("{error:#}")))
}

/// Makes a plugin file of compiled code and the rest of an app.
///
/// # Errors
/// When the code can't become a component, or the file couldn't be loaded.
pub fn package(core: &[u8], source: &Source) -> Result<Vec<u8>, PackageError> {
    let mut bytes = componentize(core)?;
    for (name, data) in [
        (section::MANIFEST, json(&source.manifest)),
        (section::SCHEMA, json(&source.schema)),
        (section::VALUES, source.values.clone().into_bytes()),
        (section::TEMPLATES, json(&source.templates)),
        (section::CHART, json(&source.chart)),
    ] {
        CustomSection {
            name: Cow::Borrowed(name),
            data: Cow::Owned(data),
        }
        .append_to_component(&mut bytes);
    }
    let file = PluginFile::read(&bytes)?;
    // Whoever loads it does so before the first value is checked.
    Schema::new(&file.schema).map_err(|error| LoadError::Section {
        section: section::SCHEMA,
        reason: error.reason().to_owned(),
    })?;
    Ok(bytes)
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("plain data with string keys serializes")
}
