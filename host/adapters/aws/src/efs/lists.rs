//! Reading EFS page by page, each list once for a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_efs::types::{
    AccessPointDescription, FileSystemDescription, LifeCycleState, MountTargetDescription,
};
use deploycenter_ports::{Failure, Reading};

use super::Regional;
use crate::aws::Where;
use crate::cell::Lists;

/// What has been listed in this run.
#[derive(Debug, Default)]
pub(crate) struct EfsLists {
    file_systems: Lists<Where, BTreeMap<String, FileSystemDescription>>,
    access_points: Lists<Where, BTreeMap<String, AccessPointDescription>>,
    mount_targets: Lists<(Where, String), Vec<MountTargetDescription>>,
}

/// Whether a thing in that state is as good as gone.
pub(super) fn leaving(state: Option<&LifeCycleState>) -> bool {
    matches!(
        state,
        Some(LifeCycleState::Deleting | LifeCycleState::Deleted)
    )
}

impl Regional<'_> {
    /// All file systems of the region by creation token.
    pub(super) async fn listed_file_systems(
        &self,
    ) -> Result<Arc<BTreeMap<String, FileSystemDescription>>, Failure> {
        let lists = &self.aws.shared.efs_lists;
        lists
            .file_systems
            .get(self.at.clone(), async {
                let mut pages = self
                    .client
                    .describe_file_systems()
                    .into_paginator()
                    .items()
                    .send();
                let mut all = BTreeMap::new();
                while let Some(next) = pages.next().await {
                    let next =
                        next.map_err(|error| self.context.failure("list file systems", &error))?;
                    all.insert(next.creation_token.clone(), next);
                }
                Ok(all)
            })
            .await
    }

    /// All access points of the region by client token.
    pub(super) async fn listed_access_points(
        &self,
    ) -> Result<Arc<BTreeMap<String, AccessPointDescription>>, Failure> {
        let lists = &self.aws.shared.efs_lists;
        lists
            .access_points
            .get(self.at.clone(), self.read_access_points(None))
            .await
    }

    /// The access points of one file system, or of all, by client token. None of a file
    /// system that isn't there.
    pub(super) async fn read_access_points(
        &self,
        file_system: Option<&str>,
    ) -> Result<BTreeMap<String, AccessPointDescription>, Failure> {
        let request = self.client.describe_access_points();
        let request = request.set_file_system_id(file_system.map(str::to_owned));
        let mut pages = request.into_paginator().items().send();
        let mut all = BTreeMap::new();
        while let Some(next) = pages.next().await {
            match next {
                Ok(next) => {
                    if let (Some(token), false) = (
                        next.client_token.clone(),
                        leaving(next.life_cycle_state.as_ref()),
                    ) {
                        all.insert(token, next);
                    }
                }
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_file_system_not_found()) =>
                {
                    break;
                }
                Err(error) => return Err(self.context.failure("list access points", &error)),
            }
        }
        Ok(all)
    }

    /// A file system's mount targets that aren't leaving.
    pub(super) async fn mount_targets_of(
        &self,
        file_system: &str,
        reading: Reading,
    ) -> Result<Arc<Vec<MountTargetDescription>>, Failure> {
        if reading == Reading::Fresh {
            return self.read_mount_targets(file_system).await.map(Arc::new);
        }
        let lists = &self.aws.shared.efs_lists;
        let key = (self.at.clone(), file_system.to_owned());
        lists
            .mount_targets
            .get(key, self.read_mount_targets(file_system))
            .await
    }

    /// Every mount target of a file system, whatever its state.
    pub(super) async fn read_mount_targets(
        &self,
        file_system: &str,
    ) -> Result<Vec<MountTargetDescription>, Failure> {
        let request = self
            .client
            .describe_mount_targets()
            .file_system_id(file_system);
        let mut pages = request.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(next) = pages.next().await {
            match next {
                Ok(next) => all.push(next),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(|e| e.is_file_system_not_found()) =>
                {
                    break;
                }
                Err(error) => {
                    let what = format!("list the mount targets of {file_system}");
                    return Err(self.context.failure(what, &error));
                }
            }
        }
        Ok(all)
    }
}
