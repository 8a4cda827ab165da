//! The two Argo CD applications of a target.

use serde_json::Value;

use crate::PlanError;
use crate::host::call;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Namespace, guardrails, volumes and databases: plain manifests.
    Base,
    /// The app itself: its Helm chart.
    Workload,
}

/// Declares an application, an object with `metadata` and `spec`, and gives the effect's
/// id.
///
/// # Errors
/// When the manifest is no such object or holds a value known only after apply.
pub fn ensure_application(role: Role, manifest: &Value) -> Result<String, PlanError> {
    call(|host| host.ensure_application(role, &manifest.to_string())).map_err(PlanError::Refused)
}
