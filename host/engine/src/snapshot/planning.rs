//! What all targets of one planning share: the desired state, and what the run knows of
//! journal and branches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::desired::{Desired, Instance};
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{CustomerName, Incarnation, TargetId};
use deploycenter_domain::resource::{Application, Resource};
use deploycenter_domain::secret_version::SecretVersions;
use deploycenter_ports::{DeployedRecord, InventoryItem, LiveTarget, Marker, TargetRecord};

use super::unfinished::{Unfinished, UnfinishedDeployment};

/// What all targets of one planning share.
pub(crate) struct PlanningSnapshot {
    pub(crate) desired: Arc<Desired>,
    pub(crate) records: Arc<BTreeMap<TargetId, TargetRecord>>,
    pub(crate) live: Arc<BTreeMap<TargetId, LiveTarget>>,
    /// By target, each incarnation in order.
    pub(crate) deployed: Arc<BTreeMap<TargetId, Vec<DeployedRecord>>>,
    pub(crate) unfinished: Arc<BTreeMap<TargetId, Unfinished>>,
    /// The highest incarnation of which something outside bears the marks, of targets that
    /// neither branch nor journal knows.
    pub(crate) marked: BTreeMap<TargetId, Incarnation>,
    /// Removed targets that go on with what was retained of them.
    pub(crate) revived: BTreeMap<TargetId, Revived>,
}

/// What a run knows from the journal and the branches: read when one of its plannings first
/// asks, and the same for all of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) records: Arc<BTreeMap<TargetId, TargetRecord>>,
    pub(crate) live: Arc<BTreeMap<TargetId, LiveTarget>>,
    pub(crate) deployed: Arc<BTreeMap<TargetId, Vec<DeployedRecord>>>,
    pub(crate) unfinished: Arc<BTreeMap<TargetId, Unfinished>>,
}

/// The incarnation with which a removed target goes on.
#[derive(Debug, Clone)]
pub(crate) struct Revived {
    pub(crate) incarnation: Incarnation,
    /// The version in which its data was left, where the journal knows.
    pub(crate) data_version: Option<String>,
}

impl PlanningSnapshot {
    /// What there is when nobody was asked: no target runs.
    pub(crate) fn offline(desired: Arc<Desired>) -> Self {
        Self::of(desired, Known::default())
    }

    /// For one planning, from what its run knows.
    pub(crate) fn of(desired: Arc<Desired>, known: Known) -> Self {
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
            revived: BTreeMap::new(),
        }
    }

    /// A target that was chosen from this desired state.
    pub(crate) fn instance(&self, target: &TargetId) -> &Instance {
        self.desired
            .instance(target)
            .expect("targets are chosen from this desired state")
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

    /// The incarnation that a target is in: the one on the branch, or the one that the journal
    /// didn't see end, whose folder someone else removed.
    pub(crate) fn present(&self, target: &TargetId) -> Option<Incarnation> {
        if let Some(lock) = self.lock(target) {
            return Some(lock.incarnation);
        }
        let last = self.deployed.get(target)?.last()?;
        (!last.ended).then_some(last.incarnation)
    }

    /// Which incarnation a plan is for: the present one, the one that a deployment is at work on,
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
        let last = self.deployed.get(target).and_then(|entries| entries.last());
        let journaled = last.map(|last| last.incarnation);
        let ended = journaled.max(self.marked.get(target).copied());
        match (ended, self.records.get(target)) {
            (Some(last), _) => Incarnation(last.0 + 1),
            // Begun and taken back whole: its names are free.
            (None, Some(record)) => record.incarnation,
            (None, None) => Incarnation::FIRST,
        }
    }

    /// What stood when the journal last heard of that incarnation.
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

    /// The same, while that incarnation lasts.
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
        let entries = self
            .deployed
            .iter()
            .filter(move |(target, _)| target.customer() == customer && !removed.contains(*target))
            .flat_map(|(_, entries)| entries.iter().filter(|entry| !entry.ended));
        entries
            .flat_map(|entry| entry.deployed.states.values())
            .filter_map(|state| match state {
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

    /// Takes in of which incarnations of some targets something bears the marks.
    pub(crate) fn mark(
        &mut self,
        everything: &[InventoryItem],
        wanted: impl Fn(&TargetId) -> bool,
    ) {
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
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = UnfinishedDeployment> {
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
