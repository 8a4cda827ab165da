//! App plugins as the engine uses them.

use std::collections::BTreeMap;

use deploycenter_domain::declaration::{Declaration, Manifest, Request, Violation};
use deploycenter_domain::digest::Digest;
use serde_json::Value;

/// What a plugin file holds, known without running it.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginFacts {
    /// The digest of the whole file.
    pub digest: Digest,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The JSON schema of its values.
    pub schema: Value,
    /// Its base values, as YAML.
    pub base_values: String,
    /// The chart's files by path.
    pub chart: BTreeMap<String, String>,
}

/// A template that doesn't parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateFault {
    /// The template's name.
    pub template: String,
    /// Counted from 1; 0 when it isn't known.
    pub line: u32,
    /// What is wrong.
    pub message: String,
}

fn list(faults: &[TemplateFault]) -> String {
    let one = |fault: &TemplateFault| {
        format!(
            "template {}, line {}: {}",
            fault.template, fault.line, fault.message
        )
    };
    faults.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Why a plugin gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PluginError {
    /// The plugin isn't there or isn't sound.
    #[error("{0}")]
    Load(String),
    /// Templates, the plugin's or those that override them, that don't parse.
    #[error("{}", list(.0))]
    Templates(Vec<TemplateFault>),
    /// A template failed.
    #[error("template {template}, line {line}: {message}")]
    Render {
        /// The template's name.
        template: String,
        /// Counted from 1; 0 when it isn't known.
        line: u32,
        /// What is wrong.
        message: String,
    },
    /// The plugin refused the request.
    #[error("{0}")]
    Refused(String),
    /// The plugin failed: a trap, a limit, a broken answer.
    #[error("{0}")]
    Broken(String),
    /// The plugin took too long on this machine at this moment.
    #[error("{0}")]
    TooLong(String),
}

/// The plugins of a deployment repo. Calls run guest code and may take milliseconds;
/// they don't wait for anything outside.
pub trait Plugins: Send + Sync + std::fmt::Debug {
    /// What the plugin of that digest holds.
    ///
    /// # Errors
    /// When there is none, or it isn't sound.
    fn facts(&self, digest: &Digest) -> Result<std::sync::Arc<PluginFacts>, PluginError>;

    /// Asks the plugin's own check. `templates` override the plugin's by name.
    ///
    /// # Errors
    /// When the plugin gave no answer.
    fn validate(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Vec<Violation>, PluginError>;

    /// Asks the plugin for its plan.
    ///
    /// # Errors
    /// When the plugin gave no answer.
    fn plan(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Declaration, PluginError>;
}
