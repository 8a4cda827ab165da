//! What a deployment is for.

use serde::{Deserialize, Serialize};

use crate::name::DeploymentId;

/// What a deployment is for: it decides what a failure leads to, and what the target is
/// afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Operation {
    /// To bring the target to its desired state, on its pins.
    #[default]
    Deploy,
    /// To bring it to its desired state on the current plugin and overrides.
    Sync,
    /// To put back what an earlier deployment left, and hold it there.
    Rollback {
        /// That deployment.
        to: DeploymentId,
    },
    /// To take a commit made by hand for what is wanted, and hold it.
    Accept,
    /// To end a hold.
    Release,
    /// To take over what wasn't ours.
    Adopt,
    /// To go on with the data that was retained when the target was removed.
    Revive,
    /// To remove the target and keep its data.
    Destroy,
    /// To remove the target, or what was left of it, with its data.
    Purge,
    /// To delete data that the target no longer uses, and leave it running.
    Prune,
}

impl Operation {
    /// Whether this is the usual one, which a plan doesn't mention.
    #[must_use]
    pub fn is_deploy(&self) -> bool {
        *self == Self::Deploy
    }

    /// Whether it only removes. What is half removed isn't made again: a removal that
    /// fails waits for someone, and goes on.
    #[must_use]
    pub fn is_removal(&self) -> bool {
        matches!(self, Self::Destroy | Self::Purge | Self::Prune)
    }

    /// Whether the target is gone afterwards.
    #[must_use]
    pub fn ends_incarnation(&self) -> bool {
        matches!(self, Self::Destroy | Self::Purge)
    }

    /// As shown: `deploy`, `rollback`, ….
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Sync => "sync",
            Self::Rollback { .. } => "rollback",
            Self::Accept => "accept",
            Self::Release => "release",
            Self::Adopt => "adopt",
            Self::Revive => "revive",
            Self::Destroy => "destroy",
            Self::Purge => "purge",
            Self::Prune => "prune",
        }
    }
}
