//! Ending a hold, and keeping what someone committed by hand.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::deployed;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::lock;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Plan, PlannedEffect, Remark};
use deploycenter_domain::resource::{Folder, Resource, Sync};
use deploycenter_domain::wanted::WantedEffect;

use super::base::shaped;
use super::present::Present;
use super::{Replanned, file_effects, refused};
use crate::effect_ids::{application, folder_commit};
use crate::snapshot::progress;
use crate::{PlanError, PlanOptions, Refusal, Run};

impl Run {
    /// The plan that ends a hold: the files as they are, without it. What waits comes
    /// with the next `apply`.
    ///
    /// # Errors
    /// When the target isn't held, or is at work.
    pub async fn plan_release(&self, target: &TargetId) -> Result<Replanned, PlanError> {
        let present = self.present(target).await?;
        if !present.is_held() {
            return Err(refused(Refusal::not_held(target)));
        }
        let there = &present.folder.files;
        let mut files = self.with_base(target, &present, there, "the files on its branch")?;
        files.remove(hold::FILE);
        self.files_plan(target, &present, files, Operation::Release)
            .await
    }

    /// The plan that takes what someone committed by hand for what is wanted, and holds
    /// the target there.
    ///
    /// # Errors
    /// When nobody committed anything, what was committed can't be taken over, or the
    /// target is at work.
    pub async fn plan_accept(
        &self,
        target: &TargetId,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Replanned, PlanError> {
        let present = self.present(target).await?;
        let deployed_now = present
            .snapshot
            .deployed_now(target, present.lock.incarnation);
        let there = present.folder.tree.as_deref();
        if deployed_now.is_some_and(|deployed_now| deployed_now.tree() == there) {
            return Err(refused(Refusal::nothing_to_accept(target)));
        }
        let kept = self.last_files(target, present.lock.incarnation).await?;
        let foreign: Vec<&str> = [lock::FILE, "base.json", "application.json"]
            .into_iter()
            .filter(|path| {
                kept.as_ref()
                    .is_some_and(|kept| kept.get(*path) != present.folder.files.get(*path))
            })
            .collect();
        if !foreign.is_empty() {
            return Err(refused(Refusal::not_acceptable(target, &foreign)));
        }
        let reason = reason.unwrap_or("accepted as committed by hand");
        let there = &present.folder.files;
        let mut files = self.with_base(target, &present, there, "the files committed by hand")?;
        files.insert(hold::FILE.to_owned(), Hold::new(None, by, reason).text());
        let mut replanned = self
            .files_plan(target, &present, files, Operation::Accept)
            .await?;
        let remark = self.accepted(&present.folder, kept.as_ref()).await?;
        for plan in &mut replanned.plan.targets {
            plan.remarks.extend(remark.clone());
        }
        Ok(replanned)
    }

    /// What is accepted: which files, and who committed them last.
    async fn accepted(
        &self,
        folder: &Folder,
        kept: Option<&BTreeMap<String, String>>,
    ) -> Result<Option<Remark>, PlanError> {
        let last = self
            .systems
            .branches
            .last_change(&folder.branch, &folder.path)
            .await?;
        let (Some(last), Some(kept)) = (last, kept) else {
            return Ok(None);
        };
        let paths: BTreeSet<&str> = kept
            .keys()
            .chain(folder.files.keys())
            .filter(|path| kept.get(*path) != folder.files.get(*path))
            .map(String::as_str)
            .collect();
        let paths: Vec<&str> = paths.into_iter().collect();
        Ok(Some(Remark::new(
            "accepted",
            format!(
                "kept as {} left it in {}: {} ({})",
                last.author,
                last.commit.get(..12).unwrap_or(&last.commit),
                last.summary,
                paths.join(", ")
            ),
        )))
    }

    async fn last_files(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> Result<Option<BTreeMap<String, String>>, PlanError> {
        let last = self.last_success(target, incarnation).await?;
        let Some(record) = last else {
            return Ok(None);
        };
        let progress = progress(&record)?;
        let plan = &record.deployment.plan;
        Ok(Some(deployed::files(plan, &progress.bindings)))
    }

    /// A plan that changes a target's files and nothing else.
    async fn files_plan(
        &self,
        target: &TargetId,
        present: &Present,
        files: BTreeMap<String, String>,
        operation: Operation,
    ) -> Result<Replanned, PlanError> {
        let main_commit = present
            .snapshot
            .records
            .get(target)
            .and_then(|record| record.main_commit.clone());
        self.shared_again(target, present, false, false).await?;
        let wanted = delivery(target, present, &files);
        shaped(target, &wanted, "its applications as they stand")?;
        let mut plan = self
            .hold_plan(target, present, wanted, operation, &PlanOptions::default())
            .await?;
        // What stands beside the files stays known.
        let folder = plan.effects.clone();
        if let Some(deployed_now) = present
            .snapshot
            .deployed_now(target, present.lock.incarnation)
        {
            for (id, state) in &deployed_now.states {
                if folder.iter().all(|effect| effect.id != *id) {
                    let state = Some(state.clone());
                    let stays = PlannedEffect::new(id.clone(), Vec::new(), state.clone(), state);
                    plan.effects.push(stays);
                }
            }
        }
        Ok(Replanned {
            plan: Plan::new(self.offline.installation.clone(), Vec::new(), vec![plan]),
            main_commit,
        })
    }
}

/// These files committed, and taken over by both applications, which stay as they were
/// left.
fn delivery(
    target: &TargetId,
    present: &Present,
    files: &BTreeMap<String, String>,
) -> Vec<WantedEffect> {
    let there = &present.folder;
    let mut wanted = file_effects(there, files);
    let depends_on = wanted.iter().map(|effect| effect.id.clone()).collect();
    wanted.push(WantedEffect {
        id: folder_commit(),
        depends_on,
        after: Resource::Folder(Folder {
            tree: None,
            files: files.clone(),
            ..there.clone()
        }),
    });
    let Some(instance) = target.instance() else {
        return wanted;
    };
    let customer = target.customer();
    let readable = naming::readable(customer, instance, present.lock.incarnation);
    let deployed_now = present
        .snapshot
        .deployed_now(target, present.lock.incarnation);
    let mut before = folder_commit();
    for (role, name, project) in [
        (
            ApplicationRole::Base,
            format!("{readable}--base"),
            naming::base_project(customer),
        ),
        (
            ApplicationRole::Workload,
            readable.clone(),
            naming::project(customer),
        ),
    ] {
        let made = application(role.as_str());
        let state = deployed_now.and_then(|deployed_now| deployed_now.states.get(&made));
        // It stays in the project where it was left.
        let project = match state {
            Some(Resource::Application(application)) => application.project.clone(),
            _ => project,
        };
        if let Some(state) = state {
            wanted.push(WantedEffect {
                id: made.clone(),
                depends_on: Vec::new(),
                after: state.clone(),
            });
        }
        let id =
            EffectId::new(EffectKind::Sync, role.as_str()).expect("a role is an effect's name");
        wanted.push(WantedEffect {
            id: id.clone(),
            depends_on: vec![before, made],
            after: Resource::Sync(Sync {
                application: name,
                project,
                branch: there.branch.clone(),
                path: there.path.clone(),
                tree: None,
                ailing: false,
            }),
        });
        before = id;
    }
    wanted
}
