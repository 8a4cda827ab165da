//! Where tokens may go: the operator's word, never the deployment repo's.
//!
//! Whoever may change a file of the repo could otherwise have a token sent to a server of
//! their own, by a `plan` alone. So each token is bound to the host that is named with it
//! in the environment, or in a file outside the repo. Without encryption it goes no
//! further than this machine, unless that file says so.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use deploycenter_domain::address::Origin;
use deploycenter_git::Credentials;
use serde::Deserialize;

use crate::environment::{
    ARGOCD_TOKEN, Environment, GIT_HOST, GIT_TOKEN, GITHUB_SERVER, GITHUB_TOKEN, TRUST_FILE,
};
use crate::error::TrustError;

/// No file of this kind is longer, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Where tokens may go, besides what the environment says.
#[derive(Debug, Default)]
pub struct Trust {
    argocd: BTreeSet<Origin>,
    git: BTreeSet<Origin>,
}

/// The file's content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(default)]
    argocd: Vec<toml::Spanned<String>>,
    #[serde(default)]
    git: Vec<toml::Spanned<String>>,
}

/// An Argo CD, and whether it gets a token.
pub struct ArgoCdAccess {
    /// Where it is.
    pub server: url::Url,
    /// Empty when there is none.
    pub token: String,
    /// What binds the token to the server, for people; none without a token.
    pub bound_by: Option<String>,
}

impl fmt::Debug for ArgoCdAccess {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgoCdAccess")
            .field("server", &self.server)
            .field("bound_by", &self.bound_by)
            .finish_non_exhaustive()
    }
}

impl Trust {
    /// Reads the file that the environment names, if it names one. `root` is the deployment
    /// repo, which the file has to be outside of.
    ///
    /// # Errors
    /// When it can't be read, or lies in the repo.
    pub fn read(environment: &Environment, root: &Path) -> Result<Self, TrustError> {
        match &environment.trust_file {
            None => Ok(Self::default()),
            Some(path) => Self::of_file(path, root),
        }
    }

    fn of_file(path: &Path, root: &Path) -> Result<Self, TrustError> {
        let failed = |why: String| TrustError::File {
            path: path.to_owned(),
            why,
        };
        if is_inside(path, root).map_err(|error| failed(format!("it can't be read: {error}")))? {
            return Err(TrustError::InsideRepo {
                path: path.to_owned(),
            });
        }
        let bytes = deploycenter_private::read_regular(path, LARGEST)
            .map_err(|error| failed(format!("it can't be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| failed("it isn't UTF-8".to_owned()))?;
        let at = |start: usize| {
            text.bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1
        };
        let written: Written = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| at(span.start));
            failed(format!(
                "line {line}: {}",
                error.message().replace('\n', "; ")
            ))
        })?;
        if written.version != 1 {
            return Err(failed(format!(
                "it has the version {}, and this deploycenter reads 1",
                written.version
            )));
        }
        let mut wrong = Vec::new();
        let mut read = |list: Vec<toml::Spanned<String>>| -> BTreeSet<Origin> {
            let read = list.into_iter().filter_map(|entry| {
                let line = at(entry.span().start);
                Origin::read(entry.get_ref())
                    .map_err(|why| wrong.push(format!("line {line}: {why}")))
                    .ok()
            });
            read.collect()
        };
        let (argocd, git) = (read(written.argocd), read(written.git));
        if wrong.is_empty() {
            Ok(Self { argocd, git })
        } else {
            Err(failed(wrong.join("; ")))
        }
    }

    /// Argo CD as the environment names it, else as the setting does.
    ///
    /// # Errors
    /// When that is no address, or there is a token that doesn't go there.
    pub fn argocd(
        &self,
        environment: &Environment,
        setting: &str,
    ) -> Result<ArgoCdAccess, TrustError> {
        let named = environment.argocd_server.as_ref();
        let server = argocd_server(named.map_or(setting, |named| &named.value))?;
        let mut access = ArgoCdAccess {
            server,
            token: environment.argocd_token.clone().unwrap_or_default(),
            bound_by: None,
        };
        if access.token.is_empty() {
            return Ok(access);
        }
        let Some(origin) = Origin::of(access.server.as_str()) else {
            return Err(TrustError::NoHttp {
                address: access.server.to_string(),
            });
        };
        let listed = self.argocd.contains(&origin);
        if !listed && named.is_none() {
            return Err(TrustError::OnlyTheRepo { origin });
        }
        if !listed && !origin.is_private() {
            return Err(TrustError::Unencrypted { origin });
        }
        let by = match named {
            Some(named) if !listed => named.name,
            _ => TRUST_FILE,
        };
        access.bound_by = Some(format!("{ARGOCD_TOKEN} goes to {origin}, by {by}"));
        Ok(access)
    }

    /// How to log in to git's remotes: with tokens where they are bound to, and by git's
    /// own credential helpers for hosts that `remotes` are on, which are the operator's word
    /// as well.
    ///
    /// # Errors
    /// When what names a host names none.
    pub fn git(
        &self,
        environment: &Environment,
        remotes: BTreeSet<Origin>,
    ) -> Result<Credentials, TrustError> {
        let named = |variable: &'static str, text: Option<&String>| {
            let read = |text: &String| {
                Origin::read(text).map_err(|why| TrustError::NoHost { variable, why })
            };
            text.map(read).transpose()
        };
        let host = named(GIT_HOST, environment.git_host.as_ref())?;
        let github = match named(GITHUB_SERVER, environment.github_server.as_ref())? {
            Some(origin) => Some(origin),
            None => Origin::read("github.com").ok(),
        };
        let mut credentials = Credentials::default().in_the_clear_to(self.git.clone());
        let by_file = || self.git.iter().cloned().map(|origin| (origin, TRUST_FILE));
        let by_env = host.clone().map(|origin| (origin, GIT_HOST));
        if let Some(token) = environment.git_token.clone() {
            credentials = credentials.bind(GIT_TOKEN, token, by_env.into_iter().chain(by_file()));
        }
        if let Some(token) = environment.github_token.clone() {
            let at_github = github.map(|origin| (origin, GITHUB_SERVER));
            credentials = credentials.bind(GITHUB_TOKEN, token, at_github);
        }
        Ok(credentials.helpers_for(
            remotes
                .into_iter()
                .chain(host)
                .chain(self.git.iter().cloned()),
        ))
    }
}

/// Whether a file lies in a folder, by its name or by where that leads.
fn is_inside(path: &Path, folder: &Path) -> std::io::Result<bool> {
    let folder = folder.canonicalize()?;
    // Its name as given, but for what leads to the folder that it is in.
    let name: PathBuf = match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => {
            parent.canonicalize()?.join(name)
        }
        _ => Path::new(".").canonicalize()?.join(path),
    };
    Ok(name.starts_with(&folder) || path.canonicalize()?.starts_with(&folder))
}

/// An address of Argo CD: a URL, or a host and port, as Argo CD's own tool takes it.
fn argocd_server(text: &str) -> Result<url::Url, TrustError> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    if deploycenter_domain::address::has_login(&full) {
        return Err(TrustError::AddressWithLogin);
    }
    full.parse()
        .map_err(|error: url::ParseError| TrustError::NoAddress {
            address: text.to_owned(),
            why: error.to_string(),
        })
}

#[cfg(test)]
mod tests;
