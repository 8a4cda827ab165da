//! Which secrets a person has to give a target.

use std::sync::Arc;

use deploycenter_domain::name::{RegionName, TargetId};
use deploycenter_ports::Reading;

use super::PlanError;
use super::explain::no_such_target;
use crate::Engine;

/// The secrets that a person gives a target, as it is configured now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenEntries {
    /// Where they are kept.
    pub region: RegionName,
    /// What their full names begin with.
    pub prefix: String,
    /// By name.
    pub entries: Vec<GivenEntry>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenEntry {
    /// As a person calls it.
    pub name: String,
    /// As Secrets Manager does.
    pub full: String,
    /// The key in the entry's JSON object.
    pub key: String,
    /// What it is for.
    pub purpose: String,
}

impl Engine {
    /// What `secret set` may set, asked of the plugin; the target needn't be deployed.
    ///
    /// # Errors
    /// When the target isn't desired, or has problems.
    pub async fn given_secrets(&self, target: &TargetId) -> Result<GivenEntries, PlanError> {
        let desired = self.desired().await?;
        let Some(instance) = desired.instance(target) else {
            return Err(no_such_target(&desired, target).into());
        };
        let region = instance.region.clone();
        let mut ground = self.ground(desired, Reading::Listed).await?;
        self.look_for_earlier_lives(&mut ground, std::iter::once(target))
            .await?;
        let ground = Arc::new(ground);
        let wanted = self
            .offline()
            .wanted(&ground, ground.instance(target), None)
            .await?;
        let prefix = wanted.names.secret_prefix();
        let entries = wanted
            .declaration
            .given
            .iter()
            .map(|(name, given)| GivenEntry {
                name: name.clone(),
                full: format!("{prefix}{name}"),
                key: given.key.clone(),
                purpose: given.purpose.clone(),
            })
            .collect();
        Ok(GivenEntries {
            region,
            prefix,
            entries,
        })
    }
}
