//! After a crash: finish or unwind what a dead process left, from the journal and from
//! what is there.

use std::collections::BTreeSet;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::{DeploymentState, Event, Status};
use deploycenter_domain::name::{CustomerName, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{
    CommitContext, DeploymentRecord, Lease, NewDeployment, ProviderError, Recorded, StoreError,
};

use crate::Engine;
use crate::apply::{Cancel, Outcome, RunError};
use crate::planning::removal_of_shared;
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
    /// Takes up the unfinished deployments of `wanted` targets that no living process
    /// works on, runs them to their end, and removes what customers without any target
    /// left share.
    ///
    /// # Errors
    /// When the journal fails or is impossible.
    pub async fn resume(
        &self,
        scope: ResumeScope,
        wanted: impl Fn(&TargetId) -> bool,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut records = Vec::new();
        for mut record in self.store.unfinished().await? {
            let target = record.deployment.plan.target.clone();
            let status = progress_of(&record)?.status();
            if !wanted(&target)
                || (scope == ResumeScope::Interrupted && status == Status::NeedsAttention)
            {
                continue;
            }
            let lease = match self.store.acquire(&target).await {
                Ok(lease) => lease,
                Err(StoreError::Locked { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            // The list was read before the lease was ours: someone may have ended the
            // deployment in between.
            match self.store.deployment(&record.deployment.id).await? {
                Some(fresh) if fresh.events == record.events => {}
                _ => {
                    self.store.release(&lease).await?;
                    continue;
                }
            }
            let at = self.clock.now();
            self.store
                .append(&lease, &record.deployment.id, &Event::Resumed, at)
                .await?;
            record.events.push(Recorded {
                at,
                event: Event::Resumed,
            });
            records.push((lease, record));
        }
        let mut outcomes = self.run(records, cancel).await?;
        let deployed = self.store.deployed().await?;
        let (shared, instances): (Vec<_>, Vec<_>) = deployed
            .iter()
            .filter(|record| !record.ended)
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
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, CancelError> {
        let unfinished = self.store.unfinished().await.map_err(RunError::from)?;
        let Some(mut record) = unfinished
            .into_iter()
            .find(|record| record.deployment.plan.target == *target)
        else {
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
        let id = record.deployment.id.clone();
        match self.store.deployment(&id).await.map_err(RunError::from)? {
            Some(fresh) if progress_of(&fresh)?.status().is_final() => {
                self.store.release(&lease).await.map_err(RunError::from)?;
                return Err(CancelError::Nothing(target.clone()));
            }
            Some(fresh) => record = fresh,
            None => {}
        }
        let unwinding = progress_of(&record)?.is_unwinding();
        let mut events = vec![Event::Resumed];
        if !unwinding {
            events.push(Event::UnwindStarted {
                reason: format!("cancelled by {by}"),
            });
        }
        for event in events {
            let at = self.clock.now();
            self.store
                .append(&lease, &record.deployment.id, &event, at)
                .await
                .map_err(RunError::from)?;
            record.events.push(Recorded { at, event });
        }
        Ok(self.run(vec![(lease, record)], cancel).await?)
    }

    /// Removes what a customer's instances share, once no instance is left and none is
    /// on its way. The branch stays.
    pub(crate) async fn tidy(
        &self,
        customer: &CustomerName,
        cancel: &Cancel,
    ) -> Result<Option<Outcome>, RunError> {
        if cancel.is_asked() {
            return Ok(None);
        }
        let target = TargetId::shared_of(customer.clone());
        let deployed = self.store.deployed().await?;
        let Some(last) = deployed
            .iter()
            .find(|record| record.target == target && !record.ended)
        else {
            return Ok(None);
        };
        // Whoever deploys an instance takes this lease too before it begins. Another who
        // looks whether the last one is gone may have looked before ours was.
        let lease = match self.wait_for(&target).await {
            Ok(lease) => lease,
            Err(RunError::Store(StoreError::Locked { .. })) => return Ok(None),
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
        let commit = match self.store.deployment(&last.deployment).await? {
            Some(record) => CommitContext {
                actor: record.deployment.actor,
                main_commit: record.deployment.main_commit,
            },
            None => CommitContext::default(),
        };
        self.begin_one(lease, plan, commit, cancel).await.map(Some)
    }

    /// The plan of such a removal; `None` while an instance is left or on its way.
    async fn tidying(
        &self,
        customer: &CustomerName,
        deployed: &DeployedState,
    ) -> Result<Option<TargetPlan>, RunError> {
        let target = TargetId::shared_of(customer.clone());
        let of_customer = |other: &TargetId| other.customer() == customer;
        let unfinished = self.store.unfinished().await?;
        let holders = self.store.holders().await?;
        if unfinished
            .iter()
            .any(|record| of_customer(&record.deployment.plan.target))
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

    async fn begin_one(
        &self,
        lease: Lease,
        plan: TargetPlan,
        commit: CommitContext,
        cancel: &Cancel,
    ) -> Result<Outcome, RunError> {
        let deployment = NewDeployment {
            id: self.ids.deployment(),
            plan,
            actor: commit.actor,
            main_commit: commit.main_commit,
            at: self.clock.now(),
        };
        let begun = [(lease, deployment)];
        if let Err(error) = self.store.begin(&begun).await {
            let [(lease, _)] = begun;
            self.store.release(&lease).await?;
            return Err(error.into());
        }
        let [(lease, deployment)] = begun;
        let events = vec![Recorded {
            at: deployment.at,
            event: Event::Started,
        }];
        let outcomes = Box::pin(self.run(
            vec![(lease, DeploymentRecord { deployment, events })],
            cancel,
        ))
        .await?;
        Ok(outcomes
            .into_iter()
            .next()
            .expect("one deployment has one outcome"))
    }
}

fn progress_of(record: &DeploymentRecord) -> Result<DeploymentState, RunError> {
    DeploymentState::read(record.events.iter().map(|recorded| &recorded.event)).map_err(|source| {
        RunError::Journal {
            deployment: record.deployment.id.clone(),
            source,
        }
    })
}

/// Nothing was begun; the next apply or resume looks again.
fn none_yet(target: &TargetId, error: &ProviderError) -> Option<TargetPlan> {
    tracing::warn!(%target, %error, "what the customer's instances shared couldn't be looked at");
    None
}
