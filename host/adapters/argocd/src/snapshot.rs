//! Argo CD as one run sees it.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_ports::{List, ProviderError, Snapshot};

use crate::client::Client;
use crate::listing::Listing;
use crate::observed::Observer;
use crate::thing::{Thing, not_ours};

/// What one run has listed.
#[derive(Debug)]
pub(crate) struct ArgoCdSnapshot {
    client: Arc<Client>,
    observer: Observer,
    listing: List<Listing>,
}

impl ArgoCdSnapshot {
    pub(crate) fn new(client: Arc<Client>, observer: Observer) -> Self {
        Self {
            client,
            observer,
            listing: List::default(),
        }
    }
}

#[async_trait]
impl Snapshot for ArgoCdSnapshot {
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let listing = self.listing.get(Listing::read(&self.client)).await?;
        if let Resource::Sync(sync) = wanted {
            let found = listing.applications.get(&sync.application);
            return self.observer.sync(sync, found).await;
        }
        let found = match Thing::of(wanted).ok_or_else(not_ours)? {
            Thing::Project(name) => listing.projects.get(name),
            Thing::Application { name, .. } => listing.applications.get(name),
        };
        Ok(self.observer.owned(wanted, found))
    }
}
