//! What a customer's instances share, once its lease is ours: neighbours may have deployed,
//! failed or gone since it was planned.

use std::collections::BTreeSet;

use deploycenter_domain::effect::{Action, EffectKind};
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{
    File, Folder, Observed, Outputs, Ownership, Project, Resource,
};
use deploycenter_domain::standing::Standing;
use deploycenter_ports::{Failure, Reading};
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
        known: Option<&Standing>,
    ) -> Result<TargetPlan, Failure> {
        let (Some(project), Some(commit)) = (
            plan.of_kind(EffectKind::Project).next().cloned(),
            plan.of_kind(EffectKind::Commit).next().cloned(),
        ) else {
            return Ok(plan);
        };
        let known_project = known.and_then(|known| known.images.get(&project.id));
        let known_tree = known.and_then(Standing::tree);
        if project.before.as_ref() == known_project && tree(commit.before.as_ref()) == known_tree {
            return Ok(plan);
        }
        let (Some(wanted), Some(folder)) = (&project.after, &commit.after) else {
            return Ok(plan);
        };
        let seen_project = self.adapters.argocd.observe(wanted, Reading::Fresh).await?;
        let seen_folder = self.adapters.git.observe(folder, Reading::Fresh).await?;
        let verdict = verdict(known_project, seen_project.as_ref(), wanted);
        if verdict == Verdict::Planned {
            return Ok(plan);
        }
        let is_ours = seen_folder
            .as_ref()
            .is_none_or(|seen| tree(Some(&seen.image)) == known_tree);
        let mut plan = plan;
        for effect in &mut plan.effects {
            match effect.kind {
                EffectKind::Project => refit(effect, seen_project.as_ref(), verdict),
                EffectKind::Commit if is_ours => {
                    refit(effect, bare(seen_folder.as_ref()).as_ref(), verdict);
                }
                EffectKind::File if is_ours => {
                    let seen = file_in(effect, seen_folder.as_ref());
                    refit(effect, seen.as_ref(), verdict);
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

/// What becomes of a plan for the project.
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
    match (&seen.image, wanted) {
        (Resource::Project(there), Resource::Project(wanted)) if known == Some(&seen.image) => {
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
    let before = seen.map(|seen| seen.image.clone());
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

fn tree(image: Option<&Resource>) -> Option<&str> {
    match image {
        Some(Resource::Folder(folder)) => folder.tree.as_deref(),
        _ => None,
    }
}

/// A folder without its files: its plan lists them beside it.
fn bare(seen: Option<&Observed>) -> Option<Observed> {
    let mut seen = seen.cloned()?;
    if let Resource::Folder(Folder { files, .. }) = &mut seen.image {
        files.clear();
    }
    Some(seen)
}

/// A plan's file, as the folder has it.
fn file_in(effect: &PlannedEffect, folder: Option<&Observed>) -> Option<Observed> {
    let (Some(Resource::Folder(folder)), Some(Resource::File(file))) =
        (folder.map(|seen| &seen.image), &effect.after)
    else {
        return None;
    };
    Some(Observed {
        image: Resource::File(File {
            path: file.path.clone(),
            content: folder.files.get(effect.id.name())?.clone(),
        }),
        ownership: Ownership::ByPlace,
        outputs: Outputs::new(),
    })
}
