//! A run: many deployments at once, each customer's shared target before its instances.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::journal::{Event, Status};
use deploycenter_domain::name::CustomerName;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{DeploymentRecord, Lease, NewDeployment, Note, Notice, Recorded};
use futures::StreamExt;

use super::forward::acts;
use super::{Cancel, Outcome, RunError, Saga};
use crate::Engine;

impl Engine {
    /// Journals the plans that do something as deployments, all or none, and runs them.
    ///
    /// # Errors
    /// When a target is locked or unfinished (nothing is done then), or the journal
    /// fails.
    pub async fn deploy(
        &self,
        plans: Vec<TargetPlan>,
        note: &Note,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut begun: Vec<(Lease, NewDeployment)> = Vec::new();
        for plan in plans.into_iter().filter(TargetPlan::has_changes) {
            match self.store.acquire(&plan.target).await {
                Ok(lease) => begun.push((
                    lease,
                    NewDeployment {
                        id: self.ids.deployment(),
                        plan,
                        actor: note.actor.clone(),
                        main_commit: note.main_commit.clone(),
                        at: self.clock.now(),
                    },
                )),
                Err(error) => {
                    self.release(begun.into_iter().map(|(lease, _)| lease))
                        .await;
                    return Err(error.into());
                }
            }
        }
        if let Err(error) = self.store.begin(&begun).await {
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
        let mut outcomes = Vec::new();
        let mut without: Option<String> = None;
        let mut instances = Vec::new();
        for (lease, record) in records {
            if lease.target.is_shared() {
                let outcome = self.run_one(lease, record, None, cancel).await?;
                if outcome.status != Status::Succeeded {
                    without = Some(format!(
                        "{} didn't succeed: {}",
                        outcome.target,
                        outcome.reason.as_deref().unwrap_or("it was stopped")
                    ));
                }
                outcomes.push(outcome);
            } else {
                instances.push((lease, record));
            }
        }
        let without = without.as_deref();
        let ended = futures::future::join_all(
            instances
                .into_iter()
                .map(|(lease, record)| self.run_one(lease, record, without, cancel)),
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

    async fn run_one(
        &self,
        lease: Lease,
        record: DeploymentRecord,
        without: Option<&str>,
        cancel: &Cancel,
    ) -> Result<Outcome, RunError> {
        let given_back = lease.clone();
        let mut saga = Saga::new(self, lease, record)?;
        let result = saga.run(without, cancel).await;
        self.release(std::iter::once(given_back)).await;
        result?;
        let outcome = saga.outcome();
        saga.notice(Notice::Ended {
            target: outcome.target.clone(),
            deployment: outcome.deployment.clone(),
            status: outcome.status,
            reason: outcome.reason.clone(),
        });
        Ok(outcome)
    }
}

impl Saga<'_> {
    async fn run(&mut self, without: Option<&str>, cancel: &Cancel) -> Result<(), RunError> {
        self.notice(Notice::Began {
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
            match without {
                // Stopped, not failed: what waits for the shared target waits on.
                Some(_) if cancel.is_asked() => {}
                Some(reason) => {
                    self.write(Event::UnwindStarted {
                        reason: reason.to_owned(),
                    })
                    .await?
                }
                None => self.forward(cancel).await?,
            }
        }
        if self.progress.status() == Status::Unwinding {
            self.notice(Notice::Unwinding {
                target: self.target().clone(),
                reason: self.progress.reason.clone().unwrap_or_default(),
            });
            self.unwind(cancel).await?;
        }
        Ok(())
    }
}
