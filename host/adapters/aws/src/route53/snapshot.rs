//! Route 53 as one run sees it: whole zones.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::resource::{Observed, Record, Resource};
use deploycenter_ports::{Beside, Lists, ProviderError, Snapshot};

use super::beside::around;
use super::not_ours;
use super::read::{ZoneList, look};
use crate::aws::Aws;

/// What one run has listed, by the zones' ids.
#[derive(Debug)]
pub(super) struct Route53Snapshot {
    aws: Aws,
    zones: Lists<String, ZoneList>,
}

impl Route53Snapshot {
    pub(super) fn new(aws: Aws) -> Self {
        Self {
            aws,
            zones: Lists::default(),
        }
    }

    /// The record that is wanted, with its whole zone.
    async fn zone<'r>(
        &self,
        wanted: &'r Resource,
    ) -> Result<(&'r Record, Arc<ZoneList>), ProviderError> {
        let Resource::Record(wanted) = wanted else {
            return Err(not_ours());
        };
        let zone = self.aws.zone(&wanted.zone)?;
        let all = self.zones.get(wanted.zone.clone(), zone.read_all()).await?;
        Ok((wanted, all))
    }
}

#[async_trait]
impl Snapshot for Route53Snapshot {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let (wanted, all) = self.zone(wanted).await?;
        let sets = all.get(&wanted.name).map(Vec::as_slice).unwrap_or_default();
        Ok(look(wanted, sets).map(|(observed, _)| observed))
    }

    async fn beside(&self, wanted: &Resource) -> Result<Vec<Beside>, ProviderError> {
        let (wanted, all) = self.zone(wanted).await?;
        Ok(around(wanted, &all))
    }
}
