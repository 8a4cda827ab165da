//! Effects: one declared change each, with a stable name.

mod kind;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use kind::{DataHeld, EffectKind, FolderPart, KindFacts, System};

/// A text that names no effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no effect id of the form <kind>/<name>")]
pub struct EffectIdError(String);

/// `<kind>/<name>`, unique within a target: `efs.access-point/data`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EffectId {
    kind: EffectKind,
    name: String,
}

impl EffectId {
    /// An effect of that kind and name: 1 to 200 of a-z, A-Z, 0-9 and `. _ - /`.
    ///
    /// # Errors
    /// When the name has other characters or another length.
    pub fn new(kind: EffectKind, name: impl Into<String>) -> Result<Self, EffectIdError> {
        let name = name.into();
        let fine = (1..=200).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/'));
        if fine {
            Ok(Self { kind, name })
        } else {
            Err(EffectIdError(format!("{kind}/{}", name.escape_debug())))
        }
    }

    /// What it changes.
    #[must_use]
    pub fn kind(&self) -> EffectKind {
        self.kind
    }

    /// Its name among the effects of its kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

impl FromStr for EffectId {
    type Err = EffectIdError;
    fn from_str(text: &str) -> Result<Self, EffectIdError> {
        let broken = || EffectIdError(text.escape_debug().to_string());
        let (kind, name) = text.split_once('/').ok_or_else(broken)?;
        let kind = EffectKind::all()
            .find(|known| known.as_str() == kind)
            .ok_or_else(broken)?;
        Self::new(kind, name)
    }
}

impl TryFrom<String> for EffectId {
    type Error = EffectIdError;
    fn try_from(text: String) -> Result<Self, EffectIdError> {
        text.parse()
    }
}

impl From<EffectId> for String {
    fn from(id: EffectId) -> Self {
        id.to_string()
    }
}

/// Which value an effect makes known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputName {
    /// The id that AWS gave: `fs-…`, `fsap-…`, `fsmt-…`.
    Id,
    /// The git tree that a commit gave a folder.
    Tree,
}

impl fmt::Display for OutputName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::Tree => "tree",
        })
    }
}

impl FromStr for OutputName {
    type Err = EffectIdError;
    fn from_str(text: &str) -> Result<Self, EffectIdError> {
        match text {
            "id" => Ok(Self::Id),
            "tree" => Ok(Self::Tree),
            _ => Err(EffectIdError(text.escape_debug().to_string())),
        }
    }
}

/// What a plan does with an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It isn't there and will be.
    Create,
    /// It is there and changes.
    Update,
    /// It is there and goes.
    Delete,
    /// It is there as wanted.
    None,
}
