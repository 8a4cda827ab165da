//! What all targets of one planning share: the desired state, the journal and the
//! branches, each read once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::desired::Desired;
use deploycenter_domain::journal::Status;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{CustomerName, DeploymentId, Incarnation, RegionName, TargetId};
use deploycenter_domain::resource::{Application, Resource};
use deploycenter_domain::secret_version::SecretVersions;
use deploycenter_ports::{
    DeployedRecord, Deployments, Holder, InventoryItem, LiveTarget, Marker, TargetRecord,
};

use super::apps::Apps;
use super::{PlanError, UnfinishedDeployment};
use crate::Run;

/// What all targets of one planning share.
pub(crate) struct PlanningSnapshot {
    pub(crate) desired: Arc<Desired>,
    pub(crate) records: Arc<BTreeMap<TargetId, TargetRecord>>,
    pub(crate) live: Arc<BTreeMap<TargetId, LiveTarget>>,
    /// By target, each life in order.
    pub(crate) deployed: Arc<BTreeMap<TargetId, Vec<DeployedRecord>>>,
    pub(crate) unfinished: Arc<BTreeMap<TargetId, Unfinished>>,
    /// The highest incarnation of which something outside bears the marks, of targets that
    /// neither branch nor journal knows.
    pub(crate) marked: BTreeMap<TargetId, Incarnation>,
    /// Whether existing targets are planned with the current versions, too.
    pub(super) moves_pins: bool,
    /// Removed targets that go on with what was retained of them.
    pub(super) revived: BTreeMap<TargetId, Revived>,
    pub(super) apps: Apps,
}

/// What a run knows from the journal and the branches: read when one of its plannings first
/// asks, and the same for all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    records: Arc<BTreeMap<TargetId, TargetRecord>>,
    live: Arc<BTreeMap<TargetId, LiveTarget>>,
    deployed: Arc<BTreeMap<TargetId, Vec<DeployedRecord>>>,
    unfinished: Arc<BTreeMap<TargetId, Unfinished>>,
}

/// The life with which a removed target goes on.
#[derive(Debug, Clone)]
pub(crate) struct Revived {
    pub(crate) incarnation: Incarnation,
    /// The version in which its data was left, where the journal knows.
    pub(crate) data_version: Option<String>,
}

/// A deployment that hasn't ended.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished {
    pub(crate) deployment: DeploymentId,
    pub(crate) incarnation: Incarnation,
    pub(crate) region: RegionName,
    /// Whether it takes the target away.
    pub(crate) removes: bool,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    /// Who works on it; nobody does on one that was interrupted or needs attention.
    pub(crate) holder: Option<Holder>,
}

impl PlanningSnapshot {
    /// What there is when nobody was asked: no target runs.
    pub(super) fn offline(desired: Arc<Desired>) -> Self {
        Self::of(desired, Known::default())
    }

    /// For one planning, from what its run knows.
    fn of(desired: Arc<Desired>, known: Known) -> Self {
        let Known {
            records,
            live,
            deployed,
            unfinished,
        } = known;
        Self {
            desired,
            records,
            live,
            deployed,
            unfinished,
            marked: BTreeMap::new(),
            moves_pins: false,
            revived: BTreeMap::new(),
            apps: Apps::default(),
        }
    }

    /// The pins of a target that is on its branch.
    pub(crate) fn lock(&self, target: &TargetId) -> Option<Lock> {
        let live = self.live.get(target)?;
        Lock::read(&live.lock).ok()
    }

    /// The versions of given secrets that a target's pods name, by the secrets' names.
    pub(crate) fn secret_versions(&self, target: &TargetId) -> SecretVersions {
        let lock = self.lock(target);
        lock.map(|lock| lock.secret_versions).unwrap_or_default()
    }

    /// The life that a target is in: the one on the branch, or the one that the journal
    /// didn't see end, whose folder someone else removed.
    pub(crate) fn present(&self, target: &TargetId) -> Option<Incarnation> {
        if let Some(lock) = self.lock(target) {
            return Some(lock.incarnation);
        }
        let last = self.deployed.get(target)?.last()?;
        (!last.ended).then_some(last.incarnation)
    }

    /// Which life a plan is for: the present one, the one that a deployment is at work on,
    /// or else the one after the last that came to anything.
    pub(crate) fn incarnation(&self, target: &TargetId) -> Incarnation {
        if let Some(present) = self.present(target) {
            return present;
        }
        if let Some(unfinished) = self.unfinished.get(target) {
            return unfinished.incarnation;
        }
        if let Some(revived) = self.revived.get(target) {
            return revived.incarnation;
        }
        let last = self.deployed.get(target).and_then(|lives| lives.last());
        let journaled = last.map(|last| last.incarnation);
        let ended = journaled.max(self.marked.get(target).copied());
        match (ended, self.records.get(target)) {
            (Some(last), _) => Incarnation(last.0 + 1),
            // Begun and taken back whole: its names are free.
            (None, Some(record)) => record.incarnation,
            (None, None) => Incarnation::FIRST,
        }
    }

    /// What stood when the journal last heard of that life.
    pub(crate) fn deployed_of(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> Option<&DeployedRecord> {
        self.deployed
            .get(target)?
            .iter()
            .find(|record| record.incarnation == incarnation)
    }

    /// The same, while that life lasts.
    pub(crate) fn deployed_now(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> Option<&DeployedState> {
        self.deployed_of(target, incarnation)
            .filter(|record| !record.ended)
            .map(|record| &record.deployed)
    }

    /// The applications of a customer's instances, as they stand: without those that are
    /// `removed` now.
    pub(crate) fn applications_of(
        &self,
        customer: &CustomerName,
        removed: &BTreeSet<TargetId>,
    ) -> impl Iterator<Item = &Application> {
        let lives = self
            .deployed
            .iter()
            .filter(move |(target, _)| target.customer() == customer && !removed.contains(*target))
            .flat_map(|(_, lives)| lives.iter().filter(|life| !life.ended));
        lives
            .flat_map(|life| life.deployed.images.values())
            .filter_map(|image| match image {
                Resource::Application(application) => Some(application),
                _ => None,
            })
    }

    /// Takes in the marks on things of targets that neither branch nor journal knows.
    pub(crate) fn mark_unknown(&mut self, everything: &[InventoryItem]) {
        let owners = everything.iter().filter_map(|item| match &item.holder {
            Marker::Effect(owner) => Some(&owner.target),
            _ => None,
        });
        let unknown: BTreeSet<TargetId> = owners
            .filter(|target| {
                !self.live.contains_key(*target) && !self.records.contains_key(*target)
            })
            .cloned()
            .collect();
        self.mark(everything, |target| unknown.contains(target));
    }

    /// Takes in of which lives of some targets something bears the marks.
    fn mark(&mut self, everything: &[InventoryItem], wanted: impl Fn(&TargetId) -> bool) {
        for item in everything {
            if let Marker::Effect(owner) = &item.holder
                && wanted(&owner.target)
            {
                let highest = self
                    .marked
                    .entry(owner.target.clone())
                    .or_insert(owner.incarnation);
                *highest = owner.incarnation.max(*highest);
            }
        }
    }

    /// Targets on the branches, shared ones apart.
    pub(crate) fn live_instances(&self) -> impl Iterator<Item = &LiveTarget> {
        self.live.values().filter(|live| !live.target.is_shared())
    }

    /// What of one customer is on its branch.
    pub(crate) fn live_of(&self, customer: &CustomerName) -> impl Iterator<Item = &LiveTarget> {
        // The shared target sorts before the instances.
        self.live
            .range(TargetId::shared_of(customer.clone())..)
            .map(|(_, live)| live)
            .take_while(move |live| live.target.customer() == customer)
    }

    /// What hasn't ended, by target.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = UnfinishedDeployment> {
        let unfinished = self.unfinished.iter();
        unfinished.map(|(target, unfinished)| UnfinishedDeployment {
            target: target.clone(),
            deployment: unfinished.deployment.clone(),
            holder: unfinished.holder.clone(),
        })
    }

    /// Targets on the branches that the desired state no longer has, sorted.
    pub(crate) fn pending_removal(&self) -> Vec<TargetId> {
        let wanted: BTreeSet<&TargetId> = self
            .desired
            .instances()
            .map(|instance| &instance.target)
            .collect();
        self.live_instances()
            .map(|live| &live.target)
            .filter(|target| !wanted.contains(target))
            .cloned()
            .collect()
    }
}

impl Run {
    /// Looks whether something outside bears the marks of targets that are about to begin
    /// and that this journal knows nothing of: their next life is a later one, so that
    /// none gets another's data.
    pub(crate) async fn look_for_earlier_lives(
        &self,
        snapshot: &mut PlanningSnapshot,
        targets: impl Iterator<Item = &TargetId>,
    ) -> Result<(), PlanError> {
        let unknown: BTreeSet<TargetId> = targets
            .filter(|target| {
                !snapshot.live.contains_key(*target) && !snapshot.records.contains_key(*target)
            })
            .cloned()
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let everything = self.everything_held().await?;
        snapshot.mark(&everything, |target| unknown.contains(target));
        Ok(())
    }

    /// Everything outside that says it belongs to the installation, by system.
    pub(crate) async fn everything_held(&self) -> Result<Vec<InventoryItem>, PlanError> {
        let mut all = Vec::new();
        for adapter in &self.providers.inventory {
            all.extend(adapter.inventory(&self.offline.installation).await?);
        }
        Ok(all)
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
