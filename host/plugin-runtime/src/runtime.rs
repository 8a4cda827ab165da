//! Loads plugins.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::{LoadError, PluginFile};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::bindings::app::exports::deploycenter::plugin::{planning, validation};
use crate::cache::Cache;
use crate::engine::{Mode, engine};
use crate::plugin::{Code, Plugin};
use crate::renderer::{Renderer, Templates};
use crate::state::State;
use crate::{bundled, capabilities};

/// The hook that checks values.
const VALIDATION: &str = "deploycenter:plugin/validation@0.1.0";

/// How a [`Runtime`] is set up.
#[derive(Debug, Clone, Default)]
pub struct RuntimeConfig {
    /// Where compiled code is kept: a folder of this user's alone, made where it is
    /// missing. Without one, each process compiles anew.
    pub cache_dir: Option<PathBuf>,
    /// How instances get their memory.
    pub mode: Mode,
}

/// The engine, the template engine and the code of the plugins loaded so far.
pub struct Runtime {
    engine: Engine,
    linker: Linker<State>,
    cache: Cache,
    renderer: Arc<Renderer>,
    loaded: Mutex<HashMap<Digest, Arc<Code>>>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// A runtime without plugins. The first one on a machine compiles the template
    /// engine, which takes a second or so in a debug build.
    ///
    /// # Errors
    /// When the guests weren't built, or this machine can't run WebAssembly.
    pub fn new(config: RuntimeConfig) -> Result<Self, LoadError> {
        let Some(renderer) = bundled::renderer() else {
            return Err(LoadError::Host(
                "this binary was built without its guests; build it with `cargo xtask build`"
                    .to_owned(),
            ));
        };
        let engine = engine(config.mode)?;
        let cache = Cache::open(config.cache_dir);
        let host = |error: wasmtime::Error| LoadError::Host(format!("{error:#}"));
        let component = cache
            .component(&engine, &Digest::of(renderer), renderer)
            .map_err(host)?;
        let renderer = Arc::new(Renderer::new(&engine, &component)?);
        let mut linker = Linker::new(&engine);
        capabilities::link(&mut linker).map_err(host)?;
        Ok(Self {
            engine,
            linker,
            cache,
            renderer,
            loaded: Mutex::default(),
        })
    }

    /// Loads a plugin file. `overrides`, template name to source, take the place of the
    /// plugin's own templates of those names, or join them.
    ///
    /// # Errors
    /// When the file isn't sound, imports more than its manifest asks for, doesn't
    /// compile, or a template doesn't parse.
    pub fn load(
        &self,
        bytes: &[u8],
        overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<Plugin>, LoadError> {
        let code = self.code(bytes)?;
        let mut templates = code.file.templates.clone();
        templates.extend(
            overrides
                .iter()
                .map(|(name, source)| (name.clone(), source.clone())),
        );
        let templates =
            Templates::load(Arc::clone(&self.renderer), templates.into_iter().collect())?;
        Ok(Arc::new(Plugin {
            code,
            templates: Arc::new(templates),
        }))
    }

    #[cfg(test)]
    pub(crate) fn renderer(&self) -> Arc<Renderer> {
        Arc::clone(&self.renderer)
    }

    fn code(&self, bytes: &[u8]) -> Result<Arc<Code>, LoadError> {
        let file = PluginFile::read(bytes)?;
        let loaded = || self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = loaded().get(&file.digest) {
            return Ok(Arc::clone(code));
        }
        let unfit = |error: wasmtime::Error| LoadError::Code(format!("{error:#}"));
        let component = self
            .cache
            .component(&self.engine, &file.digest, bytes)
            .map_err(unfit)?;
        let pre = self.linker.instantiate_pre(&component).map_err(unfit)?;
        let planning = planning::GuestIndices::new(&pre).map_err(unfit)?;
        let validation = match file.exports.iter().any(|export| export == VALIDATION) {
            true => Some(validation::GuestIndices::new(&pre).map_err(unfit)?),
            false => None,
        };
        let digest = file.digest.clone();
        let code = Arc::new(Code {
            manifest: Arc::new(file.manifest.clone()),
            file,
            pre,
            planning,
            validation,
        });
        loaded().insert(digest, Arc::clone(&code));
        Ok(code)
    }
}
