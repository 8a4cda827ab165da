//! After a crash: finish or unwind what a dead process left, from the journal and from
//! what is there.

use std::collections::BTreeSet;

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::journal::{Event, Progress, Status};
use deploycenter_domain::name::{CustomerName, TargetId};
use deploycenter_domain::plan::{PlannedEffect, TargetPlan, changes};
use deploycenter_domain::resource::{Folder, Observed, Ownership, Project, Resource};
use deploycenter_ports::{
    DeploymentRecord, Failure, Lease, NewDeployment, Note, Reading, Recorded, StoreError,
};

use crate::Engine;
use crate::apply::{Cancel, Outcome, RunError};

/// Which unfinished deployments are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakeUp {
    /// Those that were interrupted.
    Interrupted,
    /// Those that need attention as well: someone has looked.
    All,
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
        take_up: TakeUp,
        wanted: impl Fn(&TargetId) -> bool,
        cancel: &Cancel,
    ) -> Result<Vec<Outcome>, RunError> {
        let mut records = Vec::new();
        for mut record in self.store.unfinished().await? {
            let target = record.deployment.plan.target.clone();
            let status = Progress::read(record.events.iter().map(|recorded| &recorded.event))
                .map_err(|source| RunError::Journal {
                    deployment: record.deployment.id.clone(),
                    source,
                })?
                .status();
            if !wanted(&target)
                || (take_up == TakeUp::Interrupted && status == Status::NeedsAttention)
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
        let customers: BTreeSet<CustomerName> = self
            .store
            .targets()
            .await?
            .into_iter()
            .filter(|record| record.target.is_shared() && wanted(&record.target))
            .map(|record| record.target.customer().clone())
            .collect();
        for customer in customers {
            outcomes.extend(self.tidy(&customer, cancel).await?);
        }
        Ok(outcomes)
    }

    /// Removes what a customer's instances share, once no instance is left and none is
    /// on its way. The branch stays.
    pub(crate) async fn tidy(
        &self,
        customer: &CustomerName,
        cancel: &Cancel,
    ) -> Result<Option<Outcome>, RunError> {
        let target = TargetId::shared_of(customer.clone());
        let of_customer = |other: &TargetId| other.customer() == customer;
        if cancel.is_asked()
            || self
                .store
                .unfinished()
                .await?
                .iter()
                .any(|record| of_customer(&record.deployment.plan.target))
        {
            return Ok(None);
        }
        let last = match self.store.history(&target).await?.into_iter().next() {
            Some(last)
                if last
                    .deployment
                    .plan
                    .effects
                    .iter()
                    .any(|effect| effect.after.is_some()) =>
            {
                last
            }
            _ => return Ok(None),
        };
        let plan = match self.removal(&last).await {
            Ok(Some(plan)) => plan,
            Ok(None) => return Ok(None),
            Err(error) => {
                // Nothing was begun; the next apply or resume looks again.
                tracing::warn!(%target, %error, "what the customer's instances shared couldn't be looked at");
                return Ok(None);
            }
        };
        let lease = match self.store.acquire(&target).await {
            Ok(lease) => lease,
            Err(StoreError::Locked { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let note = Note {
            actor: last.deployment.actor.clone(),
            main_commit: last.deployment.main_commit.clone(),
        };
        self.begin_one(lease, plan, note, cancel).await.map(Some)
    }

    async fn begin_one(
        &self,
        lease: Lease,
        plan: TargetPlan,
        note: Note,
        cancel: &Cancel,
    ) -> Result<Outcome, RunError> {
        let deployment = NewDeployment {
            id: self.ids.deployment(),
            plan,
            actor: note.actor,
            main_commit: note.main_commit,
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

    /// The plan that removes what a customer shares, from what is there now; `None`
    /// while an instance is left, or when there is nothing of ours.
    async fn removal(&self, last: &DeploymentRecord) -> Result<Option<TargetPlan>, Failure> {
        let shared = &last.deployment.plan;
        let live = self.adapters.generated.live(Reading::Fresh).await?;
        if live.iter().any(|live| {
            live.target.customer() == shared.target.customer() && !live.target.is_shared()
        }) {
            return Ok(None);
        }
        let mut effects: Vec<PlannedEffect> = Vec::new();
        for kind in [EffectKind::Project, EffectKind::Commit] {
            let Some(image) = shared.of_kind(kind).find_map(|effect| effect.after.clone()) else {
                continue;
            };
            let Some(seen) = self
                .adapters
                .of(kind)
                .observe(&image, Reading::Fresh)
                .await?
            else {
                continue;
            };
            if !self.is_ours(&seen, &shared.target) {
                continue;
            }
            let depends_on: Vec<EffectId> =
                effects.iter().map(|effect| effect.id.clone()).collect();
            effects.push(delete(kind, seen, depends_on));
        }
        if effects.is_empty() {
            return Ok(None);
        }
        let inputs =
            std::collections::BTreeMap::from([("observed".to_owned(), Digest::of_json(&effects))]);
        Ok(Some(TargetPlan {
            digest: Digest::of_json(&inputs),
            inputs,
            effects,
            ..shared.clone()
        }))
    }

    fn is_ours(&self, seen: &Observed, target: &TargetId) -> bool {
        match &seen.ownership {
            Ownership::Owned(owner) => {
                owner.installation == self.installation && owner.target == *target
            }
            Ownership::ByPlace => true,
            Ownership::Foreign(_) => false,
        }
    }
}

fn delete(kind: EffectKind, seen: Observed, depends_on: Vec<EffectId>) -> PlannedEffect {
    let name = match &seen.image {
        Resource::Project(Project { name, .. }) => name.clone(),
        _ => "folder".to_owned(),
    };
    let before = match seen.image {
        Resource::Folder(folder) => Resource::Folder(Folder {
            files: std::collections::BTreeMap::new(),
            ..folder
        }),
        other => other,
    };
    PlannedEffect {
        id: EffectId::new(kind, name.clone())
            .expect("a project's name and \"folder\" are effect names"),
        kind,
        name,
        action: Action::Delete,
        depends_on,
        changes: changes(Some(&before), None),
        before: Some(before),
        after: None,
        owner: None,
        outputs: seen.outputs,
    }
}
