//! What the engine asks of plugins, and what plugins ask of the template engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use deploycenter_domain::declaration::{Declaration, Request, Violation};
use deploycenter_domain::digest::Digest;
use deploycenter_ports::{PluginError, PluginFacts, Plugins};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// What a plugin was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Which plugin.
    pub(crate) digest: Digest,
    /// The question.
    pub(crate) request: Request,
}

/// Plugins that remember what they are asked to plan.
#[derive(Debug)]
pub(crate) struct Remembering {
    /// The real ones.
    pub(crate) inner: Arc<dyn Plugins>,
    /// In order.
    pub(crate) asked: Mutex<Vec<Asked>>,
}

impl Plugins for Remembering {
    fn facts(&self, digest: &Digest) -> Result<Arc<PluginFacts>, PluginError> {
        self.inner.facts(digest)
    }

    fn validate(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Vec<Violation>, PluginError> {
        self.inner.validate(digest, templates, request)
    }

    fn plan(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Declaration, PluginError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(Asked {
            digest: digest.clone(),
            request: request.clone(),
        });
        drop(asked);
        self.inner.plan(digest, templates, request)
    }
}

/// One rendering: template and the JSON of its variables.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rendering {
    /// The template's name.
    pub(crate) template: String,
    /// The JSON object that it saw.
    pub(crate) context: String,
}

/// Runs `work` and gives what was rendered meanwhile on this thread, which the runtime
/// traces.
pub(crate) fn renderings<T>(work: impl FnOnce() -> T) -> (T, Vec<Rendering>) {
    let seen: Arc<Mutex<Vec<Rendering>>> = Arc::default();
    let result = tracing::subscriber::with_default(Listener(Arc::clone(&seen)), work);
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    (result, seen)
}

struct Listener(Arc<Mutex<Vec<Rendering>>>);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().ends_with("capabilities::rendering")
    }

    fn new_span(&self, _span: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _span: &Id, _values: &Record<'_>) {}

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut rendering = Rendering::default();
        event.record(&mut rendering);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(rendering);
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}

impl Visit for Rendering {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "template" => value.clone_into(&mut self.template),
            "context" => value.clone_into(&mut self.context),
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn fmt::Debug) {}
}
