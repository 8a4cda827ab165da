//! What a manifest may say: short plain lines, because people read them in a terminal.

use deploycenter_domain::declaration::Manifest;
use deploycenter_domain::escape::is_plain_line;

use crate::{API_VERSION, GRANTS, LoadError, section};

/// The longest description, and the longest word on migration, in bytes.
const LINE_MAX: usize = 500;
/// The longest version, of the plugin, an app or its data, in bytes.
const VERSION_MAX: usize = 64;
/// How many versions of its app a plugin may know.
const VERSIONS_MAX: usize = 200;

/// Checks what a plugin says of itself.
pub(crate) fn check(manifest: &Manifest) -> Result<(), LoadError> {
    if manifest.api_version != API_VERSION {
        let said: String = manifest.api_version.chars().take(VERSION_MAX).collect();
        return Err(LoadError::ApiVersion(said.escape_debug().to_string()));
    }
    odd(manifest).map_or(Ok(()), |reason| {
        Err(LoadError::Section {
            section: section::MANIFEST,
            reason,
        })
    })
}

/// What is wrong with a manifest, to follow the section's name.
fn odd(manifest: &Manifest) -> Option<String> {
    if !is_version(&manifest.version) {
        return Some("names no version such as 1.2.0".to_owned());
    }
    let lines = [
        ("description", Some(&manifest.description)),
        ("word on migration", manifest.migration.as_ref()),
    ];
    for (what, text) in lines {
        if text.is_some_and(|text| !is_plain_line(text, LINE_MAX)) {
            return Some(format!(
                "has a {what} that is no plain line of at most {LINE_MAX} bytes"
            ));
        }
    }
    if manifest.data_versions.len() > VERSIONS_MAX {
        return Some(format!(
            "knows more than {VERSIONS_MAX} versions of its app"
        ));
    }
    let mut versions = manifest
        .data_versions
        .iter()
        .flat_map(|(app, data)| [app, data]);
    if let Some(odd) = versions.find(|version| !is_version(version)) {
        let odd: String = odd.chars().take(VERSION_MAX).collect();
        return Some(format!("has \"{}\" as a version", odd.escape_debug()));
    }
    let mut grants = manifest.grants.iter();
    let unknown = grants.find(|grant| !GRANTS.contains(&grant.as_str()))?;
    let unknown: String = unknown.chars().take(VERSION_MAX).collect();
    Some(format!(
        "asks for the grant \"{}\", which this host doesn't know",
        unknown.escape_debug()
    ))
}

fn is_version(text: &str) -> bool {
    (1..=VERSION_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'_'))
}
