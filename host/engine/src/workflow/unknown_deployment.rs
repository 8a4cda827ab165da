//! A name that is no deployment's.

use deploycenter_domain::name::{DeploymentId, TargetId};

/// Why no deployment is meant by a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownDeployment {
    /// None has succeeded.
    #[error("no deployment of {0} has succeeded")]
    NoneSucceeded(TargetId),
    /// None has succeeded before the latest.
    #[error("only one deployment of {0} has succeeded")]
    OneSucceeded(TargetId),
    /// Several are called so.
    #[error("\"{name}\" is the beginning or the end of {} deployments of {target}", near.len())]
    Ambiguous {
        /// Whose.
        target: TargetId,
        /// As it was named.
        name: String,
        /// Those, oldest first.
        near: Vec<DeploymentId>,
    },
    /// It is another target's.
    #[error("{deployment} is a deployment of {other}, not of {target}")]
    Other {
        /// Of whom it was asked.
        target: TargetId,
        /// Which.
        deployment: DeploymentId,
        /// Whose it is.
        other: TargetId,
    },
    /// None is called so.
    #[error("{target} has no deployment \"{name}\"")]
    None {
        /// Of whom it was asked.
        target: TargetId,
        /// As it was named.
        name: String,
        /// Those that there are, oldest first.
        known: Vec<DeploymentId>,
    },
}
