//! What went wrong, as programs are told it, by whichever door they came.

use std::fmt;

use deploycenter_ports::{ProviderError, RepositoryError, StoreError};
use serde::{Serialize, Serializer};

use crate::workflow::{LeftOut, SecretError, UnknownDeployment, WorkflowError};
use crate::{CancelError, PlanError, RefusalCode, RunError};

/// What went wrong. Its [`ErrorCode::as_str`] is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorCode {
    /// What was asked for can't be meant.
    Usage,
    /// Something that no other code is for.
    Failed,
    /// The desired state has problems.
    Invalid,
    /// An outside system couldn't be asked, or refused.
    Outside,
    /// The deployment repo can't be worked on.
    Repository,
    /// The journal can't be read or written.
    Journal,
    /// A plugin can't be used, or gave no answer.
    Plugin,
    /// The settings want what isn't there yet.
    Authority,
    /// Nothing says by which address Argo CD reads the generated branches.
    RepositoryUnset,
    /// What says where tokens go can't be read.
    Trust,
    /// Argo CD's address can't be one.
    ArgoCd,
    /// A token isn't sent where the repo alone says.
    Untrusted,
    /// The desired state isn't committed.
    Dirty,
    /// The commit isn't on the remote's main.
    Unpushed,
    /// The plan is another installation's.
    PlanForeign,
    /// A text is no plan.
    PlanUnreadable,
    /// The plan isn't what was made.
    PlanEdited,
    /// Something moved since the plan was made.
    PlanStale,
    /// A newer commit of main was applied already.
    OlderCommit,
    /// More targets than usual would be removed at once.
    TooMany,
    /// There is no such target.
    UnknownTarget,
    /// The target has no such value.
    UnknownValue,
    /// The target takes no such secret.
    UnknownSecret,
    /// A secret isn't set, or not to that value.
    Secret,
    /// Nothing is unfinished that could be taken back.
    NothingUnfinished,
    /// A removal isn't taken back.
    Removal,
    /// A deployment failed and was taken back.
    Unwound,
    /// A deployment was stopped and isn't finished, or a run before it began one.
    Interrupted,
    /// Nobody agreed.
    Declined,
    /// Nobody confirmed a removal by name.
    Unconfirmed,
    /// The schemas in the deployment repo aren't up to date.
    SchemaStale,
    /// The stand-ins on this machine don't run.
    Sandbox,
    /// A target isn't in a state for this.
    Refusal(RefusalCode),
}

impl ErrorCode {
    /// The stable name, for programs: `invalid`, `plan-stale`, `needs-attention`, ….
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Failed => "failed",
            Self::Invalid => "invalid",
            Self::Outside => "outside",
            Self::Repository => "repository",
            Self::Journal => "journal",
            Self::Plugin => "plugin",
            Self::Authority => "authority",
            Self::RepositoryUnset => "repository-unset",
            Self::Trust => "trust",
            Self::ArgoCd => "argocd",
            Self::Untrusted => "untrusted",
            Self::Dirty => "dirty",
            Self::Unpushed => "unpushed",
            Self::PlanForeign => "plan-foreign",
            Self::PlanUnreadable => "plan-unreadable",
            Self::PlanEdited => "plan-edited",
            Self::PlanStale => "plan-stale",
            Self::OlderCommit => "older-commit",
            Self::TooMany => "too-many",
            Self::UnknownTarget => "unknown-target",
            Self::UnknownValue => "unknown-value",
            Self::UnknownSecret => "unknown-secret",
            Self::Secret => "secret",
            Self::NothingUnfinished => "nothing-unfinished",
            Self::Removal => "removal",
            Self::Unwound => "unwound",
            Self::Interrupted => "interrupted",
            Self::Declined => "declined",
            Self::Unconfirmed => "unconfirmed",
            Self::SchemaStale => "schema-stale",
            Self::Sandbox => "sandbox",
            Self::Refusal(code) => code.as_str(),
        }
    }

    /// The one that stands for several targets that were left out: an edited plan's above
    /// all, else the first one's. They come as [`crate::workflow::apply()`] orders them: what
    /// was reviewed, what is older, what is refused.
    #[must_use]
    pub fn of_left_out(left_out: &[LeftOut]) -> Option<Self> {
        let edited = left_out
            .iter()
            .find(|one| matches!(one, LeftOut::Edited { .. }));
        edited.or(left_out.first()).map(Self::from)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl From<RefusalCode> for ErrorCode {
    fn from(code: RefusalCode) -> Self {
        Self::Refusal(code)
    }
}

impl From<&LeftOut> for ErrorCode {
    fn from(left_out: &LeftOut) -> Self {
        match left_out {
            LeftOut::Edited { .. } => Self::PlanEdited,
            LeftOut::Moved { .. } => Self::PlanStale,
            LeftOut::Older { .. } => Self::OlderCommit,
            LeftOut::Refusal(refusal) => refusal.code.into(),
        }
    }
}

impl From<&PlanError> for ErrorCode {
    fn from(error: &PlanError) -> Self {
        match error {
            PlanError::Problems(_) => Self::Invalid,
            PlanError::Outside(error) => error.into(),
            PlanError::Repository(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::Refusal(refused) => refused
                .first()
                .map_or(Self::Failed, |first| first.code.into()),
            PlanError::TooMany { .. } => Self::TooMany,
            PlanError::Plugin(_) => Self::Plugin,
        }
    }
}

impl From<&ProviderError> for ErrorCode {
    fn from(_: &ProviderError) -> Self {
        Self::Outside
    }
}

impl From<&RepositoryError> for ErrorCode {
    fn from(_: &RepositoryError) -> Self {
        Self::Repository
    }
}

impl From<&StoreError> for ErrorCode {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Locked { .. } | StoreError::Fenced(_) => RefusalCode::Locked.into(),
            StoreError::Unfinished { .. } => RefusalCode::NeedsAttention.into(),
            StoreError::Lost(_)
            | StoreError::Full
            | StoreError::Corrupt(_)
            | StoreError::Failed(_) => Self::Journal,
        }
    }
}

impl From<&RunError> for ErrorCode {
    fn from(error: &RunError) -> Self {
        match error {
            RunError::Stopped => Self::Interrupted,
            RunError::Store(error) => error.into(),
            RunError::Outside(error) => error.into(),
            RunError::Journal { .. } => Self::Journal,
        }
    }
}

impl From<&CancelError> for ErrorCode {
    fn from(error: &CancelError) -> Self {
        match error {
            CancelError::Nothing(_) => Self::NothingUnfinished,
            CancelError::Removal(_) => Self::Removal,
            CancelError::Data { .. } => RefusalCode::DataVersion.into(),
            CancelError::Run(error) => error.into(),
        }
    }
}

impl From<&UnknownDeployment> for ErrorCode {
    fn from(_: &UnknownDeployment) -> Self {
        RefusalCode::UnknownDeployment.into()
    }
}

impl From<&SecretError> for ErrorCode {
    fn from(error: &SecretError) -> Self {
        match error {
            SecretError::Unknown { .. } => Self::UnknownSecret,
            SecretError::NotDeployed(_) => RefusalCode::NotDeployed.into(),
            SecretError::Held(_) => RefusalCode::Held.into(),
            SecretError::Unfinished(_) => RefusalCode::Locked.into(),
            SecretError::Empty | SecretError::TooLong | SecretError::NoLogin { .. } => Self::Secret,
        }
    }
}

impl From<&WorkflowError> for ErrorCode {
    fn from(error: &WorkflowError) -> Self {
        match error {
            WorkflowError::Plan(error) => error.into(),
            WorkflowError::Run(error) => error.into(),
            WorkflowError::Stopped(_) => Self::Interrupted,
            WorkflowError::Cancel(error) => error.into(),
            WorkflowError::Secret(error) => error.into(),
            WorkflowError::Dirty { .. } | WorkflowError::NoCommit => Self::Dirty,
            WorkflowError::Unpushed { .. } => Self::Unpushed,
            WorkflowError::Foreign { .. } => Self::PlanForeign,
            WorkflowError::EmptyPlan => Self::PlanUnreadable,
            WorkflowError::AllOrNothing(left_out) | WorkflowError::Older(left_out) => {
                Self::of_left_out(left_out).unwrap_or(Self::Failed)
            }
            WorkflowError::UnknownTarget { .. } | WorkflowError::NeverDeployed { .. } => {
                Self::UnknownTarget
            }
            WorkflowError::UnknownValue { .. } => Self::UnknownValue,
            WorkflowError::UnknownDeployment(error) => error.into(),
            WorkflowError::Journal { .. } | WorkflowError::Gone { .. } => Self::Journal,
        }
    }
}
