//! What a person should know before a plan is applied.

use serde::{Deserialize, Serialize};

use crate::token;

/// Something that a person should know before a target's plan is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// What it is about: `data-version`, `app-warning`, `database-restart`,
    /// `certificate-challenge`, `answered-elsewhere`, ….
    pub code: String,
    /// One line, without a final stop where it is the host's own.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Remark {
    /// The code of what an app's plugin warned of.
    pub const APP_WARNING: &str = "app-warning";

    /// The codes of what stands outside now, and leads people elsewhere.
    const OF_NOW: [&str; 2] = ["answered-elsewhere", "delegated"];

    /// Whether it is to be known of a target that doesn't change, too.
    #[must_use]
    pub fn is_of_now(&self) -> bool {
        Self::OF_NOW.contains(&self.code.as_str())
    }

    /// A remark. What isn't known before apply reads so in it.
    #[must_use]
    pub fn new(code: &str, message: impl AsRef<str>) -> Self {
        Self {
            code: code.to_owned(),
            message: token::show(message.as_ref()),
            help: None,
        }
    }

    /// The same remark, with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Both in one line.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.help {
            Some(help) => format!("{}; {help}", self.message),
            None => self.message.clone(),
        }
    }
}
