//! What each kind of effect can do to the real service.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::resource::{Observed, Outputs, Owner, Resource};
use serde::{Deserialize, Serialize};

/// One change to one outside thing, and in whose name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// In whose name: what is made gets these tags.
    pub owner: Owner,
    /// What has to be there for the step to begin; `None`: nothing.
    pub before: Option<Resource>,
    /// What is to be there afterwards; `None`: nothing. Holds no tokens.
    pub after: Option<Resource>,
    /// Whether an earlier attempt of the same deployment may have been made already.
    pub uncertain: bool,
    /// Whether this takes an earlier step of the same deployment back. Then a thing is
    /// removed only if that deployment made it.
    pub undo: bool,
    /// For a commit: who deploys, and what its message says. Not part of any decision.
    pub note: Note,
}

/// What a commit says beside its tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
}

/// What came of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ensured {
    /// Whether this deployment made the change, now or in an earlier attempt. `false`:
    /// the wanted image stood already, made by the same installation.
    pub changed: bool,
    /// What is known now.
    pub outputs: Outputs,
}

/// Whether a reading may come from a list that was read earlier in the same run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// From lists, each read once: for planning.
    Listed,
    /// From the thing itself, now.
    Fresh,
}

/// Whose fault, and whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The service was busy or out of reach, and stayed so for all retries.
    Unavailable,
    /// The service refused: credentials, rights or the request itself.
    Refused,
    /// What is there isn't what the plan saw.
    Moved,
    /// Something that isn't ours stands where ours should.
    Foreign,
    /// What was made doesn't get well.
    Unhealthy,
}

/// Why a call to an outside system failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whose fault.
    pub kind: FailureKind,
    /// The system: `efs`, `route53`, `secretsmanager`, `git`, `argocd`.
    pub system: &'static str,
    /// What happened, for a person; names the thing.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// When the service said to come back.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without advice.
    pub fn new(kind: FailureKind, system: &'static str, message: impl fmt::Display) -> Self {
        Self { kind, system, message: message.to_string(), help: None, retry_after: None }
    }

    /// The same failure, with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What the engine does with an outside system. One implementation serves all kinds of
/// effect of its system.
#[async_trait]
pub trait EffectAdapter: Send + Sync + fmt::Debug {
    /// Reads what is there in the place that `wanted` names (its identity: creation
    /// token, record name and set-identifier, application name, branch and path). The
    /// image has the same fields as `wanted` would have, so that equality means "as
    /// wanted". Tokens in `wanted` are compared by nobody here.
    ///
    /// # Errors
    /// When the system can't be read.
    async fn observe(&self, wanted: &Resource, reading: Reading) -> Result<Option<Observed>, Failure>;

    /// Leads from `step.before` to `step.after`, and waits until that has taken hold.
    /// Idempotent: where the after-image stands already, made by the same installation
    /// (same owner apart from the deployment), it is done. A create that finds something
    /// else is [`FailureKind::Foreign`]; an update or a removal that doesn't find
    /// `before` is [`FailureKind::Moved`] and names the fields. When `step.undo`, a thing
    /// whose owner is another deployment's is left and reported as `Moved`, and one that
    /// isn't there needs no removal.
    ///
    /// # Errors
    /// As above; [`FailureKind::Unavailable`] after the adapter's own retries.
    async fn ensure(&self, step: &Step) -> Result<Ensured, Failure>;

    /// Takes a step back: deletes what it created, restores what it changed.
    ///
    /// # Errors
    /// As [`EffectAdapter::ensure`].
    async fn undo(&self, step: &Step) -> Result<(), Failure> {
        let back = Step {
            before: step.after.clone(),
            after: step.before.clone(),
            uncertain: true,
            undo: true,
            ..step.clone()
        };
        self.ensure(&back).await.map(|_| ())
    }
}

/// Live states of applications, for `status`.
#[async_trait]
pub trait Applications: Send + Sync + fmt::Debug {
    /// All applications of this installation, by name.
    ///
    /// # Errors
    /// When Argo CD can't be read.
    async fn states(&self) -> Result<Vec<ApplicationState>, Failure>;
}

/// What Argo CD says of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationState {
    /// Its name.
    pub name: String,
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, `Missing` or `Unknown`.
    pub health: String,
    /// The revision that it stands at.
    pub revision: Option<String>,
}
