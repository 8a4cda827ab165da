//! Plans that remove a target, or what was left of it, with its data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Plan, PlannedEffect, Remark, TargetPlan};
use deploycenter_domain::resource::Resource;
use deploycenter_ports::{InventoryItem, Marker};

use super::removal_of_shared;
use crate::effect_ids::{ROLES, application, folder_commit, ids, namespace};
use crate::inventory::{Usage, Usages};
use crate::plan::scope::EffectScope;
use crate::snapshot::{PlanningSnapshot, given_incarnation};
use crate::{PlanError, Refusal, Run};

fn refused<T>(blocked: Refusal) -> Result<T, PlanError> {
    Err(PlanError::Refusal(vec![blocked]))
}

impl Run {
    /// The plan that removes one incarnation of a target with its data: the present one, or else
    /// the only one of which something is left, or the one that is named. Of a shared
    /// target: what is left of a customer as a whole.
    ///
    /// # Errors
    /// When that incarnation is still desired or at work, or nothing is left of any.
    pub async fn plan_purge(
        &self,
        target: &TargetId,
        said: Option<Incarnation>,
    ) -> Result<Plan, PlanError> {
        let mut snapshot = self.snapshot().await?;
        let everything = self.everything_held().await?;
        snapshot.mark_unknown(&everything);
        let snapshot = Arc::new(snapshot);
        if target.is_shared() {
            return self.purge_shared(&snapshot, target, &everything).await;
        }
        let incarnation = self
            .incarnation_to_purge(&snapshot, target, said, &everything)
            .await?;
        let is_present = snapshot.present(target) == Some(incarnation);
        if is_present {
            self.may_go(&snapshot, target)?;
        } else if let Some(unfinished) = snapshot
            .unfinished
            .get(target)
            .filter(|unfinished| unfinished.incarnation == incarnation)
        {
            return refused(Refusal::unfinished(target, unfinished));
        }
        let deployed = self.known_deployed(&snapshot, target, incarnation, &everything)?;
        let whose = EffectScope {
            target,
            incarnation,
        };
        let mut plans = vec![
            self.purge_one(&snapshot, whose, &deployed, &everything)
                .await?,
        ];
        if is_present {
            let removed = BTreeSet::from([target.clone()]);
            plans.extend(
                self.shared_without(&snapshot, &removed, &everything)
                    .await?,
            );
        }
        Ok(Plan::new(
            self.offline.installation.clone(),
            Vec::new(),
            plans,
        ))
    }

    /// The plan that deletes data which a present target no longer uses.
    ///
    /// # Errors
    /// When the target is at work, isn't deployed, or uses all that it has.
    pub async fn plan_prune(&self, target: &TargetId) -> Result<Plan, PlanError> {
        let snapshot = self.snapshot().await?;
        if let Some(unfinished) = snapshot.unfinished.get(target) {
            return refused(Refusal::unfinished(target, unfinished));
        }
        let Some(incarnation) = snapshot.present(target) else {
            let known = snapshot
                .deployed
                .get(target)
                .and_then(|entries| entries.last());
            return refused(Refusal::not_deployed(target, known));
        };
        let Some(deployed) = snapshot
            .deployed_now(target, incarnation)
            .filter(|deployed| !deployed.unused.is_empty())
        else {
            return refused(Refusal::nothing_unused(target));
        };
        let whose = EffectScope {
            target,
            incarnation,
        };
        let effects = self.data_removal(whose, &deployed.unused, &[]).await?;
        let plan = self.removal_plan(
            target,
            incarnation,
            Operation::Prune,
            deployed,
            effects,
            Vec::new(),
        );
        Ok(Plan::new(
            self.offline.installation.clone(),
            Vec::new(),
            vec![plan],
        ))
    }

    async fn incarnation_to_purge(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        said: Option<Incarnation>,
        everything: &[InventoryItem],
    ) -> Result<Incarnation, PlanError> {
        let present = snapshot.present(target);
        let desired = snapshot.desired.instance(target);
        let usages = Usages::read(&*self.store, snapshot, everything).await?;
        let mut left = usages.incarnations_left(target);
        // Secrets that were given for the incarnation to come.
        let coming = desired
            .filter(|_| present.is_none())
            .map(|_| snapshot.incarnation(target))
            .filter(|coming| left.contains(coming));
        if let Some(instance) = desired
            && let Some(coming) = coming
            && (said == Some(coming) || left.len() == 1)
        {
            return refused(Refusal::still_desired(instance));
        }
        if let Some(said) = said {
            let at_work = snapshot
                .unfinished
                .get(target)
                .is_some_and(|unfinished| unfinished.incarnation == said);
            return if left.contains(&said) || present == Some(said) || at_work {
                Ok(said)
            } else {
                refused(Refusal::nothing_left(target, Some(said)))
            };
        }
        if let Some(present) = present
            && (desired.is_none() || left.len() <= 1)
        {
            return Ok(present);
        }
        left.retain(|one| Some(*one) != present && Some(*one) != coming);
        match (left.first(), left.len()) {
            (Some(incarnation), 1) => Ok(*incarnation),
            (None, _) => refused(Refusal::nothing_left(target, None)),
            _ => refused(Refusal::many_incarnations(target, &left)),
        }
    }

    async fn purge_one(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        deployed: &DeployedState,
        everything: &[InventoryItem],
    ) -> Result<TargetPlan, PlanError> {
        let EffectScope {
            target,
            incarnation,
        } = whose;
        let folder = if snapshot.present(target) == Some(incarnation) {
            self.folder_of(snapshot, target).await?
        } else {
            None
        };
        let mut effects = self.unprotect(whose, deployed, folder.as_ref()).await?;
        let mut remarks = Vec::new();
        if !effects.is_empty() {
            remarks.push(namespace_goes(target, incarnation));
        } else if deployed.namespace {
            remarks.push(namespace_stays(target, incarnation));
        }
        if let Some(present) = snapshot.present(target).filter(|one| *one != incarnation) {
            remarks.push(Remark::new(
                "other-life",
                format!("incarnation {present}, which runs, isn't touched"),
            ));
        }
        let opened = effects.iter().find_map(|effect| match &effect.after {
            Some(Resource::Folder(folder)) => Some(folder.clone()),
            _ => None,
        });
        for role in ROLES {
            let id = application(role);
            let deps = ids(&effects);
            let made_here = effects
                .iter()
                .find(|effect| effect.on.as_ref() == Some(&id))
                .and_then(|effect| effect.after.clone());
            if let Some(state) = made_here {
                effects.push(PlannedEffect::new(id, deps, Some(state), None));
            } else if let Some(state) = deployed.states.get(&id) {
                effects.extend(self.delete(whose, id, state, deps).await?);
            }
        }
        if let Some((id, project)) = effects.iter().find_map(made_project) {
            let deps = ids(&effects);
            effects.push(PlannedEffect::new(id, deps, Some(project), None));
        }
        if let Some(opened) = opened {
            let deps = ids(&effects);
            let before = Some(Resource::Folder(opened));
            effects.push(PlannedEffect::new(folder_commit(), deps, before, None));
        }
        let delivered = ids(&effects);
        for (id, state) in deployed.going_with_target() {
            if snapshot.is_anothers(state, target, incarnation) {
                continue;
            }
            let gone = self.delete(whose, id.clone(), state, delivered.clone());
            effects.extend(gone.await?);
        }
        let mut known = deployed.unused.clone();
        known.extend(deployed.states.clone());
        effects.extend(self.data_removal(whose, &known, &delivered).await?);
        effects.extend(given_removal(whose, everything, &delivered));
        remarks.extend(directories_stay(&known, &effects));
        Ok(self.removal_plan(
            target,
            incarnation,
            Operation::Purge,
            deployed,
            effects,
            remarks,
        ))
    }

    /// The removal of everything that holds data outside of the cluster, once nothing in
    /// the cluster uses it.
    async fn data_removal(
        &self,
        whose: EffectScope<'_>,
        known: &BTreeMap<EffectId, Resource>,
        after: &[EffectId],
    ) -> Result<Vec<PlannedEffect>, PlanError> {
        let mut effects: Vec<PlannedEffect> = Vec::new();
        let kinds = EffectKind::in_undo_order().into_iter();
        for kind in kinds.filter(|kind| kind.is_retained()) {
            for (id, state) in known.iter().filter(|(id, _)| id.kind() == kind) {
                let mut deps = after.to_vec();
                if kind == EffectKind::FileSystem {
                    deps.extend(ids(&effects));
                }
                effects.extend(self.delete(whose, id.clone(), state, deps).await?);
            }
        }
        Ok(effects)
    }

    /// The plan that removes what is left of a customer as a whole: records of which
    /// nobody knows the instance, the project and its file.
    async fn purge_shared(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        everything: &[InventoryItem],
    ) -> Result<Plan, PlanError> {
        if let Some(unfinished) = snapshot.unfinished.get(target) {
            return refused(Refusal::unfinished(target, unfinished));
        }
        let usages = Usages::read(&*self.store, snapshot, everything).await?;
        let in_use = usages.has_instances(target.customer());
        let deployed = self.standing_of_shared(snapshot, target, everything);
        let mut effects = Vec::new();
        for item in everything {
            let Resource::Record(record) = &item.state else {
                continue;
            };
            let Usage::Left(left) = usages.of(item) else {
                continue;
            };
            // Two regions may have a record of one name.
            let name = format!("{}.{}", record.name, effects.len());
            if left.target.as_ref() == Some(target)
                && let Ok(id) = EffectId::new(EffectKind::Record, name)
            {
                let before = Some(item.state.clone());
                effects.push(PlannedEffect::new(id, Vec::new(), before, None));
            }
        }
        let mut plan = match &deployed {
            Some(deployed) if !in_use => {
                let installation = &self.offline.installation;
                removal_of_shared(installation, &self.systems, target, deployed).await?
            }
            _ => None,
        };
        if let Some(plan) = &mut plan {
            effects.append(&mut plan.effects);
        }
        let region = snapshot.desired.regions.regions.keys().next();
        let deployed = deployed.or_else(|| {
            Some(DeployedState {
                region: region?.clone(),
                app: None,
                states: BTreeMap::new(),
                unused: BTreeMap::new(),
                namespace: false,
            })
        });
        let Some(deployed) = deployed.filter(|_| !effects.is_empty()) else {
            return refused(if in_use {
                Refusal::still_used(target)
            } else {
                Refusal::not_deployed(target, None)
            });
        };
        let incarnation = Incarnation::FIRST;
        let operation = if in_use {
            Operation::Prune
        } else {
            Operation::Purge
        };
        let plan = self.removal_plan(
            target,
            incarnation,
            operation,
            &deployed,
            effects,
            Vec::new(),
        );
        Ok(Plan::new(
            self.offline.installation.clone(),
            Vec::new(),
            vec![plan],
        ))
    }
}

/// The project that was made for a base which is opened, and its own effect.
fn made_project(effect: &PlannedEffect) -> Option<(EffectId, Resource)> {
    let project = matches!(effect.after, Some(Resource::Project(_)));
    let of = effect.on.clone().filter(|_| project)?;
    Some((of, effect.after.clone()?))
}

/// The removal of secrets that a person gave an incarnation.
fn given_removal(
    whose: EffectScope<'_>,
    everything: &[InventoryItem],
    after: &[EffectId],
) -> Vec<PlannedEffect> {
    let given = everything.iter().filter(|item| {
        matches!(&item.holder, Marker::Given(target) if target == whose.target)
            && given_incarnation(item) == Some(whose.incarnation)
    });
    given
        .filter_map(|item| {
            let (_, name) = item.id.rsplit_once('/')?;
            let id = EffectId::new(EffectKind::Secret, name).ok()?;
            let before = Some(item.state.clone());
            Some(PlannedEffect::new(id, after.to_vec(), before, None))
        })
        .collect()
}

/// What EFS can't delete: directories on file systems that aren't the target's own.
fn directories_stay(
    known: &BTreeMap<EffectId, Resource>,
    effects: &[PlannedEffect],
) -> Vec<Remark> {
    let going = |kind: EffectKind, name: &str| {
        effects
            .iter()
            .any(|effect| effect.kind == kind && effect.name == name)
    };
    known
        .iter()
        .filter(|(id, _)| {
            going(EffectKind::AccessPoint, id.name()) && !going(EffectKind::FileSystem, id.name())
        })
        .filter_map(|(_, state)| match state {
            Resource::AccessPoint(point) => Some(
                Remark::new(
                    "directory-stays",
                    format!(
                        "the directory {} on {} stays: EFS deletes no files with an access point",
                        point.path, point.file_system
                    ),
                )
                .help("whoever runs that file system deletes it"),
            ),
            _ => None,
        })
        .collect()
}

/// What goes with the base, which no effect names.
fn namespace_goes(target: &TargetId, incarnation: Incarnation) -> Remark {
    Remark::new(
        "deleted",
        format!(
            "the namespace {} is deleted, with databases, claims and volumes; nothing brings that data back",
            namespace(target, incarnation)
        ),
    )
}

/// Nobody knows the base's manifests any more, and Argo CD keeps what guards data.
fn namespace_stays(target: &TargetId, incarnation: Incarnation) -> Remark {
    let name = namespace(target, incarnation);
    Remark::new(
        "namespace-stays",
        format!("the namespace {name} stays, with databases, claims and volumes: this journal doesn't know its manifests"),
    )
    .help(format!(
        "delete it by hand: kubectl delete namespace {name}; and the persistent volumes that its claims were bound to"
    ))
}
