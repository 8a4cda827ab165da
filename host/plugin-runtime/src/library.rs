//! The plugins of a deployment repo, by digest, as the engine asks for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use deploycenter_domain::declaration::{Declaration, Request, Violation};
use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::{LoadError, PluginFile};
use deploycenter_ports::{PluginError, PluginFacts, Plugins, TemplateFault};

use crate::gate::{Gate, processors};
use crate::plugin::Plugin;
use crate::runtime::Runtime;

/// Plugin files that were added, loaded when they are first asked for.
#[derive(Debug)]
pub struct Library {
    runtime: Runtime,
    entries: BTreeMap<Digest, Entry>,
    /// By the plugin's digest and that of the templates that override its own.
    ready: Mutex<HashMap<(Digest, Digest), Arc<Loaded>>>,
    gate: Gate,
}

/// A plugin, once someone has loaded it.
type Loaded = OnceLock<Result<Arc<Plugin>, PluginError>>;

#[derive(Debug)]
struct Entry {
    bytes: Vec<u8>,
    facts: Arc<PluginFacts>,
}

impl Library {
    /// A library without plugins.
    #[must_use]
    pub fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            entries: BTreeMap::new(),
            ready: Mutex::default(),
            gate: Gate::new(processors()),
        }
    }

    /// Adds a plugin file, without compiling it, and gives its digest.
    ///
    /// # Errors
    /// When the file isn't sound.
    pub fn add(&mut self, bytes: Vec<u8>) -> Result<Digest, LoadError> {
        let PluginFile {
            manifest,
            schema,
            base_values,
            chart,
            digest,
            ..
        } = PluginFile::read(&bytes)?;
        let facts = Arc::new(PluginFacts {
            digest: digest.clone(),
            manifest,
            schema,
            base_values,
            chart,
        });
        self.entries.insert(digest.clone(), Entry { bytes, facts });
        Ok(digest)
    }

    fn entry(&self, digest: &Digest) -> Result<&Entry, PluginError> {
        self.entries.get(digest).ok_or_else(|| {
            PluginError::Load(format!(
                "there is no plugin {digest}; plugins.lock lists what is installed"
            ))
        })
    }

    fn plugin(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
    ) -> Result<Arc<Plugin>, PluginError> {
        let entry = self.entry(digest)?;
        let key = (digest.clone(), Digest::of_json(templates));
        let slot = {
            let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(ready.entry(key).or_default())
        };
        // Whoever comes second waits for the first, and loads nothing.
        slot.get_or_init(|| {
            self.runtime
                .load(&entry.bytes, templates)
                .map_err(|error| load_error(&entry.facts, error))
        })
        .clone()
    }
}

fn load_error(facts: &PluginFacts, error: LoadError) -> PluginError {
    match error {
        LoadError::Templates(errors) => PluginError::Templates(
            errors
                .into_iter()
                .map(|error| TemplateFault {
                    template: error.template,
                    line: error.line,
                    message: error.message,
                })
                .collect(),
        ),
        other => PluginError::Load(format!(
            "the plugin {} {}: {other}",
            facts.manifest.app, facts.manifest.version
        )),
    }
}

impl Plugins for Library {
    fn facts(&self, digest: &Digest) -> Result<Arc<PluginFacts>, PluginError> {
        self.entry(digest).map(|entry| Arc::clone(&entry.facts))
    }

    fn validate(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Vec<Violation>, PluginError> {
        let plugin = self.plugin(digest, templates)?;
        let _inside = self.gate.enter();
        plugin.validate(request)
    }

    fn plan(
        &self,
        digest: &Digest,
        templates: &BTreeMap<String, String>,
        request: &Request,
    ) -> Result<Declaration, PluginError> {
        let plugin = self.plugin(digest, templates)?;
        let _inside = self.gate.enter();
        plugin.plan(request)
    }
}
