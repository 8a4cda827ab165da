//! What an installation has outside, as the systems themselves say.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::name::{CustomerName, InstallationId, RegionName, TargetId};
use deploycenter_domain::resource::{Outputs, Owner, Resource};
use jiff::Timestamp;
use serde::Serialize;

use crate::ProviderError;

/// Something outside that says it belongs to an installation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InventoryItem {
    /// The system: `efs`, `route53`, `secretsmanager`, `argocd`.
    pub system: &'static str,
    /// What the system calls it: `fs-…`, a secret's or an application's name, a record's
    /// zone, name and set-identifier.
    pub id: String,
    /// Its state, as a removal's `before`.
    pub state: Resource,
    /// What is known of it.
    pub outputs: Outputs,
    /// Whose it is.
    pub holder: Marker,
    /// When it was made, where the system says so.
    pub since: Option<Timestamp>,
}

/// Whose a [`InventoryItem`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Marker {
    /// Its tags, labels or annotations name an effect. For a mount target, which has none,
    /// its file system's tags do.
    Effect(Owner),
    /// A secret that a person gave for the target; which incarnation of it is in its name.
    Given(TargetId),
    /// A record: its set-identifier names them.
    #[serde(rename_all = "camelCase")]
    Customer {
        /// The customer.
        customer: CustomerName,
        /// The region that the record leads to.
        region: RegionName,
    },
    /// It says that it is the installation's and no more; the text says what is missing.
    Unknown(String),
}

/// Lists what an installation has in one system.
#[async_trait]
pub trait InventorySource: Send + Sync + fmt::Debug {
    /// Everything there that says it belongs to the installation, read anew from lists,
    /// sorted by id. Another installation's things are never among them.
    ///
    /// # Errors
    /// When the system can't be read.
    async fn inventory(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError>;
}
