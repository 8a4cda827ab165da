//! The deployment repo: desired state as it stands and as it stood.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deploycenter_domain::remedy::Advice;

/// The files of the desired state, by path relative to the repo.
pub type DesiredFiles = BTreeMap<String, Vec<u8>>;

/// Where the working tree, or the commit that is worked on, stands against the remote's main.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MainState {
    /// The commit that is worked on; `None` in a repo without commits.
    pub head: Option<String>,
    /// Files of the desired state that differ from `head`, sorted.
    pub dirty: Vec<String>,
    /// Whether `head` is on the remote's main.
    pub pushed: bool,
    /// The branch of the remote that counts as main: `main`.
    pub main: String,
}

/// Why the deployment repo can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RepositoryError {
    /// What happened, for a person.
    pub message: String,
    /// What to do about it.
    pub help: Option<Advice>,
}

/// The deployment repo.
#[async_trait]
pub trait Repository: Send + Sync + std::fmt::Debug {
    /// The files of the desired state in the working tree, or in the commit where there is
    /// none: `deploycenter.toml`,
    /// `customers.yaml`, `regions.yaml`, `plugins.lock`, and whatever lies in
    /// `customers.d/`, `environments/` and `overrides/`: what doesn't belong there is for
    /// the reader to refuse.
    ///
    /// # Errors
    /// When they can't be read.
    async fn desired_files(&self) -> Result<DesiredFiles, RepositoryError>;

    /// The files under `folder` as they stood in a commit of main.
    ///
    /// # Errors
    /// When history doesn't hold the commit: in a shallow clone, say.
    async fn files_at(&self, commit: &str, folder: &str) -> Result<DesiredFiles, RepositoryError>;

    /// The last commit up to `head` that changed `folder`; `None` when it never existed.
    ///
    /// # Errors
    /// When history can't be walked.
    async fn last_change(&self, folder: &str) -> Result<Option<String>, RepositoryError>;

    /// The commit that is worked on: the checked-out one, say. `None` in a repo without
    /// commits. Asks nobody.
    async fn head(&self) -> Option<String>;

    /// Where that stands. Asks the remote, unless whoever keeps a mirror does.
    ///
    /// # Errors
    /// When the repo or its remote can't be read.
    async fn main_state(&self) -> Result<MainState, RepositoryError>;

    /// Whether `older` is `newer` or an ancestor of it.
    ///
    /// # Errors
    /// When history doesn't hold one of them.
    async fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, RepositoryError>;
}
