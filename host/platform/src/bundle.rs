//! The app plugins that this binary brings, as files of a deployment repo.

use std::collections::BTreeMap;

use deploycenter_domain::desired::{PluginsLock, file};
use deploycenter_engine::ErrorCode;
use deploycenter_plugin_runtime::{LoadError, PluginFile, bundled};

/// Files by path in a deployment repo.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Why there are no bundled plugins.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// This binary brings none.
    #[error("this binary was built without its app plugins")]
    None,
    /// One of them can't be used.
    #[error("the bundled plugin {app}: {error}")]
    Unusable {
        /// Its app.
        app: &'static str,
        /// What is wrong with it.
        error: LoadError,
    },
}

impl From<&BundleError> for ErrorCode {
    fn from(_: &BundleError) -> Self {
        Self::Plugin
    }
}

/// `plugins/*.wasm` and `plugins.lock`, every bundled plugin the default of its app; and what
/// git isn't to take.
///
/// # Errors
/// When there are none, or one can't be used.
pub fn bundled_files() -> Result<Files, BundleError> {
    let plugins = bundled();
    if plugins.is_empty() {
        return Err(BundleError::None);
    }
    let mut files = Files::new();
    let mut locked = Vec::new();
    for (app, bytes) in plugins {
        let plugin =
            PluginFile::read(bytes).map_err(|error| BundleError::Unusable { app, error })?;
        let source = format!("plugins/{app}-{}.wasm", plugin.manifest.version);
        files.insert(source.clone(), bytes.to_vec());
        locked.push(plugin.locked(source));
    }
    let lock = PluginsLock { plugins: locked };
    files.insert(file::PLUGINS.to_owned(), lock.render().into_bytes());
    files.insert(".gitignore".to_owned(), b"/.deploycenter/\n".to_vec());
    Ok(files)
}

/// The names of the bundled apps.
pub(crate) fn bundled_apps() -> Vec<&'static str> {
    bundled().iter().map(|(app, _)| *app).collect()
}
