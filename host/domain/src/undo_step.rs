//! One step of the way back, and how the journal writes it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::effect::EffectId;

/// One step back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum UndoStep {
    /// Commits the base without the annotations that keep Argo CD from deleting data.
    Unprotect,
    /// Waits until the base application has taken over the unprotected manifests.
    UnprotectSync,
    /// Takes one effect back.
    Undo(EffectId),
    /// Waits until an application has settled on the restored folder.
    Settle(EffectId),
}

impl fmt::Display for UndoStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unprotect => f.write_str("unprotect"),
            Self::UnprotectSync => f.write_str("unprotect-sync"),
            Self::Undo(effect) => write!(f, "undo:{effect}"),
            Self::Settle(effect) => write!(f, "settle:{effect}"),
        }
    }
}

impl FromStr for UndoStep {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unprotect" => return Ok(Self::Unprotect),
            "unprotect-sync" => return Ok(Self::UnprotectSync),
            _ => {}
        }
        let parse = |id: &str| id.parse::<EffectId>().map_err(|error| error.to_string());
        if let Some(id) = text.strip_prefix("undo:") {
            Ok(Self::Undo(parse(id)?))
        } else if let Some(id) = text.strip_prefix("settle:") {
            Ok(Self::Settle(parse(id)?))
        } else {
            Err(format!(
                "\"{}\" is no step of an unwinding",
                text.escape_debug()
            ))
        }
    }
}

impl TryFrom<String> for UndoStep {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<UndoStep> for String {
    fn from(step: UndoStep) -> Self {
        step.to_string()
    }
}
