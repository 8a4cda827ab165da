//! Deployments that haven't ended.

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, Incarnation, RegionName, TargetId};
use deploycenter_ports::Holder;

/// A deployment that hasn't ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedDeployment {
    /// Whose.
    pub target: TargetId,
    /// Which.
    pub deployment: DeploymentId,
    /// Who works on it; nobody does on one that was interrupted or needs attention.
    pub holder: Option<Holder>,
}

/// A deployment that hasn't ended.
#[derive(Debug, Clone)]
pub(crate) struct Unfinished {
    pub(crate) deployment: DeploymentId,
    pub(crate) incarnation: Incarnation,
    pub(crate) region: RegionName,
    /// Whether it takes the target away.
    pub(crate) removes: bool,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    /// Who works on it; nobody does on one that was interrupted or needs attention.
    pub(crate) holder: Option<Holder>,
}
