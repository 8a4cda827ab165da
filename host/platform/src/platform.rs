//! From a deployment repo and what surrounds it to an engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deploycenter_argocd::{ArgoCd, ArgoCdConfig, Patience};
use deploycenter_aws::{Aws, Places};
use deploycenter_domain::desired::{self, Authority, Desired, Reading, Settings};
use deploycenter_engine::{Engine, Limits, Offline, Providers, Words};
use deploycenter_git::{DeploymentRepo, Git, GitConfig, MirrorRepo};
use deploycenter_ports::{
    Clock, EventSink, HEARTBEAT, ProviderError, ProviderErrorKind, Unwatched,
};
use deploycenter_store::{SqliteStore, StoreOptions};

use crate::environment::Environment;
use crate::error::PlatformError;
use crate::machine::{SystemClock, Ulids, machine, owner};
use crate::plugins::{library, runtime};
use crate::source::Source;
use crate::trust::Trust;

/// A deployment repo, and everything that works on it.
pub struct Platform {
    /// What plans and applies.
    pub engine: Engine,
    /// What the adapters were made for. The rest of the desired state is read by each run.
    settings: Settings,
    source: Source,
    user: String,
}

/// What manifests name as long as nothing says by which address Argo CD reads them.
const UNSET_REPOSITORY: &str = "https://unset.invalid/argocd.repository.git";

/// Reads the working tree at `root` alone, past whatever is wrong with it; what is wrong
/// with the plugins' files is among the problems.
///
/// # Errors
/// When the folder can't be read, or nothing runs plugins.
pub async fn offline(
    environment: &Environment,
    root: &Path,
) -> Result<(Offline, Reading), PlatformError> {
    let source = Source::Checkout {
        repo: DeploymentRepo::open(root)?,
        root: root.to_owned(),
    };
    let repository = source.repository();
    let mut reading = desired::read_all(&repository.desired_files().await?);
    let desired = &reading.desired;
    let (library, mut wrong) = library(runtime(environment)?, &source, desired);
    for (digest, problem) in &mut wrong {
        if let Some(place) = reading.plugins.get(digest) {
            problem.line = Some(place.line);
            problem.column = Some(place.column);
        }
    }
    let offline = Offline {
        installation: desired.settings.installation.clone(),
        generated_url: repository_url(&desired.settings),
        plugins: Arc::new(library),
        repository,
    };
    let wrong = wrong.into_iter().map(|(_, problem)| problem);
    reading.problems.extend(wrong);
    Ok((offline, reading))
}

impl Platform {
    /// Opens the checkout of the deployment repo at `root`. Asks no outside system yet.
    /// `progress` hears of deployments as they go; `words` is how whoever asks words ways
    /// out.
    ///
    /// # Errors
    /// When something that it needs is missing or wrong; nothing was changed then but caches.
    pub async fn of_checkout(
        environment: &Environment,
        root: &Path,
        limits: Limits,
        progress: Arc<dyn EventSink>,
        words: Words,
    ) -> Result<Self, PlatformError> {
        let (repo, trust) = checkout(environment, root)?;
        let root = root.to_owned();
        let source = Source::Checkout { repo, root };
        Self::of(environment, source, &trust, limits, progress, words).await
    }

    /// The same from a commit (a whole id) in a bare repository, whose other remotes are as
    /// it is configured. Whoever keeps the repository fetches. `state` is the folder of what
    /// isn't committed, for this user alone: the cache of the generated branches, and the
    /// journal where the environment names none.
    ///
    /// # Errors
    /// As [`of_checkout`](Self::of_checkout), and when the repository doesn't hold the
    /// commit.
    pub async fn of_mirror(
        environment: &Environment,
        mirror: &Path,
        commit: &str,
        state: &Path,
        limits: Limits,
        progress: Arc<dyn EventSink>,
        words: Words,
    ) -> Result<Self, PlatformError> {
        let repo = MirrorRepo::open(mirror, commit)?;
        let trust = Trust::read(environment, mirror)?;
        let credentials = trust.git(environment, repo.origins())?;
        let repo = repo.logging_in(credentials);
        let state = state.to_owned();
        let source = Source::Mirror { repo, state };
        Self::of(environment, source, &trust, limits, progress, words).await
    }

    async fn of(
        environment: &Environment,
        source: Source,
        trust: &Trust,
        limits: Limits,
        progress: Arc<dyn EventSink>,
        words: Words,
    ) -> Result<Self, PlatformError> {
        let files = source.repository().desired_files().await?;
        let desired = desired::read(&files)?;
        let settings = &desired.settings;
        let source = source.following(&settings.git);
        let limits = Limits {
            outage: Duration::from_secs(settings.timeouts.outage_seconds),
            ..limits
        };
        if settings.authority != Authority::Database {
            return Err(PlatformError::Authority);
        }
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let calls = Arc::new(Unwatched);
        let state = source.state()?;
        let access = trust.argocd(environment, &settings.argocd.server)?;
        let remote_url = remote_url(&source, &desired)?;
        let (library, wrong) = library(runtime(environment)?, &source, &desired);
        if !wrong.is_empty() {
            let wrong = wrong.into_iter().map(|(_, problem)| problem).collect();
            return Err(PlatformError::Plugins(wrong));
        }
        let git = Git::open(
            &GitConfig {
                cache_dir: state.join("git"),
                remote_url,
                credentials: source.credentials().clone(),
                signer: settings.git.signing.then(|| source.signer()),
            },
            Arc::clone(&clock),
            calls.clone(),
        )?;
        let aws = Aws::new(
            Places::of(&desired.regions),
            Arc::clone(&clock),
            calls.clone(),
        )
        .await;
        let timeouts = &settings.timeouts;
        let argocd = ArgoCdConfig {
            progress_deadline: Duration::from_secs(timeouts.progress_seconds),
            patience: Patience {
                comparison: Duration::from_secs(timeouts.comparison_seconds),
                degraded: Duration::from_secs(timeouts.degraded_seconds),
                database: Duration::from_secs(timeouts.database_seconds),
                pods: Duration::from_secs(timeouts.pods_seconds),
                operator: Duration::from_secs(timeouts.operator_seconds),
            },
            ..ArgoCdConfig::new(access.server, access.token, settings.installation.clone())
        };
        let argocd = Arc::new(ArgoCd::new(
            &argocd,
            git.clone(),
            Arc::clone(&clock),
            calls,
        )?);
        let database = environment.database_beside(&state);
        let options = StoreOptions {
            durable: true,
            owner: owner(&environment.user),
            machine: machine(),
            heartbeat: HEARTBEAT,
        };
        let store = SqliteStore::open(&database, options, Arc::clone(&clock)).await?;
        let engine = Engine {
            installation: settings.installation.clone(),
            generated_url: repository_url(settings),
            providers: Providers {
                efs: Arc::new(aws.efs()),
                dns: Arc::new(aws.route53()),
                secrets: Arc::new(aws.secrets()),
                provided: Arc::new(aws.provided_secrets()),
                git: git.clone(),
                generated: git,
                argocd: argocd.clone(),
                applications: argocd.clone(),
                syncing: argocd.clone(),
                inventory: vec![
                    Arc::new(aws.efs()),
                    Arc::new(aws.route53()),
                    Arc::new(aws.secrets()),
                    argocd,
                ],
            },
            store: Arc::new(store),
            plugins: Arc::new(library),
            repository: source.repository(),
            clock,
            ids: Arc::new(Ulids),
            progress,
            limits,
            words,
        };
        Ok(Self {
            engine,
            settings: settings.clone(),
            source,
            user: environment.user.clone(),
        })
    }

    /// The same, for whoever may commit: what signs commits, where they are to be signed,
    /// has to be there, and sign a text, before anything moves. That may take a minute.
    ///
    /// # Errors
    /// When it isn't there, or doesn't sign.
    pub async fn ready_to_commit(self) -> Result<Self, PlatformError> {
        if self.settings.git.signing {
            let signer = self.source.signer()?;
            tokio::task::spawn_blocking(move || signer.probe())
                .await
                .unwrap_or_else(|cut| {
                    let why = format!("commits can't be signed: {cut}");
                    Err(ProviderError::new(ProviderErrorKind::Refused, "git", why))
                })?;
        }
        Ok(self)
    }

    /// The same, for whoever plans what is deployed, and may commit it.
    ///
    /// # Errors
    /// When commits can't be signed as they have to be, or nothing says by which address
    /// Argo CD reads them.
    pub async fn ready_to_plan(self) -> Result<Self, PlatformError> {
        let this = self.ready_to_commit().await?;
        let settings = &this.settings;
        match settings.repository() {
            Some(_) => Ok(this),
            None => Err(PlatformError::RepositoryUnset {
                remote: this.source.remote_url(&settings.git.remote),
            }),
        }
    }

    /// In whose name deployments are made: git's own identity where someone has a
    /// checkout with one, else the user.
    #[must_use]
    pub fn actor(&self) -> String {
        self.source.identity().unwrap_or_else(|| self.user.clone())
    }
}

/// The checkout, and where its remotes' logins and the other tokens may go.
///
/// # Errors
/// When it is none, or where tokens go can't be known.
pub fn checkout(
    environment: &Environment,
    root: &Path,
) -> Result<(DeploymentRepo, Trust), PlatformError> {
    let repo = DeploymentRepo::open(root)?;
    let trust = Trust::read(environment, repo.root())?;
    let credentials = trust.git(environment, repo.origins())?;
    Ok((repo.logging_in(credentials), trust))
}

/// The address that manifests name.
fn repository_url(settings: &Settings) -> String {
    settings.repository().unwrap_or(UNSET_REPOSITORY).to_owned()
}

/// Where the generated branches are pushed.
fn remote_url(source: &Source, desired: &Desired) -> Result<String, PlatformError> {
    let git = &desired.settings.git;
    git.generated
        .clone()
        .or_else(|| source.remote_url(&git.remote))
        .ok_or_else(|| PlatformError::NoRemote {
            remote: git.remote.clone(),
        })
}
