//! A target as it stands, for plans that leave the desired state aside.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::deployed::{self, DeployedState};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::former;
use deploycenter_domain::hold;
use deploycenter_domain::lock::{self, Lock};
use deploycenter_domain::name::{CustomerName, DeploymentId, RegionName, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{Folder, Observed, Resource};
use deploycenter_domain::secret_version::{self, SecretVersion, SecretVersions};
use deploycenter_domain::token::Bindings;
use deploycenter_domain::wanted::WantedEffect;

use super::refused;
use crate::plan::effects::Looked;
use crate::plan::scope::EffectScope;
use crate::snapshot::{PlanningSnapshot, hold_of};
use crate::{PlanError, PlanOptions, Refusal, Run};

/// A target as it stands on its branch.
pub(crate) struct Present {
    target: TargetId,
    pub(crate) snapshot: PlanningSnapshot,
    pub(crate) region: RegionName,
    pub(crate) lock: Lock,
    seen: Observed,
    pub(crate) folder: Folder,
}

impl Present {
    pub(crate) fn is_held(&self) -> bool {
        hold_of(Some(&self.seen)).is_some()
    }

    /// The last deployment that succeeded: what it left is what stands, unless someone
    /// else changed it.
    fn last(&self) -> Option<&DeploymentId> {
        let records = self.snapshot.deployed.get(&self.target)?;
        records
            .iter()
            .find(|record| record.incarnation == self.lock.incarnation)
            .map(|record| &record.deployment)
    }

    /// Whether a deployment left something else than what is there, a hold and secrets that
    /// were set anew apart.
    pub(crate) fn differs_from(&self, plan: &TargetPlan, bindings: &Bindings) -> bool {
        let customer = self.target.customer();
        let comparable = |files: &BTreeMap<String, String>| {
            let mut files = files.clone();
            files.remove(hold::FILE);
            former::rehome_files(&mut files, customer);
            secret_version::carry_over(&mut files, &self.lock.secret_versions);
            secret_version::forget_former(&mut files);
            files
        };
        if comparable(&deployed::files(plan, bindings)) != comparable(&self.folder.files) {
            return true;
        }
        let left = DeployedState::after(None, plan, bindings);
        self.snapshot
            .deployed_now(&self.target, self.lock.incarnation)
            .is_some_and(|deployed_now| {
                beside_files(deployed_now, customer) != beside_files(&left, customer)
            })
    }

    /// Whether a deployment left pods that name other versions of secrets than those of now.
    pub(crate) fn other_secrets(&self, plan: &TargetPlan, bindings: &Bindings) -> bool {
        let files = deployed::files(plan, bindings);
        let then = files.get(lock::FILE).and_then(|text| Lock::read(text).ok());
        then.is_some_and(|then| named(&then.secret_versions) != named(&self.lock.secret_versions))
    }
}

/// The version of each secret that pods name.
fn named(versions: &SecretVersions) -> BTreeMap<&str, &SecretVersion> {
    let versions = versions.iter();
    versions
        .filter_map(|(name, versions)| Some((name.as_str(), versions.first()?)))
        .collect()
}

/// What stands beside the folder and follows nothing, in today's layout.
fn beside_files(deployed: &DeployedState, customer: &CustomerName) -> BTreeMap<EffectId, Resource> {
    let states = deployed.states.iter();
    states
        .filter(|(id, _)| !id.kind().comes_with_files())
        .map(|(id, state)| {
            let mut state = state.clone();
            former::rehome(&mut state, customer);
            (id.clone(), state)
        })
        .collect()
}

impl Run {
    pub(crate) async fn present(&self, target: &TargetId) -> Result<Present, PlanError> {
        let snapshot = self.snapshot().await?;
        if let Some(unfinished) = snapshot.unfinished.get(target) {
            return Err(refused(Refusal::unfinished(target, unfinished)));
        }
        let region = snapshot
            .live
            .get(target)
            .and_then(|live| live.region.clone());
        let seen = self.folder_of(&snapshot, target).await?;
        match (snapshot.lock(target), region, seen) {
            (Some(lock), Some(region), Some(seen)) => {
                let Resource::Folder(folder) = seen.state.clone() else {
                    return Err(refused(Refusal::not_deployed(target, None)));
                };
                Ok(Present {
                    target: target.clone(),
                    snapshot,
                    region,
                    lock,
                    seen,
                    folder,
                })
            }
            _ => {
                let last = snapshot
                    .deployed
                    .get(target)
                    .and_then(|entries| entries.last());
                Err(refused(Refusal::not_deployed(target, last)))
            }
        }
    }

    /// What the customer's instances share, when it isn't as it was left: refused, or the
    /// plan that puts it back. `moved`: an application goes to a project that may have to
    /// be made first.
    pub(crate) async fn shared_again(
        &self,
        target: &TargetId,
        present: &Present,
        reclaim: bool,
        moved: bool,
    ) -> Result<Option<TargetPlan>, PlanError> {
        let snapshot = &present.snapshot;
        let shared = TargetId::shared_of(target.customer().clone());
        if let Some(unfinished) = snapshot.unfinished.get(&shared) {
            let blocked = Refusal::unfinished(&shared, unfinished);
            return Err(refused(blocked.of_instance(target)));
        }
        let plan = self
            .plan_shared(
                snapshot,
                target.customer(),
                &BTreeSet::new(),
                &BTreeMap::new(),
            )
            .await?;
        let deployed_now = snapshot.deployed_now(&shared, plan.incarnation);
        let options = PlanOptions::default();
        match self
            .drift(&shared, deployed_now, &plan.effects, &options)
            .await?
        {
            Some(blocked) if !reclaim => Err(refused(blocked.of_instance(target))),
            Some(_) => Ok(Some(plan)),
            None => Ok(Some(plan).filter(|plan| moved && plan.has_changes())),
        }
    }

    pub(crate) async fn hold_plan(
        &self,
        target: &TargetId,
        present: &Present,
        wanted: Vec<WantedEffect>,
        operation: Operation,
        options: &PlanOptions,
    ) -> Result<TargetPlan, PlanError> {
        let incarnation = present.lock.incarnation;
        let whose = EffectScope {
            target,
            incarnation,
        };
        let Looked { effects, beside } = self
            .effects(
                &present.snapshot,
                whose,
                wanted,
                Some(&present.seen),
                &BTreeMap::new(),
            )
            .await?;
        let deployed_now = present.snapshot.deployed_now(target, incarnation);
        // What was committed by hand is what an acceptance is about.
        let looked_at: Vec<PlannedEffect> = effects
            .iter()
            .filter(|effect| operation != Operation::Accept || effect.kind != EffectKind::Commit)
            .cloned()
            .collect();
        if let Some(blocked) = self
            .drift(target, deployed_now, &looked_at, options)
            .await?
        {
            let held = present.last().filter(|_| present.is_held());
            return Err(refused(blocked.off_course(held)));
        }
        let mut inputs = BTreeMap::from([("observed".to_owned(), Digest::of_json(&effects))]);
        inputs.extend(beside.input());
        Ok(TargetPlan {
            target: target.clone(),
            region: present.region.clone(),
            app: Some(present.lock.app.clone()),
            incarnation,
            operation,
            digest: Digest::of_json(&inputs),
            inputs,
            data_version: None,
            remarks: beside.remarks().collect(),
            effects,
        })
    }
}
