//! A run: what is read for it lives as long as it does.

use std::sync::Arc;

use deploycenter_domain::desired::{self, Desired};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::selector::Selection;
use deploycenter_ports::Store;
use tokio::sync::OnceCell;

use super::Systems;
use crate::planning::{Known, Offline};
use crate::{Engine, Orphan, PlanError, PlanOptions, Planned, ProvidedEntries, Providers, Words};

/// One run: the desired state that it goes by, read when it is opened, and what it sees of
/// the journal, the branches and the outside systems, each read when it is first asked for.
/// All of that is dropped with it; an [`Engine`] keeps nothing that was read. Several runs
/// of one engine at once don't see each other's.
#[derive(Debug)]
pub struct Run {
    pub(crate) desired: Arc<Desired>,
    pub(crate) systems: Systems,
    pub(crate) known: OnceCell<Known>,
    pub(crate) offline: Offline,
    pub(crate) providers: Providers,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) words: Words,
    /// Targets being planned at the same time.
    pub(crate) plans: usize,
}

impl Run {
    /// The desired state that it goes by.
    #[must_use]
    pub fn desired(&self) -> &Desired {
        &self.desired
    }
}

impl Engine {
    /// Opens a run: reads the desired state, and asks no outside system yet.
    ///
    /// # Errors
    /// As [`Engine::desired`].
    pub async fn open_run(&self) -> Result<Run, PlanError> {
        Ok(Run {
            desired: self.desired().await?,
            systems: Systems::open(&self.providers),
            known: OnceCell::new(),
            offline: self.offline(),
            providers: self.providers.clone(),
            store: Arc::clone(&self.store),
            words: self.words,
            plans: self.limits.plans,
        })
    }

    /// The desired state as it is now in the deployment repo.
    ///
    /// # Errors
    /// All its problems, or that the deployment repo can't be read.
    pub async fn desired(&self) -> Result<Arc<Desired>, PlanError> {
        let files = self.repository.desired_files().await?;
        Ok(Arc::new(desired::read(&files)?))
    }

    /// [`Run::plan`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn plan(
        &self,
        selection: &Selection,
        options: &PlanOptions,
    ) -> Result<Planned, PlanError> {
        self.open_run().await?.plan(selection, options).await
    }

    /// [`Run::orphans`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn orphans(&self) -> Result<Vec<Orphan>, PlanError> {
        self.open_run().await?.orphans().await
    }

    /// [`Run::provided_secrets`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn provided_secrets(&self, target: &TargetId) -> Result<ProvidedEntries, PlanError> {
        self.open_run().await?.provided_secrets(target).await
    }
}
