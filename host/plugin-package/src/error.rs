//! Why a plugin can't be made or loaded.

use std::fmt;
use std::path::PathBuf;

use deploycenter_domain::digest::Digest;

/// Why a plugin file couldn't be made of an app's folder: its author's to mend.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// A file or folder that can't be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that isn't what it should be.
    #[error("{path}: {reason}", path = path.display())]
    Bad {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The compiled code can't become a component.
    #[error("the compiled code can't be made a component: {0}")]
    Component(String),
    /// What was made can't be loaded again.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// A template that doesn't parse or render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// The template's name.
    pub template: String,
    /// From 1; 0 when it isn't known.
    pub line: u32,
    /// What is wrong, for the template's author.
    pub message: String,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "template {}: {}", self.template, self.message),
            line => write!(
                f,
                "template {}, line {line}: {}",
                self.template, self.message
            ),
        }
    }
}

/// Why a plugin file isn't taken. The plugin's author (or whoever edited a template) has
/// to mend it; only [`LoadError::Host`] is about this machine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// It is larger than a plugin may be.
    #[error("the plugin file has {size} bytes; at most {max} are taken", max = crate::MAX_SIZE)]
    TooLarge {
        /// In bytes.
        size: usize,
    },
    /// It is something else.
    #[error("this is no WebAssembly component: {0}")]
    NotAComponent(String),
    /// A section is missing, doubled or unreadable.
    #[error("the plugin's section {section} {reason}")]
    Section {
        /// `deploycenter:…`.
        section: &'static str,
        /// What is wrong with it, to follow the section's name.
        reason: String,
    },
    /// It was built against other WIT packages.
    #[error("the plugin was built for version {0} of the plugin API; this host speaks {host}", host = crate::API_VERSION)]
    ApiVersion(String),
    /// It asks for something outside the platform.
    #[error(
        "the plugin imports {0}, which no plugin is given: only interfaces of deploycenter: are. A plugin built for wasm32-unknown-unknown with the SDK imports nothing else"
    )]
    ForeignImport(String),
    /// It asks for an interface that this host doesn't have.
    #[error("the plugin imports {0}, which this host doesn't have; a newer host may")]
    UnknownImport(String),
    /// It uses what its manifest doesn't ask for.
    #[error(
        "the plugin imports {import}, but its manifest doesn't ask for the grant \"{grant}\"; add it to `grants` in plugin.toml"
    )]
    NotGranted {
        /// The import's full name.
        import: String,
        /// The grant it would need.
        grant: &'static str,
    },
    /// It uses what nobody approved.
    #[error(
        "the plugin imports {import}, but plugins.lock doesn't approve the grant \"{grant}\" for it"
    )]
    NotApproved {
        /// The import's full name.
        import: String,
        /// The grant it would need.
        grant: &'static str,
    },
    /// `plugins.lock` names another file.
    #[error("it isn't the file that plugins.lock names: it is {found}, not {locked}")]
    OtherFile {
        /// The file's digest.
        found: Digest,
        /// The one in `plugins.lock`.
        locked: Digest,
    },
    /// `plugins.lock` takes it for another plugin.
    #[error("it is the plugin {found}, not {locked} as plugins.lock has it")]
    OtherPlugin {
        /// App and version by the file's manifest.
        found: String,
        /// App and version by `plugins.lock`.
        locked: String,
    },
    /// It lacks something that every plugin exports.
    #[error("the plugin doesn't export {0}")]
    MissingExport(String),
    /// Its code doesn't compile, or passes a limit.
    #[error("the plugin's code isn't taken: {0}")]
    Code(String),
    /// Templates, its own or overrides, that don't parse.
    #[error("{}", join(.0))]
    Templates(Vec<TemplateError>),
    /// This machine failed, not the plugin.
    #[error("the plugin runtime failed: {0}")]
    Host(String),
}

impl LoadError {
    /// What whoever keeps the deployment repo can do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotApproved { .. } => {
                "approve it by naming it under the plugin's `grants` in plugins.lock, or use a plugin that does without"
            }
            Self::OtherPlugin { .. } => {
                "write app and version into plugins.lock as the file has them"
            }
            _ => "restore the file from git, or install the plugin again",
        }
    }
}

fn join(errors: &[TemplateError]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}
