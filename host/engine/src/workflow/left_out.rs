//! Targets that a run was asked for and doesn't touch.

use deploycenter_domain::name::TargetId;

use crate::Refusal;

/// Why a selected target isn't carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeftOut {
    /// The plan that was reviewed isn't what was made.
    Edited {
        /// Which target.
        target: TargetId,
        /// What differs.
        what: Vec<String>,
    },
    /// Something moved since the plan was reviewed.
    Moved {
        /// Which target.
        target: TargetId,
        /// What moved.
        what: Vec<String>,
    },
    /// A newer commit of main was applied to it already.
    Older {
        /// Which target.
        target: TargetId,
    },
    /// It waits for someone's word.
    Refusal(Refusal),
}

impl LeftOut {
    /// Which target.
    #[must_use]
    pub fn target(&self) -> &TargetId {
        match self {
            Self::Edited { target, .. } | Self::Moved { target, .. } | Self::Older { target } => {
                target
            }
            Self::Refusal(blocked) => &blocked.target,
        }
    }

    /// `plan-edited`, `plan-stale`, `older-commit`, or why it is blocked.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Edited { .. } => "plan-edited",
            Self::Moved { .. } => "plan-stale",
            Self::Older { .. } => "older-commit",
            Self::Refusal(blocked) => blocked.code.as_str(),
        }
    }

    /// The code that stands for several: an edited plan's above all, else the first one's.
    /// They come as [`super::apply()`] orders them: what was reviewed, what is older, what is
    /// blocked.
    #[must_use]
    pub fn code_of(left_out: &[Self]) -> Option<&'static str> {
        left_out
            .iter()
            .find(|one| matches!(one, Self::Edited { .. }))
            .or(left_out.first())
            .map(Self::code)
    }
}
