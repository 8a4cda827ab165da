//! A deployment: as it is enqueued, as lists have it, and with its whole journal.

use deploycenter_domain::journal::{DeploymentState, Event, Impossible, Outline, Status};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_domain::plan::{PlanOutline, TargetPlan};
use serde::Serialize;

use crate::system_name;

/// A deployment to enqueue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDeployment {
    /// Its id.
    pub id: DeploymentId,
    /// What it applies.
    pub plan: TargetPlan,
    /// Who: `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
    /// When.
    pub at: jiff::Timestamp,
}

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

/// A deployment as lists have it: without its plan and its entries.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentSummary {
    /// Its id.
    pub id: DeploymentId,
    /// Whose it is.
    pub target: TargetId,
    /// Its plan, in short.
    pub plan: PlanOutline,
    /// Who: `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
    /// When it was enqueued.
    pub at: jiff::Timestamp,
    /// What its journal adds up to, in short.
    pub state: Outline,
    /// When the last entry was written.
    pub last: jiff::Timestamp,
    /// The outside systems that it waits for, the longest first.
    pub waits: Vec<Wait>,
}

impl DeploymentSummary {
    /// Where it is.
    #[must_use]
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// Why it isn't well, for a person: why it goes back or needs attention, and what it
    /// waits for.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let waits = self
            .waits
            .iter()
            .map(|wait| format!("{}: {}", wait.shown(), wait.message));
        let reasons: Vec<String> = self
            .state
            .why()
            .map(str::to_owned)
            .into_iter()
            .chain(waits)
            .collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }
}
