//! `hold.json`: a target that stays as it is until someone releases it.

use serde::{Deserialize, Serialize};

use crate::lock::pretty;
use crate::name::DeploymentId;

/// The file's name in a target's folder.
pub const FILE: &str = "hold.json";

/// The file's content. When it was written stands in its commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hold {
    /// 1.
    pub format: u32,
    /// The deployment whose files are held; none when they were committed by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<DeploymentId>,
    /// Who holds it: `Name <mail>` or a name alone.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A hold that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{FILE} can't be read: {0}")]
pub struct HoldError(String);

impl Hold {
    /// A hold on what a deployment left, or on what was committed by hand.
    #[must_use]
    pub fn new(deployment: Option<DeploymentId>, by: &str, reason: &str) -> Self {
        Self {
            format: 1,
            deployment,
            by: by.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// When it isn't the JSON of a hold of format 1.
    pub fn read(text: &str) -> Result<Self, HoldError> {
        let hold: Self =
            serde_json::from_str(text).map_err(|error| HoldError(error.to_string()))?;
        if hold.format == 1 {
            Ok(hold)
        } else {
            Err(HoldError(format!(
                "its format is {}, and this version reads 1",
                hold.format
            )))
        }
    }

    /// The file's text: sorted keys, a final newline.
    #[must_use]
    pub fn text(&self) -> String {
        pretty(&serde_json::to_value(self).expect("a hold is plain data with string keys"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_hold_is_read_as_it_was_written() {
        for deployment in [None, Some("01jd".parse().unwrap())] {
            let hold = Hold::new(
                deployment,
                "Ada <ada@example.com>",
                "the new theme is broken",
            );
            assert_eq!(Hold::read(&hold.text()).unwrap(), hold);
        }
    }

    #[test]
    fn what_isnt_a_hold_is_refused() {
        for text in [
            "",
            "{}",
            r#"{"format":2,"by":"a","reason":"b"}"#,
            r#"{"format":1,"by":"a","reason":"b","until":"tomorrow"}"#,
        ] {
            assert!(Hold::read(text).is_err(), "{text}");
        }
    }
}
