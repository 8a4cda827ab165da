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
}
