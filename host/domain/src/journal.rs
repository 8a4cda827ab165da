//! What a journal says: events in order, and the one total function that reads them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::effect::EffectId;
use crate::resource::Resource;
use crate::token::Bindings;
use crate::undo_step::UndoStep;

mod event;

pub use event::Event;

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Its effects are being applied, or wait for someone to go on.
    Running,
    /// Its effects are being taken back, or wait likewise.
    Unwinding,
    /// Someone has to look.
    NeedsAttention,
    /// Done.
    Succeeded,
    /// Taken back; nothing is left.
    Unwound,
}

impl Status {
    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Unwound)
    }

    /// As shown: `running`, `needs-attention`, ….
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Unwinding => "unwinding",
            Self::NeedsAttention => "needs-attention",
            Self::Succeeded => "succeeded",
            Self::Unwound => "unwound",
        }
    }
}

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

/// An outside system that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// The entry that says so, counted from 0: its time is since when.
    pub entry: usize,
    /// Why, for a person.
    pub message: String,
}

/// What a journal adds up to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeploymentState {
    status: Option<Status>,
    unwinding: bool,
    /// How many entries were read.
    entries: usize,
    /// The outside systems that are waited for, as failures name them.
    pub waiting: BTreeMap<String, Waited>,
    /// Why it goes back, once it does.
    pub reason: Option<String>,
    /// Why it needs attention, while it does.
    pub attention: Option<String>,
    /// The effects that were begun.
    pub effects: BTreeMap<EffectId, EffectState>,
    /// The steps back that were begun.
    pub undo: BTreeMap<UndoStep, UndoState>,
    /// The values that tokens took.
    pub bindings: Bindings,
    /// What `needs-attention` named.
    pub leftovers: Vec<String>,
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
        if progress.status.is_none() {
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
        self.status.unwrap_or(Status::Running)
    }

    /// Why it isn't well, for a person: what it waits for, or else why it goes back.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.attention.as_deref().or(self.reason.as_deref())
    }

    /// Whether it goes back, whether or not it waits for someone.
    #[must_use]
    pub fn is_unwinding(&self) -> bool {
        self.unwinding
    }

    /// Takes in one more event.
    ///
    /// # Errors
    /// When it can't follow the ones before; nothing is changed then.
    pub fn apply(&mut self, event: &Event) -> Result<(), String> {
        use Status::{NeedsAttention, Running, Succeeded, Unwinding, Unwound};
        let next = match (self.status, event) {
            (None, Event::Started) => Running,
            (None, other) => return Err(format!("{} before the start", other.name())),
            (Some(_), Event::Started) => return Err("a second start".to_owned()),
            (Some(Succeeded | Unwound), other) => {
                return Err(format!("{} after the end", other.name()));
            }
            (Some(now @ (Running | Unwinding)), Event::Waiting { system, message }) => {
                if !self.is_anything_uncertain() {
                    return Err(format!("a wait for {system}, which nothing was asked of"));
                }
                if self.waiting.contains_key(system) {
                    return Err(format!("a second wait for {system}"));
                }
                let waited = Waited {
                    entry: self.entries,
                    message: message.clone(),
                };
                self.waiting.insert(system.clone(), waited);
                now
            }
            (Some(now @ (Running | Unwinding)), Event::Answered { system }) => {
                if self.waiting.remove(system).is_none() {
                    return Err(format!("an answer of {system}, which wasn't waited for"));
                }
                now
            }
            (Some(NeedsAttention), Event::Resumed) => {
                self.attention = None;
                self.leftovers.clear();
                if self.unwinding { Unwinding } else { Running }
            }
            (Some(NeedsAttention), other) => {
                return Err(format!("{} while it needs attention", other.name()));
            }
            (Some(now @ (Running | Unwinding)), Event::Resumed) => {
                // Whoever takes it up asks anew.
                self.waiting.clear();
                now
            }
            (
                Some(Running),
                Event::Intent {
                    effect,
                    before,
                    after,
                },
            ) => {
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
                Running
            }
            (
                Some(Running),
                Event::Done {
                    effect,
                    changed,
                    outputs,
                },
            ) => {
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
                Running
            }
            (
                Some(Running),
                Event::Failed {
                    effect,
                    message,
                    untouched,
                },
            ) => {
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
                Running
            }
            (Some(Running), Event::UnwindStarted { reason }) => {
                self.unwinding = true;
                self.reason = Some(reason.clone());
                Unwinding
            }
            (Some(Running), Event::Succeeded) => {
                if let Some(effect) = self
                    .effects
                    .iter()
                    .find(|(_, state)| !matches!(state, EffectState::Done { .. }))
                {
                    return Err(format!("success although {} isn't done", effect.0));
                }
                Succeeded
            }
            (Some(Unwinding), Event::UndoIntent { step }) => {
                if self.undo.get(step) == Some(&UndoState::Done) {
                    return Err(format!("an intent to undo {step}, which is undone"));
                }
                self.undo.insert(step.clone(), UndoState::Uncertain);
                Unwinding
            }
            (Some(Unwinding), Event::Undone { step }) => {
                self.undo_result(step, UndoState::Done)?;
                Unwinding
            }
            (Some(Unwinding), Event::UndoFailed { step, message }) => {
                self.undo_result(step, UndoState::Failed(message.clone()))?;
                Unwinding
            }
            (Some(Unwinding), Event::Unwound) => {
                if let Some((step, _)) = self
                    .undo
                    .iter()
                    .find(|(_, state)| **state != UndoState::Done)
                {
                    return Err(format!("unwound although {step} isn't undone"));
                }
                Unwound
            }
            (Some(Running | Unwinding), Event::NeedsAttention { leftovers, reason }) => {
                self.leftovers.clone_from(leftovers);
                self.attention = Some(reason.clone());
                NeedsAttention
            }
            (
                Some(Running),
                other @ (Event::UndoIntent { .. }
                | Event::Undone { .. }
                | Event::UndoFailed { .. }
                | Event::Unwound),
            ) => {
                return Err(format!("{} before the unwinding began", other.name()));
            }
            (
                Some(Unwinding),
                other @ (Event::Intent { .. }
                | Event::Done { .. }
                | Event::Failed { .. }
                | Event::UnwindStarted { .. }
                | Event::Succeeded),
            ) => {
                return Err(format!("{} during the unwinding", other.name()));
            }
        };
        if self.status != Some(next) {
            // It goes another way, or none: whatever was waited for isn't any more.
            self.waiting.clear();
        }
        self.status = Some(next);
        self.entries += 1;
        Ok(())
    }

    /// Whether a call may have been made of which nobody knows what came.
    fn is_anything_uncertain(&self) -> bool {
        if self.unwinding {
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
