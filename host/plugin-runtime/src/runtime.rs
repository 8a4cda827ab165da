//! Loads plugins.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

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
    renderer_bytes: &'static [u8],
    renderer: OnceLock<Result<Arc<Renderer>, LoadError>>,
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
    /// A runtime without plugins, which compiles nothing yet.
    ///
    /// # Errors
    /// When the guests weren't built, or this machine can't run WebAssembly.
    pub fn new(config: RuntimeConfig) -> Result<Self, LoadError> {
        let Some(renderer_bytes) = bundled::renderer() else {
            return Err(LoadError::Host(
                "this binary was built without its guests; build it with `cargo xtask build`"
                    .to_owned(),
            ));
        };
        let engine = engine(config.mode)?;
        let mut linker = Linker::new(&engine);
        capabilities::link(&mut linker).map_err(|error| LoadError::Host(format!("{error:#}")))?;
        Ok(Self {
            engine,
            linker,
            cache: Cache::open(config.cache_dir),
            renderer_bytes,
            renderer: OnceLock::new(),
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
        // Each takes long the first time, so each gets a processor.
        let (renderer, code) = std::thread::scope(|scope| {
            let renderer = scope.spawn(|| self.renderer());
            let code = self.code(bytes);
            (renderer.join(), code)
        });
        let code = code?;
        let renderer = renderer
            .map_err(|_| LoadError::Host("the renderer's loading panicked".to_owned()))??;
        let mut templates = code.file.templates.clone();
        templates.extend(
            overrides
                .iter()
                .map(|(name, source)| (name.clone(), source.clone())),
        );
        let templates = Templates::load(renderer, templates.into_iter().collect())?;
        Ok(Arc::new(Plugin {
            code,
            templates: Arc::new(templates),
        }))
    }

    /// The template engine, compiled when it is first asked for: a second or so on a
    /// machine that never ran it.
    ///
    /// # Errors
    /// When it doesn't fit this host.
    pub(crate) fn renderer(&self) -> Result<Arc<Renderer>, LoadError> {
        let renderer = self.renderer.get_or_init(|| {
            let bytes = self.renderer_bytes;
            let component = self
                .cache
                .component(&self.engine, &Digest::of(bytes), bytes)
                .map_err(|error| LoadError::Host(format!("{error:#}")))?;
            Ok(Arc::new(Renderer::new(&self.engine, &component)?))
        });
        renderer.clone()
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
