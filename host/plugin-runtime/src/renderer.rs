//! The template engine: a guest of the host's own, because only a guest's memory can be
//! bounded. Its instances are kept with the templates parsed; one that trapped is dropped.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use deploycenter_domain::{escape, token};
use deploycenter_plugin_package::{LoadError, TemplateError};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{Engine, Store};

use crate::bindings::engine::deploycenter::renderer::tokens;
use crate::bindings::engine::exports::deploycenter::renderer::engine;
use crate::failure::Failure;
use crate::gate::processors;
use crate::limits::{self, Meter, refill};

/// What a call of the engine costs at least, in steps of the machine: what the host does
/// for it takes time too.
const RENDER_COST: u64 = 1_000_000;

/// Why a template gave no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RenderFailure {
    /// The template is at fault.
    Template(TemplateError),
    /// All that the call has rendered takes more steps than it may.
    TooMuch,
    /// This machine was too slow.
    TooLong(String),
}

/// The engine's code, linked.
pub(crate) struct Renderer {
    pre: InstancePre<RendererState>,
    indices: engine::GuestIndices,
}

#[derive(Default)]
struct RendererState {
    meter: Meter,
}

impl tokens::Host for RendererState {
    fn is_whole(&mut self, text: String) -> bool {
        token::split(&text).is_ok()
    }
}

impl Renderer {
    pub(crate) fn new(engine: &Engine, component: &Component) -> Result<Self, LoadError> {
        let host = |error: wasmtime::Error| {
            LoadError::Host(format!(
                "the bundled renderer doesn't fit this host: {error:#}"
            ))
        };
        let mut linker = Linker::new(engine);
        tokens::add_to_linker::<RendererState, HasSelf<RendererState>>(&mut linker, |state| state)
            .map_err(host)?;
        let pre = linker.instantiate_pre(component).map_err(host)?;
        let indices = engine::GuestIndices::new(&pre).map_err(host)?;
        Ok(Self { pre, indices })
    }
}

/// An instance with templates loaded.
struct Instance {
    store: Store<RendererState>,
    guest: engine::Guest,
    /// The variables that it has.
    seen: Option<String>,
}

impl Instance {
    /// Renders one with so much fuel, and tells the guest of the variables only when they
    /// aren't those that it has: a target's templates all see the same.
    fn render(
        &mut self,
        name: &str,
        variables: &str,
        fuel: u64,
    ) -> Result<Result<String, engine::Failure>, wasmtime::Error> {
        let Self { store, guest, seen } = self;
        refill(store, fuel, limits::RENDER_TIME)?;
        if seen.as_deref() != Some(variables) {
            *seen = None;
            if let Err(failure) = guest.call_see(&mut *store, variables)? {
                let template = name.to_owned();
                return Ok(Err(engine::Failure {
                    template,
                    ..failure
                }));
            }
            *seen = Some(variables.to_owned());
        }
        let (steps, output) = (limits::RENDER_STEPS, limits::RENDER_OUTPUT);
        guest.call_render(&mut *store, name, steps, output)
    }
}

/// The templates of one plugin with its overrides, ready to render.
pub(crate) struct Templates {
    renderer: Arc<Renderer>,
    sources: Vec<(String, String)>,
    idle: Mutex<Vec<Instance>>,
}

impl fmt::Debug for Templates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Templates")
            .field("names", &self.names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Templates {
    /// Parses templates, given as name and source, sorted by name.
    ///
    /// # Errors
    /// All that don't parse.
    pub(crate) fn load(
        renderer: Arc<Renderer>,
        sources: Vec<(String, String)>,
    ) -> Result<Self, LoadError> {
        let templates = Self {
            renderer,
            sources,
            idle: Mutex::new(Vec::new()),
        };
        let first = templates.instantiate()?;
        templates.put_back(first);
        Ok(templates)
    }

    /// The names, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|(name, _)| name.as_str())
    }

    /// Renders one with the keys of a JSON object as variables. `spent`: the steps of all
    /// that one call has rendered, to which these are added.
    pub(crate) fn render(
        &self,
        name: &str,
        context: &str,
        spent: &mut u64,
    ) -> Result<String, RenderFailure> {
        let fault = |line: u32, message: String| {
            RenderFailure::Template(TemplateError {
                template: name.to_owned(),
                line,
                message,
            })
        };
        if *spent >= limits::RENDERS_FUEL {
            return Err(RenderFailure::TooMuch);
        }
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => {
                let instance = self
                    .instantiate()
                    .map_err(|error| fault(0, error.to_string()))?;
                // An instance is dropped when a template fails in it.
                let left = instance.store.get_fuel().unwrap_or(0);
                *spent = spent.saturating_add(limits::RENDER_FUEL.saturating_sub(left));
                instance
            }
        };
        let left = limits::RENDERS_FUEL.saturating_sub(*spent);
        let fuel = left.min(limits::RENDER_FUEL);
        let called = instance.render(name, context, fuel);
        let used = fuel.saturating_sub(instance.store.get_fuel().unwrap_or(0));
        *spent = spent.saturating_add(used.max(RENDER_COST));
        match called {
            Ok(answer) => {
                self.put_back(instance);
                let text =
                    answer.map_err(|failure| RenderFailure::Template(template_error(failure)))?;
                // What the engine checks is each expression; this is the whole.
                match token::split(&text) {
                    Ok(_) => Ok(text),
                    Err(broken) => Err(fault(
                        0,
                        format!("line {} of its result: {}", broken.line, broken_message()),
                    )),
                }
            }
            // Its last steps were all that the call had left, not all that a template may have.
            Err(_) if *spent >= limits::RENDERS_FUEL && fuel < limits::RENDER_FUEL => {
                Err(RenderFailure::TooMuch)
            }
            Err(error) => Err(match Failure::of(&error, &instance.store.data().meter) {
                Failure::Broken(message) => fault(0, message),
                Failure::TooLong(message) => {
                    RenderFailure::TooLong(format!("the template {name} {message}"))
                }
            }),
        }
    }

    fn instantiate(&self) -> Result<Instance, LoadError> {
        let mut store = Store::new(self.renderer.pre.engine(), RendererState::default());
        store.limiter(|state| &mut state.meter);
        let load = |store: &mut Store<RendererState>| {
            refill(store, limits::RENDER_FUEL, limits::RENDER_TIME)?;
            let instance = self.renderer.pre.instantiate(&mut *store)?;
            let guest = self.renderer.indices.load(&mut *store, &instance)?;
            let loaded = guest.call_load(&mut *store, &self.sources)?;
            Ok((guest, loaded))
        };
        match load(&mut store) {
            Ok((guest, Ok(()))) => Ok(Instance {
                store,
                guest,
                seen: None,
            }),
            Ok((_, Err(failures))) => Err(LoadError::Templates(
                failures.into_iter().map(template_error).collect(),
            )),
            Err(error) => Err(match Failure::of(&error, &store.data().meter) {
                Failure::Broken(message) => {
                    LoadError::Code(format!("parsing its templates {message}"))
                }
                Failure::TooLong(message) => {
                    LoadError::Host(format!("parsing templates {message}"))
                }
            }),
        }
    }

    fn put_back(&self, instance: Instance) {
        if instance.store.data().meter.memory > limits::IDLE_MEMORY {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there can be at work.
        if idle.len() < processors() {
            idle.push(instance);
        }
    }
}

fn template_error(failure: engine::Failure) -> TemplateError {
    TemplateError {
        template: failure.template,
        line: failure.line,
        message: escape::clipped(&failure.message, escape::SHOWN_MAX),
    }
}

fn broken_message() -> &'static str {
    "what is left of a value that is known only after apply; a template may place such a value but not cut, encode or change it"
}
