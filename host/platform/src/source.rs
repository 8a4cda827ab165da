//! Where a deployment repo is read from: a checkout, or a commit in a bare mirror.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use deploycenter_domain::desired::GitSettings;
use deploycenter_git::{Credentials, DeploymentRepo, MirrorRepo, Signer};
use deploycenter_plugin_runtime::{MAX_SIZE, read_below};
use deploycenter_ports::{ProviderError, Repository};

use crate::environment::STATE;
use crate::error::PlatformError;

/// A deployment repo.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Someone's working tree.
    Checkout {
        repo: DeploymentRepo,
        /// As whoever asked named it.
        root: PathBuf,
    },
    /// A commit, without a working tree.
    Mirror {
        repo: MirrorRepo,
        /// The folder of what isn't committed.
        state: PathBuf,
    },
}

impl Source {
    /// The desired state, and how it stood.
    pub(crate) fn repository(&self) -> Arc<dyn Repository> {
        match self {
            Self::Checkout { repo, .. } => Arc::new(repo.clone()),
            Self::Mirror { repo, .. } => Arc::new(repo.clone()),
        }
    }

    /// The same, with main where the settings say.
    pub(crate) fn following(self, git: &GitSettings) -> Self {
        let main = git.main.as_deref();
        match self {
            Self::Checkout { repo, root } => Self::Checkout {
                repo: repo.following(&git.remote, main),
                root,
            },
            Self::Mirror { repo, state } => Self::Mirror {
                repo: repo.following(main),
                state,
            },
        }
    }

    /// The bytes of a plugin's file, by its path in the repo.
    pub(crate) fn plugin_file(&self, path: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Checkout { root, .. } => read_below(root, path),
            Self::Mirror { repo, .. } => repo.file(path, MAX_SIZE),
        }
    }

    /// The URL of a remote, without a login.
    pub(crate) fn remote_url(&self, name: &str) -> Option<String> {
        match self {
            Self::Checkout { repo, .. } => repo.remote_url(name),
            Self::Mirror { repo, .. } => repo.remote_url(name),
        }
    }

    /// How it logs in to its remotes.
    pub(crate) fn credentials(&self) -> &Credentials {
        match self {
            Self::Checkout { repo, .. } => repo.credentials(),
            Self::Mirror { repo, .. } => repo.credentials(),
        }
    }

    /// What signs commits, as git is configured there.
    pub(crate) fn signer(&self) -> Result<Signer, ProviderError> {
        match self {
            Self::Checkout { repo, .. } => repo.signer(),
            Self::Mirror { repo, .. } => repo.signer(),
        }
    }

    /// Who works there, as git is configured; in a mirror nobody does.
    pub(crate) fn identity(&self) -> Option<String> {
        match self {
            Self::Checkout { repo, .. } => repo.identity(),
            Self::Mirror { .. } => None,
        }
    }

    /// The folder of what isn't committed, this user's alone. A journal that came with the
    /// repo would be the word of whoever committed it.
    pub(crate) fn state(&self) -> Result<PathBuf, PlatformError> {
        let folder = match self {
            Self::Checkout { repo, root } => {
                if let Some(path) = repo.tracked_below(STATE) {
                    return Err(PlatformError::TrackedState {
                        path,
                        folder: STATE,
                    });
                }
                root.join(STATE)
            }
            Self::Mirror { state, .. } => state.clone(),
        };
        match deploycenter_private::own_folder(&folder) {
            Ok(()) => Ok(folder),
            Err(error) => Err(PlatformError::StateFolder { folder, error }),
        }
    }
}
