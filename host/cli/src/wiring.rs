//! From a deployment repo and the environment to an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use deploycenter_argocd::{ArgoCd, ArgoCdConfig};
use deploycenter_aws::{Aws, Places};
use deploycenter_domain::desired::{self, Authority, Desired};
use deploycenter_engine::{Adapters, Engine, Limits};
use deploycenter_git::{Credentials, DeploymentRepo, Git, GitConfig};
use deploycenter_plugin_runtime::{Library, Runtime, RuntimeConfig};
use deploycenter_ports::{Applications, Clock, Progress, Repository as _, Unwatched};
use deploycenter_store::{SqliteStore, StoreOptions};

use crate::fail::Fail;
use crate::local::{self, SystemClock, Ulids};

/// Where a deployment repo keeps what isn't committed: journal, caches.
const STATE: &str = ".deploycenter";

/// A deployment repo, and everything that works on it.
pub(crate) struct Workplace {
    pub(crate) engine: Engine,
    pub(crate) applications: Arc<dyn Applications>,
    pub(crate) repo: Arc<DeploymentRepo>,
    pub(crate) desired: Desired,
}

/// Finds the deployment repo: as said, or around the current folder.
pub(crate) fn find_repo(said: Option<&Path>) -> Result<PathBuf, Fail> {
    let start = match said {
        Some(path) => path.to_path_buf(),
        None => std::env::current_dir().map_err(|error| {
            Fail::new(
                "repository",
                format!("the current folder can't be read: {error}"),
            )
        })?,
    };
    let found = start
        .ancestors()
        .find(|folder| folder.join(desired::file::SETTINGS).is_file());
    match found {
        Some(folder) if said.is_none() || folder == start => Ok(folder.to_path_buf()),
        _ => Err(Fail::new(
            "repository",
            format!("{} holds no {}", start.display(), desired::file::SETTINGS),
        )
        .help("run it in a deployment repo, or name one with -C or DEPLOYCENTER_REPO")),
    }
}

/// Whether a command asks outside systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It does, so the repo needs a remote.
    Outside,
    /// It reads the working tree alone.
    WorkingTree,
}

/// What manifests name while the repo has no remote yet.
const NO_REMOTE: &str = "https://git.example.com/no-remote-yet.git";

/// Opens the deployment repo. Asks no outside system yet.
pub(crate) async fn open(
    said: Option<&Path>,
    reach: Reach,
    limits: Limits,
    progress: Arc<dyn Progress>,
) -> Result<Workplace, Fail> {
    let root = find_repo(said)?;
    let repo = Arc::new(DeploymentRepo::open(&root)?);
    let desired = desired::read(&repo.desired_files().await?)?;
    let settings = &desired.settings;
    if settings.authority != Authority::Database {
        return Err(
            Fail::new("authority", "only authority = \"database\" is there yet")
                .help("set it in deploycenter.toml"),
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let calls = Arc::new(Unwatched);
    let state = root.join(STATE);
    let generated_url = match (generated_url(&repo, &desired), reach) {
        (Err(_), Reach::WorkingTree) => NO_REMOTE.to_owned(),
        (url, _) => url?,
    };
    let git = Git::open(
        &GitConfig {
            cache_dir: state.join("git"),
            remote_url: generated_url.clone(),
            credentials: Credentials::from_env(),
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
    let argocd = ArgoCdConfig {
        progress_deadline: Duration::from_secs(settings.timeouts.progress_seconds),
        ..ArgoCdConfig::new(
            argocd_server(&settings.argocd.server)?,
            env("ARGOCD_AUTH_TOKEN").unwrap_or_default(),
            settings.installation.clone(),
        )
    };
    let argocd = Arc::new(ArgoCd::new(
        &argocd,
        git.clone(),
        Arc::clone(&clock),
        calls,
    )?);
    let database =
        env("DEPLOYCENTER_DATABASE").map_or_else(|| state.join("journal.db"), PathBuf::from);
    let options = StoreOptions {
        durable: true,
        owner: local::owner(),
    };
    let store = SqliteStore::open(&database, options, Arc::clone(&clock)).await?;
    let engine = Engine {
        installation: settings.installation.clone(),
        generated_url,
        adapters: Adapters {
            efs: Arc::new(aws.efs()),
            dns: Arc::new(aws.route53()),
            secrets: Arc::new(aws.secrets()),
            given: Arc::new(aws.given_secrets()),
            git: git.clone(),
            generated: git,
            argocd: argocd.clone(),
            syncing: argocd.clone(),
        },
        store: Arc::new(store),
        plugins: Arc::new(library(&root, &desired)?),
        repository: repo.clone(),
        clock,
        ids: Arc::new(Ulids),
        progress,
        limits,
    };
    Ok(Workplace {
        engine,
        applications: argocd,
        repo,
        desired,
    })
}

fn env(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The URL that both we and Argo CD know the generated branches by.
fn generated_url(repo: &DeploymentRepo, desired: &Desired) -> Result<String, Fail> {
    let git = &desired.settings.git;
    git.generated
        .clone()
        .or_else(|| repo.remote_url(&git.remote))
        .ok_or_else(|| {
            Fail::new(
                "repository",
                format!("the deployment repo has no remote \"{}\"", git.remote),
            )
            .help("add it with git remote add, or set git.remote in deploycenter.toml")
        })
}

/// `ARGOCD_SERVER` may be a host and port, as Argo CD's own tool takes it.
fn argocd_server(setting: &str) -> Result<url::Url, Fail> {
    let text = env("DEPLOYCENTER_ARGOCD_SERVER")
        .or_else(|| env("ARGOCD_SERVER"))
        .unwrap_or_else(|| setting.to_owned());
    let full = if text.contains("://") {
        text.clone()
    } else {
        format!("https://{text}")
    };
    full.parse().map_err(|error| {
        Fail::new(
            "argocd",
            format!("\"{text}\" is no address of an Argo CD: {error}"),
        )
    })
}

/// The plugins that `plugins.lock` names, each held against its digest.
fn library(root: &Path, desired: &Desired) -> Result<Library, Fail> {
    let runtime = Runtime::new(RuntimeConfig {
        cache_dir: cache_dir(),
        ..RuntimeConfig::default()
    })
    .map_err(|error| Fail::new("plugin", error.to_string()))?;
    let mut library = Library::new(runtime);
    for plugin in &desired.plugins.plugins {
        let path = root.join(&plugin.source);
        let bytes = std::fs::read(&path).map_err(|error| {
            Fail::new(
                "plugin",
                format!(
                    "the plugin {} {} can't be read from {}: {error}",
                    plugin.app, plugin.version, plugin.source
                ),
            )
        })?;
        let digest = library
            .add(bytes)
            .map_err(|error| Fail::new("plugin", format!("{}: {error}", plugin.source)))?;
        if digest != plugin.digest {
            return Err(Fail::new(
                "plugin",
                format!(
                    "{} isn't the file that plugins.lock names: it is {digest}, not {}",
                    plugin.source, plugin.digest
                ),
            )
            .help("restore the file from git, or install the plugin again"));
        }
    }
    Ok(library)
}

/// Compiled plugins are kept for this user, beside no repo: they are never taken from
/// outside.
fn cache_dir() -> Option<PathBuf> {
    let base = env("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(base.join("deploycenter").join("compiled"))
}
