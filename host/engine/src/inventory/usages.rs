//! Who claims what there is outside: a target that is present, a deployment at work, or
//! nobody any more.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{CustomerName, Incarnation, RegionName, TargetId};
use deploycenter_domain::remedy::{Adopted, Advice, Remedy, Targets};
use deploycenter_domain::resource::{Owner, Record, Resource};
use deploycenter_ports::{DeploymentRecord, InventoryItem, Marker, Store, StoreError};
use jiff::Timestamp;

use crate::snapshot::{PlanningSnapshot, given_incarnation, has_something, is_at};

/// Who claims a thing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Usage {
    /// A target that is present or about to be, or a deployment that is at work.
    InUse,
    /// Nobody any more.
    Left(Left),
}

/// Why nobody claims a thing, and what ends it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Left {
    /// Whose it was.
    pub(crate) target: Option<TargetId>,
    pub(crate) reason: Advice,
    pub(crate) since: Option<Timestamp>,
    pub(crate) command: Advice,
    /// The effect of a present target that this was.
    pub(crate) unused: Option<EffectId>,
}

impl Left {
    pub(crate) fn of(
        target: &TargetId,
        reason: impl Into<Advice>,
        command: impl Into<Advice>,
    ) -> Self {
        Self {
            target: Some(target.clone()),
            reason: reason.into(),
            since: None,
            command: command.into(),
            unused: None,
        }
    }
}

/// What is needed to tell whose things are.
pub(crate) struct Usages<'a> {
    pub(crate) snapshot: &'a PlanningSnapshot,
    pub(crate) everything: &'a [InventoryItem],
    unfinished: BTreeMap<TargetId, DeploymentRecord>,
}

impl<'a> Usages<'a> {
    /// Reads what is needed beside the snapshot: the plans of what hasn't ended.
    ///
    /// # Errors
    /// When the journal can't be read.
    pub(crate) async fn read(
        store: &dyn Store,
        snapshot: &'a PlanningSnapshot,
        everything: &'a [InventoryItem],
    ) -> Result<Self, StoreError> {
        let mut unfinished = BTreeMap::new();
        for (target, known) in snapshot.unfinished.iter() {
            // One that has ended since is nobody's work any more.
            if let Some(record) = store.deployment(&known.deployment).await? {
                unfinished.insert(target.clone(), record);
            }
        }
        Ok(Self {
            snapshot,
            everything,
            unfinished,
        })
    }
}

impl Usages<'_> {
    /// Who claims something that says whose it is.
    pub(crate) fn of(&self, item: &InventoryItem) -> Usage {
        match (&item.holder, &item.state) {
            (Marker::Effect(owner), _) => self.of_effect(owner, item.since),
            (Marker::Given(target), _) => self.of_given(target, item),
            (Marker::Customer { customer, region }, Resource::Record(record)) => {
                self.of_record(customer, region, record)
            }
            (Marker::Customer { customer, .. }, _) => self.of_customer(customer),
            (Marker::Unknown(text), _) => Usage::Left(Left {
                target: None,
                reason: text.into(),
                since: item.since,
                command: item.state.removed_by_hand(&item.id).into(),
                unused: None,
            }),
        }
    }

    fn of_effect(&self, owner: &Owner, since: Option<Timestamp>) -> Usage {
        let Owner {
            target,
            incarnation,
            effect,
            ..
        } = owner;
        if target.is_shared() {
            return self.of_customer(target.customer());
        }
        match self.work(target, *incarnation) {
            Work::Going => return Usage::InUse,
            Work::Stuck(record) if made_by(record, effect) => return stuck(record),
            Work::Stuck(_) | Work::None => {}
        }
        if self.snapshot.present(target) == Some(*incarnation) {
            let unused = self
                .snapshot
                .deployed_now(target, *incarnation)
                .is_some_and(|deployed_now| deployed_now.unused.contains_key(effect));
            return if unused {
                Usage::Left(Left {
                    since,
                    unused: Some(effect.clone()),
                    ..Left::of(
                        target,
                        format!("{target} no longer uses it ({effect})"),
                        Remedy::Purge {
                            target: target.clone(),
                            unused: true,
                            incarnation: None,
                        },
                    )
                })
            } else {
                Usage::InUse
            };
        }
        self.past(target, *incarnation, since)
    }

    /// A secret that a person gave, for an incarnation that its name tells.
    fn of_given(&self, target: &TargetId, item: &InventoryItem) -> Usage {
        let snapshot = self.snapshot;
        let incarnation = given_incarnation(item).unwrap_or(Incarnation::FIRST);
        let coming = snapshot.desired.instance(target).is_some()
            && snapshot.incarnation(target) == incarnation;
        let at_work = self
            .unfinished
            .get(target)
            .is_some_and(|record| record.deployment.plan.incarnation == incarnation);
        if snapshot.present(target) == Some(incarnation) || coming || at_work {
            Usage::InUse
        } else {
            self.past(target, incarnation, item.since)
        }
    }

    /// What a customer's instances share.
    pub(crate) fn of_customer(&self, customer: &CustomerName) -> Usage {
        let shared = TargetId::shared_of(customer.clone());
        if self.has_instances(customer) {
            return Usage::InUse;
        }
        match self.work(&shared, Incarnation::FIRST) {
            Work::Going => Usage::InUse,
            Work::Stuck(record) => stuck(record),
            Work::None => Usage::Left(Left {
                since: self
                    .snapshot
                    .deployed_of(&shared, Incarnation::FIRST)
                    .map(|record| record.at),
                ..Left::of(
                    &shared,
                    format!("no instance of {customer} is left"),
                    Remedy::purge(&shared, None),
                )
            }),
        }
    }

    /// Whether an instance of the customer is there, desired or on its way.
    pub(crate) fn has_instances(&self, customer: &CustomerName) -> bool {
        let of_customer = |target: &TargetId| !target.is_shared() && target.customer() == customer;
        let snapshot = self.snapshot;
        let mut known = snapshot.live.keys().chain(snapshot.deployed.keys());
        known.any(|target| of_customer(target) && snapshot.present(target).is_some())
            || snapshot
                .desired
                .instances()
                .any(|instance| of_customer(&instance.target))
            || self.unfinished.keys().any(of_customer)
    }

    /// A record says its customer and region; which instance's it is, journal and desired
    /// state tell by its name.
    fn of_record(&self, customer: &CustomerName, region: &RegionName, record: &Record) -> Usage {
        let snapshot = self.snapshot;
        let mut users = snapshot.record_users(record).map(|(user, _)| user);
        for (target, unfinished) in &self.unfinished {
            let plan = &unfinished.deployment.plan;
            let Some(effect) = plan.of_kind(EffectKind::Record).find(|effect| {
                [&effect.before, &effect.after]
                    .into_iter()
                    .flatten()
                    .any(|state| is_at(state, record))
            }) else {
                continue;
            };
            return match self.work(target, plan.incarnation) {
                Work::Stuck(stuck_at)
                    if made_by(stuck_at, &effect.id) && users.all(|user| user == target) =>
                {
                    stuck(stuck_at)
                }
                _ => Usage::InUse,
            };
        }
        if users.next().is_some() {
            return Usage::InUse;
        }
        for (target, entry) in snapshot.incarnations() {
            let deployed = &entry.deployed;
            let known = deployed.states.values().chain(deployed.unused.values());
            if known.into_iter().any(|state| is_at(state, record)) {
                return self.past(target, entry.incarnation, None);
            }
        }
        if snapshot.unknown_in(customer, region).next().is_some() {
            return Usage::InUse;
        }
        let shared = TargetId::shared_of(customer.clone());
        Usage::Left(Left::of(
            &shared,
            format!(
                "its set-identifier says that it is {customer}'s in {region}, and none of its instances there has that domain"
            ),
            Remedy::purge(&shared, None),
        ))
    }

    /// Something of an incarnation that has ended, or of which nobody knows.
    pub(crate) fn past(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
        since: Option<Timestamp>,
    ) -> Usage {
        let snapshot = self.snapshot;
        let mut since = since;
        let reason = match snapshot.deployed_of(target, incarnation) {
            Some(record) => {
                since = Some(record.at);
                let on = record.at.strftime("%Y-%m-%d");
                let what = if record.deployed.namespace {
                    format!("retained: {target} was destroyed")
                } else {
                    format!("left over: {target} was purged")
                };
                format!("{what} by {} on {on}", record.deployment)
            }
            None if snapshot.records.contains_key(target) => {
                format!("no deployment of {target}, incarnation {incarnation}, has succeeded")
            }
            None => format!("this journal doesn't know {target}, incarnation {incarnation}"),
        };
        let again =
            snapshot.desired.instance(target).is_some() && snapshot.present(target).is_none();
        let mut reason = Advice::from(reason);
        if again {
            let adopt = Remedy::Adopt {
                targets: Targets::One(target.clone()),
                what: Adopted::Retained { several: false },
            };
            reason = reason
                .and(("; it is desired again, and ", adopt))
                .and(" goes on with it");
        }
        let named = snapshot.present(target).is_some() || self.incarnations_left(target).len() > 1;
        Usage::Left(Left {
            since,
            ..Left::of(
                target,
                reason,
                Remedy::purge(target, named.then_some(incarnation)),
            )
        })
    }

    /// The incarnations of which something is there, the present one too.
    pub(crate) fn incarnations_left(&self, target: &TargetId) -> BTreeSet<Incarnation> {
        let mut left: BTreeSet<Incarnation> = self
            .snapshot
            .deployed
            .get(target)
            .into_iter()
            .flatten()
            .filter(|entry| has_something(entry))
            .map(|entry| entry.incarnation)
            .collect();
        for item in self.everything {
            match &item.holder {
                Marker::Effect(owner) if owner.target == *target => {
                    left.insert(owner.incarnation);
                }
                Marker::Given(whose) if whose == target => left.extend(given_incarnation(item)),
                _ => {}
            }
        }
        left
    }

    /// What a deployment that hasn't ended does with an incarnation.
    pub(crate) fn work(&self, target: &TargetId, incarnation: Incarnation) -> Work<'_> {
        let known = self.snapshot.unfinished.get(target);
        match (known, self.unfinished.get(target)) {
            (Some(known), Some(record)) if known.incarnation == incarnation => {
                if known.status == Status::NeedsAttention {
                    Work::Stuck(record)
                } else {
                    Work::Going
                }
            }
            _ => Work::None,
        }
    }
}

/// What a deployment that hasn't ended does.
pub(crate) enum Work<'a> {
    /// There is none.
    None,
    /// It goes on, or will by itself.
    Going,
    /// Someone has to look.
    Stuck(&'a DeploymentRecord),
}

/// Whether an effect's thing is there because of a deployment that isn't finished: it was
/// to make it, or is to remove it.
fn made_by(record: &DeploymentRecord, effect: &EffectId) -> bool {
    let plan = &record.deployment.plan;
    match plan.effect(effect) {
        Some(planned) => plan.operation.is_removal() || planned.before.is_none(),
        None => plan.operation.ends_incarnation() || plan.is_first(),
    }
}

/// Something that a deployment left which can't go on by itself.
pub(crate) fn stuck(record: &DeploymentRecord) -> Usage {
    let deployment = &record.deployment;
    let target = &deployment.plan.target;
    Usage::Left(Left {
        since: record.events.last().map(|entry| entry.at),
        ..Left::of(
            target,
            format!(
                "the deployment {} of {target} ({}) needs attention",
                deployment.id,
                deployment.plan.operation.as_str()
            ),
            Remedy::Resume(Targets::One(target.clone())),
        )
    })
}
