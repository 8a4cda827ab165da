//! Why an engine can't be had, or a token goes nowhere.

use std::path::PathBuf;

use deploycenter_domain::address::Origin;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_engine::ErrorCode;
use deploycenter_plugin_runtime::LoadError;
use deploycenter_ports::{ProviderError, RepositoryError, StoreError};

use crate::environment::{ARGOCD_TOKEN, STATE};

/// Why a deployment repo can't be worked on.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The deployment repo can't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// Its files don't say what they have to.
    #[error(transparent)]
    Desired(#[from] Problems),
    /// Its locks are to be held where nothing holds any yet.
    #[error("only authority = \"database\" is there yet")]
    Authority,
    /// What is this machine's alone is committed.
    #[error("{path} is in git, and what is in {STATE} is this machine's alone")]
    TrackedState {
        /// What git tracks, relative to the repo.
        path: String,
        /// The folder of what isn't committed.
        folder: &'static str,
    },
    /// The folder of what isn't committed can't be this user's alone.
    #[error("{} can't be used: {error}", folder.display())]
    StateFolder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Nothing says where the generated branches are pushed.
    #[error("the deployment repo has no remote \"{remote}\"")]
    NoRemote {
        /// The remote's name.
        remote: String,
    },
    /// Nothing says by which address Argo CD reads the generated branches.
    #[error(
        "argocd.repository isn't set in deploycenter.toml: it is the address by which Argo CD reads the generated branches, and part of every manifest"
    )]
    RepositoryUnset {
        /// Where the deployment repo's own remote is, which may be what is meant.
        remote: Option<String>,
    },
    /// Nothing runs plugins.
    #[error(transparent)]
    Runtime(LoadError),
    /// Plugins of `plugins.lock` can't be used.
    #[error("plugins can't be used")]
    Plugins(Vec<Problem>),
    /// Where tokens go can't be known, or is nobody's word.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A client of an outside system can't be made.
    #[error("{}: {}", .0.system, .0.message)]
    Provider(#[from] ProviderError),
    /// The journal can't be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why it isn't known where tokens go, or one goes nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The file that says so can't be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, with its lines.
        why: String,
    },
    /// The file is the deployment repo's own.
    #[error("{} lies in the deployment repo, whose content doesn't say where tokens go", path.display())]
    InsideRepo {
        /// The file.
        path: PathBuf,
    },
    /// What names a host names none.
    #[error("{variable}: {why}")]
    NoHost {
        /// The environment variable.
        variable: &'static str,
        /// What it says instead.
        why: String,
    },
    /// Argo CD's address can't be read.
    #[error("\"{address}\" is no address of an Argo CD: {why}")]
    NoAddress {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// Argo CD's address holds a login.
    #[error("the address of Argo CD holds a login; the token comes from {ARGOCD_TOKEN}")]
    AddressWithLogin,
    /// Argo CD's address leads elsewhere than to HTTP.
    #[error("{address} is no address of HTTP or HTTPS")]
    NoHttp {
        /// The address.
        address: String,
    },
    /// Only the deployment repo names the server.
    #[error(
        "{ARGOCD_TOKEN} isn't sent to {origin}: only deploycenter.toml names it, and that isn't for the repo to say"
    )]
    OnlyTheRepo {
        /// The server.
        origin: Origin,
    },
    /// The token would leave this machine unencrypted.
    #[error("{ARGOCD_TOKEN} isn't sent to {origin}: everyone on the way could read it")]
    Unencrypted {
        /// The server.
        origin: Origin,
    },
}

impl From<&PlatformError> for ErrorCode {
    fn from(error: &PlatformError) -> Self {
        match error {
            PlatformError::Repository(error) => error.into(),
            PlatformError::Desired(_) => Self::Invalid,
            PlatformError::Provider(error) => error.into(),
            PlatformError::Store(error) => error.into(),
            PlatformError::Trust(error) => error.into(),
            PlatformError::Authority => Self::Authority,
            PlatformError::TrackedState { .. } | PlatformError::NoRemote { .. } => Self::Repository,
            PlatformError::StateFolder { .. } => Self::Failed,
            PlatformError::RepositoryUnset { .. } => Self::RepositoryUnset,
            PlatformError::Runtime(_) | PlatformError::Plugins(_) => Self::Plugin,
        }
    }
}

impl From<&TrustError> for ErrorCode {
    fn from(error: &TrustError) -> Self {
        match error {
            TrustError::File { .. } | TrustError::InsideRepo { .. } | TrustError::NoHost { .. } => {
                Self::Trust
            }
            TrustError::NoAddress { .. }
            | TrustError::NoHttp { .. }
            | TrustError::AddressWithLogin => Self::ArgoCd,
            TrustError::OnlyTheRepo { .. } | TrustError::Unencrypted { .. } => Self::Untrusted,
        }
    }
}
