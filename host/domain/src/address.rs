//! Addresses that logins go to.

mod login;

use std::fmt;

use url::{Host, Url};

/// Where a login goes: a scheme, a host and a port. What lies behind the host is the
/// host's own affair.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    is_plain: bool,
    host: Host<String>,
    port: u16,
}

impl Origin {
    /// The origin of a URL of HTTP or HTTPS; none of any other, and none of one that two
    /// readers could take for different hosts (`https://a\@b`).
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let is_plain = if scheme.eq_ignore_ascii_case("https") {
            false
        } else if scheme.eq_ignore_ascii_case("http") {
            true
        } else {
            return None;
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        let is_plain_text = |text: &str, more: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
        };
        if host.is_empty() || !is_plain_text(host, "-._:[]") || !is_plain_text(login, "-._~%:") {
            return None;
        }
        let url = Url::parse(&format!("{scheme}://{host}")).ok()?;
        Some(Self {
            is_plain,
            host: url.host()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// An origin as a person writes it: `git.example.com`, `git.example.com:8443`, which
    /// are reached by HTTPS, or a URL.
    ///
    /// # Errors
    /// In words, when it is none, or holds a login.
    pub fn read(text: &str) -> Result<Self, String> {
        let url = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{text}")
        };
        if has_userinfo(&url) {
            return Err("it holds a login; only scheme, host and port belong there".to_owned());
        }
        Self::of(&url).ok_or_else(|| {
            let text: String = text.chars().take(80).collect();
            format!("{text:?} is no host such as git.example.com, and no URL of one")
        })
    }

    /// Whether nobody on the way can read along: HTTPS, or this machine itself.
    #[must_use]
    pub fn is_private(&self) -> bool {
        !self.is_plain || self.is_this_machine()
    }

    /// Whether nobody's certificate is looked at on the way there: plain HTTP to this
    /// machine itself.
    #[must_use]
    pub fn needs_no_certificate(&self) -> bool {
        self.is_plain && self.is_this_machine()
    }

    fn is_this_machine(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// Host and port, as an environment variable names them: without the port of HTTPS.
    #[must_use]
    pub fn in_short(&self) -> String {
        let text = self.to_string();
        text.strip_prefix("https://")
            .map_or(text.clone(), str::to_owned)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.is_plain {
            ("http", 80)
        } else {
            ("https", 443)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// Whether an address holds a login, wherever hosts take one: for HTTP any user
/// information, since a token may be its name, elsewhere a password; and whatever follows
/// a `?` or `#`, or the name of a login in the path.
#[must_use]
pub fn has_login(address: &str) -> bool {
    without_login(address) != address
}

/// Whether an address holds a login before its host, where git itself looks for one.
#[must_use]
pub fn has_userinfo(address: &str) -> bool {
    without_userinfo(address) != address
}

/// Whether an address is a URL that has lost a slash after its scheme (`https:/host/x`), or
/// has one too many: no tool takes it for what was meant.
#[must_use]
pub fn is_misspelt_url(address: &str) -> bool {
    login::split(address)
        .is_some_and(|(scheme, slashes, _)| login::is_scheme(scheme) && slashes != "://")
}

/// An address without the login in it, fit to be shown and kept. The user of an SSH
/// address stays: it is no secret, and belongs to the address. A query (`?private_token=…`)
/// and a fragment go whole: nobody knows which of their parts is a token, and no repository
/// needs them. Of a folder they go where they name a token.
#[must_use]
pub fn without_login(address: &str) -> String {
    let address = without_userinfo(address);
    let place = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let path = |text: &str| {
        let parts: Vec<String> = text.split('/').map(login::without_token).collect();
        parts.join("/")
    };
    if let Some((scheme, slashes, rest)) = login::split(&address) {
        // A folder may be called as it likes.
        if scheme.eq_ignore_ascii_case("file") {
            return login::without_named_query(&address).to_owned();
        }
        let rest = place(rest);
        return match rest.split_once('/') {
            Some((host, rest)) => {
                format!("{scheme}{slashes}{}/{}", login::host(host), path(rest))
            }
            None => format!("{scheme}{slashes}{}", login::host(&rest)),
        };
    }
    if address.starts_with(['/', '.', '~']) {
        return login::without_named_query(&address).to_owned();
    }
    if let Some((user, host, rest)) = scp(&address) {
        return format!("{user}{host}:{}", path(&place(rest)));
    }
    let address = login::without_named_query(&address);
    match address.split_once('/') {
        Some((start, rest)) => format!("{start}/{}", path(rest)),
        None => address.to_owned(),
    }
}

/// An address without what stands before its host.
fn without_userinfo(address: &str) -> String {
    // By hand, so that the rest stays as it was written, and that what no parser takes
    // loses its login as well.
    let Some((scheme, slashes, rest)) = login::split(address) else {
        return without_password(address);
    };
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((login, host)) = authority.rsplit_once('@') else {
        return address.to_owned();
    };
    let is_ssh = matches!(
        scheme.to_ascii_lowercase().as_str(),
        "ssh" | "git+ssh" | "ssh+git"
    );
    let user = login.split(':').next().unwrap_or_default();
    if is_ssh && !user.is_empty() {
        format!("{scheme}{slashes}{user}@{host}{path}")
    } else {
        format!("{scheme}{slashes}{host}{path}")
    }
}

/// The same address in one spelling, as far as every tool takes the spellings for one: the
/// case of scheme and host, the usual port, a slash at the end.
#[must_use]
pub fn canonical(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return match scp(address) {
            Some((user, host, path)) => {
                format!("{user}{}:{path}", host.to_ascii_lowercase())
            }
            None => address.to_owned(),
        };
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "file" {
        return address.to_owned();
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (format!("{user}@"), host),
        None => (String::new(), authority),
    };
    let host = host.to_ascii_lowercase();
    let host = usual_port(&scheme)
        .and_then(|port| host.strip_suffix(port))
        .unwrap_or(&host);
    format!("{scheme}://{user}{host}{}", path.trim_end_matches('/'))
}

/// Whether two addresses lead to one repository, by whatever protocol each does: `git@h:a/b`,
/// `ssh://git@h/a/b.git` and `https://h/a/b/`.
#[must_use]
pub fn is_same_repository(one: &str, other: &str) -> bool {
    place(one) == place(other)
}

/// Host and path of a repository; no host for a folder of this machine.
fn place(address: &str) -> (String, String) {
    let address = canonical(&without_login(address));
    let (host, path) = if let Some((scheme, rest)) = address.split_once("://") {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        if scheme == "file" {
            (String::new(), path)
        } else {
            (host.to_owned(), path)
        }
    } else if let Some((_, host, path)) = scp(&address) {
        (host.to_owned(), path)
    } else {
        (String::new(), address.as_str())
    };
    let mut path = path.trim_end_matches('/');
    path = path
        .strip_suffix(".git")
        .unwrap_or(path)
        .trim_end_matches('/');
    if !host.is_empty() {
        path = path.trim_start_matches('/');
    }
    (host, path.to_owned())
}

/// User (with its `@`), host and path of `git@host:path`; none of a folder.
fn scp(address: &str) -> Option<(&str, &str, &str)> {
    let (start, path) = address.split_once(':')?;
    if start.is_empty() || start.contains('/') || path.is_empty() {
        return None;
    }
    let host = start.rfind('@').map_or(0, |at| at + 1);
    Some((&start[..host], &start[host..], path))
}

fn usual_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "https" => Some(":443"),
        "http" => Some(":80"),
        "ssh" => Some(":22"),
        "git" => Some(":9418"),
        _ => None,
    }
}

/// A text in which no address holds a login: what other programs say of an address may
/// hold it as it was given to them.
#[must_use]
pub fn hide_logins(text: &str) -> String {
    if !text.contains([':', '=']) {
        return text.to_owned();
    }
    let words = text.split_inclusive(char::is_whitespace);
    words.flat_map(addresses).map(hide_login).collect()
}

/// A word in parts of which each holds one address at most, and begins with it.
fn addresses(word: &str) -> Vec<&str> {
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let mut starts: Vec<usize> = word
        .match_indices(":/")
        .filter_map(|(at, _)| {
            let start = word[..at].trim_end_matches(in_scheme).len();
            // One that has lost a slash is one by its scheme.
            let is_one = word[at..].starts_with("://") || login::is_scheme(&word[start..at]);
            is_one.then_some(start)
        })
        .collect();
    starts.insert(0, 0);
    starts.push(word.len());
    starts
        .windows(2)
        .map(|ends| &word[ends[0]..ends[1]])
        .collect()
}

fn hide_login(part: &str) -> String {
    // What a sentence has after an address is none of it.
    let closing = |c: char| c.is_whitespace() || "'\"`.,:;!?)]}>".contains(c);
    let address = part.trim_end_matches(closing);
    let bare = if login::split(address).is_some() {
        without_login(address)
    } else {
        hide_in_word(address)
    };
    format!("{bare}{}", &part[address.len()..])
}

/// A word that is no URL, without what can be nothing else than a login: a password before
/// `@host:path`, and what follows the name of a token.
fn hide_in_word(word: &str) -> String {
    let bare = word.trim_start_matches(['\'', '"', '`', '(', '[', '{', '<']);
    let start = bare.split('/').next().unwrap_or_default();
    let is_login = start.rsplit_once('@').is_some_and(|(login, host)| {
        // The digest of an image (`image:tag@sha256:…`) is no host, nor is JSON a login.
        let host = host.split_once(':').map(|(host, _)| host);
        host.is_some_and(|host| !host.is_empty() && !matches!(host, "sha256" | "sha512"))
            && !login.contains(['"', '{', '['])
    });
    let hidden = if is_login {
        without_login(bare)
    } else {
        let parts: Vec<String> = login::without_named_query(bare)
            .split('/')
            .enumerate()
            .map(|(index, part)| {
                if index == 0 {
                    part.to_owned()
                } else {
                    login::without_assigned(part)
                }
            })
            .collect();
        parts.join("/")
    };
    format!("{}{hidden}", &word[..word.len() - bare.len()])
}

/// `user:password@host:path`, which no tool takes, and a person may write all the same.
fn without_password(address: &str) -> String {
    let end = address.find('/').unwrap_or(address.len());
    let (start, path) = address.split_at(end);
    match start.rsplit_once('@') {
        Some((login, host)) => match login.split_once(':') {
            Some((user, _)) => format!("{user}@{host}{path}"),
            None => address.to_owned(),
        },
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests;
