//! From a planned effect to a step that an adapter can take, and its way back.

use deploycenter_domain::bind::{bind, is_bound};
use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::journal::{EffectState, UndoState};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::{Folder, Owner, Resource, Sync};
use deploycenter_domain::undo_step::UndoStep;
use deploycenter_domain::unwind::{kept_folder, planned_folder, unprotected};
use deploycenter_ports::{CommitContext, ProviderError, ProviderErrorKind, Step};

use super::Saga;
use super::outage::Probe;
use super::unprotect::Opening;

impl Saga<'_> {
    /// The step of an effect, with everything bound that is known by now.
    pub(super) fn step(&self, effect: &PlannedEffect) -> Result<Step, ProviderError> {
        let after = match &effect.after {
            // The files stand beside the commit in the plan, each once.
            Some(Resource::Folder(folder)) if folder.files.is_empty() => {
                planned_folder(&self.record.deployment.plan).map(Resource::Folder)
            }
            other => other.clone(),
        };
        let after = after.map(|after| self.bound(&after)).transpose()?;
        if let Some(after) = &after
            && !is_bound(after)
        {
            return Err(ProviderError::new(
                ProviderErrorKind::Refused,
                "plan",
                format!(
                    "{} holds a value that no effect before it made known",
                    effect.id
                ),
            ));
        }
        Ok(Step {
            owner: self.owner(effect.marked_as()),
            before: effect.before.clone(),
            after,
            uncertain: matches!(
                self.progress.effects.get(&effect.id),
                Some(
                    EffectState::Uncertain { .. }
                        | EffectState::Failed {
                            untouched: false,
                            ..
                        }
                )
            ),
            undo: false,
            commit: self.commit(),
            adopt: effect.adopt.clone(),
        })
    }

    /// A state with the known values in it. What follows a commit gets the tree that
    /// the commit made.
    fn bound(&self, state: &Resource) -> Result<Resource, ProviderError> {
        let mut state = bind(state, &self.progress.bindings)
            .map_err(|error| ProviderError::new(ProviderErrorKind::Refused, "plan", error))?;
        if let Resource::Sync(Sync { tree, .. }) = &mut state
            && tree.is_none()
        {
            *tree = self.tree();
        }
        Ok(state)
    }

    /// The tree that this deployment's commit gave the folder, or that it found there.
    fn tree(&self) -> Option<String> {
        let commit = self
            .record
            .deployment
            .plan
            .of_kind(EffectKind::Commit)
            .next()?;
        let key = format!("{}:{}", commit.id, OutputName::Tree);
        self.progress
            .bindings
            .get(&key)
            .or_else(|| commit.outputs.get(&OutputName::Tree))
            .cloned()
    }

    pub(super) fn owner(&self, effect: &EffectId) -> Owner {
        let plan = &self.record.deployment.plan;
        Owner {
            installation: self.engine.installation.clone(),
            target: plan.target.clone(),
            effect: effect.clone(),
            incarnation: plan.incarnation,
            deployment: self.record.deployment.id.clone(),
        }
    }

    fn commit(&self) -> CommitContext {
        CommitContext {
            actor: self.record.deployment.actor.clone(),
            main_commit: self.record.deployment.main_commit.clone(),
        }
    }

    /// What an undo step does, in the adapters' terms: the folder's steps and the syncs
    /// have shapes of their own.
    pub(super) fn undo_step(&self, undo: &UndoStep) -> Result<Undo, ProviderError> {
        let plan = &self.record.deployment.plan;
        let missing = || {
            ProviderError::new(
                ProviderErrorKind::Refused,
                "plan",
                format!("the plan has nothing for the step {undo}"),
            )
        };
        match undo {
            UndoStep::Undo(id) => {
                let effect = plan.effect(id).ok_or_else(missing)?;
                let mut step = self.step(effect)?;
                step.uncertain = true;
                if let Some(Resource::Folder(folder)) = &mut step.after
                    && self.progress.undo.get(&UndoStep::Unprotect) == Some(&UndoState::Done)
                {
                    *folder = unprotected(folder);
                }
                Ok(Undo::Back(id.kind(), Box::new(step)))
            }
            UndoStep::Unprotect => {
                let commit = plan
                    .of_kind(EffectKind::Commit)
                    .next()
                    .ok_or_else(missing)?;
                let mut step = self.step(commit)?;
                let Some(Resource::Folder(folder)) = &step.after else {
                    return Err(missing());
                };
                let folder = folder.clone();
                step.after = Some(Resource::Folder(unprotected(&folder)));
                step.before = Some(Resource::Folder(Folder {
                    tree: self.tree(),
                    ..folder
                }));
                step.undo = true;
                step.uncertain = true;
                Ok(Undo::Forward(EffectKind::Commit, Box::new(step)))
            }
            UndoStep::UnprotectSync => {
                let base = plan
                    .of_kind(EffectKind::Sync)
                    .find(|sync| sync.name == "base")
                    .and_then(|sync| sync.after.clone())
                    .ok_or_else(missing)?;
                let Resource::Sync(sync) = base else {
                    return Err(missing());
                };
                let folder = planned_folder(plan).ok_or_else(missing)?;
                let Resource::Folder(folder) = self.bound(&Resource::Folder(folder))? else {
                    return Err(missing());
                };
                Ok(Undo::Open(Box::new(Opening {
                    sync,
                    folder: unprotected(&folder),
                })))
            }
            UndoStep::Settle(id) => {
                let keep = self.keep()?;
                let sync = plan
                    .effect(id)
                    .and_then(|sync| sync.after.clone())
                    .ok_or_else(missing)?;
                let commit = plan
                    .of_kind(EffectKind::Commit)
                    .next()
                    .ok_or_else(missing)?;
                let (Resource::Sync(mut sync), Some(Resource::Folder(earlier))) =
                    (sync, &commit.before)
                else {
                    return Err(missing());
                };
                sync.tree.clone_from(&earlier.tree);
                // It is back in the project that it came from.
                let back =
                    plan.of_kind(EffectKind::Application)
                        .find_map(|made| match &made.before {
                            Some(Resource::Application(earlier))
                                if earlier.name == sync.application =>
                            {
                                Some(earlier.project.clone())
                            }
                            _ => None,
                        });
                if let Some(project) = back {
                    sync.project = project;
                }
                let step = Box::new(Step {
                    owner: self.owner(id),
                    before: None,
                    after: Some(Resource::Sync(sync)),
                    uncertain: true,
                    undo: false,
                    commit: self.commit(),
                    adopt: None,
                });
                Ok(Undo::Settle(step, keep))
            }
        }
    }

    /// The step that leaves a folder as it was but for what can't be taken back; `None` when
    /// all of it can.
    fn keep(&self) -> Result<Option<Box<Step>>, ProviderError> {
        let plan = &self.record.deployment.plan;
        let commit = plan.of_kind(EffectKind::Commit).next();
        let (Some(commit), Some(kept)) = (commit, kept_folder(plan)) else {
            return Ok(None);
        };
        let mut step = self.step(commit)?;
        step.after = Some(Resource::Folder(kept));
        step.undo = true;
        step.uncertain = true;
        Ok(Some(Box::new(step)))
    }
}

/// A step back, as the adapters take it.
#[derive(Debug)]
pub(super) enum Undo {
    /// `undo` of the step.
    Back(EffectKind, Box<Step>),
    /// `ensure` of a step that goes towards deletion.
    Forward(EffectKind, Box<Step>),
    /// Open the base for deletion.
    Open(Box<Opening>),
    /// Wait until the application is Synced and Healthy again; where Argo CD answers that
    /// it can't be, because of what a cluster doesn't take back, take the second step first.
    Settle(Box<Step>, Option<Box<Step>>),
}

impl Undo {
    /// What shows whether the system that it needs answers.
    pub(super) fn probe(&self) -> Option<Probe> {
        match self {
            Self::Back(kind, step) | Self::Forward(kind, step) => Probe::of(*kind, step),
            Self::Settle(step, _) => Probe::of(EffectKind::Sync, step),
            Self::Open(unprotect) => Some(Probe {
                kind: EffectKind::Sync,
                thing: Resource::Sync(unprotect.sync.clone()),
            }),
        }
    }
}
