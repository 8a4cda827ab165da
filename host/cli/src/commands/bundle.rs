//! The app plugins that this binary brings, as files of a deployment repo.

use std::collections::BTreeMap;

use deploycenter_domain::desired::{PluginsLock, file};
use deploycenter_plugin_runtime::{PluginFile, bundled};

use crate::fail::Fail;

/// Files by path in a deployment repo.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// `plugins/*.wasm` and `plugins.lock`, every bundled plugin the default of its app.
pub(super) fn installed() -> Result<Files, Fail> {
    let plugins = bundled();
    if plugins.is_empty() {
        return Err(
            Fail::new("plugin", "this binary was built without its app plugins")
                .help("build it with: cargo xtask build"),
        );
    }
    let mut files = Files::new();
    let mut locked = Vec::new();
    for (app, bytes) in plugins {
        let plugin = PluginFile::read(bytes)
            .map_err(|error| Fail::new("plugin", format!("the bundled plugin {app}: {error}")))?;
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
pub(super) fn apps() -> Vec<&'static str> {
    bundled().iter().map(|(app, _)| *app).collect()
}
