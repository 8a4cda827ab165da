//! Which secrets a person has to give a target.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::name::{RegionName, TargetId};
use deploycenter_ports::Reading;

use super::explain::no_such_target;
use super::{Ground, PlanError};
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
        let records = self.store.targets().await?;
        let live = self.adapters.generated.live(Reading::Listed).await?;
        let ground = Arc::new(Ground {
            desired,
            records: records
                .into_iter()
                .map(|record| (record.target.clone(), record))
                .collect(),
            live: live
                .into_iter()
                .map(|live| (live.target.clone(), live))
                .collect::<BTreeMap<_, _>>(),
        });
        let wanted = self.wanted(&ground, target, None).await?;
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
