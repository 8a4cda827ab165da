//! What happened to each deployment.

use std::fmt;

use async_trait::async_trait;
use deploycenter_domain::journal::{DeploymentState, Event, Impossible, Outline};
use deploycenter_domain::name::DeploymentId;
use serde::Serialize;

use super::{DeploymentSummary, Lease, NewDeployment, StoreError};
use crate::system_name;

/// One journal entry with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// When it was written.
    pub at: jiff::Timestamp,
    /// What.
    pub event: Event,
}

/// A deployment with its whole journal.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentRecord {
    /// As begun.
    pub deployment: NewDeployment,
    /// In order.
    pub events: Vec<Recorded>,
}

/// An outside system that a deployment waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The system, as failures name it: `argocd`, `git`, `efs`, ….
    pub system: String,
    /// Since when.
    pub since: jiff::Timestamp,
    /// What became of the call that found it away.
    pub message: String,
}

impl Wait {
    /// What a deployment waits for, the longest first; `at` gives the time of an entry.
    #[must_use]
    pub fn of(outline: &Outline, at: impl Fn(usize) -> Option<jiff::Timestamp>) -> Vec<Self> {
        let mut waits: Vec<Self> = outline
            .waiting
            .iter()
            .filter_map(|(system, waited)| {
                Some(Self {
                    system: system.clone(),
                    since: at(waited.entry)?,
                    message: waited.message.clone(),
                })
            })
            .collect();
        waits.sort_by_key(|wait| wait.since);
        waits
    }

    /// `waiting for Argo CD since 2025-11-21 14:03:10Z`.
    #[must_use]
    pub fn shown(&self) -> String {
        let since = self.since.strftime("%Y-%m-%d %H:%M:%SZ");
        format!("waiting for {} since {since}", system_name(&self.system))
    }
}

impl DeploymentRecord {
    /// What its journal adds up to.
    ///
    /// # Errors
    /// When no engine can have written it.
    pub fn state(&self) -> Result<DeploymentState, Impossible> {
        DeploymentState::read(self.events.iter().map(|recorded| &recorded.event))
    }

    /// What a list shows of it.
    ///
    /// # Errors
    /// As [`DeploymentRecord::state`].
    pub fn summary(&self) -> Result<DeploymentSummary, Impossible> {
        Ok(self.summary_in(self.state()?.outline))
    }

    /// What a list shows of it, where its journal adds up to `outline`.
    #[must_use]
    pub fn summary_in(&self, outline: Outline) -> DeploymentSummary {
        let NewDeployment {
            id,
            plan,
            actor,
            main_commit,
            at,
        } = &self.deployment;
        DeploymentSummary {
            id: id.clone(),
            target: plan.target.clone(),
            plan: plan.outline(),
            actor: actor.clone(),
            main_commit: main_commit.clone(),
            at: *at,
            last: self.events.last().map_or(*at, |entry| entry.at),
            waits: Wait::of(&outline, |entry| Some(self.events.get(entry)?.at)),
            state: outline,
        }
    }
}

/// What happened to each deployment.
#[async_trait]
pub trait Journal: Send + Sync + fmt::Debug {
    /// Appends to a deployment's journal.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] with a lost lease; when the event can't follow, or the
    /// deployment isn't the lease's target's.
    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError>;

    /// One deployment.
    ///
    /// # Errors
    /// When the database fails or holds what can't be read.
    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError>;
}
