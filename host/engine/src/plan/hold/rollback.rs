//! Back to what an earlier deployment left.

use std::collections::BTreeMap;

use deploycenter_domain::base_change::{self, permanent, restart};
use deploycenter_domain::bind::bind;
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::deployed;
use deploycenter_domain::effect::{Action, EffectId, EffectKind, OutputName};
use deploycenter_domain::former;
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::journal::Status;
use deploycenter_domain::lock::{self, Lock};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Plan, PlannedEffect, Remark, TargetPlan};
use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_domain::resource::{Folder, Resource};
use deploycenter_domain::secret_version;
use deploycenter_domain::token::Bindings;
use deploycenter_domain::wanted::WantedEffect;
use deploycenter_ports::{DeploymentRecord, Deployments};

use super::base::shaped;
use super::present::Present;
use super::{Replanned, file_effects, refused};
use crate::snapshot::progress;
use crate::{PlanError, PlanOptions, Refusal, Run, Words};

/// How to go back.
#[derive(Debug, Clone)]
pub struct Back {
    /// To what that deployment left; to the one before the present state when absent.
    pub to: Option<DeploymentId>,
    /// Who: `Name <mail>` or a name alone.
    pub by: String,
    /// Why; a sentence of our own when absent.
    pub reason: Option<String>,
    /// That a person vouches for the data where the app has migrated it since.
    pub data_compatible: bool,
    /// That what someone else changed meanwhile is to be overwritten.
    pub reclaim: bool,
}

impl Run {
    /// The plan that puts back, byte for byte, what an earlier deployment left, and holds
    /// the target there. Versions of secrets stay the present ones, whose values alone are
    /// there still. Only what an earlier layout left is put where it belongs now. A base that
    /// an earlier version left as a template made it says the same, in the form of today.
    ///
    /// # Errors
    /// When there is no such deployment, its files or applications hold what they may not,
    /// the data has been migrated since, someone else changed something, or the target is at
    /// work.
    pub async fn plan_rollback(
        &self,
        target: &TargetId,
        back: &Back,
    ) -> Result<Replanned, PlanError> {
        let present = self.present(target).await?;
        let incarnation = present.lock.incarnation;
        let (record, bindings) = self.earlier(target, &present, back.to.as_ref()).await?;
        let to = record.deployment.id.clone();
        let mut files = deployed::files(&record.deployment.plan, &bindings);
        files.remove(hold::FILE);
        secret_version::carry_over(&mut files, &present.lock.secret_versions);
        let then = files.get(lock::FILE).and_then(|text| Lock::read(text).ok());
        let migrated = DataVersionChange::between(
            present.lock.data_version.as_deref(),
            then.as_ref().and_then(|lock| lock.data_version.as_deref()),
        );
        if let Some(change) = migrated.as_ref().filter(|change| !change.goes_forward())
            && !back.data_compatible
        {
            return Err(refused(Refusal::migrated(target, change)));
        }
        let reason = back
            .reason
            .clone()
            .unwrap_or_else(|| "rolled back".to_owned());
        let whence = format!("the files of {to}");
        let mut files = self.with_base(target, &present, &files, &whence)?;
        let text = Hold::new(Some(to.clone()), &back.by, &reason).text();
        files.insert(hold::FILE.to_owned(), text);
        let customer = target.customer();
        // A base of before the customer had a project for bases isn't put back there.
        former::rehome_files(&mut files, customer);
        let known = known(&record.deployment.plan, &bindings);
        let mut wanted = wanted_again(&record.deployment.plan, &known, &present.folder, &files);
        let mut moved = false;
        for effect in &mut wanted {
            moved |= former::rehome(&mut effect.after, customer);
        }
        shaped(target, &wanted, &format!("the applications of {to}"))?;
        let options = PlanOptions {
            reclaim: back.reclaim,
            ..PlanOptions::default()
        };
        let operation = Operation::Rollback { to: to.clone() };
        let mut plan = self
            .hold_plan(target, &present, wanted, operation, &options)
            .await?;
        let lost = made_anew(&known, &plan.effects);
        if !lost.is_empty() {
            return Err(refused(Refusal::made_anew(target, &to, &lost)));
        }
        let changes = base_change::changed(&plan.effects);
        let impossible = permanent::impossible(&changes);
        if !impossible.is_empty() {
            return Err(refused(Refusal::permanent(target, &impossible)));
        }
        let deployed = present.snapshot.deployed_now(target, incarnation).cloned();
        if let Some(deployed) = deployed {
            let gone = self
                .superseded(&present.snapshot, target, &deployed, &plan.effects)
                .await?;
            plan.effects.extend(gone);
        }
        plan.data_version = DataVersionChange::of(&plan.effects);
        plan.remarks = plan
            .data_version
            .iter()
            .map(|change| back_remark(self.words, target, change))
            .chain(restart::remarks(&changes))
            .chain(plan.remarks)
            .collect();
        let mut plans = vec![plan];
        plans.extend(
            self.shared_again(target, &present, back.reclaim, moved)
                .await?,
        );
        Ok(Replanned {
            plan: Plan::new(self.offline.installation.clone(), Vec::new(), plans),
            main_commit: record.deployment.main_commit,
        })
    }

    /// The deployment to go back to, with what it made known.
    async fn earlier(
        &self,
        target: &TargetId,
        present: &Present,
        to: Option<&DeploymentId>,
    ) -> Result<(DeploymentRecord, BTreeMap<String, String>), PlanError> {
        let mut known = Vec::new();
        let mut other_secrets = false;
        let all = Deployments::Of(target.clone());
        for summary in self.store.all_deployments(&all).await? {
            let id = &summary.id;
            let whole = summary.status() == Status::Succeeded
                && !summary.plan.operation.is_removal()
                && summary.plan.incarnation == present.lock.incarnation;
            if to.is_some_and(|to| to == id) && !whole {
                return Err(refused(Refusal::no_way_back(target, Some(id), &known)));
            }
            if whole && to.is_none_or(|to| to == id) {
                let record = self.recorded(id).await?;
                let bindings = progress(&record)?.bindings;
                if to.is_some() || present.differs_from(&record.deployment.plan, &bindings) {
                    return Ok((record, bindings));
                }
                other_secrets |= present.other_secrets(&record.deployment.plan, &bindings);
            }
            if whole {
                known.push(id.clone());
            }
        }
        Err(refused(if other_secrets {
            Refusal::only_secrets_before(target)
        } else {
            Refusal::no_way_back(target, to, &known)
        }))
    }
}

/// The values that a deployment made known, and those that it found.
fn known(plan: &TargetPlan, bindings: &Bindings) -> Bindings {
    let mut known = bindings.clone();
    for effect in &plan.effects {
        for (output, value) in &effect.outputs {
            known
                .entry(format!("{}:{output}", effect.id))
                .or_insert_with(|| value.clone());
        }
    }
    known
}

/// File systems and access points that aren't those any more which an earlier deployment
/// knew, so that its files name nothing.
fn made_anew(known: &Bindings, effects: &[PlannedEffect]) -> Vec<String> {
    effects
        .iter()
        .filter(|effect| effect.kind.facts().sample_id.is_some())
        .filter_map(|effect| {
            let then = known.get(&format!("{}:{}", effect.id, OutputName::Id))?;
            let now = effect.outputs.get(&OutputName::Id);
            (now != Some(then)).then(|| format!("{} ({then})", effect.id))
        })
        .collect()
}

/// What a person should know before data is led to another version on the way back.
fn back_remark(words: Words, target: &TargetId, change: &DataVersionChange) -> Remark {
    let DataVersionChange { from, to } = change;
    Remark::new(
        DataVersionChange::REMARK,
        format!("the data is at version {from}, and what is gone back to reads {to}"),
    )
    .help(words(&Advice::from((
        "take a backup first; when it fails on the way it isn't undone, it waits as needs-attention until ",
        Remedy::Resume(Targets::One(target.clone())),
    ))))
}

/// What a deployment wanted, with the values that are known of it, and these files.
fn wanted_again(
    plan: &TargetPlan,
    known: &Bindings,
    there: &Folder,
    files: &BTreeMap<String, String>,
) -> Vec<WantedEffect> {
    let mut wanted = file_effects(there, files);
    let file_ids: Vec<EffectId> = wanted.iter().map(|effect| effect.id.clone()).collect();
    let mut others: Vec<WantedEffect> = Vec::new();
    for effect in plan
        .effects
        .iter()
        .filter(|effect| effect.action != Action::Delete && effect.kind != EffectKind::File)
    {
        let Some(after) = &effect.after else { continue };
        let mut after = bind(after, known).unwrap_or_else(|_| after.clone());
        let mut depends_on = effect.depends_on.clone();
        match &mut after {
            Resource::Folder(folder) => {
                folder.tree = None;
                folder.files.clone_from(files);
                depends_on.retain(|id| id.kind() != EffectKind::File);
                depends_on.extend(file_ids.iter().cloned());
            }
            Resource::Sync(sync) => sync.tree = None,
            _ => {}
        }
        others.push(WantedEffect {
            id: effect.id.clone(),
            depends_on,
            after,
        });
    }
    // Files first: the commit is planned once they are.
    let commit = others
        .iter()
        .position(|effect| effect.id.kind() == EffectKind::Commit)
        .unwrap_or(others.len());
    let after = others.split_off(commit);
    others.append(&mut wanted);
    others.extend(after);
    others
}
