//! The desired state: the files of a deployment repo, parsed, checked and put together.
//!
//! [`read`] takes all files at once and tells every problem at once, each with its place.
//! What comes back has been checked whole; later code doesn't check again. [`read_all`]
//! goes on past problems, for a check that is to tell everything in one go.

mod bounds;
mod check;
mod cross;
mod customers;
mod domains;
mod draft;
mod formats;
mod json_schema;
mod layer;
mod lockfile;
mod merge;
mod node;
mod reader;
mod reading;
mod regions;
mod regions_cluster;
mod regions_parts;
mod regions_read;
mod repair;
mod scalar;
mod secrets;
mod settings;
mod shared;
mod shared_name;
mod suggest;
mod text;
mod toml;
mod value_formats;
mod yaml;

use std::collections::BTreeMap;

pub use check::{Fault, Schema, SchemaError, violation_problem};
pub use customers::{Customer, Instance};
pub use draft::Draft;
pub use formats::domain as domain_name;
pub use json_schema::{
    AppValues, FOLDER as SCHEMAS_FOLDER, Known, SchemaKind, SchemaWords, UnknownKind, json_schema,
    reference as schema_reference, text as schema_text,
};
pub use layer::{Layer, Place};
pub use lockfile::{LockedPlugin, PluginsLock};
pub use merge::{Dropped, LayerKind, Merged, ValueOrigin, merge};
pub use node::{Content, Entry, Node, Spot, dotted};
pub use reading::{Reading, read as read_all};
pub use regions::{
    Challenge, Efs, HostedZone, Ingress, Region, Regions, StorageClass, StorageKind,
};
pub use regions_cluster::{AddonNamespaces, Cluster, QuotaFigures, QuotaRule};
pub use repair::repaired;
pub use settings::{
    ArgocdSettings, Authority, GitSettings, Settings, Timeouts, repository_address,
};
pub use shared::{Environments, Overrides};
pub use suggest::did_you_mean;
pub(crate) use suggest::did_you_mean_below;
pub use yaml::parse as parse_yaml;

use crate::name::{AppName, CustomerName, TargetId};
use crate::problem::Problems;

/// The names of the files with a fixed place.
pub mod file {
    pub use super::customers::{FILE as CUSTOMERS, FOLDER as CUSTOMERS_FOLDER};
    pub use super::lockfile::FILE as PLUGINS;
    pub use super::regions::FILE as REGIONS;
    pub use super::settings::FILE as SETTINGS;
}

/// All that a deployment repo wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    /// `deploycenter.toml`.
    pub settings: Settings,
    /// `regions.yaml`.
    pub regions: Regions,
    /// `plugins.lock`.
    pub plugins: PluginsLock,
    /// `customers.yaml` and `customers.d/`, sorted by name.
    pub customers: Vec<Customer>,
    /// `environments/`; the known ones without a file are there and empty.
    pub environments: Environments,
    /// `overrides/`.
    pub overrides: BTreeMap<AppName, Overrides>,
}

impl Desired {
    /// Every instance, sorted by target.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.customers
            .iter()
            .flat_map(|customer| &customer.instances)
    }

    /// The customer of that name.
    #[must_use]
    pub fn customer(&self, name: &CustomerName) -> Option<&Customer> {
        let at = self
            .customers
            .binary_search_by(|customer| customer.name.cmp(name))
            .ok()?;
        self.customers.get(at)
    }

    /// The instance that is that target; none for a shared target.
    #[must_use]
    pub fn instance(&self, target: &TargetId) -> Option<&Instance> {
        let instances = &self.customer(target.customer())?.instances;
        let at = instances
            .binary_search_by(|instance| instance.target.cmp(target))
            .ok()?;
        instances.get(at)
    }

    /// Where an instance of this desired state runs.
    #[must_use]
    pub fn region_of(&self, instance: &Instance) -> Option<&Region> {
        self.regions.regions.get(&instance.region)
    }

    /// What the instance's environment changes for its app.
    #[must_use]
    pub fn environment_layer(&self, instance: &Instance) -> Option<&Layer> {
        self.environments
            .get(&instance.environment)?
            .get(&instance.app)
    }

    /// An instance's values, from an app's base values and the shared ones (which may be
    /// older than those of this desired state: they are pinned).
    #[must_use]
    pub fn merged(&self, instance: &Instance, base: &Layer, shared: Option<&Layer>) -> Merged {
        let mut layers = vec![(LayerKind::App, base)];
        layers.extend(shared.map(|layer| (LayerKind::Shared, layer)));
        layers.extend(
            self.environment_layer(instance)
                .map(|layer| (LayerKind::Environment, layer)),
        );
        layers.push((LayerKind::Customer, &instance.values));
        merge(&layers)
    }
}

/// Reads all files of the desired state, by path relative to the deployment repo.
///
/// # Errors
/// All problems of all files, sorted by place.
pub fn read(files: &BTreeMap<String, Vec<u8>>) -> Result<Desired, Problems> {
    reading::read(files).whole()
}
