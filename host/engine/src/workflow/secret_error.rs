//! Why a secret isn't given.

use deploycenter_domain::name::TargetId;

/// The most bytes of a secret's value: Secrets Manager takes 64 KiB, in JSON.
pub const LARGEST_SECRET: usize = 48 * 1024;

/// Why a secret isn't given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The target takes none of that name.
    #[error("{target} takes no secret \"{name}\" as it is configured now")]
    Unknown {
        /// Whose it would be.
        target: TargetId,
        /// As it was named.
        name: String,
        /// Those that it takes.
        known: Vec<String>,
    },
    /// Nothing runs that could take it at once.
    #[error("{0} isn't deployed, so that nothing of it can be restarted; nothing was set")]
    NotDeployed(TargetId),
    /// What runs can't take it at once, for someone holds it.
    #[error("{0} is held, so that nothing of it is restarted; nothing was set")]
    Held(TargetId),
    /// What runs can't take it at once, for something hasn't ended.
    #[error(
        "{0} has an unfinished deployment, so that nothing of it is restarted; nothing was set"
    )]
    Unfinished(TargetId),
    /// It holds nothing.
    #[error("the secret is empty")]
    Empty,
    /// It is longer than what keeps it takes.
    #[error("the secret is larger than {LARGEST_SECRET} bytes")]
    TooLong,
    /// It is to be a login at a registry.
    #[error(
        "{name} of {target} is a login at a registry, and this is none: JSON with the key \"auths\""
    )]
    NoLogin {
        /// Whose it would be.
        target: TargetId,
        /// The secret's name.
        name: String,
    },
}
