//! The plugin file: one WebAssembly component with everything that an app is made of.
//!
//! Manifest, values schema, base values, templates and chart ride in custom sections, so
//! that installing or inspecting a plugin runs none of its code. This crate writes such
//! files and reads them; it knows no engine, so the build tool can afford it.

mod build;
mod error;
mod imports;
mod manifest;
mod open;
mod permission;
mod read;
mod shape;
mod source;

pub use build::{componentize, package};
pub use error::{LoadError, PackageError, TemplateError};
pub use imports::{GRANTS, grant_of};
pub use open::read_below;
pub use read::PluginFile;
pub use shape::check_shape;
pub use source::Source;

/// The version of the WIT packages that this host speaks.
pub const API_VERSION: &str = "0.1.0";

/// The largest plugin file: 32 MiB. A plugin in JavaScript has some 12.
pub const MAX_SIZE: usize = 32 << 20;

/// Custom sections of a plugin file, each there exactly once.
mod section {
    /// JSON of the manifest.
    pub(crate) const MANIFEST: &str = "deploycenter:manifest";
    /// JSON schema of the merged values.
    pub(crate) const SCHEMA: &str = "deploycenter:schema";
    /// Base values, YAML.
    pub(crate) const VALUES: &str = "deploycenter:values";
    /// JSON object: template name to source.
    pub(crate) const TEMPLATES: &str = "deploycenter:templates";
    /// JSON object: path within the chart to text.
    pub(crate) const CHART: &str = "deploycenter:chart";

    /// What a section may have, in bytes: each is read into memory many times its size.
    pub(crate) fn most(name: &str) -> usize {
        match name {
            MANIFEST => 64 << 10,
            SCHEMA => 512 << 10,
            VALUES => 32 << 10,
            _ => 8 << 20,
        }
    }

    pub(crate) const ALL: [&str; 5] = [MANIFEST, SCHEMA, VALUES, TEMPLATES, CHART];
}
