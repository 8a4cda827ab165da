//! What a journal adds up to but for its effects: all that a list of deployments shows,
//! and which entry may follow which.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Event;

/// Where a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is journaled, and nobody has begun it.
    Queued,
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

    /// Whether it goes on as soon as someone works on it: nobody has to look first.
    #[must_use]
    pub fn goes_on(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Unwinding)
    }

    /// As shown: `running`, `needs-attention`, ….
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Unwinding => "unwinding",
            Self::NeedsAttention => "needs-attention",
            Self::Succeeded => "succeeded",
            Self::Unwound => "unwound",
        }
    }
}

/// An outside system that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waited {
    /// The entry that says so, counted from 0: its time is since when.
    pub entry: usize,
    /// Why, for a person.
    pub message: String,
}

/// What a journal adds up to but for its effects. It is small, and follows from the one
/// before it and the next entry, so that a store keeps it beside the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    status: Option<Status>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    unwinding: bool,
    /// How many entries were read.
    entries: usize,
    /// The outside systems that are waited for, as failures name them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waiting: BTreeMap<String, Waited>,
    /// Why it goes back, once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why it needs attention, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attention: Option<String>,
    /// What `needs-attention` named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leftovers: Vec<String>,
}

impl Outline {
    /// Where the deployment is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.unwrap_or(Status::Queued)
    }

    /// Whether no entry was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// How many entries were read.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
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
        let next = self.after(event)?;
        match event {
            Event::Waiting { system, message } => {
                let waited = Waited {
                    entry: self.entries,
                    message: message.clone(),
                };
                self.waiting.insert(system.clone(), waited);
            }
            Event::Answered { system } => {
                self.waiting.remove(system);
            }
            Event::Resumed => {
                self.attention = None;
                self.leftovers.clear();
                // Whoever takes it up asks anew.
                self.waiting.clear();
            }
            Event::UnwindStarted { reason } => {
                self.unwinding = true;
                self.reason = Some(reason.clone());
            }
            Event::NeedsAttention { leftovers, reason } => {
                self.leftovers.clone_from(leftovers);
                self.attention = Some(reason.clone());
            }
            _ => {}
        }
        if self.status != Some(next) {
            // It goes another way, or none: whatever was waited for isn't any more.
            self.waiting.clear();
        }
        self.status = Some(next);
        self.entries += 1;
        Ok(())
    }

    /// Where the deployment is after that event.
    fn after(&self, event: &Event) -> Result<Status, String> {
        use Status::{NeedsAttention, Queued, Running, Succeeded, Unwinding, Unwound};
        let Some(now) = self.status else {
            return match event {
                Event::Queued => Ok(Queued),
                // Earlier versions began what they journaled at once.
                Event::Started => Ok(Running),
                other => Err(format!("{} before the start", other.name())),
            };
        };
        match (now, event) {
            (_, Event::Queued) => Err("a second queueing".to_owned()),
            (Queued, Event::Started) => Ok(Running),
            (Queued, other) => Err(format!("{} before the start", other.name())),
            (_, Event::Started) => Err("a second start".to_owned()),
            (Succeeded | Unwound, other) => Err(format!("{} after the end", other.name())),
            (NeedsAttention, Event::Resumed) => {
                Ok(if self.unwinding { Unwinding } else { Running })
            }
            (NeedsAttention, other) => Err(format!("{} while it needs attention", other.name())),
            (_, Event::Waiting { system, .. }) if self.waiting.contains_key(system) => {
                Err(format!("a second wait for {system}"))
            }
            (_, Event::Answered { system }) if !self.waiting.contains_key(system) => {
                Err(format!("an answer of {system}, which wasn't waited for"))
            }
            (_, Event::Waiting { .. } | Event::Answered { .. } | Event::Resumed) => Ok(now),
            (_, Event::NeedsAttention { .. }) => Ok(NeedsAttention),
            (Running, Event::Intent { .. } | Event::Done { .. } | Event::Failed { .. }) => {
                Ok(Running)
            }
            (Running, Event::UnwindStarted { .. }) => Ok(Unwinding),
            (Running, Event::Succeeded) => Ok(Succeeded),
            (
                Running,
                Event::UndoIntent { .. }
                | Event::Undone { .. }
                | Event::UndoFailed { .. }
                | Event::Unwound,
            ) => Err(format!("{} before the unwinding began", event.name())),
            (
                Unwinding,
                Event::UndoIntent { .. } | Event::Undone { .. } | Event::UndoFailed { .. },
            ) => Ok(Unwinding),
            (Unwinding, Event::Unwound) => Ok(Unwound),
            (
                Unwinding,
                Event::Intent { .. }
                | Event::Done { .. }
                | Event::Failed { .. }
                | Event::UnwindStarted { .. }
                | Event::Succeeded,
            ) => Err(format!("{} during the unwinding", event.name())),
        }
    }
}
