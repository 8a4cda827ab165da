//! What someone else changed of what a plan would change.

use std::collections::BTreeMap;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_domain::resource::{Folder, Resource};
use deploycenter_domain::unwind::kept_folder;

use super::options::PlanOptions;
use crate::{PlanError, Refusal, RefusalCode, Run};

/// One thing that someone else changed.
#[derive(Debug)]
struct Drift {
    effect: EffectId,
    text: String,
    lost_data: bool,
}

impl Refusal {
    fn drifted(target: &TargetId, found: &[Drift]) -> Self {
        let texts: Vec<&str> = found.iter().map(|drift| drift.text.as_str()).collect();
        let committed = found
            .iter()
            .any(|drift| drift.effect.kind() == EffectKind::Commit);
        let lost = found.iter().any(|drift| drift.lost_data);
        let targets = match target.is_shared() {
            true => Targets::Customer(target.customer().clone()),
            false => Targets::One(target.clone()),
        };
        let reclaim = Remedy::Apply {
            targets: targets.clone(),
            reclaim: true,
        };
        let mut help = Advice::from(("put it back as planned: ", reclaim));
        if committed && !target.is_shared() {
            help = help.and(("; or keep what was committed: ", Remedy::Accept(targets)));
        }
        if lost {
            help = help.and("; what is made anew is empty, so restore a backup then");
        }
        Self {
            target: target.clone(),
            code: RefusalCode::Drifted,
            message: format!("someone else changed it: {}", texts.join("; ")),
            help,
        }
    }
}

impl Run {
    /// What someone else changed of what would change now; `None` when nothing, or when
    /// it is wished to be put back.
    pub(crate) async fn drift(
        &self,
        target: &TargetId,
        deployed_now: Option<&DeployedState>,
        effects: &[PlannedEffect],
        options: &PlanOptions,
    ) -> Result<Option<Refusal>, PlanError> {
        if options.reclaim {
            return Ok(None);
        }
        let mut found = Vec::new();
        for effect in effects
            .iter()
            .filter(|effect| effect.action != Action::None && effect.adopt.is_none())
        {
            let text = match (&effect.kind, deployed_now) {
                (EffectKind::Commit, deployed_now) => {
                    self.folder_drift(effect, effects, deployed_now).await?
                }
                (_, Some(deployed_now)) => deployed_now
                    .drift_of(effect)
                    .map(|what| format!("{} {what}", effect.id)),
                (_, None) => None,
            };
            if let Some(text) = text {
                found.push(Drift {
                    effect: effect.id.clone(),
                    text,
                    lost_data: effect.before.is_none() && effect.kind == EffectKind::FileSystem,
                });
            }
        }
        Ok((!found.is_empty()).then(|| Refusal::drifted(target, &found)))
    }

    /// Who changed a folder since the last deployment, in words.
    async fn folder_drift(
        &self,
        commit: &PlannedEffect,
        effects: &[PlannedEffect],
        deployed_now: Option<&DeployedState>,
    ) -> Result<Option<String>, PlanError> {
        let there = match &commit.before {
            Some(Resource::Folder(folder)) => folder,
            _ => {
                // Nothing is there: drift only if something was.
                return Ok(deployed_now
                    .filter(|deployed_now| deployed_now.tree().is_some())
                    .map(|_| format!("{} is gone from its branch", place(&commit.after))));
            }
        };
        if deployed_now
            .and_then(DeployedState::tree)
            .is_some_and(|tree| Some(tree) == there.tree.as_deref())
        {
            return Ok(None);
        }
        let last = self
            .systems
            .branches
            .last_change(&there.branch, &there.path)
            .await?;
        let Some(last) = last else {
            return Ok(None);
        };
        // A journal that doesn't know the target leaves the commit itself to say.
        if deployed_now.is_none() && last.deployment.is_some() {
            return Ok(None);
        }
        if let Some(id) = &last.deployment
            && self.is_way_back(id, effects).await?
        {
            return Ok(None);
        }
        Ok(Some(format!(
            "{} was changed by {} in {}: {}",
            place(&commit.before),
            last.author,
            last.commit.get(..12).unwrap_or(&last.commit),
            last.summary
        )))
    }

    /// Whether the files that stand are what a deployment left that was taken back but for
    /// what can't be: a disk that grew.
    async fn is_way_back(
        &self,
        id: &DeploymentId,
        effects: &[PlannedEffect],
    ) -> Result<bool, PlanError> {
        let Some(record) = self.store.deployment(id).await? else {
            return Ok(false);
        };
        let Some(kept) = kept_folder(&record.deployment.plan) else {
            return Ok(false);
        };
        let there: BTreeMap<&str, &str> = effects
            .iter()
            .filter_map(|effect| match &effect.before {
                Some(Resource::File(file)) => Some((effect.name.as_str(), file.content.as_str())),
                _ => None,
            })
            .collect();
        let kept = kept.files.iter();
        Ok(there
            == kept
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect())
    }
}

fn place(state: &Option<Resource>) -> String {
    match state {
        Some(Resource::Folder(Folder { branch, path, .. })) if path.is_empty() => {
            format!("project.json or base-project.json on {branch}")
        }
        Some(Resource::Folder(Folder { branch, path, .. })) => format!("{path} on {branch}"),
        _ => "its folder".to_owned(),
    }
}
