//! A run: what is read for it lives as long as it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::desired::{self, Desired};
use deploycenter_domain::name::TargetId;
use deploycenter_ports::{DeployedRecord, Deployments, Holder, Store, TargetRecord};
use tokio::sync::OnceCell;

use super::planning::{Known, PlanningSnapshot};
use super::systems::Systems;
use super::unfinished::Unfinished;
use crate::{Engine, Offline, PlanError, Providers, Words};

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

    /// What a planning of this run goes by.
    pub(crate) async fn snapshot(&self) -> Result<PlanningSnapshot, PlanError> {
        let known = self.known.get_or_try_init(|| self.read()).await?;
        Ok(PlanningSnapshot::of(
            Arc::clone(&self.desired),
            known.clone(),
        ))
    }

    /// Reads branches and journal.
    async fn read(&self) -> Result<Known, PlanError> {
        let live = self.systems.branches.live().await?;
        let records = self.store.all_targets().await?;
        let mut deployed: BTreeMap<TargetId, Vec<DeployedRecord>> = BTreeMap::new();
        for record in self.store.all_deployed().await? {
            deployed
                .entry(record.target.clone())
                .or_default()
                .push(record);
        }
        let mut unfinished = BTreeMap::new();
        let mut holders: BTreeMap<TargetId, Holder> =
            self.store.all_holders().await?.into_iter().collect();
        let summaries = self.store.all_deployments(&Deployments::Unfinished);
        for summary in summaries.await? {
            unfinished.insert(
                summary.target.clone(),
                Unfinished {
                    status: summary.status(),
                    reason: summary.state.why().map(str::to_owned),
                    deployment: summary.id,
                    incarnation: summary.plan.incarnation,
                    region: summary.plan.region,
                    removes: summary.plan.operation.is_removal(),
                    holder: holders.remove(&summary.target),
                },
            );
        }
        let by_target = |record: TargetRecord| (record.target.clone(), record);
        let live = live.into_iter().map(|live| (live.target.clone(), live));
        Ok(Known {
            records: Arc::new(records.into_iter().map(by_target).collect()),
            live: Arc::new(live.collect()),
            deployed: Arc::new(deployed),
            unfinished: Arc::new(unfinished),
        })
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
}
