//! What a plugin may do: what its manifest asks for and `plugins.lock` approves.

use deploycenter_domain::desired::LockedPlugin;

use crate::read::bounded;
use crate::{LoadError, PluginFile, imports};

impl PluginFile {
    /// Reads a plugin file as `plugins.lock` has it, and what it may do. A file of another
    /// digest isn't looked into.
    ///
    /// # Errors
    /// When it is another file, app or version than the entry names, isn't sound, or imports
    /// what isn't approved.
    pub fn read_locked(
        bytes: &[u8],
        locked: &LockedPlugin,
    ) -> Result<(Self, Vec<String>), LoadError> {
        let found = bounded(bytes)?;
        if found != locked.digest {
            return Err(LoadError::OtherFile {
                found,
                locked: locked.digest.clone(),
            });
        }
        let file = Self::read_as(bytes, found)?;
        let permitted = file.permitted(locked)?;
        Ok((file, permitted))
    }

    /// Holds the file against its entry in `plugins.lock`, and gives what it may do: the
    /// grants that it asks for and that are approved there, sorted.
    ///
    /// # Errors
    /// When the entry names another app or version, or the code imports what isn't
    /// approved.
    fn permitted(&self, locked: &LockedPlugin) -> Result<Vec<String>, LoadError> {
        if self.manifest.app != locked.app || self.manifest.version != locked.version {
            return Err(LoadError::OtherPlugin {
                found: format!("{} {}", self.manifest.app, self.manifest.version),
                locked: format!("{} {}", locked.app, locked.version),
            });
        }
        let mut permitted = self.manifest.grants.clone();
        permitted.retain(|asked| locked.grants.contains(asked));
        permitted.sort();
        permitted.dedup();
        imports::within(self.imports.iter().map(String::as_str), &permitted)?;
        Ok(permitted)
    }
}
