//! Opening a base for deletion: by its manifests where Argo CD can take them over, and
//! where it answers that it can't, on the live objects themselves. What is broken never
//! has to become right for what it made to go.

use deploycenter_domain::effect::{EffectKind, OutputName};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::{Folder, Resource, Sync};
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step};

use super::Saga;
use crate::Engine;

/// A base application, and the folder without protection that it is to take over.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    pub(super) sync: Sync,
    pub(super) folder: Folder,
}

impl Engine {
    /// Waits until the base application has taken over its folder. When Argo CD answers
    /// that it can't, the protection is taken off what it made.
    pub(super) async fn open(&self, unprotect: &Opening) -> Result<(), ProviderError> {
        let Opening { sync, folder } = unprotect;
        let mut sync = sync.clone();
        if sync.tree.is_none() {
            // The commit just before made the tree; what the branch says is what Argo CD
            // will see.
            sync.tree = self.tree_of(folder).await?;
        }
        if sync.tree.is_none() {
            let text = format!("{} is gone from the branch {}", sync.path, sync.branch);
            return Err(ProviderError::new(ProviderErrorKind::Moved, "git", text));
        }
        let syncing = &self.providers.syncing;
        let Err(failure) = syncing.synced(&sync).await else {
            return Ok(());
        };
        let is_answer = matches!(
            failure.kind,
            ProviderErrorKind::Unhealthy | ProviderErrorKind::Refused
        );
        // When someone else's commit is why, what is there now may be theirs.
        if !is_answer || self.tree_of(folder).await? != sync.tree {
            return Err(failure);
        }
        tracing::info!(
            application = sync.application,
            %failure,
            "the base can't be opened by its manifests: the live objects are"
        );
        let stripped = syncing.strip_protection(&sync).await;
        stripped.map_err(|error| ProviderError {
            message: format!("{}; it came to that because {failure}", error.message),
            ..error
        })
    }

    async fn tree_of(&self, folder: &Folder) -> Result<Option<String>, ProviderError> {
        let wanted = Resource::Folder(folder.clone());
        let seen = self.providers.git.observe(&wanted).await?;
        Ok(seen.and_then(|seen| seen.outputs.get(&OutputName::Tree).cloned()))
    }
}

impl Saga<'_> {
    /// What a sync opens that goes before a purge.
    pub(super) fn unprotect(&self, effect: &PlannedEffect, step: &Step) -> Option<Opening> {
        let plan = &self.record.deployment.plan;
        let Some(Resource::Sync(sync)) = &step.after else {
            return None;
        };
        if plan.operation != Operation::Purge || effect.kind != EffectKind::Sync {
            return None;
        }
        let commit = plan.of_kind(EffectKind::Commit).next()?;
        let Some(Resource::Folder(folder)) = &commit.after else {
            return None;
        };
        Some(Opening {
            sync: sync.clone(),
            folder: folder.clone(),
        })
    }
}
