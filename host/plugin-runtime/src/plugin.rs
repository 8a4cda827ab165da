//! A loaded plugin: its file, its code and its templates.

use std::fmt;
use std::sync::Arc;

use deploycenter_domain::declaration::{Declaration, Manifest, Request, Violation};
use deploycenter_domain::escape::{SHOWN_MAX as TEXT_SHOWN, clipped};
use deploycenter_plugin_package::PluginFile;
use deploycenter_ports::PluginError;
use wasmtime::component::{Instance, InstancePre};
use wasmtime::{Error, Store};

use crate::bindings::app::deploycenter::plugin::contract;
use crate::bindings::app::exports::deploycenter::plugin::{planning, validation};
use crate::failure::Failure;
use crate::limits::{self, refill};
use crate::renderer::Templates;
use crate::state::{Phase, State};

/// A plugin's code, compiled and linked.
pub(crate) struct Code {
    pub(crate) file: PluginFile,
    /// The file's, with the grants that it asks for and that were approved.
    pub(crate) manifest: Arc<Manifest>,
    pub(crate) pre: InstancePre<State>,
    pub(crate) planning: planning::GuestIndices,
    /// A hook: not every plugin has it.
    pub(crate) validation: Option<validation::GuestIndices>,
}

/// A plugin with the templates that it sees, ready to be called from any thread.
pub struct Plugin {
    pub(crate) code: Arc<Code>,
    pub(crate) templates: Arc<Templates>,
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("app", &self.code.file.manifest.app)
            .field("digest", &self.code.file.digest)
            .finish_non_exhaustive()
    }
}

impl Plugin {
    /// What its file holds.
    #[must_use]
    pub fn file(&self) -> &PluginFile {
        &self.code.file
    }

    /// Asks the plugin's own check of values; nothing found when it has none. Sorted by
    /// place.
    ///
    /// # Errors
    /// When the plugin fails.
    pub fn validate(&self, request: &Request) -> Result<Vec<Violation>, PluginError> {
        let Some(hook) = &self.code.validation else {
            return Ok(Vec::new());
        };
        let (found, _) = self.call(request, Phase::Validate, |store, instance, question| {
            hook.load(&mut *store, instance)?
                .call_validate(store, question)
        })?;
        if found.len() > limits::VIOLATIONS {
            return Err(PluginError::Broken(self.named(&format!(
                "finds more than {} violations in one instance's values",
                limits::VIOLATIONS
            ))));
        }
        let text = |mut text: String| {
            text.truncate(text.floor_char_boundary(limits::VIOLATION_TEXT));
            text
        };
        let mut found: Vec<_> = found
            .into_iter()
            .map(
                |contract::Violation {
                     pointer,
                     code,
                     message,
                 }| Violation {
                    pointer: text(pointer),
                    code: text(code),
                    message: text(message),
                },
            )
            .collect();
        found.sort();
        found.dedup();
        Ok(found)
    }

    /// Asks the plugin what the target needs.
    ///
    /// # Errors
    /// When a template fails, or the plugin refuses or fails.
    pub fn plan(&self, request: &Request) -> Result<Declaration, PluginError> {
        let (answer, state) = self.call(request, Phase::Plan, |store, instance, question| {
            self.code
                .planning
                .load(&mut *store, instance)?
                .call_plan(store, question)
        })?;
        match answer {
            Ok(()) => Ok(state.declaration),
            Err(contract::PlanError::Render(contract::TemplateError {
                template,
                line,
                message,
            })) => Err(PluginError::Render {
                template: clipped(&template, TEXT_SHOWN),
                line,
                message: clipped(&message, TEXT_SHOWN),
            }),
            Err(contract::PlanError::Refused(message)) => {
                Err(PluginError::Refused(clipped(&message, TEXT_SHOWN)))
            }
            Err(contract::PlanError::Internal(message)) => {
                let message = clipped(&message, TEXT_SHOWN);
                Err(PluginError::Broken(
                    self.named(&format!("failed: {message}")),
                ))
            }
        }
    }

    /// One call in a store of its own, from instantiation to the answer.
    fn call<R>(
        &self,
        request: &Request,
        phase: Phase,
        call: impl FnOnce(&mut Store<State>, &Instance, &contract::Request) -> Result<R, Error>,
    ) -> Result<(R, State), PluginError> {
        let question = contract::Request {
            target: request.target.to_string(),
            values: request.values.to_string(),
            context: request.context.to_string(),
        };
        let state = State::new(
            Arc::clone(&self.code.manifest),
            Arc::clone(&self.templates),
            request.clone(),
            phase,
        );
        let mut store = Store::new(self.code.pre.engine(), state);
        store.limiter(|state| &mut state.meter);
        let answer = refill(&mut store, limits::PLAN_FUEL, limits::PLAN_TIME)
            .and_then(|()| self.code.pre.instantiate(&mut store))
            .and_then(|instance| call(&mut store, &instance, &question));
        match answer {
            Ok(answer) => Ok((answer, store.into_data())),
            Err(error) => {
                let state = store.data();
                Err(match Failure::of(&error, &state.meter) {
                    Failure::Broken(message) => PluginError::Broken(match &state.last_error {
                        Some(last) => format!(
                            "{}; the last error that it logged: {last}",
                            self.named(&message)
                        ),
                        None => self.named(&message),
                    }),
                    Failure::TooLong(message) => PluginError::TooLong(self.named(&message)),
                })
            }
        }
    }

    fn named(&self, message: &str) -> String {
        let Manifest { app, version, .. } = &*self.code.manifest;
        format!("the plugin {app} {version} {message}")
    }
}
