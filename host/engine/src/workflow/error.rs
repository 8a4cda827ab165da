//! Why a verb did nothing.

use deploycenter_domain::escape::shown;
use deploycenter_domain::name::{DeploymentId, InstallationId, TargetId};
use deploycenter_domain::problem::Problems;
use deploycenter_ports::{ProviderError, RepositoryError, StoreError};

use super::{LeftOut, SecretError, UnknownDeployment};
use crate::{CancelError, Outcome, PlanError, Refusal, RunError};

/// Why a verb did nothing, or stopped before it was through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowError {
    /// There is no plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The run stopped without an outcome.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Whoever asked stopped it before anything of its own began; what came of deployments
    /// that had been interrupted and were taken up before.
    #[error("{}", stopped(.0))]
    Stopped(Vec<Outcome>),
    /// The deployment isn't taken back.
    #[error(transparent)]
    Cancel(#[from] CancelError),
    /// The secret isn't given.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Files of the desired state differ from the checked-out commit.
    #[error("the desired state isn't committed, and nothing was applied")]
    Dirty {
        /// Their paths, sorted.
        files: Vec<String>,
    },
    /// The deployment repo has no commit.
    #[error("the deployment repo has no commit yet")]
    NoCommit,
    /// The commit isn't on the remote's main.
    #[error("the checked-out commit isn't on the remote's {main}, and nothing was applied")]
    Unpushed {
        /// The branch that counts as main.
        main: String,
    },
    /// The reviewed plan is another installation's.
    #[error(
        "the plan was made for the installation {theirs}, and this repo's is {ours}; nothing was applied"
    )]
    Foreign {
        /// Whose plan it is.
        theirs: InstallationId,
        /// Whose repo this is.
        ours: InstallationId,
    },
    /// The reviewed plan holds no target.
    #[error("the plan holds no target")]
    EmptyPlan,
    /// Targets are left out, and all or none was asked for.
    #[error("the reviewed plan doesn't hold any more, and nothing was applied")]
    AllOrNothing(Vec<LeftOut>),
    /// Every target was left out where none may be.
    #[error("nothing was applied")]
    Older(Vec<LeftOut>),
    /// A target that is neither desired nor known to the journal.
    #[error("there is no target {target}, and never was")]
    UnknownTarget {
        /// As it was named.
        target: TargetId,
        /// Those that there are.
        known: Vec<TargetId>,
    },
    /// What was named is no target's that the journal knows.
    #[error("nothing of \"{}\" was ever deployed from here", shown(said))]
    NeverDeployed {
        /// As it was named.
        said: String,
        /// The names of its kind that there are.
        known: Vec<String>,
    },
    /// The target has no such value.
    #[error("{target} has no value \"{path}\"")]
    UnknownValue {
        /// Whose it would be.
        target: TargetId,
        /// As it was named.
        path: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No deployment is meant by that name.
    #[error(transparent)]
    UnknownDeployment(#[from] UnknownDeployment),
    /// A journal that no engine can have written.
    #[error("{deployment}: {message}")]
    Journal {
        /// Whose.
        deployment: DeploymentId,
        /// What doesn't fit.
        message: String,
    },
    /// A deployment that the journal's own list names is gone.
    #[error("{target}: its deployment {deployment} is gone")]
    Gone {
        /// Whose.
        target: TargetId,
        /// Which.
        deployment: DeploymentId,
    },
}

/// What was done until the stop.
fn stopped(recovered: &[Outcome]) -> String {
    match recovered {
        [] => RunError::Stopped.to_string(),
        _ => "stopped before anything new began; only what had been interrupted was taken up"
            .to_owned(),
    }
}

impl From<StoreError> for WorkflowError {
    fn from(error: StoreError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<RepositoryError> for WorkflowError {
    fn from(error: RepositoryError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<ProviderError> for WorkflowError {
    fn from(error: ProviderError) -> Self {
        Self::Plan(error.into())
    }
}

impl From<Problems> for WorkflowError {
    fn from(problems: Problems) -> Self {
        Self::Plan(problems.into())
    }
}

impl From<Vec<Refusal>> for WorkflowError {
    fn from(blocked: Vec<Refusal>) -> Self {
        Self::Plan(PlanError::Refusal(blocked))
    }
}
