//! The plugins that `plugins.lock` names, from the deployment repo to a library.

use std::io;
use std::path::Path;

use deploycenter_domain::desired::{self, Desired, LockedPlugin};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::problem::Problem;
use deploycenter_plugin_runtime::{Library, LoadError, Runtime, RuntimeConfig, read_below};

use crate::environment::Environment;
use crate::error::PlatformError;
use crate::source::Source;

/// What runs plugins.
pub(crate) fn runtime(environment: &Environment) -> Result<Runtime, PlatformError> {
    Runtime::new(RuntimeConfig {
        cache_dir: environment.cache("compiled"),
        compiler: environment.compiler.clone(),
        ..RuntimeConfig::default()
    })
    .map_err(PlatformError::Runtime)
}

/// The plugins that `plugins.lock` names, each held against its digest, and what is wrong
/// with those that can't be used.
pub(crate) fn library(
    runtime: Runtime,
    source: &Source,
    desired: &Desired,
) -> (Library, Vec<(Digest, Problem)>) {
    let mut library = Library::new(runtime);
    let mut wrong = Vec::new();
    for plugin in &desired.plugins.plugins {
        let read = source.plugin_file(&plugin.source);
        let added = read
            .map_err(|error| unread(plugin, &error))
            .and_then(|bytes| {
                library
                    .add(bytes, plugin)
                    .map_err(|error| unusable(plugin, &error))
            });
        if let Err(problem) = added {
            wrong.push((plugin.digest.clone(), problem));
        }
    }
    (library, wrong)
}

/// The bytes of a plugin's file in a checkout.
///
/// # Errors
/// When it can't be read, with its place in `plugins.lock`.
pub(crate) fn plugin_bytes(root: &Path, plugin: &LockedPlugin) -> Result<Vec<u8>, Problem> {
    read_below(root, &plugin.source).map_err(|error| unread(plugin, &error))
}

/// That a plugin's file can't be read.
fn unread(plugin: &LockedPlugin, error: &io::Error) -> Problem {
    let LockedPlugin {
        app,
        version,
        source,
        ..
    } = plugin;
    Problem::new(format!(
        "the plugin {app} {version} can't be read from {source}: {error}"
    ))
    .in_file(desired::file::PLUGINS)
    .help("restore the file from git, or install the plugin again")
}

/// What is wrong with a plugin's file.
pub(crate) fn unusable(plugin: &LockedPlugin, error: &LoadError) -> Problem {
    let source = &plugin.source;
    let message = match error {
        LoadError::OtherFile { found, locked } => {
            format!("{source} isn't the file that this names: it is {found}, not {locked}")
        }
        error => format!("{source}: {error}"),
    };
    Problem::new(message)
        .in_file(desired::file::PLUGINS)
        .help(error.help())
}
