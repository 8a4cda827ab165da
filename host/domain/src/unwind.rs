//! The way back: which steps undo what a deployment did, and in which order.

use std::collections::BTreeMap;

use crate::base;
use crate::base_change::kept;
use crate::desired::{Content, Node};
use crate::effect::{Action, EffectId, EffectKind};
use crate::journal::{DeploymentState, EffectState};
use crate::manifest;
use crate::operation::Operation;
use crate::plan::TargetPlan;
use crate::resource::{Folder, Resource};
use crate::sync_options::{PROTECTED, SYNC_OPTIONS, UNDELETED};
use crate::undo_step::UndoStep;

/// The steps that undo what `progress` says was begun, first to last.
///
/// A first deployment goes: base unprotected and synced, workload deleted, base deleted,
/// folder removed, then DNS and cloud; one that went on with retained data leaves the
/// base protected. An update goes: folder restored, applications
/// restored and settled, then DNS and cloud. Within these, reverse plan order. The answer
/// rests on the forward part of the journal alone, so it is the same however often an
/// unwinding is taken up again.
#[must_use]
pub fn steps(plan: &TargetPlan, progress: &DeploymentState) -> Vec<UndoStep> {
    let begun = |id: &EffectId| match progress.effects.get(id) {
        None => false,
        Some(EffectState::Done { changed, .. }) => *changed,
        Some(EffectState::Failed { untouched, .. }) => !untouched,
        Some(EffectState::Uncertain { .. }) => true,
    };
    let undo = |kind: EffectKind| {
        plan.of_kind(kind)
            .rev()
            .filter(|effect| effect.action != Action::None && begun(&effect.id))
            .map(|effect| UndoStep::Undo(effect.id.clone()))
            .collect::<Vec<_>>()
    };
    let mut steps = Vec::new();
    let committed = !undo(EffectKind::Commit).is_empty();
    if plan.is_first() {
        let applications = undo(EffectKind::Application);
        let base_begun = applications
            .iter()
            .any(|step| matches!(step, UndoStep::Undo(id) if id.name() == "base"));
        // What was retained from before is there after a failure too.
        if committed && base_begun && plan.operation != Operation::Revive {
            steps.extend([UndoStep::Unprotect, UndoStep::UnprotectSync]);
        }
        steps.extend(applications);
        steps.extend(undo(EffectKind::Commit));
    } else {
        steps.extend(undo(EffectKind::Commit));
        steps.extend(undo(EffectKind::Application));
        if committed {
            // Base first: a workload settles on what its base offers.
            steps.extend(
                plan.of_kind(EffectKind::Sync)
                    .map(|sync| UndoStep::Settle(sync.id.clone())),
            );
        }
    }
    for kind in EffectKind::in_undo_order() {
        steps.extend(undo(kind));
    }
    steps
}

/// The folder with its base open for deletion: the annotation that protects is taken out
/// of every object in `dependencies/`.
#[must_use]
pub fn unprotected(folder: &Folder) -> Folder {
    let mut folder = folder.clone();
    folder.tree = None;
    for (path, text) in &mut folder.files {
        if path.starts_with(base::FOLDER) {
            *text = opened(path, text);
        }
    }
    folder
}

/// A manifest without what protects. One that the host didn't write, by an earlier version
/// or someone's hand, loses the lines that say it.
fn opened(path: &str, text: &str) -> String {
    match manifest::read(path, text) {
        Ok(mut documents) if manifest::write(&documents) == text => {
            documents.iter_mut().for_each(open);
            manifest::write(&documents)
        }
        _ => text
            .split_inclusive('\n')
            .filter(|line| !protects(line.trim()))
            .collect(),
    }
}

/// Whether a line of a manifest is the annotation that protects.
fn protects(line: &str) -> bool {
    let value = line
        .strip_prefix(SYNC_OPTIONS)
        .and_then(|rest| rest.strip_prefix(": "));
    value.is_some_and(|value| [PROTECTED, UNDELETED].contains(&value.trim_matches('"')))
}

fn open(object: &mut Node) {
    let Some(metadata) = entry(object, "metadata") else {
        return;
    };
    let Some(annotations) = entry(metadata, "annotations") else {
        return;
    };
    if let Content::Map(entries) = &mut annotations.content {
        entries.retain(|entry| {
            entry.key != SYNC_OPTIONS
                || !matches!(&entry.node.content, Content::Text(text) if text == PROTECTED || text == UNDELETED)
        });
    }
}

fn entry<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.content {
        Content::Map(entries) => entries
            .iter_mut()
            .find(|entry| entry.key == key)
            .map(|entry| &mut entry.node),
        _ => None,
    }
}

/// The folder that a commit effect leads to, with the files that the plan lists beside
/// it.
#[must_use]
pub fn planned_folder(plan: &TargetPlan) -> Option<Folder> {
    let commit = plan.of_kind(EffectKind::Commit).next()?;
    let Some(Resource::Folder(folder)) = &commit.after else {
        return None;
    };
    let mut folder = folder.clone();
    folder.files = plan
        .of_kind(EffectKind::File)
        .filter_map(|effect| match &effect.after {
            Some(Resource::File(file)) => Some((effect.name.clone(), file.content.clone())),
            _ => None,
        })
        .collect();
    Some(folder)
}

/// The folder as it was before the plan, but for values of its base that a cluster or an
/// operator wouldn't take back once they were applied: a disk that grew stays grown. `None`
/// when there are none, or nothing was there before.
#[must_use]
pub fn kept_folder(plan: &TargetPlan) -> Option<Folder> {
    let commit = plan.of_kind(EffectKind::Commit).next()?;
    let Some(Resource::Folder(folder)) = &commit.before else {
        return None;
    };
    let text = |state: &Option<Resource>| match state {
        Some(Resource::File(file)) => Some(file.content.clone()),
        _ => None,
    };
    let mut found = false;
    let mut files = BTreeMap::new();
    for effect in plan.of_kind(EffectKind::File) {
        let Some(mut earlier) = text(&effect.before) else {
            continue;
        };
        if effect.name.starts_with(base::FOLDER)
            && effect.action == Action::Update
            && let Some(kept) = text(&effect.after).and_then(|later| kept(&earlier, &later))
        {
            earlier = kept;
            found = true;
        }
        files.insert(effect.name.clone(), earlier);
    }
    found.then(|| Folder {
        tree: None,
        files,
        ..folder.clone()
    })
}
