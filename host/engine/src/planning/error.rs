//! Why there is no plan.

use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_ports::{Failure, PluginError, RepositoryError, StoreError};

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The desired state, a plugin or a template has problems.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// An outside system couldn't be read.
    #[error(transparent)]
    Outside(#[from] Failure),
    /// The deployment repo couldn't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The journal couldn't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A plugin gave no answer.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl PlanError {
    /// The problems of one target, which don't keep the others from being looked at;
    /// anything else ends the planning.
    pub(crate) fn into_problems(self, target: &TargetId) -> Result<Vec<Problem>, Self> {
        match self {
            Self::Problems(problems) => Ok(problems.into_vec()),
            Self::Plugin(error) => Ok(vec![Problem::new(format!("{target}: {error}"))]),
            other => Err(other),
        }
    }
}
