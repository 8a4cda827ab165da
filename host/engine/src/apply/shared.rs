//! What a customer's instances share, once its lease is ours: neighbours may have deployed,
//! failed or gone since it was planned.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{
    File, Folder, Observed, Outputs, Ownership, Project, Resource,
};
use deploycenter_ports::ProviderError;
use serde_json::Value;

use crate::Engine;

impl Engine {
    /// A shared target's plan, made to fit what neighbours' deployments left meanwhile, as
    /// the journal has it in `known`: what they took along is made again, and what they
    /// made or changed isn't made twice. What someone else did is left as it was planned,
    /// for the step itself to refuse.
    pub(super) async fn as_it_stands(
        &self,
        plan: TargetPlan,
        known: Option<&DeployedState>,
    ) -> Result<TargetPlan, ProviderError> {
        let Some(commit) = plan.of_kind(EffectKind::Commit).next().cloned() else {
            return Ok(plan);
        };
        let known_tree = known.and_then(DeployedState::tree);
        if tree(commit.before.as_ref()) == known_tree
            && plan
                .of_kind(EffectKind::Project)
                .all(|project| project.before.as_ref() == known_image(known, &project.id))
        {
            return Ok(plan);
        }
        let Some(folder) = &commit.after else {
            return Ok(plan);
        };
        let mut found = BTreeMap::new();
        let projects: Vec<&PlannedEffect> = plan.of_kind(EffectKind::Project).collect();
        for project in projects {
            let judged = match &project.after {
                Some(wanted) => {
                    let seen = self.providers.argocd.observe(wanted).await?;
                    let verdict = verdict(known_image(known, &project.id), seen.as_ref(), wanted);
                    (seen, verdict)
                }
                None => (None, Verdict::Planned),
            };
            found.insert(project.id.clone(), judged);
        }
        if found.values().any(|(_, it)| *it == Verdict::Planned) {
            return Ok(plan);
        }
        let seen_folder = self.providers.git.observe(folder).await?;
        let is_ours = seen_folder
            .as_ref()
            .is_none_or(|seen| tree(Some(&seen.state)) == known_tree);
        // Both projects list the same places, but one of them may have to be made anew.
        let enough = found.values().all(|(_, it)| *it == Verdict::Enough);
        let folder_verdict = if enough {
            Verdict::Enough
        } else {
            Verdict::Ahead
        };
        let mut plan = plan;
        for effect in &mut plan.effects {
            match effect.kind {
                EffectKind::Project => {
                    if let Some((seen, verdict)) = found.get(&effect.id) {
                        refit(effect, seen.as_ref(), *verdict);
                    }
                }
                EffectKind::Commit if is_ours => {
                    refit(effect, bare(seen_folder.as_ref()).as_ref(), folder_verdict);
                }
                EffectKind::File if is_ours => {
                    let seen = file_in(effect, seen_folder.as_ref());
                    let verdict = found.iter().find_map(|(project, (_, verdict))| {
                        is_of(effect, project).then_some(*verdict)
                    });
                    refit(effect, seen.as_ref(), verdict.unwrap_or(folder_verdict));
                }
                _ => {}
            }
        }
        if is_ours {
            commit_follows(&mut plan);
        }
        Ok(plan)
    }
}

fn known_image<'a>(known: Option<&'a DeployedState>, id: &EffectId) -> Option<&'a Resource> {
    known.and_then(|known| known.states.get(id))
}

/// Whether a file is that project's.
fn is_of(file: &PlannedEffect, project: &EffectId) -> bool {
    let Some(Resource::File(file)) = &file.after else {
        return false;
    };
    let manifest: Option<Value> = serde_json::from_str(&file.content).ok();
    manifest.is_some_and(|it| it["metadata"]["name"] == project.name())
}

/// What becomes of a plan for a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It goes ahead from what is there.
    Ahead,
    /// What is there lists all that is wanted, and more: a newer desired state's.
    Enough,
    /// It stays as planned.
    Planned,
}

fn verdict(known: Option<&Resource>, seen: Option<&Observed>, wanted: &Resource) -> Verdict {
    let Some(seen) = seen else {
        return Verdict::Ahead;
    };
    match (&seen.state, wanted) {
        (Resource::Project(there), Resource::Project(wanted)) if known == Some(&seen.state) => {
            let (there, wanted) = (destinations(there), destinations(wanted));
            if there.is_subset(&wanted) {
                Verdict::Ahead
            } else if wanted.is_subset(&there) {
                Verdict::Enough
            } else {
                Verdict::Planned
            }
        }
        _ => Verdict::Planned,
    }
}

fn destinations(project: &Project) -> BTreeSet<String> {
    let listed = project.spec.get("destinations").and_then(Value::as_array);
    listed.into_iter().flatten().map(Value::to_string).collect()
}

/// The same effect between what is there now and what is wanted.
fn refit(effect: &mut PlannedEffect, seen: Option<&Observed>, verdict: Verdict) {
    let before = seen.map(|seen| seen.state.clone());
    let after = match verdict {
        Verdict::Enough if before.is_some() => before.clone(),
        _ => effect.after.clone(),
    };
    let owner = seen.and_then(|seen| match &seen.ownership {
        Ownership::Owned(owner) => Some(owner.clone()),
        Ownership::ByPlace | Ownership::Foreign(_) => None,
    });
    *effect = PlannedEffect {
        owner,
        outputs: seen.map(|seen| seen.outputs.clone()).unwrap_or_default(),
        ..PlannedEffect::new(effect.id.clone(), effect.depends_on.clone(), before, after)
    };
}

/// A commit changes something exactly when one of its files does.
fn commit_follows(plan: &mut TargetPlan) {
    let changed = plan
        .of_kind(EffectKind::File)
        .any(|file| file.action != Action::None);
    for effect in &mut plan.effects {
        let (EffectKind::Commit, Some(Resource::Folder(mut folder))) =
            (effect.kind, effect.after.clone())
        else {
            continue;
        };
        folder.tree = match &effect.before {
            Some(before) if !changed => tree(Some(before)).map(str::to_owned),
            _ => None,
        };
        let mut outputs = std::mem::take(&mut effect.outputs);
        if changed {
            // What follows waits for the tree that the commit makes.
            outputs.clear();
        }
        *effect = PlannedEffect {
            outputs,
            ..PlannedEffect::new(
                effect.id.clone(),
                effect.depends_on.clone(),
                effect.before.clone(),
                Some(Resource::Folder(folder)),
            )
        };
    }
}

fn tree(state: Option<&Resource>) -> Option<&str> {
    match state {
        Some(Resource::Folder(folder)) => folder.tree.as_deref(),
        _ => None,
    }
}

/// A folder without its files: its plan lists them beside it.
fn bare(seen: Option<&Observed>) -> Option<Observed> {
    let mut seen = seen.cloned()?;
    if let Resource::Folder(Folder { files, .. }) = &mut seen.state {
        files.clear();
    }
    Some(seen)
}

/// A plan's file, as the folder has it.
fn file_in(effect: &PlannedEffect, folder: Option<&Observed>) -> Option<Observed> {
    let (Some(Resource::Folder(folder)), Some(Resource::File(file))) =
        (folder.map(|seen| &seen.state), &effect.after)
    else {
        return None;
    };
    Some(Observed {
        state: Resource::File(File {
            path: file.path.clone(),
            content: folder.files.get(effect.id.name())?.clone(),
        }),
        ownership: Ownership::ByPlace,
        outputs: Outputs::new(),
    })
}
