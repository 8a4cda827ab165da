//! After a crash: finish or unwind what a dead process left, from the journal and from
//! what is there.

use std::collections::BTreeSet;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{CustomerName, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{CommitContext, Deployments, ProviderError, StoreError};

use crate::CancellationToken;
use crate::Engine;
use crate::apply::{Outcome, Queued, RunError};
use crate::plan::removal_of_shared;
use crate::snapshot::Systems;

/// Which unfinished deployments are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResumeScope {
    /// Those that were interrupted.
    Interrupted,
    /// Those that need attention as well: someone has looked.
    All,
}

/// Why a deployment isn't taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CancelError {
    /// Nothing is unfinished.
    #[error("{0} has no unfinished deployment")]
    Nothing(TargetId),
    /// What is half removed isn't made again.
    #[error("the deployment of {0} removes it, and what is gone can't be brought back")]
    Removal(TargetId),
    /// The app may have migrated its data.
    #[error(
        "{target} may have migrated its data from {from} to {to}, and {from} may not read that"
    )]
    Data {
        /// Which target.
        target: TargetId,
        /// The version before.
        from: String,
        /// The version that was deployed.
        to: String,
    },
    /// The run failed.
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Engine {
    /// Claims the unfinished deployments of `wanted` targets that no living process works
    /// on, whether they were begun or only enqueued, runs them to their end, and removes
    /// what customers without any target left share.
    ///
    /// # Errors
    /// When the journal fails or is impossible.
    pub async fn resume(
        &self,
        scope: ResumeScope,
        wanted: impl Fn(&TargetId) -> bool,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut queued = Vec::new();
        if let Err(error) = self.take_up(scope, &wanted, &mut queued).await {
            self.leave(queued).await;
            return Err(error);
        }
        let mut outcomes = self.run(queued, cancel).await?;
        let known = self.store.all_targets().await?;
        let (shared, instances): (Vec<_>, Vec<_>) = known
            .iter()
            .filter(|record| record.is_deployed)
            .map(|record| &record.target)
            .partition(|target| target.is_shared());
        let needed: BTreeSet<&CustomerName> = instances
            .into_iter()
            .map(|target| target.customer())
            .collect();
        for target in shared {
            if wanted(target) && !needed.contains(target.customer()) {
                outcomes.extend(self.tidy(target.customer(), cancel).await?);
            }
        }
        Ok(outcomes)
    }

    /// Takes the leases of unfinished deployments that no living process works on.
    async fn take_up(
        &self,
        scope: ResumeScope,
        wanted: &impl Fn(&TargetId) -> bool,
        queued: &mut Vec<Queued>,
    ) -> Result<(), RunError> {
        let unfinished = self.store.all_deployments(&Deployments::Unfinished);
        for summary in unfinished.await? {
            if !wanted(&summary.target)
                || (scope == ResumeScope::Interrupted && summary.status() == Status::NeedsAttention)
            {
                continue;
            }
            let lease = match self.store.acquire(&summary.target).await {
                Ok(lease) => lease,
                Err(StoreError::Locked { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            // The list was read before the lease was ours: someone may have gone on with
            // the deployment in between.
            let fresh = self.store.summary(&summary.id).await?;
            if fresh.is_some_and(|fresh| fresh.state == summary.state) {
                queued.push(Queued::of(lease, &summary));
            } else {
                self.store.release(&lease).await?;
            }
        }
        Ok(())
    }

    /// Takes an unfinished deployment back instead of finishing it. What removes things
    /// isn't taken back, and what may have migrated data only when `data_compatible`.
    ///
    /// # Errors
    /// When there is none, it can't be taken back, or someone is at work on it.
    pub async fn cancel(
        &self,
        target: &TargetId,
        by: &str,
        data_compatible: bool,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, CancelError> {
        let of_customer = Deployments::UnfinishedOf(target.customer().clone());
        let unfinished = self.store.all_deployments(&of_customer).await;
        let mut unfinished = unfinished.map_err(RunError::from)?.into_iter();
        let Some(summary) = unfinished.find(|summary| summary.target == *target) else {
            return Err(CancelError::Nothing(target.clone()));
        };
        let record = self.store.deployment(&summary.id).await;
        let Some(record) = record.map_err(RunError::from)? else {
            return Err(CancelError::Nothing(target.clone()));
        };
        let plan = &record.deployment.plan;
        if plan.operation.is_removal() {
            return Err(CancelError::Removal(target.clone()));
        }
        if let Some((from, to)) = plan.crosses_data_version().filter(|_| !data_compatible) {
            return Err(CancelError::Data {
                target: target.clone(),
                from: from.to_owned(),
                to: to.to_owned(),
            });
        }
        let lease = self.store.acquire(target).await.map_err(RunError::from)?;
        // It was read before the lease was ours: someone may have ended it in between.
        let fresh = self.store.summary(&summary.id).await;
        let fresh = fresh.map_err(RunError::from)?;
        if fresh.is_none_or(|fresh| fresh.status().is_final()) {
            self.store.release(&lease).await.map_err(RunError::from)?;
            return Err(CancelError::Nothing(target.clone()));
        }
        let queued = Queued::of(lease, &summary).taken_back(format!("cancelled by {by}"));
        Ok(self.run(vec![queued], cancel).await?)
    }

    /// Removes what a customer's instances share, once no instance is left and none is
    /// on its way. The branch stays.
    pub(crate) async fn tidy(
        &self,
        customer: &CustomerName,
        cancel: &CancellationToken,
    ) -> Result<Option<Outcome>, RunError> {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let target = TargetId::shared_of(customer.clone());
        let Some(last) = self.store.deployed_of(&target).await? else {
            return Ok(None);
        };
        // Whoever deploys an instance takes this lease too before it begins. Another who
        // looks whether the last one is gone may have looked before ours was.
        let lease = match self.wait_for(&target, cancel).await {
            Ok(lease) => lease,
            Err(RunError::Stopped | RunError::Store(StoreError::Locked { .. })) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let plan = match self.tidying(customer, &last.deployed).await {
            Ok(plan) => plan,
            Err(error) => {
                self.store.release(&lease).await?;
                return Err(error);
            }
        };
        let Some(plan) = plan else {
            self.store.release(&lease).await?;
            return Ok(None);
        };
        let commit = match self.store.summary(&last.deployment).await? {
            Some(summary) => CommitContext {
                actor: summary.actor,
                main_commit: summary.main_commit,
            },
            None => CommitContext::default(),
        };
        let queued = self.journal(vec![(lease, plan)], &commit).await?;
        let outcomes = Box::pin(self.run(queued, cancel)).await?;
        Ok(outcomes.into_iter().next())
    }

    /// The plan of such a removal; `None` while an instance is left or on its way.
    async fn tidying(
        &self,
        customer: &CustomerName,
        deployed: &DeployedState,
    ) -> Result<Option<TargetPlan>, RunError> {
        let target = TargetId::shared_of(customer.clone());
        let of_customer = |other: &TargetId| other.customer() == customer;
        let unfinished = Deployments::UnfinishedOf(customer.clone());
        let unfinished = self.store.all_deployments(&unfinished).await?;
        let holders = self.store.all_holders().await?;
        if !unfinished.is_empty()
            || holders
                .iter()
                .any(|(other, _)| of_customer(other) && *other != target)
        {
            return Ok(None);
        }
        // Read now that the lease is ours, and for this look alone.
        let systems = Systems::open(&self.providers);
        let live = match systems.branches.live().await {
            Ok(live) => live,
            Err(error) => return Ok(none_yet(&target, &error)),
        };
        if live
            .iter()
            .any(|live| of_customer(&live.target) && !live.target.is_shared())
        {
            return Ok(None);
        }
        match removal_of_shared(&self.installation, &systems, &target, deployed).await {
            Ok(plan) => Ok(plan),
            Err(error) => Ok(none_yet(&target, &error)),
        }
    }
}

/// Nothing was begun; the next apply or resume looks again.
fn none_yet(target: &TargetId, error: &ProviderError) -> Option<TargetPlan> {
    tracing::warn!(%target, %error, "what the customer's instances shared couldn't be looked at");
    None
}
