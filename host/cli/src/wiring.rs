//! From a deployment repo and the environment to an engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use deploycenter_argocd::{ArgoCd, ArgoCdConfig, Patience};
use deploycenter_aws::{Aws, Places};
use deploycenter_domain::desired::{self, Authority, Desired, LockedPlugin, Reading, Settings};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::{Engine, Limits, Offline, Providers};
use deploycenter_git::{DeploymentRepo, Git, GitConfig};
use deploycenter_plugin_runtime::{
    Compiler, Library, LoadError, Runtime, RuntimeConfig, read_below,
};
use deploycenter_ports::{Clock, EventSink, Repository as _, Unwatched};
use deploycenter_store::{SqliteStore, StoreOptions};

use crate::args::COMPILE_PLUGIN;
use crate::checked::Checked;
use crate::fail::Fail;
use crate::local::{self, SystemClock, Ulids};
use crate::trust::Trust;

/// Where a deployment repo keeps what isn't committed: journal, caches.
const STATE: &str = ".deploycenter";

/// A deployment repo, and everything that works on it.
pub(crate) struct Platform {
    pub(crate) engine: Engine,
    pub(crate) repo: Arc<DeploymentRepo>,
    pub(crate) desired: Arc<Desired>,
}

impl Platform {
    /// In whose name deployments are made.
    pub(crate) fn actor(&self) -> String {
        local::actor(self.repo.identity())
    }
}

/// Finds the deployment repo: as said, or around the current folder.
pub(crate) fn find_repo(args: Option<&Path>) -> Result<PathBuf, Fail> {
    let start = match args {
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
        Some(folder) if args.is_none() || folder == start => Ok(folder.to_path_buf()),
        _ => Err(Fail::new(
            "repository",
            format!("{} holds no {}", start.display(), desired::file::SETTINGS),
        )
        .help("run it in a deployment repo, or name one with -C or DEPLOYCENTER_REPO")),
    }
}

/// What manifests name as long as nothing says by which address Argo CD reads them.
const UNSET_REPOSITORY: &str = "https://unset.invalid/argocd.repository.git";

/// Reads the working tree alone, past whatever is wrong with it; what is wrong with the
/// plugins' files is among the problems.
pub(crate) async fn offline(args: Option<&Path>) -> Result<(Offline, Reading), Fail> {
    let root = find_repo(args)?;
    let repo = Arc::new(DeploymentRepo::open(&root)?);
    let mut reading = desired::read_all(&repo.desired_files().await?);
    let desired = &reading.desired;
    let (library, mut wrong) = library(runtime()?, &root, desired);
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
        repository: repo,
    };
    let wrong = wrong.into_iter().map(|(_, problem)| problem);
    reading.problems.extend(wrong);
    Ok((offline, reading))
}

/// What was found sound before in the deployment repo that [`offline`] reads.
pub(crate) fn checked(args: Option<&Path>) -> Result<Arc<Checked>, Fail> {
    let root = find_repo(args)?;
    let checked = Checked::open(cache_dir("checked").as_deref(), &root);
    Ok(Arc::new(checked))
}

/// Opens the deployment repo. Asks no outside system yet.
pub(crate) async fn open(
    args: Option<&Path>,
    limits: Limits,
    progress: Arc<dyn EventSink>,
) -> Result<Platform, Fail> {
    let root = find_repo(args)?;
    let (repo, trust) = checkout(&root)?;
    let desired = Arc::new(desired::read(&repo.desired_files().await?)?);
    let settings = &desired.settings;
    let repo = Arc::new(repo.following(&settings.git.remote, settings.git.main.as_deref()));
    let limits = Limits {
        outage: Duration::from_secs(settings.timeouts.outage_seconds),
        ..limits
    };
    if settings.authority != Authority::Database {
        return Err(
            Fail::new("authority", "only authority = \"database\" is there yet")
                .help("set it in deploycenter.toml"),
        );
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let calls = Arc::new(Unwatched);
    let state = state(&repo, &root)?;
    let access = trust.argocd(&settings.argocd.server)?;
    let remote_url = remote_url(&repo, &desired)?;
    let (library, wrong) = library(runtime()?, &root, &desired);
    if !wrong.is_empty() {
        let wrong = wrong.into_iter().map(|(_, problem)| problem).collect();
        return Err(Fail::problems("plugin", "plugins can't be used", wrong));
    }
    let git = Git::open(
        &GitConfig {
            cache_dir: state.join("git"),
            remote_url,
            credentials: repo.credentials().clone(),
            signer: settings.git.signing.then(|| repo.signer()),
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
    let database = database(&root);
    let options = StoreOptions {
        durable: true,
        owner: local::owner(),
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
        repository: repo.clone(),
        desired: Some(Arc::clone(&desired)),
        clock,
        ids: Arc::new(Ulids),
        progress,
        limits,
    };
    Ok(Platform {
        engine,
        repo,
        desired,
    })
}

/// The checkout, where its remotes' logins and the other tokens may go.
pub(crate) fn checkout(root: &Path) -> Result<(DeploymentRepo, Trust), Fail> {
    let repo = DeploymentRepo::open(root)?;
    let trust = Trust::read(repo.root())?;
    let credentials = trust.git(&repo)?;
    Ok((repo.logging_in(credentials), trust))
}

/// The folder of what isn't committed. A journal that came with the repo would be the word
/// of whoever committed it.
fn state(repo: &DeploymentRepo, root: &Path) -> Result<PathBuf, Fail> {
    if let Some(path) = repo.tracked_below(STATE) {
        return Err(Fail::new(
            "repository",
            format!("{path} is in git, and what is in {STATE} is this machine's alone"),
        )
        .help(format!(
            "git rm -r --cached {STATE}, and look at who committed it"
        )));
    }
    let state = root.join(STATE);
    deploycenter_private::own_folder(&state).map_err(|error| {
        Fail::new(
            "failed",
            format!("{} can't be used: {error}", state.display()),
        )
    })?;
    Ok(state)
}

/// Where the journal is.
pub(crate) fn database(root: &Path) -> PathBuf {
    env("DEPLOYCENTER_DATABASE").map_or_else(|| root.join(STATE).join("journal.db"), PathBuf::from)
}

/// An environment variable that says something.
pub(crate) fn env(name: &str) -> Option<String> {
    std::env::var(name)
        .ok()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// The address that manifests name.
fn repository_url(settings: &Settings) -> String {
    settings.repository().unwrap_or(UNSET_REPOSITORY).to_owned()
}

/// Opens the deployment repo for whoever may commit: what signs commits, where they are to be signed, has to
/// be there before anything moves.
pub(crate) async fn open_to_commit(
    args: Option<&Path>,
    limits: Limits,
    progress: Arc<dyn EventSink>,
) -> Result<Platform, Fail> {
    let place = open(args, limits, progress).await?;
    if place.desired.settings.git.signing {
        place.repo.signer()?;
    }
    Ok(place)
}

/// Opens the deployment repo for a command that plans what is deployed.
pub(crate) async fn open_to_plan(
    args: Option<&Path>,
    limits: Limits,
    progress: Arc<dyn EventSink>,
) -> Result<Platform, Fail> {
    let place = open_to_commit(args, limits, progress).await?;
    if place.desired.settings.repository().is_some() {
        return Ok(place);
    }
    let (message, help) = unset_repository(&place.repo, &place.desired.settings);
    Err(Fail::new("repository-unset", message).help(help))
}

/// That nothing says by which address Argo CD reads the generated branches, and what to
/// set.
pub(crate) fn unset_repository(repo: &DeploymentRepo, settings: &Settings) -> (String, String) {
    let address = repo
        .remote_url(&settings.git.remote)
        .unwrap_or_else(|| "https://git.example.com/ops/deploy.git".to_owned());
    (
        "argocd.repository isn't set in deploycenter.toml: it is the address by which Argo CD reads the generated branches, and part of every manifest".to_owned(),
        format!("set it below [argocd], to the address that Argo CD has a login for, such as: repository = \"{address}\""),
    )
}

/// Where the generated branches are pushed.
fn remote_url(repo: &DeploymentRepo, desired: &Desired) -> Result<String, Fail> {
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

/// This very program, as the process that compiles foreign plugins. Where it can be named
/// so, it is the one that runs, even when its file was replaced meanwhile.
fn compiler() -> Option<Compiler> {
    let own = PathBuf::from("/proc/self/exe");
    let program = match own.exists() {
        true => own,
        false => std::env::current_exe().ok()?,
    };
    Some(Compiler {
        program,
        arguments: vec![COMPILE_PLUGIN.into()],
    })
}

fn runtime() -> Result<Runtime, Fail> {
    Runtime::new(RuntimeConfig {
        cache_dir: cache_dir("compiled"),
        compiler: compiler(),
        ..RuntimeConfig::default()
    })
    .map_err(|error| Fail::new("plugin", error.to_string()))
}

/// The plugins that `plugins.lock` names, each held against its digest, and what is wrong
/// with those that can't be used.
fn library(runtime: Runtime, root: &Path, desired: &Desired) -> (Library, Vec<(Digest, Problem)>) {
    let mut library = Library::new(runtime);
    let mut wrong = Vec::new();
    for plugin in &desired.plugins.plugins {
        let added = plugin_bytes(root, plugin).and_then(|bytes| {
            library
                .add(bytes, plugin)
                .map_err(|error| unusable(plugin, &error))
        });
        if let Err(problem) = added {
            wrong.push((plugin.digest.clone(), problem));
        }
    }
    (library, wrong)
}

/// The bytes of a plugin's file in the deployment repo.
pub(crate) fn plugin_bytes(root: &Path, plugin: &LockedPlugin) -> Result<Vec<u8>, Problem> {
    let LockedPlugin {
        app,
        version,
        source,
        ..
    } = plugin;
    read_below(root, source).map_err(|error| {
        Problem::new(format!(
            "the plugin {app} {version} can't be read from {source}: {error}"
        ))
        .in_file(desired::file::PLUGINS)
        .help("restore the file from git, or install the plugin again")
    })
}

/// What is wrong with a plugin's file.
pub(crate) fn unusable(plugin: &LockedPlugin, error: &LoadError) -> Problem {
    let source = &plugin.source;
    let message = match error {
        LoadError::OtherFile { found, locked } => {
            format!("{source} isn't the file that this names: it is {found}, not {locked}")
        }
        error => format!("{source}: {error}"),
    };
    Problem::new(message)
        .in_file(desired::file::PLUGINS)
        .help(error.help())
}

/// What is kept between commands is this user's, and beside no repo: it is never taken
/// from outside.
fn cache_dir(of: &str) -> Option<PathBuf> {
    let base = env("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(base.join("deploycenter").join(of))
}
