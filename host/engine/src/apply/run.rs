//! A run: many deployments at once, each customer's shared target before its instances.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::journal::{Event, Status};
use deploycenter_domain::name::CustomerName;
use deploycenter_ports::{DeploymentEvent, Lease};
use futures::StreamExt;

use super::forward::acts;
use super::{CancellationToken, Outcome, Queued, RunError, Saga};
use crate::Engine;

impl Engine {
    /// Claims enqueued deployments and those that were interrupted, runs them to their end,
    /// and gives their leases back.
    pub(crate) async fn run(
        &self,
        queued: Vec<Queued>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut customers: BTreeMap<CustomerName, Vec<Queued>> = BTreeMap::new();
        for one in queued {
            customers
                .entry(one.target().customer().clone())
                .or_default()
                .push(one);
        }
        let mut runs = futures::stream::iter(customers.into_values())
            .map(|queued: Vec<Queued>| async move {
                let leases: Vec<Lease> = queued.iter().map(|one| one.lease.clone()).collect();
                let ended = self.run_customer(queued, cancel).await;
                if ended.is_err() {
                    // Those that it didn't come to; whoever comes next claims them.
                    self.release(leases.into_iter()).await;
                }
                ended
            })
            .buffer_unordered(self.limits.targets.max(1));
        let mut outcomes = Vec::new();
        let mut failed = None;
        while let Some(result) = runs.next().await {
            match result {
                Ok(ended) => outcomes.extend(ended),
                Err(error) => {
                    failed.get_or_insert(error);
                }
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        outcomes.sort_by(|a: &Outcome, b| a.target.cmp(&b.target));
        Ok(outcomes)
    }

    /// One customer's deployments: the shared target first. When that one fails, its
    /// instances go back before they began.
    async fn run_customer(
        &self,
        mut queued: Vec<Queued>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, RunError> {
        queued.sort_by(|a, b| a.target().cmp(b.target()));
        if queued.iter().any(|one| one.removes) {
            return self.run_removals(queued, cancel).await;
        }
        let mut outcomes = Vec::new();
        let mut begins = Begins::Now;
        let mut instances = Vec::new();
        for one in queued {
            if one.target().is_shared() {
                let outcome = self.run_one(one, &Begins::Now, cancel).await?;
                // Its reason is told with it, once.
                begins = Begins::after(&outcome, "didn't succeed");
                outcomes.push(outcome);
            } else {
                instances.push(one);
            }
        }
        let begins = &begins;
        let ended = futures::future::join_all(
            instances
                .into_iter()
                .map(|one| self.run_one(one, begins, cancel)),
        )
        .await;
        for outcome in ended {
            outcomes.push(outcome?);
        }
        let lost: BTreeSet<CustomerName> = outcomes
            .iter()
            .filter(|outcome| outcome.status == Status::Unwound && !outcome.target.is_shared())
            .map(|outcome| outcome.target.customer().clone())
            .collect();
        for customer in lost {
            outcomes.extend(self.tidy(&customer, cancel).await?);
        }
        Ok(outcomes)
    }

    /// One customer's removals: its instances first, then what they shared, which stays
    /// as it is while one of them isn't gone.
    async fn run_removals(
        &self,
        queued: Vec<Queued>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, RunError> {
        let (shared, instances): (Vec<_>, Vec<_>) =
            queued.into_iter().partition(|one| one.target().is_shared());
        let ended = futures::future::join_all(
            instances
                .into_iter()
                .map(|one| self.run_one(one, &Begins::Now, cancel)),
        )
        .await;
        let mut outcomes = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
        let begins = outcomes
            .iter()
            .map(|outcome| Begins::after(outcome, "isn't gone yet"))
            .max()
            .unwrap_or_default();
        for one in shared {
            outcomes.push(self.run_one(one, &begins, cancel).await?);
        }
        Ok(outcomes)
    }

    /// Claims a deployment, runs it, and gives its lease back.
    async fn run_one(
        &self,
        queued: Queued,
        begins: &Begins,
        cancel: &CancellationToken,
    ) -> Result<Outcome, RunError> {
        let given_back = queued.lease.clone();
        let result = self.claim_and_run(queued, begins, cancel).await;
        self.release(std::iter::once(given_back)).await;
        let saga = result?;
        let outcome = saga.outcome();
        saga.event(DeploymentEvent::Ended {
            target: outcome.target.clone(),
            deployment: outcome.deployment.clone(),
            status: outcome.status,
            reason: outcome.reason.clone(),
        });
        Ok(outcome)
    }

    async fn claim_and_run(
        &self,
        Queued {
            lease,
            deployment,
            taken_back,
            ..
        }: Queued,
        begins: &Begins,
        cancel: &CancellationToken,
    ) -> Result<Saga<'_>, RunError> {
        let at = self.clock.now();
        let record = self.store.claim(&lease, &deployment, at).await?;
        let mut saga = Saga::new(self, lease, record)?;
        if let Some(reason) = taken_back
            && !saga.progress.is_unwinding()
        {
            saga.write(Event::UnwindStarted { reason }).await?;
        }
        saga.run(begins, cancel).await?;
        Ok(saga)
    }
}

/// Whether a deployment begins that waits for another of its customer.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Begins {
    /// It does.
    #[default]
    Now,
    /// Not in this run: the other one was stopped, or waits.
    Later,
    /// It goes back before it began, for that reason.
    Never(String),
}

impl Begins {
    /// What the outcome of the one that is waited for means; `failed` says what it did when
    /// it didn't succeed.
    fn after(outcome: &Outcome, failed: &str) -> Self {
        match outcome.status {
            Status::Succeeded => Self::Now,
            Status::Queued | Status::Running | Status::Unwinding => Self::Later,
            Status::NeedsAttention | Status::Unwound => {
                Self::Never(format!("{} {failed}", outcome.target))
            }
        }
    }
}

impl Saga<'_> {
    async fn run(&mut self, begins: &Begins, cancel: &CancellationToken) -> Result<(), RunError> {
        self.event(DeploymentEvent::Began {
            target: self.target().clone(),
            deployment: self.id().clone(),
            effects: self
                .record
                .deployment
                .plan
                .effects
                .iter()
                .filter(|effect| acts(effect))
                .count(),
        });
        if self.progress.status() == Status::Running {
            match begins {
                Begins::Later => {}
                // Stopped, not failed: what waits for the others waits on.
                Begins::Never(_) if cancel.is_cancelled() => {}
                Begins::Never(reason) => {
                    let reason = reason.clone();
                    self.write(Event::UnwindStarted { reason }).await?;
                }
                Begins::Now => self.forward(cancel).await?,
            }
        }
        if self.progress.status() == Status::Unwinding {
            self.event(DeploymentEvent::Unwinding {
                target: self.target().clone(),
                reason: self.progress.outline.reason.clone().unwrap_or_default(),
            });
            self.unwind(cancel).await?;
        }
        Ok(())
    }
}
