//! Secrets Manager as one run sees it: the entries that carry an installation's tag.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deploycenter_domain::name::RegionName;
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_ports::{Lists, ProviderError, SecretEntry, SecretSnapshot, Snapshot};

use super::read::{FoundEntry, entry};
use super::{RegionalSecrets, not_ours};
use crate::aws::{Aws, Where};

/// What one run has listed: entries by name.
#[derive(Debug)]
pub(super) struct SecretsSnapshot {
    aws: Aws,
    regions: Lists<Where, BTreeMap<String, FoundEntry>>,
}

impl SecretsSnapshot {
    pub(super) fn new(aws: Aws) -> Self {
        Self {
            aws,
            regions: Lists::default(),
        }
    }
}

#[async_trait]
impl Snapshot for SecretsSnapshot {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let Resource::Secret(wanted) = wanted else {
            return Err(not_ours());
        };
        let regional = RegionalSecrets::new(&self.aws, &wanted.region)?;
        let read = regional.read_all();
        let all = self.regions.get(regional.at.clone(), read).await?;
        Ok(all.get(&wanted.name).map(|found| regional.observed(found)))
    }
}

#[async_trait]
impl SecretSnapshot for SecretsSnapshot {
    async fn list(
        &self,
        region: &RegionName,
        prefix: &str,
    ) -> Result<Vec<SecretEntry>, ProviderError> {
        let regional = RegionalSecrets::new(&self.aws, region)?;
        let read = regional.read_all();
        let all = self.regions.get(regional.at.clone(), read).await?;
        let ours = all
            .values()
            .filter(|found| !found.leaving && found.name.starts_with(prefix));
        Ok(ours.map(entry).collect())
    }
}
