//! Plans that remove targets and keep their data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::EffectId;
use deploycenter_domain::name::{CustomerName, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{FolderEffects, Plan, PlannedEffect, Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::{Advice, Remedy};
use deploycenter_domain::resource::{Observed, Ownership, Resource};
use deploycenter_ports::InventoryItem;

use super::removal_of_shared;
use crate::effect_ids::{ROLES, application, folder_commit, ids, namespace};
use crate::plan::scope::EffectScope;
use crate::snapshot::PlanningSnapshot;
use crate::{PlanError, Refusal, Run};

impl Run {
    /// The plan that removes targets and retains their data: workload, base, folder,
    /// records; and what their customers' instances share, as far as no other needs it.
    /// `many`: that more than a tenth of all targets may go at once.
    ///
    /// # Errors
    /// Every target that can't go, at once: still desired, not deployed, at work.
    pub async fn plan_destroy(
        &self,
        targets: &BTreeSet<TargetId>,
        many: bool,
    ) -> Result<Plan, PlanError> {
        let snapshot = self.snapshot().await?;
        let snapshot = Arc::new(snapshot);
        let all = snapshot.live_instances().count();
        let going = targets.len();
        if going > 1 && going * 10 > all && !many {
            return Err(PlanError::TooMany { going, all });
        }
        let everything = self.everything_held().await?;
        let mut plans = Vec::new();
        let mut blocked = Vec::new();
        for target in targets {
            match self.destroy_one(&snapshot, target, &everything).await {
                Ok(plan) => plans.push(plan),
                Err(PlanError::Refusal(found)) => blocked.extend(found),
                Err(error) => return Err(error),
            }
        }
        if !blocked.is_empty() {
            return Err(PlanError::Refusal(blocked));
        }
        let shared = self.shared_without(&snapshot, targets, &everything).await?;
        plans.extend(shared);
        Ok(Plan::new(
            self.offline.installation.clone(),
            Vec::new(),
            plans,
        ))
    }

    async fn destroy_one(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        everything: &[InventoryItem],
    ) -> Result<TargetPlan, PlanError> {
        if target.is_shared() {
            return Err(PlanError::Refusal(vec![Refusal::still_used(target)]));
        }
        self.may_go(snapshot, target)?;
        let Some(incarnation) = snapshot.present(target) else {
            let known = snapshot
                .deployed
                .get(target)
                .and_then(|entries| entries.last());
            return Err(PlanError::Refusal(vec![Refusal::not_deployed(
                target, known,
            )]));
        };
        let deployed = self.known_deployed(snapshot, target, incarnation, everything)?;
        let folder = self.folder_of(snapshot, target).await?;
        let mut effects = self
            .delivery_removal(snapshot, target, incarnation, &deployed, folder.as_ref())
            .await?;
        let mut remarks = Vec::new();
        for (id, state) in retained(&deployed) {
            let seen = self.systems.of(id.kind()).observe(state).await?;
            let Some(seen) = seen else { continue };
            remarks.push(Remark::new(
                "retained",
                format!("{id} is retained{}", outside_name(&seen)),
            ));
            effects.push(PlannedEffect {
                outputs: seen.outputs.clone(),
                ..PlannedEffect::new(
                    id.clone(),
                    Vec::new(),
                    Some(seen.state.clone()),
                    Some(seen.state),
                )
            });
        }
        remarks.push(
            Remark::new(
                "retained",
                format!(
                    "the namespace {} is retained, with databases, claims and volumes",
                    namespace(target, incarnation)
                ),
            )
            .help((self.words)(
                &Advice::from(Remedy::Orphans)
                    .and((" lists what is retained, and ", Remedy::purge(target, None)))
                    .and(" deletes it"),
            )),
        );
        Ok(self.removal_plan(
            target,
            incarnation,
            Operation::Destroy,
            &deployed,
            effects,
            remarks,
        ))
    }

    /// Refuses a target that someone still wants, or that is at work.
    pub(crate) fn may_go(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
    ) -> Result<(), PlanError> {
        if let Some(instance) = snapshot.desired.instance(target) {
            return Err(PlanError::Refusal(vec![Refusal::still_desired(instance)]));
        }
        match snapshot.unfinished.get(target) {
            Some(unfinished) => Err(PlanError::Refusal(vec![Refusal::unfinished(
                target, unfinished,
            )])),
            None => Ok(()),
        }
    }

    pub(crate) fn removal_plan(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
        operation: Operation,
        deployed: &DeployedState,
        effects: Vec<PlannedEffect>,
        remarks: Vec<Remark>,
    ) -> TargetPlan {
        let inputs = BTreeMap::from([("observed".to_owned(), Digest::of_json(&effects))]);
        TargetPlan {
            target: target.clone(),
            region: deployed.region.clone(),
            app: deployed.app.clone(),
            incarnation,
            operation,
            digest: Digest::of_json(&inputs),
            inputs,
            data_version: None,
            remarks,
            effects,
        }
    }

    /// The removal of what delivers a target: its applications, its folder, its records.
    async fn delivery_removal(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        incarnation: Incarnation,
        deployed: &DeployedState,
        folder: Option<&Observed>,
    ) -> Result<Vec<PlannedEffect>, PlanError> {
        let whose = EffectScope {
            target,
            incarnation,
        };
        let mut effects: Vec<PlannedEffect> = Vec::new();
        for role in ROLES {
            let id = application(role);
            let deps = ids(&effects);
            if let Some(state) = deployed.states.get(&id) {
                effects.extend(self.delete(whose, id, state, deps).await?);
            }
        }
        if let Some(Observed {
            state: Resource::Folder(there),
            outputs,
            ..
        }) = folder
        {
            let gone = FolderEffects::of(folder).gone(&there.without_files());
            let mut deps = ids(&effects);
            deps.extend(ids(&gone));
            effects.extend(gone);
            effects.push(PlannedEffect {
                outputs: outputs.clone(),
                ..PlannedEffect::new(
                    folder_commit(),
                    deps,
                    Some(Resource::Folder(there.without_files())),
                    None,
                )
            });
        }
        let commit = effects.last().map(|last| vec![last.id.clone()]);
        for (id, state) in deployed.going_with_target() {
            if snapshot.is_anothers(state, target, incarnation) {
                continue;
            }
            let deps = commit.clone().unwrap_or_default();
            effects.extend(self.delete(whose, id.clone(), state, deps).await?);
        }
        Ok(effects)
    }

    /// The removal of one thing, as it is now; `None` when it is gone already.
    pub(crate) async fn delete(
        &self,
        whose: EffectScope<'_>,
        id: EffectId,
        state: &Resource,
        depends_on: Vec<EffectId>,
    ) -> Result<Option<PlannedEffect>, PlanError> {
        let Some(seen) = self.systems.of(id.kind()).observe(state).await? else {
            return Ok(None);
        };
        match &seen.ownership {
            // Another incarnation or another target took it over: it is theirs to remove.
            Ownership::Owned(owner) if !whose.owns(&self.offline.installation, &id, owner) => {
                return Ok(None);
            }
            Ownership::Foreign(what) => {
                let problem = Problem::new(format!(
                    "{}: {id} isn't ours any more: {what}",
                    whose.target
                ));
                return Err(Problems::from(
                    problem.help("put our marks back, or remove it by hand; then try again"),
                )
                .into());
            }
            Ownership::Owned(_) | Ownership::ByPlace => {}
        }
        Ok(Some(PlannedEffect {
            outputs: seen.outputs,
            ..PlannedEffect::new(id, depends_on, Some(seen.state), None)
        }))
    }

    /// What the customers of removed targets share, once these are gone: updated for the
    /// instances that are left, or removed with the last.
    pub(crate) async fn shared_without(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        removed: &BTreeSet<TargetId>,
        everything: &[InventoryItem],
    ) -> Result<Vec<TargetPlan>, PlanError> {
        let customers: BTreeSet<&CustomerName> = removed.iter().map(TargetId::customer).collect();
        let mut plans = Vec::new();
        for customer in customers {
            let shared = TargetId::shared_of(customer.clone());
            let of_customer =
                |target: &TargetId| target.customer() == customer && !removed.contains(target);
            let left = snapshot
                .live_instances()
                .any(|live| of_customer(&live.target))
                || snapshot
                    .desired
                    .instances()
                    .any(|instance| of_customer(&instance.target))
                || snapshot
                    .unfinished
                    .keys()
                    .any(|target| !target.is_shared() && of_customer(target));
            if left {
                let plan = self
                    .plan_shared(snapshot, customer, removed, &BTreeMap::new())
                    .await?;
                plans.push(plan);
                continue;
            }
            if let Some(deployed) = self.standing_of_shared(snapshot, &shared, everything) {
                let installation = &self.offline.installation;
                let plan =
                    removal_of_shared(installation, &self.systems, &shared, &deployed).await?;
                plans.extend(plan);
            }
        }
        Ok(plans)
    }
}

/// What `destroy` leaves standing.
fn retained(deployed: &DeployedState) -> impl Iterator<Item = (&EffectId, &Resource)> {
    deployed
        .states
        .iter()
        .chain(&deployed.unused)
        .filter(|(id, _)| id.kind().is_retained())
}

/// What a thing is called outside, in brackets.
pub(crate) fn outside_name(seen: &Observed) -> String {
    seen.outputs
        .values()
        .next()
        .map_or_else(String::new, |name| format!(" ({name})"))
}
