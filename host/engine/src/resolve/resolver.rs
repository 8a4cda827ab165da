//! What resolves targets, and what it finds out of apps once for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use deploycenter_domain::desired::{Desired, Instance, Layer, Merged, Schema};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::name::AppName;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_ports::{PluginFacts, Repository, RepositoryError};

use super::problems::some;
use crate::Offline;

/// Resolves the targets of one planning. Cheap to clone; clones share what they found out
/// of apps.
#[derive(Debug, Clone)]
pub(crate) struct Resolver {
    pub(super) offline: Offline,
    pub(super) apps: Arc<Apps>,
    /// Whether existing targets get the current versions, too.
    pub(super) moves_pins: bool,
}

impl Resolver {
    /// For one planning; `moves_pins`: existing targets get the current versions, too.
    pub(crate) fn new(offline: Offline, moves_pins: bool) -> Self {
        Self {
            offline,
            apps: Arc::default(),
            moves_pins,
        }
    }
}

/// A plugin's base values and schema, read and compiled.
#[derive(Debug)]
pub(crate) struct AppValues {
    pub(crate) base: Layer,
    pub(crate) schema: Schema,
}

impl AppValues {
    fn of(facts: &PluginFacts) -> Result<Self, Problems> {
        let (app, version) = (&facts.manifest.app, &facts.manifest.version);
        let source = format!("plugin {app} {version}: values.yaml");
        let base = Layer::parse(&source, facts.base_values.as_bytes()).map_err(some)?;
        let schema = Schema::new(&facts.schema).map_err(|error| {
            Problem::new(format!(
                "the values schema of the plugin {app} isn't sound: {error}"
            ))
        })?;
        Ok(Self { base, schema })
    }

    /// An instance's values of all layers; not checked yet.
    pub(crate) fn merged(
        &self,
        desired: &Desired,
        instance: &Instance,
        shared: Option<&Layer>,
    ) -> Merged {
        desired.merged(instance, &self.base, shared)
    }
}

/// What one planning has found out of apps so far.
#[derive(Debug, Default)]
pub(crate) struct Apps {
    values: Mutex<BTreeMap<Digest, Result<Arc<AppValues>, Problems>>>,
    changes: tokio::sync::Mutex<BTreeMap<AppName, Option<String>>>,
}

impl Apps {
    /// The base values and the schema of a plugin.
    ///
    /// # Errors
    /// When one of them isn't sound.
    pub(super) fn values(&self, facts: &PluginFacts) -> Result<Arc<AppValues>, Problems> {
        let mut known = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(&facts.digest) {
            return known.clone();
        }
        let read = AppValues::of(facts).map(Arc::new);
        known.insert(facts.digest.clone(), read.clone());
        read
    }

    /// The commit that last changed an app's overrides; walking the history takes long.
    ///
    /// # Errors
    /// When the history can't be read.
    pub(super) async fn last_change(
        &self,
        repository: &dyn Repository,
        app: &AppName,
    ) -> Result<Option<String>, RepositoryError> {
        let mut known = self.changes.lock().await;
        if let Some(commit) = known.get(app) {
            return Ok(commit.clone());
        }
        let folder = format!("overrides/{app}");
        let commit = repository.last_change(&folder).await?;
        known.insert(app.clone(), commit.clone());
        Ok(commit)
    }
}
