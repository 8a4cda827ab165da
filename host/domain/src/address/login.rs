//! Where in an address a login may stand beside what comes before its host: what people
//! write, and what is left of it when they slip.

use percent_encoding::percent_decode_str;

/// The users by which hosts take a token for a password, and the names that tokens have in
/// a path or a query; a hyphen stands for an underscore as well.
const NAMES: [&str; 15] = [
    "access-token",
    "api-key",
    "auth-token",
    "client-secret",
    "gitlab-ci-token",
    "job-token",
    "oauth-token",
    "oauth2",
    "password",
    "private-token",
    "secret",
    "token",
    "x-access-token",
    "x-oauth-basic",
    "x-token-auth",
];

/// The schemes that are meant even where a slash of theirs is lost. `git` is none of them:
/// it may be the name of a host as well.
const SCHEMES: [&str; 7] = ["ftp", "ftps", "git+ssh", "http", "https", "ssh", "ssh+git"];

/// What stands between a name and its token.
const AFTER_NAME: [char; 2] = [':', '='];

/// Whether a text is a scheme that is meant even where a slash of it is lost.
pub(super) fn is_scheme(text: &str) -> bool {
    SCHEMES.iter().any(|known| text.eq_ignore_ascii_case(known))
}

/// Scheme, colon with slashes, and the rest of a URL: also of one that has lost a slash
/// (`https:/host`) or has one too many, which tools read as they like.
pub(super) fn split(address: &str) -> Option<(&str, &str, &str)> {
    let colon = address.find(':')?;
    let is_meant = is_scheme(&address[..colon]) && address[colon + 1..].starts_with(['/', '\\']);
    let at = if is_meant {
        colon
    } else {
        address.find("://")?
    };
    let scheme = &address[..at];
    if scheme.contains('@') {
        return None;
    }
    let after = &address[at + 1..];
    let rest = if scheme.eq_ignore_ascii_case("file") {
        after.strip_prefix("//").unwrap_or(after)
    } else {
        after.trim_start_matches(['/', '\\'])
    };
    Some((scheme, &address[at..address.len() - rest.len()], rest))
}

/// A part of a path without the token that some write there, as in
/// `https://host/x-access-token:TOKEN/repo` or `https://host/repo;token=TOKEN`, also where
/// its signs are percent-encoded.
pub(super) fn without_token(part: &str) -> String {
    before_token(part, &AFTER_NAME).unwrap_or_else(|| part.to_owned())
}

/// A part of a path in a text that may be no address: there `oauth2:1.0` may be an image,
/// and only what follows an equals sign is a token.
pub(super) fn without_assigned(part: &str) -> String {
    before_token(part, &['=']).unwrap_or_else(|| part.to_owned())
}

/// Host and port without a login whose `@` is percent-encoded, and without parameters.
pub(super) fn host(authority: &str) -> String {
    let host = authority.split(';').next().unwrap_or_default();
    let plain = decoded(host);
    match plain.rsplit_once('@') {
        Some((_, bare)) if !host.contains('@') => bare.to_owned(),
        _ => host.to_owned(),
    }
}

/// A text without the query or fragment in which a token has its name; any other stays,
/// since a folder may be called as it likes.
pub(super) fn without_named_query(text: &str) -> &str {
    let mut marks = text.match_indices(['?', '#']);
    let named = marks.find(|(at, _)| before_token(&text[at + 1..], &AFTER_NAME).is_some());
    named.map_or(text, |(at, _)| &text[..at])
}

/// What stands before a token, decoded, with the token's name; none where there is no token.
fn before_token(text: &str, after_name: &[char]) -> Option<String> {
    let plain = decoded(text);
    let mut at = 0;
    for piece in plain.split_inclusive(['/', ';', '?', '&', '#', ',']) {
        match piece.split_once(after_name) {
            Some((name, _)) if is_name(name) => return Some(format!("{}{name}", &plain[..at])),
            _ => at += piece.len(),
        }
    }
    None
}

fn is_name(text: &str) -> bool {
    let text = text.replace('_', "-");
    NAMES.iter().any(|known| text.eq_ignore_ascii_case(known))
}

/// A text without percent-encoding, also where it was encoded twice.
fn decoded(text: &str) -> String {
    let once = percent_decode_str(text).decode_utf8_lossy();
    percent_decode_str(&once).decode_utf8_lossy().into_owned()
}
