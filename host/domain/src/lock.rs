//! `deployment.lock.json`: the versions a target was last released with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Overrides};
use crate::digest::Digest;
use crate::name::{AppName, Incarnation};
use crate::secret_version::SecretVersions;

/// The file's name in a target's folder.
pub const FILE: &str = "deployment.lock.json";

/// The file's content. Values of `bindings` are tokens until they are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lock {
    /// 1.
    pub format: u32,
    /// The app.
    pub app: AppName,
    /// Which incarnation of the target.
    pub incarnation: Incarnation,
    /// The plugin that planned it.
    pub plugin: PinnedPlugin,
    /// What `overrides/<app>` held, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<PinnedOverrides>,
    /// The version that data was left in; crossing one migrates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_version: Option<String>,
    /// The versions of the secrets that a person gave, where one is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secret_versions: SecretVersions,
    /// The values that were known only after apply.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub bindings: BTreeMap<String, String>,
}

/// A plugin as pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinnedPlugin {
    /// Its version, for people.
    pub version: String,
    /// The digest of its file.
    pub digest: Digest,
}

/// The shared values and template edits as pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PinnedOverrides {
    /// The commit of main that last changed them.
    pub commit: String,
    /// Over their paths and texts.
    pub digest: Digest,
}

/// A lock that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{FILE} can't be read: {0}")]
pub struct LockError(String);

impl Lock {
    /// Reads the file.
    ///
    /// # Errors
    /// When it isn't the JSON of a lock of format 1.
    pub fn read(text: &str) -> Result<Self, LockError> {
        let lock: Self =
            serde_json::from_str(text).map_err(|error| LockError(error.to_string()))?;
        if lock.format == 1 {
            Ok(lock)
        } else {
            Err(LockError(format!(
                "its format is {}, and this version reads 1",
                lock.format
            )))
        }
    }

    /// Whether a new instance of the app would get another plugin or other overrides, so
    /// that moving the pins changes something.
    #[must_use]
    pub fn is_behind(&self, desired: &Desired) -> bool {
        let default = desired.plugins.default(&self.app);
        let pinned = match &self.overrides {
            Some(pinned) => pinned.digest.clone(),
            None => Overrides::default().digest(),
        };
        let current = desired
            .overrides
            .get(&self.app)
            .map_or_else(|| Overrides::default().digest(), Overrides::digest);
        default.is_some_and(|default| default.digest != self.plugin.digest) || pinned != current
    }

    /// The file's text: sorted keys, a final newline.
    #[must_use]
    pub fn text(&self) -> String {
        pretty(&serde_json::to_value(self).expect("a lock is plain data with string keys"))
    }
}

/// JSON as it is committed: two spaces, sorted keys, a final newline.
#[must_use]
pub fn pretty(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("a value always serializes");
    text.push('\n');
    text
}
