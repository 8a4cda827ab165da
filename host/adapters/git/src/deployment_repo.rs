//! The operator's checkout of the deployment repo, and its history.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use deploycenter_domain::address::{Origin, without_login};
use deploycenter_ports::{DesiredFiles, MainState, ProviderError, Repository, RepositoryError};
use git2::{ErrorCode, FetchPrune, Oid, StatusOptions};

use crate::checkout;
use crate::commit_files::collect;
use crate::config::{Credentials, shown};
use crate::failure;
use crate::history::{self, HistoryError};
use crate::remote;
use crate::signing::Signer;
use crate::tree;
use crate::working_tree::{is_desired, problem, unreadable};

/// A checkout of the deployment repo.
#[derive(Debug, Clone)]
pub struct DeploymentRepo {
    git_dir: PathBuf,
    root: PathBuf,
    /// The remote that holds main.
    remote: String,
    /// Its branch of the desired state; its default branch when nothing is said.
    main: Option<String>,
    credentials: Credentials,
}

impl DeploymentRepo {
    /// Opens the checkout that `path` is, or lies in. Logs in nowhere, unless told how
    /// [by whoever knows](Self::logging_in). Main is the default branch of `origin`, unless
    /// [another is named](Self::following).
    ///
    /// # Errors
    /// When it isn't in a checkout.
    pub fn open(path: &Path) -> Result<Self, RepositoryError> {
        let place = checkout::find(path)?;
        Ok(Self {
            root: place.root,
            git_dir: place.git_dir,
            remote: "origin".to_owned(),
            main: None,
            credentials: Credentials::default(),
        })
    }

    /// Makes a git repository of a folder, with the branch `main`, unless it lies in one.
    ///
    /// # Errors
    /// When git refuses.
    pub fn init(path: &Path) -> Result<(), RepositoryError> {
        if git2::Repository::discover(path).is_ok() {
            return Ok(());
        }
        let mut options = git2::RepositoryInitOptions::new();
        options.initial_head("main");
        git2::Repository::init_opts(path, &options)
            .map(|_| ())
            .map_err(|error| {
                problem(format!(
                    "{} can't be made a git repository: {}",
                    path.display(),
                    error.message()
                ))
            })
    }

    /// The same checkout, logging in to its remotes so, and by what their URLs hold.
    #[must_use]
    pub fn logging_in(mut self, credentials: Credentials) -> Self {
        self.credentials = checkout::with_logins(&self.git_dir, credentials);
        self
    }

    /// Where its remotes are that are reached by HTTP or HTTPS, as git is configured.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<Origin> {
        checkout::origins(&self.git_dir)
    }

    /// A path at or below `folder` that git tracks, if there is one.
    #[must_use]
    pub fn tracked_below(&self, folder: &str) -> Option<String> {
        checkout::tracked_below(&self.git_dir, folder)
    }

    /// The same checkout, with main on this remote, and of this name; the remote's default
    /// branch without one.
    #[must_use]
    pub fn following(mut self, remote: &str, main: Option<&str>) -> Self {
        remote.clone_into(&mut self.remote);
        self.main = main.map(str::to_owned);
        self
    }

    /// The name of the remote's branch that holds the desired state.
    #[must_use]
    pub fn main_branch(&self) -> String {
        match self.open_git() {
            Ok(repo) => self.main_in(&repo),
            Err(_) => self.main.clone().unwrap_or_else(|| MAIN.to_owned()),
        }
    }

    fn main_in(&self, repo: &git2::Repository) -> String {
        let named = self.main.clone();
        named
            .or_else(|| default_branch(repo, &self.remote))
            .unwrap_or_else(|| MAIN.to_owned())
    }

    /// Whether its history was cut off by the clone.
    pub(crate) fn is_shallow(&self) -> Result<bool, RepositoryError> {
        let repo = self.open_git().map_err(|error| unreadable(&error))?;
        Ok(repo.is_shallow())
    }

    /// The repository behind it.
    pub(crate) fn open_git(&self) -> Result<git2::Repository, git2::Error> {
        git2::Repository::open(&self.git_dir)
    }

    /// How it logs in.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// What signs commits, as git is configured here.
    ///
    /// # Errors
    /// When git's configuration names none, or what it names isn't there.
    pub fn signer(&self) -> Result<Signer, ProviderError> {
        let config = self.open_git().and_then(|repo| repo.config());
        Signer::of(&config.map_err(|error| failure::of_cache(&error))?)
    }

    /// The root of the checkout.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Who works here, as git is configured: `Name <mail>`.
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        let repo = git2::Repository::open(&self.git_dir).ok()?;
        let who = repo.signature().ok()?;
        Some(format!("{} <{}>", who.name().ok()?, who.email().ok()?))
    }

    /// The URL of a remote, as git has it, without a login: `origin`.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        checkout::remote_url(&self.git_dir, name).map(|url| without_login(&url))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&git2::Repository, &Self) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let this = self.clone();
        blocking(move || work(&this.open_git().map_err(|error| unreadable(&error))?, &this)).await
    }
}

/// Reads a deployment repo where reading may block.
pub(crate) async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, RepositoryError> + Send + 'static,
) -> Result<T, RepositoryError> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| problem("reading the deployment repo was cut off"))?
}

/// What main is called where nothing says so.
pub(crate) const MAIN: &str = "main";

/// The branch that a clone of the remote begins with, as far as the checkout knows it.
fn default_branch(repo: &git2::Repository, remote: &str) -> Option<String> {
    let branches = format!("refs/remotes/{remote}/");
    let head = repo.find_reference(&format!("{branches}HEAD")).ok()?;
    let name = head.symbolic_target().ok()??;
    name.strip_prefix(&branches).map(str::to_owned)
}

/// Where main lives.
struct Upstream {
    remote: String,
    url: String,
    branch: String,
}

impl Upstream {
    /// Main of the remote, whatever branch is checked out; none when that remote isn't
    /// there.
    fn of(repo: &git2::Repository, checkout: &DeploymentRepo) -> Option<Self> {
        let remote = checkout.remote.clone();
        let url = without_login(repo.find_remote(&remote).ok()?.url().ok()?);
        Some(Self {
            branch: checkout.main_in(repo),
            remote,
            url,
        })
    }

    fn tracking(&self) -> String {
        format!("refs/remotes/{}/{}", self.remote, self.branch)
    }

    fn fetch(
        &self,
        repo: &git2::Repository,
        credentials: &Credentials,
    ) -> Result<(), RepositoryError> {
        let spec = format!("+refs/heads/{}:{}", self.branch, self.tracking());
        match remote::fetch(
            repo,
            &self.url,
            credentials,
            &[&spec],
            FetchPrune::Unspecified,
        ) {
            Ok(()) => Ok(()),
            // A remote that doesn't have the branch yet.
            Err(error)
                if error.code() == ErrorCode::NotFound
                    && error.class() == git2::ErrorClass::Reference =>
            {
                Ok(())
            }
            Err(error) => {
                let failure = failure::of_remote(&error, &self.url, credentials);
                Err(RepositoryError {
                    message: format!(
                        "branch {} of {} can't be read: {}",
                        self.branch,
                        shown(&self.url),
                        failure.message
                    ),
                    help: failure.help,
                })
            }
        }
    }
}

pub(crate) fn no_history(error: HistoryError) -> RepositoryError {
    match error {
        HistoryError::Shallow => RepositoryError {
            message: "this clone is shallow, and its history ends before what is needed".to_owned(),
            help: Some("fetch all of it: `git fetch --unshallow`; in GitHub Actions: actions/checkout with `fetch-depth: 0`".into()),
        },
        HistoryError::Missing(commit) => RepositoryError {
            message: format!("commit {commit} isn't in the history of this checkout"),
            help: Some("`git fetch`; if main was rewritten, that commit may be gone for good".into()),
        },
        HistoryError::Git(error) => unreadable(&error),
    }
}

fn head_commit(repo: &git2::Repository) -> Result<Option<git2::Commit<'_>>, RepositoryError> {
    match repo.head() {
        Ok(head) => head
            .peel_to_commit()
            .map(Some)
            .map_err(|error| unreadable(&error)),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
            Ok(None)
        }
        Err(error) => Err(unreadable(&error)),
    }
}

/// Tracked files that differ from the commit, and untracked ones that would be read.
fn dirty(repo: &git2::Repository) -> Result<Vec<String>, RepositoryError> {
    let mut options = StatusOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .include_ignored(false)
        .exclude_submodules(true);
    let statuses = repo
        .statuses(Some(&mut options))
        .map_err(|error| unreadable(&error))?;
    let mut paths: Vec<String> = statuses
        .iter()
        .filter_map(|entry| {
            let path = String::from_utf8_lossy(entry.path_bytes()).into_owned();
            let untracked = entry.status() == git2::Status::WT_NEW;
            (!untracked || is_desired(&path)).then_some(path)
        })
        .collect();
    paths.sort();
    paths.dedup();
    Ok(paths)
}

pub(crate) fn files_at(
    repo: &git2::Repository,
    commit: &str,
    folder: &str,
) -> Result<DesiredFiles, RepositoryError> {
    let folder = folder.trim_matches('/');
    let root = history::commit(repo, commit)
        .map_err(no_history)?
        .tree()
        .map_err(|error| unreadable(&error))?;
    let mut files = DesiredFiles::new();
    let Some(id) = tree::at(&root, folder).map_err(|error| unreadable(&error))? else {
        return Ok(files);
    };
    if repo.find_tree(id).is_ok() {
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        collect(repo, id, &prefix, &mut files)?;
    }
    Ok(files)
}

pub(crate) fn is_ancestor(
    repo: &git2::Repository,
    older: &str,
    newer: &str,
) -> Result<bool, RepositoryError> {
    let older = history::commit(repo, older).map_err(no_history)?.id();
    let newer = history::commit(repo, newer).map_err(no_history)?.id();
    let yes = descends(repo, newer, older)?;
    // A shallow clone may lack the very commits that would link them.
    if !yes && repo.is_shallow() {
        Err(no_history(HistoryError::Shallow))
    } else {
        Ok(yes)
    }
}

pub(crate) fn descends(
    repo: &git2::Repository,
    newer: Oid,
    older: Oid,
) -> Result<bool, RepositoryError> {
    Ok(newer == older
        || repo
            .graph_descendant_of(newer, older)
            .map_err(|error| unreadable(&error))?)
}

#[async_trait]
impl Repository for DeploymentRepo {
    async fn desired_files(&self) -> Result<DesiredFiles, RepositoryError> {
        let this = self.clone();
        blocking(move || checkout::desired_files(&this.git_dir, &this.root)).await
    }

    async fn files_at(&self, commit: &str, folder: &str) -> Result<DesiredFiles, RepositoryError> {
        let (commit, folder) = (commit.to_owned(), folder.to_owned());
        self.blocking(move |repo, _| files_at(repo, &commit, &folder))
            .await
    }

    async fn last_change(&self, folder: &str) -> Result<Option<String>, RepositoryError> {
        let folder = folder.trim_matches('/').to_owned();
        self.blocking(move |repo, _| {
            let Some(head) = head_commit(repo)? else {
                return Ok(None);
            };
            let found = history::last_change(repo, head, &folder).map_err(no_history)?;
            Ok(found.map(|commit| commit.id().to_string()))
        })
        .await
    }

    async fn head(&self) -> Option<String> {
        let read = self.blocking(|repo, _| {
            let head = head_commit(repo)?;
            Ok(head.map(|commit| commit.id().to_string()))
        });
        read.await.ok().flatten()
    }

    async fn main_state(&self) -> Result<MainState, RepositoryError> {
        self.blocking(|repo, this| {
            let upstream = Upstream::of(repo, this);
            if let Some(upstream) = &upstream {
                upstream.fetch(repo, &this.credentials)?;
            }
            let head = head_commit(repo)?.map(|commit| commit.id());
            let main = upstream.and_then(|it| repo.refname_to_id(&it.tracking()).ok());
            let pushed = match (head, main) {
                (Some(head), Some(main)) => descends(repo, main, head)?,
                _ => false,
            };
            Ok(MainState {
                head: head.map(|id| id.to_string()),
                dirty: dirty(repo)?,
                pushed,
                main: this.main_in(repo),
            })
        })
        .await
    }

    async fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, RepositoryError> {
        let (older, newer) = (older.to_owned(), newer.to_owned());
        self.blocking(move |repo, _| is_ancestor(repo, &older, &newer))
            .await
    }
}
