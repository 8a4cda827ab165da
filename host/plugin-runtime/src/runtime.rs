//! Loads plugins.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use deploycenter_domain::declaration::Manifest;
use deploycenter_domain::desired::LockedPlugin;
use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::{LoadError, PluginFile};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::bindings::app::exports::deploycenter::plugin::{planning, validation};
use crate::cache::Cache;
use crate::compile::{Compiler, compile_apart, compile_here};
use crate::engine::{Mode, engine};
use crate::plugin::{Code, Plugin};
use crate::renderer::{Renderer, Templates};
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
    /// What compiles plugins that this binary doesn't bring. Without one, those that were
    /// compiled before are run, and others refused.
    pub compiler: Option<Compiler>,
}

/// A file by its digest, and what it is permitted.
type Permitted = (Digest, Vec<String>);

/// A plugin's code, once someone has loaded it.
type Loaded = OnceLock<Result<Arc<Code>, LoadError>>;

/// The engine, the template engine and the code of the plugins loaded so far.
pub struct Runtime {
    engine: Engine,
    cache: Cache,
    compiler: Option<Compiler>,
    renderer_bytes: &'static [u8],
    renderer: OnceLock<Result<Arc<Renderer>, LoadError>>,
    /// A refusal is remembered as code is: it may have taken a minute.
    loaded: Mutex<HashMap<Permitted, Arc<Loaded>>>,
    /// One foreign plugin is compiled at a time, for the machine's memory.
    compiling: Mutex<()>,
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
        Ok(Self {
            engine,
            cache: Cache::open(config.cache_dir),
            compiler: config.compiler,
            renderer_bytes,
            renderer: OnceLock::new(),
            loaded: Mutex::default(),
            compiling: Mutex::default(),
        })
    }

    /// Loads a plugin file, for what its entry in `plugins.lock` approves. `overrides`,
    /// template name to source, take the place of the plugin's own templates of those
    /// names, or join them.
    ///
    /// # Errors
    /// When the file isn't sound or isn't the entry's, imports more than its manifest asks
    /// for and the entry approves, doesn't compile, or a template doesn't parse.
    pub fn load(
        &self,
        bytes: &[u8],
        locked: &LockedPlugin,
        overrides: &BTreeMap<String, String>,
    ) -> Result<Arc<Plugin>, LoadError> {
        // Each takes long the first time, so each gets a processor.
        let (renderer, code) = std::thread::scope(|scope| {
            let renderer = scope.spawn(|| self.renderer());
            let code = self.code(bytes, locked);
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
            let component = self.cache.component(&self.engine, &Digest::of(bytes), || {
                compile_here(&self.engine, bytes)
            })?;
            Ok(Arc::new(Renderer::new(&self.engine, &component)?))
        });
        renderer.clone()
    }

    fn code(&self, bytes: &[u8], locked: &LockedPlugin) -> Result<Arc<Code>, LoadError> {
        let (file, permitted) = PluginFile::read_locked(bytes, locked)?;
        let slot = {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (file.digest.clone(), permitted.clone());
            Arc::clone(loaded.entry(key).or_default())
        };
        // Whoever comes second waits for the first.
        slot.get_or_init(|| self.link(bytes, file, permitted))
            .clone()
    }

    /// Compiles a plugin's code and links what it is permitted.
    fn link(
        &self,
        bytes: &[u8],
        file: PluginFile,
        permitted: Vec<String>,
    ) -> Result<Arc<Code>, LoadError> {
        let unfit = |error: wasmtime::Error| LoadError::Code(format!("{error:#}"));
        let component = self
            .cache
            .component(&self.engine, &file.digest, || self.compile(bytes))?;
        let mut linker = Linker::new(&self.engine);
        capabilities::link(&mut linker, &permitted).map_err(unfit)?;
        let pre = linker.instantiate_pre(&component).map_err(unfit)?;
        let planning = planning::GuestIndices::new(&pre).map_err(unfit)?;
        let validation = match file.exports.iter().any(|export| export == VALIDATION) {
            true => Some(validation::GuestIndices::new(&pre).map_err(unfit)?),
            false => None,
        };
        Ok(Arc::new(Code {
            manifest: Arc::new(Manifest {
                grants: permitted,
                ..file.manifest.clone()
            }),
            file,
            pre,
            planning,
            validation,
        }))
    }

    /// Compiles what this binary brings, and has anything else compiled apart.
    fn compile(&self, bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
        if bundled::bundled().iter().any(|(_, own)| *own == bytes) {
            return compile_here(&self.engine, bytes);
        }
        match &self.compiler {
            Some(compiler) => {
                let _alone = self.compiling.lock().unwrap_or_else(PoisonError::into_inner);
                compile_apart(compiler, bytes)
            }
            None => Err(LoadError::Host(
                "a plugin that this binary doesn't bring wants compiling, for which it was given no program".to_owned(),
            )),
        }
    }
}
