//! Where tokens may go: the operator's word, never the deployment repo's.
//!
//! Whoever may change a file of the repo could otherwise have a token sent to a server of
//! their own, by a `plan` alone. So each token is bound to the host that is named with it
//! in the environment, or in a file outside the repo. Without encryption it goes no
//! further than this machine, unless that file says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use deploycenter_domain::address::Origin;
use deploycenter_git::{Credentials, DeploymentRepo};
use serde::Deserialize;

use crate::fail::Fail;

/// The environment variable that names the file.
const FILE: &str = "DEPLOYCENTER_TRUST";
/// The host that `DEPLOYCENTER_GIT_TOKEN` is for.
const GIT_HOST: &str = "DEPLOYCENTER_GIT_HOST";
const GIT_TOKEN: &str = "DEPLOYCENTER_GIT_TOKEN";
const GITHUB_TOKEN: &str = "GITHUB_TOKEN";
/// As GitHub's own runners say it.
const GITHUB_SERVER: &str = "GITHUB_SERVER_URL";
const ARGOCD_TOKEN: &str = "ARGOCD_AUTH_TOKEN";
/// What names Argo CD's address in the environment, the first that is set.
const ARGOCD_SERVER: [&str; 2] = ["DEPLOYCENTER_ARGOCD_SERVER", "ARGOCD_SERVER"];

/// No file of this kind is longer, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Where tokens may go, besides what the environment says.
#[derive(Debug, Default)]
pub(crate) struct Trust {
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
#[derive(Debug)]
pub(crate) struct ArgoCdAccess {
    pub(crate) server: url::Url,
    /// Empty when there is none.
    pub(crate) token: String,
    /// What binds the token to the server, for people; none without a token.
    pub(crate) bound_by: Option<String>,
}

impl Trust {
    /// Reads the file that the environment names, if it names one. `root` is the deployment
    /// repo, which the file has to be outside of.
    pub(crate) fn read(root: &Path) -> Result<Self, Fail> {
        match super::wiring::env(FILE) {
            None => Ok(Self::default()),
            Some(path) => Self::of_file(Path::new(&path), root),
        }
    }

    fn of_file(path: &Path, root: &Path) -> Result<Self, Fail> {
        let failed = |why: String| {
            Fail::new("trust", format!("{}: {why}", path.display())).help(format!(
                "{FILE} names a file outside the repo, such as: version = 1, argocd = [\"https://argocd.example.com\"], git = [\"https://git.example.com\"]"
            ))
        };
        if is_inside(path, root).map_err(|error| failed(format!("it can't be read: {error}")))? {
            return Err(Fail::new(
                "trust",
                format!(
                    "{} lies in the deployment repo, whose content doesn't say where tokens go",
                    path.display()
                ),
            )
            .help(format!("move it outside, and name that place in {FILE}")));
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

    /// Argo CD as the environment names it, else as `deploycenter.toml` does.
    pub(crate) fn argocd(&self, setting: &str) -> Result<ArgoCdAccess, Fail> {
        let named = ARGOCD_SERVER
            .into_iter()
            .find_map(|name| Some((name, super::wiring::env(name)?)));
        let token = super::wiring::env(ARGOCD_TOKEN).unwrap_or_default();
        self.argocd_of(
            setting,
            named.as_ref().map(|(name, text)| (*name, text.as_str())),
            token,
        )
    }

    fn argocd_of(
        &self,
        setting: &str,
        named: Option<(&str, &str)>,
        token: String,
    ) -> Result<ArgoCdAccess, Fail> {
        let server = argocd_server(named.map_or(setting, |(_, text)| text))?;
        let mut access = ArgoCdAccess {
            server,
            token,
            bound_by: None,
        };
        if access.token.is_empty() {
            return Ok(access);
        }
        let Some(origin) = Origin::of(access.server.as_str()) else {
            return Err(Fail::new(
                "argocd",
                format!("{} is no address of HTTP or HTTPS", access.server),
            ));
        };
        let listed = self.argocd.contains(&origin);
        if !listed && named.is_none() {
            return Err(Fail::new(
                "untrusted",
                format!("{ARGOCD_TOKEN} isn't sent to {origin}: only deploycenter.toml names it, and that isn't for the repo to say"),
            )
            .help(format!(
                "if the token is meant for it, set ARGOCD_SERVER={}; or name it in the file of {FILE}: argocd = [\"{origin}\"]",
                origin.in_short()
            )));
        }
        if !listed && !origin.is_private() {
            return Err(Fail::new(
                "untrusted",
                format!("{ARGOCD_TOKEN} isn't sent to {origin}: everyone on the way could read it"),
            )
            .help(format!(
                "use https://; or, where nobody is on the way, name it in the file of {FILE}: argocd = [\"{origin}\"]"
            )));
        }
        let by = if listed {
            FILE
        } else {
            named.map_or(FILE, |(name, _)| name)
        };
        access.bound_by = Some(format!("{ARGOCD_TOKEN} goes to {origin}, by {by}"));
        Ok(access)
    }

    /// How to log in to git's remotes: with tokens where they are bound to, and by git's
    /// own credential helpers for hosts that the checkout's remotes are on, which are the
    /// operator's word as well.
    pub(crate) fn git(&self, repo: &DeploymentRepo) -> Result<Credentials, Fail> {
        self.git_of(&super::wiring::env, repo.origins())
    }

    fn git_of(
        &self,
        env: &dyn Fn(&str) -> Option<String>,
        remotes: BTreeSet<Origin>,
    ) -> Result<Credentials, Fail> {
        let named = |name: &str| {
            env(name)
                .map(|text| {
                    Origin::read(&text).map_err(|why| Fail::new("trust", format!("{name}: {why}")))
                })
                .transpose()
        };
        let host = named(GIT_HOST)?;
        let github = match named(GITHUB_SERVER)? {
            Some(origin) => Some(origin),
            None => Origin::read("github.com").ok(),
        };
        let mut credentials = Credentials::default().in_the_clear_to(self.git.clone());
        let by_file = || self.git.iter().cloned().map(|origin| (origin, FILE));
        let by_env = host.clone().map(|origin| (origin, GIT_HOST));
        if let Some(token) = env(GIT_TOKEN) {
            credentials = credentials.bind(GIT_TOKEN, token, by_env.into_iter().chain(by_file()));
        }
        if let Some(token) = env(GITHUB_TOKEN) {
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
        _ => std::env::current_dir()?.canonicalize()?.join(path),
    };
    Ok(name.starts_with(&folder) || path.canonicalize()?.starts_with(&folder))
}

/// An address of Argo CD: a URL, or a host and port, as Argo CD's own tool takes it.
fn argocd_server(text: &str) -> Result<url::Url, Fail> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    if deploycenter_domain::address::has_login(&full) {
        return Err(Fail::new(
            "argocd",
            "the address of Argo CD holds a login; the token comes from ARGOCD_AUTH_TOKEN",
        )
        .help("take what stands before the @, and what follows a ? or #, out of ARGOCD_SERVER"));
    }
    full.parse().map_err(|error| {
        Fail::new(
            "argocd",
            format!("\"{text}\" is no address of an Argo CD: {error}"),
        )
    })
}

#[cfg(test)]
mod tests;
