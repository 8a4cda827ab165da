//! Where the remote is, and who we are to it.

use std::fmt;
use std::path::PathBuf;

use url::{Host, Url};

/// Where the generated branches live, and where they are cached.
#[derive(Debug, Clone)]
pub struct GitConfig {
    /// The folder of the bare caches, one for each remote; made when it isn't there.
    pub cache_dir: PathBuf,
    /// `https://…`, `http://…`, `ssh://…`, `user@host:path`, or a local bare repo.
    pub remote_url: String,
    /// How we log in.
    pub credentials: Credentials,
}

/// Tokens for HTTPS. SSH asks the agent, and whatever has no token asks git's own
/// credential helpers.
#[derive(Clone, Default)]
pub struct Credentials {
    own: Option<String>,
    github: Option<String>,
}

impl Credentials {
    /// From `DEPLOYCENTER_GIT_TOKEN`, for whatever host the remote names, and
    /// `GITHUB_TOKEN`, for GitHub alone.
    #[must_use]
    pub fn from_env() -> Self {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Likewise, from variables that `variable` knows.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let token = |name| {
            variable(name)
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        };
        Self {
            own: token("DEPLOYCENTER_GIT_TOKEN"),
            github: token("GITHUB_TOKEN"),
        }
    }

    /// The token for a request to `url`, while the remote was configured as `remote`. A
    /// redirect to another host gets none, nor does a connection that others can read.
    pub(crate) fn token(&self, url: &str, remote: &str) -> Option<&str> {
        let (url, remote) = (Url::parse(url).ok()?, Url::parse(remote).ok()?);
        let host = url.host()?;
        let private = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&host));
        if !private || Some(&host) != remote.host().as_ref() {
            return None;
        }
        let is_github = matches!(&host, Host::Domain(name) if *name == "github.com" || name.ends_with(".ghe.com"));
        self.own.as_deref().or(if is_github {
            self.github.as_deref()
        } else {
            None
        })
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("own", &self.own.is_some())
            .field("github", &self.github.is_some())
            .finish()
    }
}

/// A remote's URL as a person may see it: without a password.
pub(crate) fn shown(url: &str) -> String {
    if let Ok(mut parsed) = Url::parse(url)
        && parsed.password().is_some()
        && parsed.set_password(None).is_ok()
    {
        return parsed.to_string();
    }
    url.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> Credentials {
        Credentials::read(|name| Some(format!("token of {name}\n")))
    }

    #[test]
    fn tokens_go_to_the_remote_alone_and_never_in_the_clear() {
        let github = Credentials::read(|name| (name == "GITHUB_TOKEN").then(|| "gh".to_owned()));
        let cases: [(&Credentials, &str, &str, Option<&str>); 8] = [
            (
                &both(),
                "https://git.example/r",
                "https://git.example/r",
                Some("token of DEPLOYCENTER_GIT_TOKEN"),
            ),
            (
                &both(),
                "http://git.example/r",
                "http://git.example/r",
                None,
            ),
            (
                &both(),
                "http://127.0.0.1:8080/r",
                "http://127.0.0.1:8080/r",
                Some("token of DEPLOYCENTER_GIT_TOKEN"),
            ),
            (
                &both(),
                "https://evil.example/r",
                "https://git.example/r",
                None,
            ),
            (
                &github,
                "https://github.com/a/b",
                "https://github.com/a/b",
                Some("gh"),
            ),
            (
                &github,
                "https://git.example/r",
                "https://git.example/r",
                None,
            ),
            (
                &github,
                "https://notgithub.com/r",
                "https://notgithub.com/r",
                None,
            ),
            (
                &Credentials::default(),
                "https://github.com/a/b",
                "https://github.com/a/b",
                None,
            ),
        ];
        for (credentials, url, remote, expected) in cases {
            assert_eq!(
                credentials.token(url, remote),
                expected,
                "{url} for {remote}"
            );
        }
    }

    #[test]
    fn nothing_secret_is_shown() {
        assert_eq!(
            shown("https://me:secret@git.example/r"),
            "https://me@git.example/r"
        );
        assert_eq!(shown("git@git.example:r"), "git@git.example:r");
        assert!(!format!("{:?}", both()).contains("token of"));
    }
}
