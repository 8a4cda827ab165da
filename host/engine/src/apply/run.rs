//! A run: many deployments at once, each customer's shared target before its instances.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deploycenter_domain::journal::{Event, Status};
use deploycenter_domain::name::{CustomerName, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{
    CommitContext, DeploymentEvent, DeploymentRecord, Lease, NewDeployment, Recorded, StoreError,
};
use futures::StreamExt;

use super::forward::acts;
use super::{Cancel, Outcome, RunError, Saga};
use crate::Engine;

/// How often and how long a shared target's lease is waited for: two minutes.
const SHARED_POLLS: u32 = 240;
const SHARED_PAUSE: Duration = Duration::from_millis(500);

impl Engine {
    /// Journals the plans that do something as deployments, all or none, and runs them.
    ///
    /// # Errors
    /// When a target is locked or unfinished (nothing is done then), or the journal
    /// fails.
    pub async fn deploy(
        &self,
        plans: Vec<TargetPlan>,
        commit: &CommitContext,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let (shared, instances): (Vec<TargetPlan>, Vec<TargetPlan>) =
            plans.into_iter().partition(|plan| plan.target.is_shared());
        let mut taken: Vec<(Lease, TargetPlan)> = Vec::new();
        // Held while the others are journaled, so that nobody removes what they rest on.
        let mut guards: Vec<Lease> = Vec::new();
        let result = self
            .take_all(shared, instances, &mut taken, &mut guards)
            .await;
        if let Err(error) = result {
            let leases = taken.into_iter().map(|(lease, _)| lease).chain(guards);
            self.release(leases).await;
            return Err(error);
        }
        let begun: Vec<(Lease, NewDeployment)> = taken
            .into_iter()
            .map(|(lease, plan)| {
                let deployment = NewDeployment {
                    id: self.ids.deployment(),
                    plan,
                    actor: commit.actor.clone(),
                    main_commit: commit.main_commit.clone(),
                    at: self.clock.now(),
                };
                (lease, deployment)
            })
            .collect();
        let journaled = self.store.begin(&begun).await;
        self.release(guards.into_iter()).await;
        if let Err(error) = journaled {
            self.release(begun.into_iter().map(|(lease, _)| lease))
                .await;
            return Err(error.into());
        }
        let records = begun
            .into_iter()
            .map(|(lease, deployment)| {
                let events = vec![Recorded {
                    at: deployment.at,
                    event: Event::Started,
                }];
                (lease, DeploymentRecord { deployment, events })
            })
            .collect();
        self.run(records, cancel).await
    }

    /// Takes the leases of all that changes. Instances' at once, or not at all; those of
    /// shared targets are waited for, since each is held for moments only.
    async fn take_all(
        &self,
        shared: Vec<TargetPlan>,
        instances: Vec<TargetPlan>,
        taken: &mut Vec<(Lease, TargetPlan)>,
        guards: &mut Vec<Lease>,
    ) -> Result<(), RunError> {
        for plan in instances.into_iter().filter(TargetPlan::has_changes) {
            taken.push((self.store.acquire(&plan.target).await?, plan));
        }
        let customers: BTreeSet<CustomerName> = taken
            .iter()
            .map(|(_, plan)| plan.target.customer().clone())
            .collect();
        let mut held: Vec<(Lease, TargetPlan)> = Vec::new();
        for plan in shared {
            if plan.has_changes() || customers.contains(plan.target.customer()) {
                match self.wait_for(&plan.target).await {
                    Ok(lease) => held.push((lease, plan)),
                    Err(error) => {
                        guards.extend(held.into_iter().map(|(lease, _)| lease));
                        return Err(error);
                    }
                }
            }
        }
        // Nobody changes any of them from here on.
        let settled = self.settled(&held).await;
        let leases = held.into_iter().map(|(lease, _)| lease);
        match settled {
            Ok(settled) => {
                for (lease, plan) in leases.zip(settled) {
                    if plan.has_changes() {
                        taken.push((lease, plan));
                    } else {
                        guards.push(lease);
                    }
                }
            }
            Err(error) => {
                guards.extend(leases);
                return Err(error);
            }
        }
        taken.sort_by(|(a, _), (b, _)| a.target.cmp(&b.target));
        Ok(())
    }

    /// The shared targets' plans as they are after what neighbours did since.
    async fn settled(&self, held: &[(Lease, TargetPlan)]) -> Result<Vec<TargetPlan>, RunError> {
        let mut settled = Vec::new();
        if held.is_empty() {
            return Ok(settled);
        }
        let deployed = self.store.deployed().await?;
        for (_, plan) in held {
            let known = deployed
                .iter()
                .find(|record| record.target == plan.target && !record.ended)
                .map(|record| &record.deployed);
            settled.push(if plan.operation.is_removal() {
                plan.clone()
            } else {
                self.as_it_stands(plan.clone(), known).await?
            });
        }
        Ok(settled)
    }

    /// Takes the lease of a shared target as soon as whoever has it gives it back.
    pub(crate) async fn wait_for(&self, target: &TargetId) -> Result<Lease, RunError> {
        for _ in 0..SHARED_POLLS {
            match self.store.acquire(target).await {
                Err(StoreError::Locked { holder, .. }) => {
                    tracing::info!(%target, owner = %holder.owner, "waiting for the lease");
                    self.clock.sleep(SHARED_PAUSE).await;
                }
                other => return Ok(other?),
            }
        }
        Ok(self.store.acquire(target).await?)
    }

    async fn release(&self, leases: impl Iterator<Item = Lease>) {
        for lease in leases {
            if let Err(error) = self.store.release(&lease).await {
                tracing::warn!(target = %lease.target, %error, "the lease couldn't be given back; it ends with this process");
            }
        }
    }

    /// Runs journaled deployments to their end, and gives their leases back.
    pub(crate) async fn run(
        &self,
        records: Vec<(Lease, DeploymentRecord)>,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut customers: BTreeMap<CustomerName, Vec<(Lease, DeploymentRecord)>> = BTreeMap::new();
        for (lease, record) in records {
            customers
                .entry(record.deployment.plan.target.customer().clone())
                .or_default()
                .push((lease, record));
        }
        let mut runs = futures::stream::iter(customers.into_values())
            .map(|records| self.run_customer(records, cancel))
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
        mut records: Vec<(Lease, DeploymentRecord)>,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        records.sort_by(|(a, _), (b, _)| a.target.cmp(&b.target));
        if records
            .iter()
            .any(|(_, record)| record.deployment.plan.operation.is_removal())
        {
            return self.run_removals(records, cancel).await;
        }
        let mut outcomes = Vec::new();
        let mut begins = Begins::Now;
        let mut instances = Vec::new();
        for (lease, record) in records {
            if lease.target.is_shared() {
                let outcome = self.run_one(lease, record, &Begins::Now, cancel).await?;
                // Its reason is told with it, once.
                begins = Begins::after(&outcome, "didn't succeed");
                outcomes.push(outcome);
            } else {
                instances.push((lease, record));
            }
        }
        let begins = &begins;
        let ended = futures::future::join_all(
            instances
                .into_iter()
                .map(|(lease, record)| self.run_one(lease, record, begins, cancel)),
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
        records: Vec<(Lease, DeploymentRecord)>,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let (shared, instances): (Vec<_>, Vec<_>) = records
            .into_iter()
            .partition(|(lease, _)| lease.target.is_shared());
        let ended = futures::future::join_all(
            instances
                .into_iter()
                .map(|(lease, record)| self.run_one(lease, record, &Begins::Now, cancel)),
        )
        .await;
        let mut outcomes = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
        let begins = outcomes
            .iter()
            .map(|outcome| Begins::after(outcome, "isn't gone yet"))
            .max()
            .unwrap_or_default();
        for (lease, record) in shared {
            outcomes.push(self.run_one(lease, record, &begins, cancel).await?);
        }
        Ok(outcomes)
    }

    async fn run_one(
        &self,
        lease: Lease,
        record: DeploymentRecord,
        begins: &Begins,
        cancel: &Cancel,
    ) -> Result<Outcome, RunError> {
        let given_back = lease.clone();
        let mut saga = Saga::new(self, lease, record)?;
        let result = saga.run(begins, cancel).await;
        self.release(std::iter::once(given_back)).await;
        result?;
        let outcome = saga.outcome();
        saga.event(DeploymentEvent::Ended {
            target: outcome.target.clone(),
            deployment: outcome.deployment.clone(),
            status: outcome.status,
            reason: outcome.reason.clone(),
        });
        Ok(outcome)
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
            Status::Running | Status::Unwinding => Self::Later,
            Status::NeedsAttention | Status::Unwound => {
                Self::Never(format!("{} {failed}", outcome.target))
            }
        }
    }
}

impl Saga<'_> {
    async fn run(&mut self, begins: &Begins, cancel: &Cancel) -> Result<(), RunError> {
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
                Begins::Never(_) if cancel.is_asked() => {}
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
                reason: self.progress.reason.clone().unwrap_or_default(),
            });
            self.unwind(cancel).await?;
        }
        Ok(())
    }
}
