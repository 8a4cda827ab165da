//! The plugins of a deployment repo, by digest, as the engine asks for them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use deploycenter_domain::declaration::{Declaration, Request, Violation};
use deploycenter_domain::desired::LockedPlugin;
use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::{LoadError, PluginFile};
use deploycenter_ports::{PluginError, PluginFacts, Plugins, TemplateFault};

use crate::bundled::bundled;
use crate::gate::{Gate, processors};
use crate::plugin::Plugin;
use crate::runtime::Runtime;

/// Plugin files that were added, loaded when they are first asked for.
#[derive(Debug)]
pub struct Library {
    runtime: Runtime,
    entries: BTreeMap<Digest, Entry>,
    /// By the plugin's digest and that of the templates that override its own.
    ready: Mutex<HashMap<(Digest, Digest), Arc<LoadedPlugin>>>,
    gate: Gate,
}

/// A plugin, once someone has loaded it.
type LoadedPlugin = OnceLock<Result<Arc<Plugin>, PluginError>>;

#[derive(Debug)]
struct Entry {
    bytes: Vec<u8>,
    locked: LockedPlugin,
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

    /// Adds a plugin file with its entry in `plugins.lock`, without compiling it, and gives
    /// its digest.
    ///
    /// # Errors
    /// When the file isn't sound, isn't the entry's, or wants more than that approves.
    pub fn add(&mut self, bytes: Vec<u8>, locked: &LockedPlugin) -> Result<Digest, LoadError> {
        let (file, _) = PluginFile::read_locked(&bytes, locked)?;
        let PluginFile {
            manifest,
            schema,
            base_values,
            chart,
            digest,
            ..
        } = file;
        let facts = Arc::new(PluginFacts {
            digest: digest.clone(),
            manifest,
            schema,
            base_values,
            chart,
        });
        let entry = Entry {
            bytes,
            locked: locked.clone(),
            facts,
        };
        self.entries.insert(digest.clone(), entry);
        Ok(digest)
    }

    /// Adds the plugins that this binary brings, each permitted what it asks for.
    ///
    /// # Errors
    /// When one isn't sound.
    pub fn add_bundled(&mut self) -> Result<(), LoadError> {
        for (app, bytes) in bundled() {
            let locked = PluginFile::read(bytes)?.locked(format!("plugins/{app}.wasm"));
            self.add(bytes.to_vec(), &locked)?;
        }
        Ok(())
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
                .load(&entry.bytes, &entry.locked, templates)
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
