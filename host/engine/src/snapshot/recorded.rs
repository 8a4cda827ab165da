//! What the journal tells planning of a target's earlier deployments. Lists say which one
//! it is, and only that one's plan is read.

use deploycenter_domain::journal::{DeploymentState, Status};
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_ports::{DeploymentRecord, Deployments, StoreError};

use super::run::Run;
use crate::PlanError;

impl Run {
    /// The last deployment of an incarnation that succeeded and removed nothing.
    pub(crate) async fn last_success(
        &self,
        target: &TargetId,
        incarnation: Incarnation,
    ) -> Result<Option<DeploymentRecord>, PlanError> {
        let all = Deployments::Of(target.clone());
        let all = self.store.all_deployments(&all).await?;
        let last = all.into_iter().find(|summary| {
            summary.status() == Status::Succeeded
                && summary.plan.incarnation == incarnation
                && !summary.plan.operation.is_removal()
        });
        match last {
            Some(summary) => self.recorded(&summary.id).await.map(Some),
            None => Ok(None),
        }
    }

    /// A deployment that a list named.
    pub(crate) async fn recorded(&self, id: &DeploymentId) -> Result<DeploymentRecord, PlanError> {
        let record = self.store.deployment(id).await?;
        Ok(record.ok_or_else(|| StoreError::Corrupt(format!("{id} isn't there")))?)
    }
}

/// What a deployment's journal adds up to.
pub(crate) fn progress(record: &DeploymentRecord) -> Result<DeploymentState, PlanError> {
    let state = record.state();
    Ok(state.map_err(|error| StoreError::Corrupt(format!("{}: {error}", record.deployment.id)))?)
}
