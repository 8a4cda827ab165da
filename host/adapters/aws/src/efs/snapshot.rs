//! EFS as one run sees it: lists by region.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_efs::types::{AccessPointDescription, FileSystemDescription, MountTargetDescription};
use deploycenter_domain::resource::{MountTarget, Observed, Resource};
use deploycenter_domain::token;
use deploycenter_ports::{Lists, ProviderError, Snapshot};

use super::lists::by_token;
use super::mount_target::TAG;
use super::{Efs, RegionalEfs, not_ours, tag_map};
use crate::aws::Where;

/// What one run has listed.
#[derive(Debug)]
pub(super) struct EfsSnapshot {
    efs: Efs,
    file_systems: Lists<Where, BTreeMap<String, FileSystemDescription>>,
    access_points: Lists<Where, BTreeMap<String, AccessPointDescription>>,
    mount_targets: Lists<(Where, String), Vec<MountTargetDescription>>,
}

impl EfsSnapshot {
    pub(super) fn new(efs: Efs) -> Self {
        Self {
            efs,
            file_systems: Lists::default(),
            access_points: Lists::default(),
            mount_targets: Lists::default(),
        }
    }

    /// All file systems of the region by token, see [`by_token`].
    async fn file_systems(
        &self,
        regional: &RegionalEfs<'_>,
    ) -> Result<Arc<BTreeMap<String, FileSystemDescription>>, ProviderError> {
        let read = async { regional.read_file_systems().await.map(by_token) };
        self.file_systems.get(regional.at.clone(), read).await
    }

    /// By the tags on its file system; asked for where these don't tell of all that it has.
    async fn mount_target(
        &self,
        regional: &RegionalEfs<'_>,
        wanted: &MountTarget,
    ) -> Result<Option<Observed>, ProviderError> {
        // There is no mount target on a file system that isn't there yet.
        if !token::is_plain(&wanted.file_system) {
            return Ok(None);
        }
        let all = self.file_systems(regional).await?;
        let Some(found) = all
            .values()
            .find(|one| one.file_system_id == wanted.file_system)
        else {
            return Ok(None);
        };
        let tags = tag_map(&found.tags);
        let noted = tags.keys().filter(|key| key.starts_with(TAG)).count();
        if usize::try_from(found.number_of_mount_targets) == Ok(noted) {
            return Ok(regional.noted(wanted, &tags));
        }
        let key = (regional.at.clone(), wanted.file_system.clone());
        let read = regional.read_mount_targets(&wanted.file_system);
        let all = self.mount_targets.get(key, read).await?;
        regional.mount_target_among(wanted, &all).await
    }
}

#[async_trait]
impl Snapshot for EfsSnapshot {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        match wanted {
            Resource::FileSystem(wanted) => {
                let regional = self.efs.regional(&wanted.region)?;
                let all = self.file_systems(&regional).await?;
                let found = all.get(&wanted.creation_token);
                Ok(found.and_then(|found| regional.there(wanted, found)))
            }
            Resource::MountTarget(wanted) => {
                let regional = self.efs.regional(&wanted.region)?;
                self.mount_target(&regional, wanted).await
            }
            Resource::AccessPoint(wanted) => {
                let regional = self.efs.regional(&wanted.region)?;
                let read = regional.read_access_points(None);
                let all = self.access_points.get(regional.at.clone(), read).await?;
                let found = all.get(&wanted.client_token);
                Ok(found.map(|found| regional.observed_access_point(found)))
            }
            _ => Err(not_ours()),
        }
    }
}
