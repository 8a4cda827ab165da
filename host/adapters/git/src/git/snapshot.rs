//! The generated branches as one run sees them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_ports::{
    BranchSnapshot, Generated, LastChange, List, LiveTarget, ProviderError, Snapshot,
};
use git2::Repository;

use super::{Git, Shared, live, not_ours};
use crate::place::Place;
use crate::remote::{Cache, Heads};

/// The heads that one run goes by. The cache keeps their commits, however often others
/// fetch and push meanwhile: it drops no object.
pub(crate) struct GitSnapshot {
    shared: Arc<Shared>,
    heads: List<Heads>,
}

impl fmt::Debug for GitSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSnapshot").finish_non_exhaustive()
    }
}

impl GitSnapshot {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            heads: List::default(),
        }
    }

    async fn heads(&self) -> Result<Arc<Heads>, ProviderError> {
        let read = async {
            self.shared.fresh().await?;
            self.shared.read(Cache::heads).await
        };
        self.heads.get(read).await
    }
}

impl Generated for Git {
    fn branches(&self) -> Arc<dyn BranchSnapshot> {
        Arc::new(GitSnapshot::new(Arc::clone(&self.shared)))
    }
}

#[async_trait]
impl Snapshot for GitSnapshot {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let Resource::Folder(folder) = wanted else {
            return Err(not_ours());
        };
        let heads = self.heads().await?;
        let head = move |_: &Repository, branch: &str| Ok(heads.get(branch).copied());
        self.shared.folder(folder, head).await
    }
}

#[async_trait]
impl BranchSnapshot for GitSnapshot {
    async fn live(&self) -> Result<Vec<LiveTarget>, ProviderError> {
        let heads = self.heads().await?;
        self.shared.read(move |repo| live::live(repo, &heads)).await
    }

    async fn last_change(
        &self,
        branch: &str,
        path: &str,
    ) -> Result<Option<LastChange>, ProviderError> {
        let place = Place::new(branch, path)?;
        let head = self.heads().await?.get(&place.branch).copied();
        self.shared
            .read(move |repo| live::last_change(repo, head, &place))
            .await
    }
}
