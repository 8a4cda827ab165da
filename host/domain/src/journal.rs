//! What a journal says: events in order, and the one total function that reads them.

use std::collections::BTreeMap;

use crate::effect::EffectId;
use crate::resource::Resource;
use crate::token::Bindings;
use crate::undo_step::UndoStep;

mod event;
mod outline;

pub use event::Event;
pub use outline::{Outline, Status, Waited};

/// How far one effect got.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectState {
    /// Its call may have been made; nobody knows what came of it.
    Uncertain {
        /// As journaled before the call.
        before: Option<Resource>,
        /// As journaled before the call.
        after: Option<Resource>,
    },
    /// Done.
    Done {
        /// As journaled before the call.
        before: Option<Resource>,
        /// As journaled before the call.
        after: Option<Resource>,
        /// Whether this deployment made the change.
        changed: bool,
    },
    /// Failed for good; whether it left something is uncertain, unless `untouched`.
    Failed {
        /// As journaled before the call.
        before: Option<Resource>,
        /// As journaled before the call.
        after: Option<Resource>,
        /// Why.
        message: String,
        /// Whether it surely left nothing.
        untouched: bool,
    },
}

/// How far one step back got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoState {
    /// Its call may have been made.
    Uncertain,
    /// Undone.
    Done,
    /// Failed for good, so far.
    Failed(String),
}

/// What a journal adds up to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentState {
    /// All but what became of the single effects.
    pub outline: Outline,
    /// The effects that were begun.
    pub effects: BTreeMap<EffectId, EffectState>,
    /// The steps back that were begun.
    pub undo: BTreeMap<UndoStep, UndoState>,
    /// The values that tokens took.
    pub bindings: Bindings,
}

/// A journal that can't have been written by an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal is impossible at entry {entry}: {what}")]
pub struct Impossible {
    /// Counted from 0.
    pub entry: usize,
    /// What doesn't fit.
    pub what: String,
}

impl DeploymentState {
    /// Reads a whole journal.
    ///
    /// # Errors
    /// When an entry can't follow those before it.
    pub fn read<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, Impossible> {
        let mut progress = Self::default();
        for (entry, event) in events.into_iter().enumerate() {
            progress
                .apply(event)
                .map_err(|what| Impossible { entry, what })?;
        }
        if progress.outline.is_empty() {
            return Err(Impossible {
                entry: 0,
                what: "it is empty".to_owned(),
            });
        }
        Ok(progress)
    }

    /// Where the deployment is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.outline.status()
    }

    /// As [`Outline::why`].
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.outline.why()
    }

    /// As [`Outline::is_unwinding`].
    #[must_use]
    pub fn is_unwinding(&self) -> bool {
        self.outline.is_unwinding()
    }

    /// Takes in one more event.
    ///
    /// # Errors
    /// When it can't follow the ones before; nothing is changed then.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        if let Event::Waiting { system, .. } = event
            && matches!(self.status(), Status::Running | Status::Unwinding)
            && !self.is_anything_uncertain()
        {
            return Err(format!("a wait for {system}, which nothing was asked of"));
        }
        let mut outline = self.outline.clone();
        outline.apply(event)?;
        match event {
            Event::Intent {
                effect,
                before,
                after,
            } => {
                if matches!(self.effects.get(effect), Some(EffectState::Done { .. })) {
                    return Err(format!("an intent for {effect}, which is done"));
                }
                self.effects.insert(
                    effect.clone(),
                    EffectState::Uncertain {
                        before: before.clone(),
                        after: after.clone(),
                    },
                );
            }
            Event::Done {
                effect,
                changed,
                outputs,
            } => {
                let Some(EffectState::Uncertain { before, after }) =
                    self.effects.get(effect).cloned()
                else {
                    return Err(format!("a result of {effect} without an intent"));
                };
                for (output, value) in outputs {
                    self.bindings
                        .insert(format!("{effect}:{output}"), value.clone());
                }
                self.effects.insert(
                    effect.clone(),
                    EffectState::Done {
                        before,
                        after,
                        changed: *changed,
                    },
                );
            }
            Event::Failed {
                effect,
                message,
                untouched,
            } => {
                let Some(EffectState::Uncertain { before, after }) =
                    self.effects.get(effect).cloned()
                else {
                    return Err(format!("a failure of {effect} without an intent"));
                };
                self.effects.insert(
                    effect.clone(),
                    EffectState::Failed {
                        before,
                        after,
                        message: message.clone(),
                        untouched: *untouched,
                    },
                );
            }
            Event::Succeeded => {
                if let Some(effect) = self
                    .effects
                    .iter()
                    .find(|(_, state)| !matches!(state, EffectState::Done { .. }))
                {
                    return Err(format!("success although {} isn't done", effect.0));
                }
            }
            Event::UndoIntent { step } => {
                if self.undo.get(step) == Some(&UndoState::Done) {
                    return Err(format!("an intent to undo {step}, which is undone"));
                }
                self.undo.insert(step.clone(), UndoState::Uncertain);
            }
            Event::Undone { step } => self.undo_result(step, UndoState::Done)?,
            Event::UndoFailed { step, message } => {
                self.undo_result(step, UndoState::Failed(message.clone()))?;
            }
            Event::Unwound => {
                if let Some((step, _)) = self
                    .undo
                    .iter()
                    .find(|(_, state)| **state != UndoState::Done)
                {
                    return Err(format!("unwound although {step} isn't undone"));
                }
            }
            Event::Queued
            | Event::Started
            | Event::UnwindStarted { .. }
            | Event::NeedsAttention { .. }
            | Event::Waiting { .. }
            | Event::Answered { .. }
            | Event::Resumed => {}
        }
        self.outline = outline;
        Ok(())
    }

    /// Whether a call may have been made of which nobody knows what came.
    fn is_anything_uncertain(&self) -> bool {
        if self.is_unwinding() {
            let mut steps = self.undo.values();
            steps.any(|state| *state == UndoState::Uncertain)
        } else {
            let mut effects = self.effects.values();
            effects.any(|state| matches!(state, EffectState::Uncertain { .. }))
        }
    }

    fn undo_result(&mut self, step: &UndoStep, state: UndoState) -> Result<(), String> {
        if self.undo.get(step) != Some(&UndoState::Uncertain) {
            return Err(format!("a result of undoing {step} without an intent"));
        }
        self.undo.insert(step.clone(), state);
        Ok(())
    }
}
