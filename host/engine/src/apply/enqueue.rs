//! What is set out to do is journaled as a whole, before any of it begins.

use std::collections::BTreeSet;
use std::time::Duration;

use deploycenter_domain::name::{CustomerName, DeploymentId, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{CommitContext, DeploymentSummary, Lease, NewDeployment, StoreError};

use super::{CancellationToken, Outcome, RunError};
use crate::Engine;

/// How often and how long a shared target's lease is waited for: two minutes.
const SHARED_POLLS: u32 = 240;
const SHARED_PAUSE: Duration = Duration::from_millis(500);

/// A deployment that isn't finished, and the lease to run it under.
#[derive(Debug)]
pub struct Queued {
    pub(super) lease: Lease,
    pub(super) deployment: DeploymentId,
    /// Whether it removes things.
    pub(super) removes: bool,
    /// Why it goes back as soon as it is claimed, where it is to.
    pub(super) taken_back: Option<String>,
}

impl Queued {
    /// One of the store's list whose lease was taken since.
    pub(crate) fn of(lease: Lease, summary: &DeploymentSummary) -> Self {
        Self {
            lease,
            deployment: summary.id.clone(),
            removes: summary.plan.operation.is_removal(),
            taken_back: None,
        }
    }

    /// The same, to be taken back.
    pub(crate) fn taken_back(self, reason: String) -> Self {
        Self {
            taken_back: Some(reason),
            ..self
        }
    }

    pub(super) fn target(&self) -> &TargetId {
        &self.lease.target
    }
}

impl Engine {
    /// Enqueues the plans that do something as deployments, all or none, and runs them.
    ///
    /// # Errors
    /// When a target is locked or unfinished, or the run was stopped before anything was
    /// journaled (nothing is done then), or the journal fails.
    pub async fn deploy(
        &self,
        plans: Vec<TargetPlan>,
        commit: &CommitContext,
        cancel: &CancellationToken,
    ) -> Result<Vec<Outcome>, RunError> {
        let queued = self.enqueue(plans, commit, cancel).await?;
        self.run(queued, cancel).await
    }

    /// Enqueues the plans that do something as deployments, all or none, for whoever
    /// claims them. Their leases are the caller's.
    ///
    /// # Errors
    /// As [`Engine::deploy`].
    pub async fn enqueue(
        &self,
        plans: Vec<TargetPlan>,
        commit: &CommitContext,
        cancel: &CancellationToken,
    ) -> Result<Vec<Queued>, RunError> {
        unless_stopped(cancel)?;
        let (shared, instances): (Vec<TargetPlan>, Vec<TargetPlan>) =
            plans.into_iter().partition(|plan| plan.target.is_shared());
        let mut taken: Vec<(Lease, TargetPlan)> = Vec::new();
        // Held while the others are journaled, so that nobody removes what they rest on.
        let mut guards: Vec<Lease> = Vec::new();
        let result = self
            .take_all(shared, instances, &mut taken, &mut guards, cancel)
            .await;
        // Leases may have been waited for; from here on it is journaled.
        if let Err(error) = result.and_then(|()| unless_stopped(cancel)) {
            let leases = taken.into_iter().map(|(lease, _)| lease).chain(guards);
            self.release(leases).await;
            return Err(error);
        }
        let queued = self.journal(taken, commit).await;
        self.release(guards.into_iter()).await;
        queued
    }

    /// Gives the leases back of what was enqueued or interrupted: others may claim it.
    pub async fn leave(&self, queued: Vec<Queued>) {
        self.release(queued.into_iter().map(|one| one.lease)).await;
    }

    /// Journals plans as queued, all or none. The leases are given back when that fails.
    pub(crate) async fn journal(
        &self,
        plans: Vec<(Lease, TargetPlan)>,
        commit: &CommitContext,
    ) -> Result<Vec<Queued>, RunError> {
        let new: Vec<(Lease, NewDeployment)> = plans
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
        let journaled = self.store.enqueue(&new).await;
        if let Err(error) = journaled {
            self.release(new.into_iter().map(|(lease, _)| lease)).await;
            return Err(error.into());
        }
        let queued = new.into_iter().map(|(lease, deployment)| Queued {
            lease,
            removes: deployment.plan.operation.is_removal(),
            deployment: deployment.id,
            taken_back: None,
        });
        Ok(queued.collect())
    }

    /// Takes the leases of all that changes. Instances' at once, or not at all; those of
    /// shared targets are waited for, since each is held for moments only.
    async fn take_all(
        &self,
        shared: Vec<TargetPlan>,
        instances: Vec<TargetPlan>,
        taken: &mut Vec<(Lease, TargetPlan)>,
        guards: &mut Vec<Lease>,
        cancel: &CancellationToken,
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
                match self.wait_for(&plan.target, cancel).await {
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
        for (_, plan) in held {
            settled.push(if plan.operation.is_removal() {
                plan.clone()
            } else {
                let known = self.store.deployed_of(&plan.target).await?;
                let known = known.as_ref().map(|record| &record.deployed);
                self.as_it_stands(plan.clone(), known).await?
            });
        }
        Ok(settled)
    }

    /// Takes the lease of a shared target as soon as whoever has it gives it back, unless
    /// the run is stopped before.
    pub(crate) async fn wait_for(
        &self,
        target: &TargetId,
        cancel: &CancellationToken,
    ) -> Result<Lease, RunError> {
        for _ in 0..SHARED_POLLS {
            unless_stopped(cancel)?;
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

    pub(super) async fn release(&self, leases: impl Iterator<Item = Lease>) {
        for lease in leases {
            if let Err(error) = self.store.release(&lease).await {
                tracing::warn!(target = %lease.target, %error, "the lease couldn't be given back; it ends with this process");
            }
        }
    }
}

/// Refuses to begin what was stopped already.
fn unless_stopped(cancel: &CancellationToken) -> Result<(), RunError> {
    if cancel.is_cancelled() {
        return Err(RunError::Stopped);
    }
    Ok(())
}
