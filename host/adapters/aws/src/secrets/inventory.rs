//! What an installation has in Secrets Manager.

use async_trait::async_trait;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::tag;
use deploycenter_ports::{InventoryItem, InventorySource, Marker, ProviderError};

use super::read::{FoundEntry, given};
use super::{RegionalSecrets, Secrets};
use crate::inventory::{holder, time};

#[async_trait]
impl InventorySource for Secrets {
    async fn inventory(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let mut all = Vec::new();
        for region in self.aws.each_region() {
            let regional = RegionalSecrets::new(&self.aws, &region)?;
            let found = regional.read_all().await?;
            // What waits for its deletion is gone as far as anyone can do.
            for found in found.values().filter(|found| !found.leaving) {
                let Some(holder) = holder(&found.tags, installation) else {
                    continue;
                };
                let seen = regional.observed(found);
                all.push(InventoryItem {
                    system: "secretsmanager",
                    id: found.name.clone(),
                    state: seen.state,
                    outputs: seen.outputs,
                    holder: giver(found).unwrap_or(holder),
                    since: found.since.as_ref().and_then(time),
                });
            }
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

/// For whom it was given, if it was.
fn giver(found: &FoundEntry) -> Option<Marker> {
    let target = found.tags.get(tag::TARGET).filter(|_| given(found))?;
    target.parse().ok().map(Marker::Given)
}
