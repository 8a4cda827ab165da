//! What can happen to a deployment, one journal entry each.

use serde::{Deserialize, Serialize};

use crate::effect::EffectId;
use crate::resource::{Outputs, Resource};
use crate::undo_step::UndoStep;

/// One entry of a deployment's journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "event",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
#[expect(
    clippy::large_enum_variant,
    reason = "an event is written and read once; boxes would only clutter its many uses"
)]
pub enum Event {
    /// The deployment exists, and waits for whoever runs it; its plan stands beside the
    /// journal.
    Queued,
    /// Someone runs it from here on. Journals of earlier versions begin with it.
    Started,
    /// An effect is about to be called.
    Intent {
        /// Which.
        effect: EffectId,
        /// What was observed.
        before: Option<Resource>,
        /// What is wanted, bound.
        after: Option<Resource>,
    },
    /// The call came back well.
    Done {
        /// Which.
        effect: EffectId,
        /// Whether this deployment made the change, or found it made.
        changed: bool,
        /// What is known now.
        outputs: Outputs,
    },
    /// The call failed for good.
    Failed {
        /// Which.
        effect: EffectId,
        /// Why, for a person.
        message: String,
        /// Whether it surely left nothing: what was there wasn't what the plan saw, and
        /// was left alone.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        untouched: bool,
    },
    /// From here on the deployment goes back.
    UnwindStarted {
        /// Why, for a person.
        reason: String,
    },
    /// A step back is about to be called.
    UndoIntent {
        /// Which.
        step: UndoStep,
    },
    /// The step back came back well.
    Undone {
        /// Which.
        step: UndoStep,
    },
    /// A step back failed; its leftover stays until someone resumes.
    UndoFailed {
        /// Which.
        step: UndoStep,
        /// Why, for a person.
        message: String,
    },
    /// Nothing more happens by itself; `resume` goes on.
    NeedsAttention {
        /// Why, for a person.
        reason: String,
        /// What is left behind, each by name.
        leftovers: Vec<String>,
    },
    /// An outside system can't be reached. What was called there is called again when it
    /// can be, and in the same direction: only an answer turns a deployment round.
    Waiting {
        /// The system, as failures name it: `argocd`, `git`, `efs`, ….
        system: String,
        /// Why, for a person.
        message: String,
    },
    /// The system that was waited for answers again.
    Answered {
        /// Which.
        system: String,
    },
    /// A process took the deployment up again.
    Resumed,
    /// All effects are done.
    Succeeded,
    /// All that was done is undone.
    Unwound,
}

impl Event {
    /// In a few words, for what is said of an impossible journal.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Event::Queued => "a queueing",
            Event::Started => "a start",
            Event::Intent { .. } => "an intent",
            Event::Done { .. } => "a result",
            Event::Failed { .. } => "a failure",
            Event::UnwindStarted { .. } => "the start of an unwinding",
            Event::UndoIntent { .. } => "an intent to undo",
            Event::Undone { .. } => "an undone step",
            Event::UndoFailed { .. } => "a failed undo",
            Event::NeedsAttention { .. } => "a call for attention",
            Event::Waiting { .. } => "a wait",
            Event::Answered { .. } => "an answer that was waited for",
            Event::Resumed => "a resumption",
            Event::Succeeded => "success",
            Event::Unwound => "the end of the unwinding",
        }
    }
}
