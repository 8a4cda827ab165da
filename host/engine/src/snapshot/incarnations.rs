//! Which incarnations have what: by journal and desired state, where marks don't tell.

use deploycenter_domain::desired::Instance;
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::name::{CustomerName, Incarnation, RegionName, TargetId};
use deploycenter_domain::resource::{Record, Resource};
use deploycenter_ports::{DeployedRecord, InventoryItem};

use super::planning::PlanningSnapshot;

impl PlanningSnapshot {
    /// Every incarnation of every instance that the journal knows and that isn't present.
    pub(crate) fn incarnations(&self) -> impl Iterator<Item = (&TargetId, &DeployedRecord)> {
        self.deployed
            .iter()
            .filter(|(target, _)| !target.is_shared())
            .flat_map(|(target, entries)| entries.iter().map(move |entry| (target, entry)))
            .filter(|(target, entry)| self.present(target) != Some(entry.incarnation))
    }

    /// Instances on the branch of which this journal knows nothing: what they have beside
    /// their tags, nobody can tell.
    pub(crate) fn unknown_in<'b>(
        &'b self,
        customer: &'b CustomerName,
        region: &'b RegionName,
    ) -> impl Iterator<Item = &'b TargetId> {
        self.live_instances().filter_map(move |live| {
            let target = &live.target;
            let unknown = target.customer() == customer
                && live.region.as_ref() == Some(region)
                && self.desired.instance(target).is_none()
                && !self.deployed.contains_key(target);
            unknown.then_some(target)
        })
    }

    /// The incarnations that have a record, or are to have it. Incarnations and neighbours of
    /// one region follow each other in one place.
    pub(crate) fn record_users<'a>(
        &'a self,
        record: &'a Record,
    ) -> impl Iterator<Item = (&'a TargetId, Incarnation)> {
        let wanted = self
            .desired
            .instances()
            .filter(|instance| wants(instance, record))
            .map(|instance| (&instance.target, self.incarnation(&instance.target)));
        let deployed = self.deployed.iter().filter_map(|(target, entries)| {
            let present = self.present(target)?;
            let entry = entries.iter().find(|entry| entry.incarnation == present)?;
            let has = entry
                .deployed
                .of_kind(EffectKind::Record)
                .any(|(_, state)| is_at(state, record));
            has.then_some((target, present))
        });
        wanted.chain(deployed)
    }

    /// Whether another target, or another incarnation of this one, has or wants a record.
    pub(crate) fn is_anothers(
        &self,
        state: &Resource,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> bool {
        let Resource::Record(record) = state else {
            return false;
        };
        self.record_users(record)
            .any(|user| user != (target, incarnation))
    }
}

fn wants(instance: &Instance, record: &Record) -> bool {
    let place = format!("/{}/{}", instance.target.customer(), instance.region);
    instance.domain.eq_ignore_ascii_case(&record.name) && record.set_identifier.ends_with(&place)
}

pub(crate) fn is_at(state: &Resource, record: &Record) -> bool {
    matches!(state, Resource::Record(_)) && state.same_place(&Resource::Record(record.clone()))
}

/// Whether something of an incarnation is there, as the journal has it.
pub(crate) fn has_something(entry: &DeployedRecord) -> bool {
    let deployed = &entry.deployed;
    deployed.namespace || !deployed.states.is_empty() || !deployed.unused.is_empty()
}

/// Which incarnation a given secret is for: its name says.
pub(crate) fn given_incarnation(item: &InventoryItem) -> Option<Incarnation> {
    let (before, _) = item.id.rsplit_once('/')?;
    let (_, incarnation) = before.rsplit_once("/i")?;
    incarnation.parse().ok().map(Incarnation)
}
