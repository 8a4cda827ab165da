//! Where the remote is, and who we are to it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use deploycenter_domain::address::{Origin, has_userinfo, without_login};
use deploycenter_ports::ProviderError;
use git2::{ObjectType, Oid};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::signing::Signer;

/// Where the generated branches live, and where they are cached.
#[derive(Clone)]
pub struct GitConfig {
    /// The folder of the bare caches, one for each remote; made when it isn't there.
    pub cache_dir: PathBuf,
    /// `https://…`, `http://…`, `ssh://…`, `user@host:path`, or a local bare repo.
    pub remote_url: String,
    /// How we log in.
    pub credentials: Credentials,
    /// What signs commits, or why nothing can, which is told where one is to be made; none
    /// are signed when absent.
    pub signer: Option<Result<Signer, ProviderError>>,
}

impl GitConfig {
    /// Where the cache of that remote is. One for each remote, so that a changed setting
    /// never mixes two histories.
    ///
    /// # Errors
    /// When git can't make a name of the URL.
    pub fn cache(&self) -> Result<PathBuf, git2::Error> {
        let url = without_login(&self.remote_url);
        let name = Oid::hash_object(ObjectType::Blob, url.as_bytes())?;
        Ok(self.cache_dir.join(format!("{name}.git")))
    }
}

impl fmt::Debug for GitConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitConfig")
            .field("cache_dir", &self.cache_dir)
            .field("remote_url", &shown(&self.remote_url))
            .field("credentials", &self.credentials)
            .field("signer", &self.signer)
            .finish()
    }
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
    user: String,
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
            user: "x-access-token".to_owned(),
            text: token,
            bound: bound.into_iter().collect(),
        });
        self
    }

    /// Adds the login that a remote's URL holds, bound to the host in that URL. Whoever wrote
    /// the URL into git's configuration said so.
    #[must_use]
    pub fn with_login_of(mut self, url: &str) -> Self {
        if let (Some(origin), Ok(parsed)) = (Origin::of(url), Url::parse(url))
            && has_userinfo(url)
        {
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            self.tokens.push(Token {
                name: URL_LOGIN,
                user: decoded(parsed.username()),
                text: decoded(parsed.password().unwrap_or_default()),
                bound: vec![(origin, "git's configuration")],
            });
        }
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

    fn tokens_for(&self, origin: &Origin) -> impl Iterator<Item = &Token> {
        let tokens = self.tokens.iter();
        tokens.filter(|token| !self.may_be_read(origin) && token.bound_by(origin).is_some())
    }

    fn token_for(&self, origin: &Origin) -> Option<&Token> {
        self.tokens_for(origin).next()
    }

    /// The logins for a request to `url`, each a user and a password, in the order in which
    /// they are tried.
    pub(crate) fn logins(&self, url: &str) -> Vec<(&str, &str)> {
        let Some(origin) = Origin::of(url) else {
            return Vec::new();
        };
        self.tokens_for(&origin)
            .map(|token| (token.user.as_str(), token.text.as_str()))
            .collect()
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
        self.tokens.iter().find(|token| token.name == OWN_TOKEN)?;
        Some((
            format!(
                "{OWN_TOKEN} isn't sent to {origin}: nothing but the deployment repo names that host with it"
            ),
            format!(
                "if it is meant for that host, set DEPLOYCENTER_GIT_HOST={}; or {in_file}",
                origin.in_short()
            ),
        ))
    }
}

/// What a login in a remote's URL is called.
const URL_LOGIN: &str = "the login in a remote's URL";

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
            assert_eq!(!credentials.logins(url).is_empty(), goes, "{url}");
            assert_eq!(credentials.binding(url).is_some(), goes, "{url}");
        }
        let clear = Origin::read("http://git.example").unwrap();
        let let_go = own(&["http://git.example"]).in_the_clear_to([clear]);
        assert_eq!(
            let_go.logins("http://git.example/r"),
            [("x-access-token", "canary")]
        );
    }

    #[test]
    fn a_login_in_a_url_goes_to_its_host_alone() {
        let url = "https://ci:se%2Fcret@git.example/r";
        let credentials = own(&["git.example"]).with_login_of(url);
        assert_eq!(
            credentials.logins(GIT),
            [("x-access-token", "canary"), ("ci", "se/cret")]
        );
        assert!(credentials.logins("https://evil.example/r").is_empty());
        let alone = Credentials::default().with_login_of("https://secret@git.example/r");
        assert_eq!(alone.logins(GIT), [("secret", "")]);
        assert_eq!(
            alone.binding(GIT).unwrap(),
            "the login in a remote's URL goes to https://git.example, by git's configuration"
        );
        let plain = Credentials::default().with_login_of("http://ci:secret@git.example/r");
        assert!(plain.logins("http://git.example/r").is_empty());
        assert!(!format!("{credentials:?} {plain:?}").contains("cret"));
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
