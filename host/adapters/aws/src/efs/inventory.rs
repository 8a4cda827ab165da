//! What an installation has in EFS.

use async_trait::async_trait;
use aws_sdk_efs::types::FileSystemDescription;
use deploycenter_domain::name::InstallationId;
use deploycenter_domain::resource::{MountTarget, Observed};
use deploycenter_ports::{InventoryItem, InventorySource, Marker, ProviderError};

use super::lists::leaving;
use super::{Efs, RegionalEfs, outputs, tag_map};
use crate::inventory::{holder, time};

#[async_trait]
impl InventorySource for Efs {
    async fn inventory(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let mut all = Vec::new();
        for region in self.aws.each_region() {
            let regional = self.regional(&region)?;
            all.extend(regional.file_systems_held(installation).await?);
            all.extend(regional.access_points_held(installation).await?);
        }
        all.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(all)
    }
}

impl RegionalEfs<'_> {
    /// File systems and their mount targets.
    async fn file_systems_held(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let mut all = Vec::new();
        for found in self.read_file_systems().await? {
            let holder = holder(&tag_map(&found.tags), installation);
            let Some(holder) = holder.filter(|_| !leaving(Some(&found.life_cycle_state))) else {
                continue;
            };
            let seen = self.observed_file_system(false, &found);
            all.extend(self.mount_targets_held(&found, &holder).await?);
            all.push(InventoryItem {
                system: "efs",
                id: found.file_system_id,
                state: seen.state,
                outputs: seen.outputs,
                holder,
                since: time(&found.creation_time),
            });
        }
        Ok(all)
    }

    async fn mount_targets_held(
        &self,
        file_system: &FileSystemDescription,
        holder: &Marker,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        if file_system.number_of_mount_targets == 0 {
            return Ok(Vec::new());
        }
        let id = &file_system.file_system_id;
        let mut all = Vec::new();
        for found in self.read_mount_targets(id).await? {
            let place = MountTarget {
                region: self.region.clone(),
                file_system: id.clone(),
                subnet: found.subnet_id.clone(),
                security_groups: Vec::new(),
            };
            let seen = self.observe_mount_target(&place).await?;
            if let Some(Observed { state, outputs, .. }) = seen {
                all.push(InventoryItem {
                    system: "efs",
                    id: found.mount_target_id,
                    state,
                    outputs,
                    holder: holder.clone(),
                    since: None,
                });
            }
        }
        Ok(all)
    }

    async fn access_points_held(
        &self,
        installation: &InstallationId,
    ) -> Result<Vec<InventoryItem>, ProviderError> {
        let all = self.read_access_points(None).await?;
        let held = all.values().filter_map(|found| {
            let tags = tag_map(found.tags.as_deref().unwrap_or_default());
            let holder = holder(&tags, installation)?;
            let id = found.access_point_id.clone()?;
            Some(InventoryItem {
                system: "efs",
                state: self.observed_access_point(found).state,
                outputs: outputs(&id),
                id,
                holder,
                since: None,
            })
        });
        Ok(held.collect())
    }
}
