//! Reading EFS page by page.

use std::collections::BTreeMap;

use aws_sdk_efs::types::{
    AccessPointDescription, FileSystemDescription, LifeCycleState, MountTargetDescription,
};
use deploycenter_ports::ProviderError;

use super::RegionalEfs;
use super::file_system::token_of;

/// Whether a thing in that state is as good as gone.
pub(super) fn leaving(state: Option<&LifeCycleState>) -> bool {
    matches!(
        state,
        Some(LifeCycleState::Deleting | LifeCycleState::Deleted)
    )
}

/// File systems by the token that each was made with or adopted for. One that is there goes
/// before one that is leaving, then one that was made with a token before one that was
/// adopted for it.
pub(super) fn by_token(
    mut all: Vec<FileSystemDescription>,
) -> BTreeMap<String, FileSystemDescription> {
    all.sort_by_cached_key(|one| {
        let there = !leaving(Some(&one.life_cycle_state));
        let made = token_of(one) == one.creation_token;
        (there, made, std::cmp::Reverse(one.file_system_id.clone()))
    });
    // The best comes last, and so it is what stays.
    all.into_iter().map(|one| (token_of(&one), one)).collect()
}

impl RegionalEfs<'_> {
    /// All file systems of the region.
    pub(super) async fn read_file_systems(
        &self,
    ) -> Result<Vec<FileSystemDescription>, ProviderError> {
        let request = self.client.describe_file_systems();
        let mut pages = request.into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(next) = pages.next().await {
            all.push(next.map_err(|error| self.context.failure("list file systems", &error))?);
        }
        Ok(all)
    }

    /// The access points of one file system, or of all, by client token. None of a file
    /// system that isn't there.
    pub(super) async fn read_access_points(
        &self,
        file_system: Option<&str>,
    ) -> Result<BTreeMap<String, AccessPointDescription>, ProviderError> {
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

    /// Every mount target of a file system, whatever its state.
    pub(super) async fn read_mount_targets(
        &self,
        file_system: &str,
    ) -> Result<Vec<MountTargetDescription>, ProviderError> {
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
