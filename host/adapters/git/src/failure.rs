//! What libgit2's errors mean to us.

use deploycenter_domain::escape;
use deploycenter_ports::{ProviderError, ProviderErrorKind};
use git2::{Error, ErrorClass, ErrorCode};

use crate::SYSTEM;
use crate::config::{Credentials, shown};

/// Whether it is worth another try.
pub(crate) fn is_transient(error: &Error) -> bool {
    match error.code() {
        ErrorCode::Auth | ErrorCode::Certificate | ErrorCode::BareRepo | ErrorCode::Owner => {
            return false;
        }
        ErrorCode::Timeout
        | ErrorCode::Eof
        | ErrorCode::Locked
        | ErrorCode::Modified
        | ErrorCode::NotFastForward => return true,
        _ => {}
    }
    if let Some(status) = http_status(error) {
        return status == 429 || status >= 500;
    }
    if error.message().contains("authentication replays") {
        return false;
    }
    matches!(
        error.class(),
        ErrorClass::Net
            | ErrorClass::Os
            | ErrorClass::Ssl
            | ErrorClass::Ssh
            | ErrorClass::Http
            | ErrorClass::FetchHead
    )
}

/// The status in libgit2's `unexpected http status code: 503`.
fn http_status(error: &Error) -> Option<u16> {
    if error.class() != ErrorClass::Http {
        return None;
    }
    error.message().rsplit(' ').next()?.parse().ok()
}

fn is_login(error: &Error) -> bool {
    error.code() == ErrorCode::Auth
        || matches!(http_status(error), Some(401 | 403))
        || error.message().contains("authentication replays")
}

/// A failure to talk to the remote.
pub(crate) fn of_remote(error: &Error, remote: &str, credentials: &Credentials) -> ProviderError {
    let kept_back = credentials.kept_back(remote);
    let remote = shown(remote);
    if is_transient(error) {
        return ProviderError::new(
            ProviderErrorKind::Unavailable,
            SYSTEM,
            format!(
                "the git remote {remote} is out of reach: {}",
                error.message()
            ),
        )
        .help("try again later; nothing that was pushed is lost");
    }
    let failure = ProviderError::new(
        ProviderErrorKind::Refused,
        SYSTEM,
        format!("the git remote {remote} refused: {}", error.message()),
    );
    if is_login(error)
        && let Some((why, way)) = kept_back
    {
        ProviderError {
            message: format!("{}; {why}", failure.message),
            ..failure
        }
        .help(way)
    } else if is_login(error) {
        failure.help("set DEPLOYCENTER_GIT_TOKEN, with the host that it is for in DEPLOYCENTER_GIT_HOST (or GITHUB_TOKEN for github.com), load a key into the SSH agent, or configure a git credential helper, which is asked for the hosts of the checkout's remotes and DEPLOYCENTER_GIT_HOST; the account needs write access to the generated branches")
    } else if error.code() == ErrorCode::NotFound || http_status(error) == Some(404) {
        failure.help("check the remote's URL in deploycenter.toml; the repository has to exist")
    } else if error.code() == ErrorCode::Owner {
        failure.help("the repository belongs to another user of this machine: git config --global --add safe.directory <path>")
    } else {
        failure
    }
}

/// A failure of the local cache.
pub(crate) fn of_cache(error: &Error) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Unavailable, SYSTEM, format!("the cache of the git remote failed: {}", error.message()))
        .help("check that its disk has room and that it may be written; the cache may be deleted at any time")
}

/// A branch that git can't make, because another one is in its way.
pub(crate) fn no_room(branch: &str, other: &str) -> ProviderError {
    let other = escape::shown(other);
    ProviderError::new(
        ProviderErrorKind::Foreign,
        SYSTEM,
        format!("the branch {branch} can't be made: the remote has a branch {other}, and git keeps no branch below another"),
    )
    .help(format!(
        "rename that one, then delete it: git push REMOTE REMOTE/{other}:refs/heads/NEW-NAME, and git push REMOTE --delete {other}"
    ))
}

/// A request that can't be right.
pub(crate) fn refused(message: impl std::fmt::Display) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Refused, SYSTEM, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_kind() {
        let credentials = Credentials::default();
        let error = |code, class, text: &str| Error::new(code, class, text);
        let cases = [
            (
                error(
                    ErrorCode::GenericError,
                    ErrorClass::Net,
                    "failed to resolve address",
                ),
                ProviderErrorKind::Unavailable,
            ),
            (
                error(ErrorCode::Timeout, ErrorClass::Net, "timeout"),
                ProviderErrorKind::Unavailable,
            ),
            (
                error(
                    ErrorCode::GenericError,
                    ErrorClass::Http,
                    "unexpected http status code: 503",
                ),
                ProviderErrorKind::Unavailable,
            ),
            (
                error(
                    ErrorCode::GenericError,
                    ErrorClass::Http,
                    "unexpected http status code: 429",
                ),
                ProviderErrorKind::Unavailable,
            ),
            (
                error(
                    ErrorCode::GenericError,
                    ErrorClass::Http,
                    "unexpected http status code: 403",
                ),
                ProviderErrorKind::Refused,
            ),
            (
                error(
                    ErrorCode::Auth,
                    ErrorClass::Http,
                    "remote authentication required",
                ),
                ProviderErrorKind::Refused,
            ),
            (
                error(
                    ErrorCode::GenericError,
                    ErrorClass::Http,
                    "too many redirects or authentication replays",
                ),
                ProviderErrorKind::Refused,
            ),
            (
                error(
                    ErrorCode::Certificate,
                    ErrorClass::Ssl,
                    "the certificate is bad",
                ),
                ProviderErrorKind::Refused,
            ),
            (
                error(
                    ErrorCode::NotFound,
                    ErrorClass::Os,
                    "failed to resolve path",
                ),
                ProviderErrorKind::Unavailable,
            ),
            (
                error(ErrorCode::NotFound, ErrorClass::Repository, "no repository"),
                ProviderErrorKind::Refused,
            ),
        ];
        for (error, kind) in cases {
            assert_eq!(
                of_remote(&error, "https://git.example/r", &credentials).kind,
                kind,
                "{error}"
            );
        }
        let login = of_remote(
            &error(ErrorCode::Auth, ErrorClass::Http, "401"),
            "https://git.example/r",
            &credentials,
        );
        assert!(
            login
                .help
                .is_some_and(|help| help.to_string().contains("DEPLOYCENTER_GIT_TOKEN"))
        );
    }
}
