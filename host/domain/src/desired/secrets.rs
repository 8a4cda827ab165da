//! Values that look like secrets, and images that aren't pinned: neither goes into git.

use serde_json::Value;

use super::layer::Layer;
use super::node::{dotted, join};
use crate::name::TargetId;
use crate::problem::Problem;
use crate::remedy::Remedy;

/// Keys whose value is a secret, without case and separators: alone or at the end of a
/// longer one (`smtpPassword`, `db_password`).
const KEYS: &[&str] = &[
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "secretkey",
    "secretaccesskey",
    "clientsecret",
    "token",
    "tokens",
    "accesstoken",
    "authtoken",
    "apikey",
    "apikeys",
    "accesskey",
    "accesskeyid",
    "privatekey",
    "encryptionkey",
    "masterkey",
    "credential",
    "credentials",
];

/// Keys that end like a secret's but hold the name of one.
const REFERENCES: &[&str] = &[
    "existingsecret",
    "imagepullsecret",
    "imagepullsecrets",
    "tlssecret",
];

/// How well-known tokens begin, and how many characters follow at least.
const PREFIXES: &[(&str, usize, &str)] = &[
    ("ghp_", 30, "a GitHub token"),
    ("gho_", 30, "a GitHub token"),
    ("ghu_", 30, "a GitHub token"),
    ("ghs_", 30, "a GitHub token"),
    ("ghr_", 30, "a GitHub token"),
    ("github_pat_", 30, "a GitHub token"),
    ("glpat-", 16, "a GitLab token"),
    ("xoxb-", 10, "a Slack token"),
    ("xoxp-", 10, "a Slack token"),
    ("xoxa-", 10, "a Slack token"),
    ("xapp-", 10, "a Slack token"),
    ("sk_live_", 10, "a Stripe key"),
    ("rk_live_", 10, "a Stripe key"),
    ("AIza", 30, "a Google API key"),
    ("SG.", 40, "a SendGrid key"),
    ("npm_", 30, "an npm token"),
    ("dckr_pat_", 20, "a Docker token"),
    ("hvs.", 20, "a Vault token"),
    ("AGE-SECRET-KEY-1", 20, "an age key"),
    ("sk-ant-", 20, "an API key"),
];

/// Looks through a layer. `target` is whose values these are, for the way out.
pub(super) fn look(layer: &Layer, target: Option<&TargetId>, found: &mut Vec<Problem>) {
    let mut walk = ValueWalk {
        layer,
        target,
        found,
    };
    for (key, value) in &layer.values {
        walk.value(&join("", key), key, value, false);
    }
}

struct ValueWalk<'a> {
    layer: &'a Layer,
    target: Option<&'a TargetId>,
    found: &'a mut Vec<Problem>,
}

impl ValueWalk<'_> {
    fn value(&mut self, pointer: &str, key: &str, value: &Value, secret_list: bool) {
        let named_so = secret_list || is_secret_key(key);
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    self.value(&join(pointer, key), key, value, false);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{pointer}/{index}"), key, item, named_so);
                }
            }
            Value::String(text) => {
                if let Some(what) = looks_like(text) {
                    self.secret(pointer, &format!("holds {what}"));
                } else if named_so && !text.is_empty() {
                    self.secret(pointer, "looks like a secret");
                } else if let Some(why) = unpinned(key, text) {
                    self.found.push(
                        self.layer
                            .problem(pointer, format!("\"{}\" {why}", dotted(pointer)))
                            .help("name a version that never changes, or a digest: image:1.2.3, image@sha256:…"),
                    );
                }
            }
            Value::Number(_) if named_so => self.secret(pointer, "looks like a secret"),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// The message never holds the value: it goes to terminals and logs.
    fn secret(&mut self, pointer: &str, what: &str) {
        let message = format!(
            "\"{}\" {what}, and secrets never go into git",
            dotted(pointer)
        );
        let help = (
            "take it out (and change it, if it was ever pushed), then give it with: ",
            Remedy::SecretSet {
                target: self.target.cloned(),
                name: None,
            },
        );
        self.found
            .push(self.layer.problem(pointer, message).help(help));
    }
}

fn is_secret_key(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    KEYS.iter().any(|known| plain.ends_with(known))
        && !REFERENCES.iter().any(|known| plain.ends_with(known))
}

/// What kind of secret a text holds.
fn looks_like(text: &str) -> Option<&'static str> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if text
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(is_aws_key)
    {
        return Some("an AWS access key");
    }
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    for word in text.split(|c: char| !is_token_char(c)) {
        let known = PREFIXES.iter().find(|(prefix, rest, _)| {
            word.strip_prefix(prefix)
                .is_some_and(|after| after.len() >= *rest)
        });
        if let Some((.., what)) = known {
            return Some(what);
        }
        if is_jwt(word) {
            return Some("a signed token (JWT)");
        }
    }
    has_url_password(text).then_some("a URL with a password in it")
}

fn is_aws_key(word: &str) -> bool {
    word.len() == 20
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_jwt(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    parts.len() == 3
        && parts[0].starts_with("eyJ")
        && parts[1].starts_with("eyJ")
        && parts[2].len() >= 16
}

fn has_url_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, found)| {
        let rest = &text[at + found.len()..];
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | '<'))
            .unwrap_or(rest.len());
        rest[..end]
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty())
    })
}

/// Why an image isn't pinned.
fn unpinned(key: &str, text: &str) -> Option<&'static str> {
    const LATEST: &str = "is \"latest\", which changes by itself";
    match key {
        "tag" | "imageTag" => (text == "latest").then_some(LATEST),
        "image" => {
            if text.contains("@sha256:") {
                return None;
            }
            let name = text.rsplit('/').next().unwrap_or(text);
            match name.rsplit_once(':') {
                Some((_, "latest")) => Some(LATEST),
                Some((_, tag)) if !tag.is_empty() => None,
                _ => Some("names an image without a tag or digest"),
            }
        }
        _ => None,
    }
}
