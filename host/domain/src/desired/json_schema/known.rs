//! What a deployment repo's files may name: apps and their values, regions, environments.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::desired::layer::Layer;
use crate::desired::lockfile::{self, LockedPlugin, PluginsLock};
use crate::desired::shared::{self, Environments, Installed, Overrides};
use crate::desired::{Desired, regions, regions_read};
use crate::name::{AppName, EnvironmentName};
use crate::problem::Problem;

/// Names and values that are known; `None`: not known, so anything well formed is taken.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The installed apps.
    pub apps: Option<BTreeMap<AppName, AppValues>>,
    /// The environments.
    pub environments: Option<Vec<EnvironmentName>>,
    /// The keys under `regions`, each with its storage classes where those are known.
    pub regions: Option<BTreeMap<String, Option<Vec<String>>>>,
    /// The names of the hosted zones.
    pub zones: Option<Vec<String>>,
}

/// An app's values, as its plugin and the layers below the customers' describe them.
#[derive(Debug, Clone)]
pub struct AppValues {
    /// The plugin's JSON schema of all values together.
    pub schema: Value,
    /// The first-level keys that a layer below the customers' gives, so that nobody else
    /// has to.
    pub given: BTreeSet<String>,
}

/// The parts of a desired state that name something.
struct Parts<'a> {
    plugins: &'a PluginsLock,
    environments: &'a Environments,
    overrides: &'a BTreeMap<AppName, Overrides>,
}

impl Known {
    /// What a checked desired state has. `plugin` gives the schema and the base values (as
    /// YAML) of a plugin; the values of an app are those of its default plugin.
    ///
    /// # Errors
    /// Those of `plugin`.
    pub fn of<E>(
        desired: &Desired,
        plugin: impl FnMut(&LockedPlugin) -> Result<(Value, String), E>,
    ) -> Result<Self, E> {
        let parts = Parts {
            plugins: &desired.plugins,
            environments: &desired.environments,
            overrides: &desired.overrides,
        };
        let zones = &desired.regions.hosted_zones;
        let regions = desired.regions.regions.iter().map(|(name, region)| {
            let classes = region.storage.keys().cloned().collect();
            (name.as_str().to_owned(), Some(classes))
        });
        Ok(Self {
            apps: Some(apps(&parts, plugin)?),
            environments: Some(desired.environments.keys().cloned().collect()),
            regions: Some(regions.collect()),
            zones: Some(zones.iter().map(|zone| zone.name.clone()).collect()),
        })
    }

    /// The same from the files of the desired state, as far as they can be read; with the
    /// problems of those that name something. Customers' files aren't looked at.
    ///
    /// # Errors
    /// Those of `plugin`.
    pub fn read<E>(
        files: &BTreeMap<String, Vec<u8>>,
        plugin: impl FnMut(&LockedPlugin) -> Result<(Value, String), E>,
    ) -> Result<(Self, Vec<Problem>), E> {
        let mut known = Self::default();
        let mut found = Vec::new();
        if let Some(bytes) = files.get(regions::FILE) {
            let (read, mut problems) = regions_read::read(bytes);
            found.append(&mut problems);
            if let Some(read) = read {
                let classes = |name: &String| {
                    let region = read.regions.regions.get(&name.parse().ok()?)?;
                    Some(region.storage.keys().cloned().collect())
                };
                let names = read.names.iter();
                known.regions = Some(names.map(|name| (name.clone(), classes(name))).collect());
                let mut zones = read.zones.clone();
                zones.sort();
                known.zones = Some(zones);
            }
        }
        let lock = files.get(lockfile::FILE).and_then(|bytes| {
            let (lock, mut problems) = lockfile::read(bytes);
            // Half a lock file says nothing about which apps there are.
            let lock = lock.filter(|_| problems.is_empty()).map(|(lock, _)| lock);
            found.append(&mut problems);
            lock
        });
        let names = lock.as_ref().map(PluginsLock::apps).unwrap_or_default();
        let installed = Installed {
            apps: &names,
            all: lock.is_some(),
        };
        let environments = shared::environments(files, installed, &mut found);
        let overrides = shared::overrides(files, installed, &mut found);
        known.environments = Some(environments.keys().cloned().collect());
        if let Some(plugins) = &lock {
            let parts = Parts {
                plugins,
                environments: &environments,
                overrides: &overrides,
            };
            known.apps = Some(apps(&parts, plugin)?);
        }
        found.sort();
        Ok((known, found))
    }

    /// The storage classes of all regions, sorted; `None` where one of them isn't known.
    pub(super) fn storage_classes(&self) -> Option<BTreeSet<&String>> {
        let regions = self.regions.as_ref()?;
        let mut all = BTreeSet::new();
        for classes in regions.values() {
            all.extend(classes.as_ref()?);
        }
        Some(all)
    }
}

fn apps<E>(
    parts: &Parts<'_>,
    mut plugin: impl FnMut(&LockedPlugin) -> Result<(Value, String), E>,
) -> Result<BTreeMap<AppName, AppValues>, E> {
    let defaults = parts.plugins.plugins.iter().filter(|plugin| plugin.default);
    defaults
        .map(|locked| {
            let (schema, base) = plugin(locked)?;
            // Base values with a problem give nothing; `validate` tells of it.
            let base = Layer::parse("values.yaml", base.as_bytes()).unwrap_or_default();
            let overrides = parts.overrides.get(&locked.app);
            let environments = parts.environments.values();
            let layers = std::iter::once(&base)
                .chain(overrides.and_then(|overrides| overrides.values.as_ref()))
                .chain(environments.filter_map(|layers| layers.get(&locked.app)));
            let given = layers
                .flat_map(|layer| &layer.values)
                .filter(|(_, value)| !value.is_null())
                .map(|(key, _)| key.clone())
                .collect();
            Ok((locked.app.clone(), AppValues { schema, given }))
        })
        .collect()
}
