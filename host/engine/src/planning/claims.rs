//! Who claims what there is outside: a target that is present, a deployment at work, or
//! nobody any more.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{CustomerName, Incarnation, RegionName, TargetId};
use deploycenter_domain::resource::{Owner, Record, Resource};
use deploycenter_ports::{DeploymentRecord, HeldBy, Holding};
use jiff::Timestamp;

use super::PlanError;
use super::ground::Ground;
use super::users::{given_life, has_something, is_at};
use crate::Engine;

/// Who claims a thing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Claim {
    /// A target that is present or about to be, or a deployment that is at work.
    InUse,
    /// Nobody any more.
    Left(Left),
}

/// Why nobody claims a thing, and what ends it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Left {
    /// Whose it was.
    pub(super) target: Option<TargetId>,
    pub(super) reason: String,
    pub(super) since: Option<Timestamp>,
    pub(super) command: String,
    /// The effect of a present target that this was.
    pub(super) unused: Option<EffectId>,
}

impl Left {
    pub(super) fn of(target: &TargetId, reason: String, command: String) -> Self {
        Self {
            target: Some(target.clone()),
            reason,
            since: None,
            command,
            unused: None,
        }
    }
}

/// What is needed to tell whose things are.
pub(super) struct Claims<'a> {
    pub(super) ground: &'a Ground,
    pub(super) everything: &'a [Holding],
    unfinished: BTreeMap<TargetId, DeploymentRecord>,
}

impl Engine {
    pub(super) async fn claims<'a>(
        &self,
        ground: &'a Ground,
        everything: &'a [Holding],
    ) -> Result<Claims<'a>, PlanError> {
        let records = self.store.unfinished().await?;
        Ok(Claims {
            ground,
            everything,
            unfinished: records
                .into_iter()
                .map(|record| (record.deployment.plan.target.clone(), record))
                .collect(),
        })
    }
}

impl Claims<'_> {
    /// Who claims something that says whose it is.
    pub(super) fn of(&self, holding: &Holding) -> Claim {
        match (&holding.holder, &holding.image) {
            (HeldBy::Effect(owner), _) => self.of_effect(owner, holding.since),
            (HeldBy::Given(target), _) => self.of_given(target, holding),
            (HeldBy::Customer { customer, region }, Resource::Record(record)) => {
                self.of_record(customer, region, record)
            }
            (HeldBy::Customer { customer, .. }, _) => self.of_customer(customer),
            (HeldBy::Unknown(text), _) => Claim::Left(Left {
                target: None,
                reason: text.clone(),
                since: holding.since,
                command: by_hand(holding),
                unused: None,
            }),
        }
    }

    fn of_effect(&self, owner: &Owner, since: Option<Timestamp>) -> Claim {
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
            Work::Going => return Claim::InUse,
            Work::Stuck(record) if made_by(record, effect) => return stuck(record),
            Work::Stuck(_) | Work::None => {}
        }
        if self.ground.present(target) == Some(*incarnation) {
            let unused = self
                .ground
                .stood(target, *incarnation)
                .is_some_and(|stood| stood.unused.contains_key(effect));
            return if unused {
                Claim::Left(Left {
                    since,
                    unused: Some(effect.clone()),
                    ..Left::of(
                        target,
                        format!("{target} no longer uses it ({effect})"),
                        format!("deploycenter purge {target} --unused --confirm {target}"),
                    )
                })
            } else {
                Claim::InUse
            };
        }
        self.past(target, *incarnation, since)
    }

    /// A secret that a person gave, for a life that its name tells.
    fn of_given(&self, target: &TargetId, holding: &Holding) -> Claim {
        let ground = self.ground;
        let life = given_life(holding).unwrap_or(Incarnation::FIRST);
        let coming =
            ground.desired.instance(target).is_some() && ground.incarnation(target) == life;
        let at_work = self
            .unfinished
            .get(target)
            .is_some_and(|record| record.deployment.plan.incarnation == life);
        if ground.present(target) == Some(life) || coming || at_work {
            Claim::InUse
        } else {
            self.past(target, life, holding.since)
        }
    }

    /// What a customer's instances share.
    pub(super) fn of_customer(&self, customer: &CustomerName) -> Claim {
        let shared = TargetId::shared_of(customer.clone());
        if self.has_instances(customer) {
            return Claim::InUse;
        }
        match self.work(&shared, Incarnation::FIRST) {
            Work::Going => Claim::InUse,
            Work::Stuck(record) => stuck(record),
            Work::None => Claim::Left(Left {
                since: self
                    .ground
                    .standing_of(&shared, Incarnation::FIRST)
                    .map(|record| record.at),
                ..Left::of(
                    &shared,
                    format!("no instance of {customer} is left"),
                    purge(&shared, None),
                )
            }),
        }
    }

    /// Whether an instance of the customer is there, desired or on its way.
    pub(super) fn has_instances(&self, customer: &CustomerName) -> bool {
        let of_customer = |target: &TargetId| !target.is_shared() && target.customer() == customer;
        let ground = self.ground;
        let mut known = ground.live.keys().chain(ground.standing.keys());
        known.any(|target| of_customer(target) && ground.present(target).is_some())
            || ground
                .desired
                .instances()
                .any(|instance| of_customer(&instance.target))
            || self.unfinished.keys().any(of_customer)
    }

    /// A record says its customer and region; which instance's it is, journal and desired
    /// state tell by its name.
    fn of_record(&self, customer: &CustomerName, region: &RegionName, record: &Record) -> Claim {
        let ground = self.ground;
        let mut users = ground.record_users(record).map(|(user, _)| user);
        for (target, unfinished) in &self.unfinished {
            let plan = &unfinished.deployment.plan;
            let Some(effect) = plan.of_kind(EffectKind::Record).find(|effect| {
                [&effect.before, &effect.after]
                    .into_iter()
                    .flatten()
                    .any(|image| is_at(image, record))
            }) else {
                continue;
            };
            return match self.work(target, plan.incarnation) {
                Work::Stuck(stuck_at)
                    if made_by(stuck_at, &effect.id) && users.all(|user| user == target) =>
                {
                    stuck(stuck_at)
                }
                _ => Claim::InUse,
            };
        }
        if users.next().is_some() {
            return Claim::InUse;
        }
        for (target, life) in ground.lives() {
            let standing = &life.standing;
            let known = standing.images.values().chain(standing.unused.values());
            if known.into_iter().any(|image| is_at(image, record)) {
                return self.past(target, life.incarnation, None);
            }
        }
        if ground.unknown_in(customer, region).next().is_some() {
            return Claim::InUse;
        }
        let shared = TargetId::shared_of(customer.clone());
        Claim::Left(Left::of(
            &shared,
            format!(
                "its set-identifier says that it is {customer}'s in {region}, and none of its instances there has that domain"
            ),
            purge(&shared, None),
        ))
    }

    /// Something of a life that has ended, or of which nobody knows.
    pub(super) fn past(
        &self,
        target: &TargetId,
        life: Incarnation,
        since: Option<Timestamp>,
    ) -> Claim {
        let ground = self.ground;
        let mut since = since;
        let mut reason = match ground.standing_of(target, life) {
            Some(record) => {
                since = Some(record.at);
                let on = record.at.strftime("%Y-%m-%d");
                let what = if record.standing.namespace {
                    format!("retained: {target} was destroyed")
                } else {
                    format!("left over: {target} was purged")
                };
                format!("{what} by {} on {on}", record.deployment)
            }
            None if ground.records.contains_key(target) => {
                format!("no deployment of {target}, incarnation {life}, has succeeded")
            }
            None => format!("this journal doesn't know {target}, incarnation {life}"),
        };
        let again = ground.desired.instance(target).is_some() && ground.present(target).is_none();
        if again {
            reason.push_str(&format!(
                "; it is desired again, and `deploycenter adopt {target}` goes on with it"
            ));
        }
        let named = ground.present(target).is_some() || self.lives_left(target).len() > 1;
        Claim::Left(Left {
            since,
            ..Left::of(target, reason, purge(target, named.then_some(life)))
        })
    }

    /// The lives of which something is there, the present one too.
    pub(super) fn lives_left(&self, target: &TargetId) -> BTreeSet<Incarnation> {
        let mut left: BTreeSet<Incarnation> = self
            .ground
            .standing
            .get(target)
            .into_iter()
            .flatten()
            .filter(|life| has_something(life))
            .map(|life| life.incarnation)
            .collect();
        for holding in self.everything {
            match &holding.holder {
                HeldBy::Effect(owner) if owner.target == *target => {
                    left.insert(owner.incarnation);
                }
                HeldBy::Given(whose) if whose == target => left.extend(given_life(holding)),
                _ => {}
            }
        }
        left
    }

    /// What a deployment that hasn't ended does with a life.
    pub(super) fn work(&self, target: &TargetId, life: Incarnation) -> Work<'_> {
        let known = self.ground.unfinished.get(target);
        match (known, self.unfinished.get(target)) {
            (Some(known), Some(record)) if known.incarnation == life => {
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
pub(super) enum Work<'a> {
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
        None => plan.operation.ends_life() || plan.is_first(),
    }
}

/// Something that a deployment left which can't go on by itself.
pub(super) fn stuck(record: &DeploymentRecord) -> Claim {
    let deployment = &record.deployment;
    let target = &deployment.plan.target;
    Claim::Left(Left {
        since: record.events.last().map(|entry| entry.at),
        ..Left::of(
            target,
            format!(
                "the deployment {} of {target} ({}) needs attention",
                deployment.id,
                deployment.plan.operation.as_str()
            ),
            format!("deploycenter resume {target}"),
        )
    })
}

/// The command that removes what is left of a life.
pub(super) fn purge(target: &TargetId, life: Option<Incarnation>) -> String {
    let life = life.map_or_else(String::new, |life| format!(" --incarnation {life}"));
    format!("deploycenter purge {target} --confirm {target}{life}")
}

/// How a person removes what doesn't say whose it is.
fn by_hand(holding: &Holding) -> String {
    let id = &holding.id;
    match &holding.image {
        Resource::FileSystem(image) => format!(
            "aws efs delete-file-system --region {} --file-system-id {id}",
            image.region
        ),
        Resource::MountTarget(image) => format!(
            "aws efs delete-mount-target --region {} --mount-target-id {id}",
            image.region
        ),
        Resource::AccessPoint(image) => format!(
            "aws efs delete-access-point --region {} --access-point-id {id}",
            image.region
        ),
        Resource::Secret(image) => format!(
            "aws secretsmanager delete-secret --region {} --secret-id {id}",
            image.region
        ),
        Resource::Record(image) => format!(
            "aws route53 change-resource-record-sets --hosted-zone-id {} --change-batch … (DELETE {} {})",
            image.zone, image.name, image.set_identifier
        ),
        Resource::Project(_) => format!("argocd proj delete {id}"),
        Resource::Application(_) => format!("argocd app delete {id}"),
        Resource::File(_) | Resource::Folder(_) | Resource::Sync(_) => {
            "remove it by hand".to_owned()
        }
    }
}
