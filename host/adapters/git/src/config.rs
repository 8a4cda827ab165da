//! Where the remote is, and who we are to it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use deploycenter_domain::address::{Origin, without_login};

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

/// Logins over HTTPS, each bound to where it may go. SSH asks the agent, which gives no
/// secret away.
#[derive(Clone, Default)]
pub struct Credentials {
    tokens: Vec<Token>,
    helpers: BTreeSet<Origin>,
    clear: BTreeSet<Origin>,
}

#[derive(Clone)]
struct Token {
    name: &'static str,
    text: String,
    /// Where it may go, and what says so.
    bound: Vec<(Origin, &'static str)>,
}

impl Token {
    fn bound_by(&self, origin: &Origin) -> Option<&'static str> {
        let bound = self.bound.iter().find(|(to, _)| to == origin);
        bound.map(|(_, by)| *by)
    }
}

impl Credentials {
    /// Adds a token by the name of the variable that it came from, and where it may go by
    /// the name of what says so. Of several that may go somewhere the first does.
    #[must_use]
    pub fn bind(
        mut self,
        name: &'static str,
        token: String,
        bound: impl IntoIterator<Item = (Origin, &'static str)>,
    ) -> Self {
        self.tokens.push(Token {
            name,
            text: token,
            bound: bound.into_iter().collect(),
        });
        self
    }

    /// Has git's own credential helpers asked for these, and no others.
    #[must_use]
    pub fn helpers_for(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.helpers.extend(origins);
        self
    }

    /// Lets logins go to these without encryption.
    #[must_use]
    pub fn in_the_clear_to(mut self, origins: impl IntoIterator<Item = Origin>) -> Self {
        self.clear.extend(origins);
        self
    }

    fn may_be_read(&self, origin: &Origin) -> bool {
        !origin.is_private() && !self.clear.contains(origin)
    }

    fn token_for(&self, origin: &Origin) -> Option<&Token> {
        let mut tokens = self.tokens.iter();
        tokens.find(|token| !self.may_be_read(origin) && token.bound_by(origin).is_some())
    }

    /// The token for a request to `url`.
    pub(crate) fn token(&self, url: &str) -> Option<&str> {
        let token = self.token_for(&Origin::of(url)?)?;
        Some(&token.text)
    }

    /// Whether git's credential helpers may be asked for a login to `url`.
    pub(crate) fn may_ask_helpers(&self, url: &str) -> bool {
        Origin::of(url)
            .is_some_and(|origin| self.helpers.contains(&origin) && !self.may_be_read(&origin))
    }

    /// Which token goes to `url`, and what says so, for people.
    #[must_use]
    pub fn binding(&self, url: &str) -> Option<String> {
        let origin = Origin::of(url)?;
        let token = self.token_for(&origin)?;
        let by = token.bound_by(&origin)?;
        Some(format!("{} goes to {origin}, by {by}", token.name))
    }

    /// What keeps logins from `url` that are there, and what would let them go; none where
    /// nothing is kept back.
    #[must_use]
    pub fn kept_back(&self, url: &str) -> Option<(String, String)> {
        let origin = Origin::of(url)?;
        let in_file = format!("name it in the file of DEPLOYCENTER_TRUST: git = [\"{origin}\"]");
        if self.may_be_read(&origin) {
            return Some((
                format!("no login is sent to {origin}: everyone on the way could read it"),
                format!("use https://; or, where nobody is on the way, {in_file}"),
            ));
        }
        if self.token_for(&origin).is_some() {
            return None;
        }
        let own = self.tokens.iter().find(|token| token.name == OWN_TOKEN);
        if own.is_none() && self.helpers.contains(&origin) {
            return None;
        }
        let host = origin.in_short();
        Some(if own.is_some() {
            (
                format!(
                    "{OWN_TOKEN} isn't sent to {origin}: nothing but the deployment repo names that host with it"
                ),
                format!(
                    "if it is meant for that host, set DEPLOYCENTER_GIT_HOST={host}; or {in_file}"
                ),
            )
        } else {
            (
                format!(
                    "no login is sent to {origin}: no token is bound to it, and git's credential helpers aren't asked for a host that only the deployment repo names"
                ),
                format!(
                    "set {OWN_TOKEN} and DEPLOYCENTER_GIT_HOST={host}, or that host alone for git's credential helpers; or {in_file}"
                ),
            )
        })
    }
}

/// The token that is no host's by its name.
const OWN_TOKEN: &str = "DEPLOYCENTER_GIT_TOKEN";

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens: Vec<&str> = self.tokens.iter().map(|token| token.name).collect();
        f.debug_struct("Credentials")
            .field("tokens", &tokens)
            .finish_non_exhaustive()
    }
}

/// A remote's URL as a person may see it: without a login.
pub(crate) fn shown(url: &str) -> String {
    without_login(url)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const GIT: &str = "https://git.example/r";

    fn own(hosts: &[&str]) -> Credentials {
        let bound = hosts
            .iter()
            .map(|host| (Origin::read(host).unwrap(), "DEPLOYCENTER_GIT_HOST"));
        Credentials::default().bind(OWN_TOKEN, "canary".to_owned(), bound)
    }

    #[test]
    fn tokens_go_where_they_are_bound_to_and_never_in_the_clear() {
        let cases = [
            (own(&["git.example"]), GIT, true),
            (own(&["git.example"]), "https://evil.example/r", false),
            (own(&["git.example"]), "https://git.example:8443/r", false),
            (own(&["git.example"]), "http://git.example/r", false),
            (own(&[]), GIT, false),
            (own(&["http://git.example"]), "http://git.example/r", false),
            (own(&["http://127.0.0.1:8"]), "http://127.0.0.1:8/r", true),
            (own(&["http://127.0.0.1:8"]), "http://127.0.0.1:9/r", false),
            (Credentials::default(), GIT, false),
        ];
        for (credentials, url, goes) in cases {
            assert_eq!(credentials.token(url).is_some(), goes, "{url}");
            assert_eq!(credentials.binding(url).is_some(), goes, "{url}");
        }
        let clear = Origin::read("http://git.example").unwrap();
        let let_go = own(&["http://git.example"]).in_the_clear_to([clear]);
        assert_eq!(let_go.token("http://git.example/r"), Some("canary"));
    }

    #[test]
    fn helpers_are_asked_for_named_hosts_alone() {
        let origin = |text: &str| Origin::read(text).unwrap();
        let credentials = Credentials::default()
            .helpers_for([origin("git.example"), origin("http://plain.example")]);
        assert!(credentials.may_ask_helpers(GIT));
        for url in ["https://evil.example/r", "http://plain.example/r"] {
            assert!(!credentials.may_ask_helpers(url), "{url}");
        }
    }

    #[test]
    fn what_is_kept_back_is_said_with_what_to_set() {
        let (why, way) = own(&["git.example"])
            .kept_back("https://evil.example/r")
            .unwrap();
        assert!(why.starts_with("DEPLOYCENTER_GIT_TOKEN isn't sent to https://evil.example"));
        assert_eq!(
            way,
            "if it is meant for that host, set DEPLOYCENTER_GIT_HOST=evil.example; or name it in the file of DEPLOYCENTER_TRUST: git = [\"https://evil.example\"]"
        );
        assert_eq!(own(&["git.example"]).kept_back(GIT), None);
        let (why, _) = own(&[]).kept_back("http://git.example/r").unwrap();
        assert!(why.contains("everyone on the way"));
    }

    #[test]
    fn nothing_secret_is_shown() {
        assert_eq!(shown("https://me:secret@git.example/r"), GIT);
        assert_eq!(shown("https://secret@git.example/r"), GIT);
        assert_eq!(shown("git@git.example:r"), "git@git.example:r");
        assert!(!format!("{:?}", own(&["git.example"])).contains("canary"));
    }
}
