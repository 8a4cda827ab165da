//! What each kind of effect can do to the real service.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::address::hide_logins;
use deploycenter_domain::name::{DeploymentId, InstallationId, RegionName, TargetId};
use deploycenter_domain::remedy::Advice;
use deploycenter_domain::resource::{Adoption, Observed, Outputs, Owner, Resource, Sync};
use deploycenter_domain::saga::decide::{Aim, Marks};
use deploycenter_domain::secret_version::SecretVersion;
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
    pub commit: CommitContext,
    /// That `before` isn't ours and is to be taken over: led to `after` and marked as
    /// `owner`'s. With `undo` it is given back: `after` is what it was, our marks go, and
    /// nothing else of it is touched. It is never deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Adoption>,
}

impl Step {
    /// What the step wants, as [`decide`](deploycenter_domain::saga::decide::decide) asks.
    #[must_use]
    pub fn aim(&self, marks: Marks) -> Aim<'_> {
        Aim {
            owner: &self.owner,
            before: self.before.is_some(),
            after: self.after.is_some(),
            undo: self.undo,
            doubt: self.uncertain,
            adopt: self.adopt.as_ref(),
            marks,
        }
    }
}

/// What a commit says beside its tree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitContext {
    /// `Name <mail>` or a name alone.
    pub actor: String,
    /// The commit of main that the desired state came from.
    pub main_commit: Option<String>,
}

/// What came of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepOutcome {
    /// Whether this deployment made the change, now or in an earlier attempt. `false`:
    /// the wanted state stood already, made by the same installation.
    pub changed: bool,
    /// What is known now.
    pub outputs: Outputs,
}

/// Whose fault, and whether to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderErrorKind {
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
pub struct ProviderError {
    /// Whose fault.
    pub kind: ProviderErrorKind,
    /// The system: `efs`, `route53`, `secretsmanager`, `git`, `argocd`.
    pub system: &'static str,
    /// What happened, for a person; names the thing.
    pub message: String,
    /// What to do about it.
    pub help: Option<Advice>,
    /// When the service said to come back.
    pub retry_after: Option<Duration>,
    /// Since when it has been out of reach, where that is why: the first try of the call.
    pub since: Option<jiff::Timestamp>,
}

impl ProviderError {
    /// A failure without advice.
    pub fn new(kind: ProviderErrorKind, system: &'static str, message: impl fmt::Display) -> Self {
        Self {
            kind,
            system,
            message: hide_logins(&message.to_string()),
            help: None,
            retry_after: None,
            since: None,
        }
    }

    /// The same failure, with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<Advice>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// How people call an outside system that failures name.
#[must_use]
pub fn system_name(system: &str) -> &'static str {
    match system {
        "argocd" => "Argo CD",
        "git" => "git",
        "efs" => "EFS",
        "route53" => "Route 53",
        "secretsmanager" => "Secrets Manager",
        "sts" => "STS",
        _ => "an outside system",
    }
}

/// How much of a thing's good something in another place takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BesideCode {
    /// Nobody is led to the thing.
    Delegated,
    /// Some aren't.
    AnsweredElsewhere,
}

impl BesideCode {
    /// The stable name, for programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::AnsweredElsewhere => "answered-elsewhere",
        }
    }
}

/// Something in another place that takes away from what a thing is for: nothing stands in
/// its own place, and yet it does no good, or only half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Beside {
    /// How much it takes away.
    pub code: BesideCode,
    /// What it is and what it does, for a person.
    pub message: String,
    /// The way out, apart from adoption: without an operation of ours.
    pub help: String,
    /// Whether whoever adopts the thing's effect takes this over, too.
    pub adoptable: bool,
    /// Whether the system itself refuses what is wanted while this is there.
    pub refuses: bool,
}

/// What one run sees of an outside system: its lists, each read when something of it is
/// first asked for, and gone with this. For planning: however many targets ask, a list is
/// read once, and each of them sees the same.
///
/// A list that couldn't be read fails for all who waited for it, and is read anew for
/// whoever asks later.
#[async_trait]
pub trait Snapshot: Send + std::marker::Sync + fmt::Debug {
    /// As [`Provider::observe`], as of this run's lists.
    ///
    /// # Errors
    /// When a list can't be read.
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError>;

    /// What stands in other places and takes away from `wanted`. Nothing, where an adapter
    /// knows of no such thing.
    ///
    /// # Errors
    /// When a list can't be read.
    async fn beside(&self, _wanted: &Resource) -> Result<Vec<Beside>, ProviderError> {
        Ok(Vec::new())
    }
}

/// What the engine does with an outside system. One implementation serves all kinds of
/// effect of its system, and all runs: it keeps clients and credentials, and nothing that
/// was read. What a run reads is kept by the run's own [`Snapshot`].
#[async_trait]
pub trait Provider: Send + std::marker::Sync + fmt::Debug {
    /// Opens what one run is to see of the system. Asks nobody yet.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Reads what is there now in the place that `wanted` names (its identity: creation
    /// token, record name and set-identifier, application name, branch and path). The
    /// state has the same fields as `wanted` would have, so that equality means "as
    /// wanted". Tokens in `wanted` are compared by nobody here.
    ///
    /// # Errors
    /// When the system can't be read.
    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError>;

    /// Reads, freshly, what would be taken over as `wanted`: its state, and whose it is by
    /// its marks. `None`: there is no such thing.
    ///
    /// # Errors
    /// [`ProviderErrorKind::Refused`] when a thing of that kind can't be adopted, or this one
    /// can't become what is wanted; when the system can't be read.
    async fn observe_foreign(
        &self,
        wanted: &Resource,
        _adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        self.observe(wanted).await
    }

    /// Leads from `step.before` to `step.after`, and waits until that has taken hold.
    /// Idempotent: where the after-state stands already, made by the same installation
    /// (same owner apart from the deployment), it is done. A create that finds something
    /// else is [`ProviderErrorKind::Foreign`]; an update or a removal that doesn't find
    /// `before` is [`ProviderErrorKind::Moved`] and names the fields. When `step.undo`, a thing
    /// whose owner is another deployment's is left and reported as `Moved`, and one that
    /// isn't there needs no removal. With `step.adopt`, a thing that isn't ours is let
    /// through while it is as `before` says; taken again, it is done.
    ///
    /// # Errors
    /// As above; [`ProviderErrorKind::Unavailable`] after the adapter's own retries.
    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError>;

    /// Takes a step back: deletes what it created, restores what it changed.
    ///
    /// # Errors
    /// As [`Provider::ensure`].
    async fn undo(&self, step: &Step) -> Result<(), ProviderError> {
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
pub trait Applications: Send + std::marker::Sync + fmt::Debug {
    /// All applications of this installation, by name.
    ///
    /// # Errors
    /// When Argo CD can't be read.
    async fn states(&self) -> Result<Vec<ApplicationState>, ProviderError>;
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

/// Waits for Argo CD beyond what an effect says.
#[async_trait]
pub trait Syncing: Send + std::marker::Sync + fmt::Debug {
    /// Waits until the application is Synced at a revision in which the folder has the
    /// tree, whatever its health.
    ///
    /// # Errors
    /// When it can't be read, reports an error of its own, or makes no progress.
    async fn synced(&self, sync: &Sync) -> Result<(), ProviderError>;

    /// Takes the protection (`Delete=false,Prune=false`) off the live objects of an
    /// application whose manifests can't be made to sync, so that deleting the application
    /// takes them along: automated sync is taken off first and stays off, an operation in
    /// flight is ended, then each object that its tracking id says is this application's
    /// is patched, or deleted where a patch is refused. `sync.tree` isn't looked at. Done
    /// when no live object is protected any more, or there is no such application; may be
    /// begun anew after any of its calls.
    ///
    /// # Errors
    /// [`ProviderErrorKind::Refused`] when a right is missing; [`ProviderErrorKind::Unhealthy`] when
    /// the application isn't ours, Argo CD doesn't know its objects, or something puts the
    /// protection back.
    async fn strip_protection(&self, sync: &Sync) -> Result<(), ProviderError>;
}

/// A target as it stands on its customer's branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveTarget {
    /// Which target.
    pub target: TargetId,
    /// The region in its folder's path; none for a shared target.
    pub region: Option<RegionName>,
    /// The text of its `deployment.lock.json`, or of `project.json` for a shared target.
    pub lock: String,
    /// The text of its `hold.json`, while it is held.
    pub hold: Option<String>,
}

/// The commit that changed a folder last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// Its id.
    pub commit: String,
    /// Its author's name.
    pub author: String,
    /// The first line of its message.
    pub summary: String,
    /// The deployment that made it, as its trailer says; none when someone made it by
    /// hand.
    pub deployment: Option<DeploymentId>,
}

/// The generated branches as a whole.
pub trait Generated: Send + std::marker::Sync + fmt::Debug {
    /// Opens what one run is to see of them. Asks nobody yet.
    fn branches(&self) -> Arc<dyn BranchSnapshot>;
}

/// The generated branches as one run sees them: all at the heads that the remote had when
/// this was first asked for anything, whatever is pushed or fetched since.
#[async_trait]
pub trait BranchSnapshot: Snapshot {
    /// Every target that has a folder (or, shared, a `project.json`) on a customer's
    /// branch, sorted.
    ///
    /// # Errors
    /// When the remote can't be read.
    async fn live(&self) -> Result<Vec<LiveTarget>, ProviderError>;

    /// The commit that changed a folder last; `None` when nothing ever stood there. `path`
    /// as in a folder's state.
    ///
    /// # Errors
    /// When the remote can't be read, or the branch's history can't be walked.
    async fn last_change(
        &self,
        branch: &str,
        path: &str,
    ) -> Result<Option<LastChange>, ProviderError>;
}

/// Secrets that a person gives.
#[async_trait]
pub trait ProvidedSecrets: Send + std::marker::Sync + fmt::Debug {
    /// Opens what one run is to see of all entries, given or drawn. Asks nobody yet.
    fn entries(&self) -> Arc<dyn SecretSnapshot>;

    /// Makes or replaces an entry with that one key. The value goes nowhere else.
    ///
    /// # Errors
    /// When Secrets Manager refuses or can't be reached.
    async fn set(
        &self,
        region: &RegionName,
        name: &str,
        key: &str,
        value: &str,
        owner: &ProvidedOwner,
    ) -> Result<(), ProviderError>;

    /// One entry as it is at this moment, by its full name; `None` where there is none, or it
    /// waits for its deletion. AWS's lists may lack what changed in the last five minutes.
    ///
    /// # Errors
    /// When Secrets Manager can't be read.
    async fn now(
        &self,
        region: &RegionName,
        name: &str,
    ) -> Result<Option<SecretEntry>, ProviderError>;
}

/// The entries of Secrets Manager as one run sees them.
#[async_trait]
pub trait SecretSnapshot: Snapshot {
    /// The entries of the region whose names begin with `prefix`, sorted.
    ///
    /// # Errors
    /// When Secrets Manager can't be read.
    async fn list(
        &self,
        region: &RegionName,
        prefix: &str,
    ) -> Result<Vec<SecretEntry>, ProviderError>;
}

/// An entry of Secrets Manager, without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretEntry {
    /// Its full name.
    pub name: String,
    /// Whether a person gave it; otherwise it was drawn.
    pub is_given: bool,
    /// Which version is the current one, where there is one.
    pub version: Option<SecretVersion>,
    /// When it was last changed.
    pub changed: Option<jiff::Timestamp>,
}

/// For whom a secret was given: its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvidedOwner {
    /// Whose deployment repo.
    pub installation: InstallationId,
    /// Which target.
    pub target: TargetId,
}
