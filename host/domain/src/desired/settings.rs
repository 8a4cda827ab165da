//! `deploycenter.toml`: the settings that aren't secret.

use serde::{Deserialize, Serialize};

use super::node::Node;
use super::reader::{Object, Reader};
use super::toml;
use crate::address::{canonical, has_login, has_userinfo, is_misspelt_url, without_login};
use crate::name::InstallationId;
use crate::problem::Problem;

/// The file's name.
pub const FILE: &str = "deploycenter.toml";

/// The settings of a deployment repo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Part of every name outside.
    pub installation: InstallationId,
    /// Who holds locks and journal.
    pub authority: Authority,
    /// Remotes and branches.
    pub git: GitSettings,
    /// The Argo CD that deploys.
    pub argocd: ArgocdSettings,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// Who holds locks and journal: exactly one for an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Authority {
    /// A database that this process opens.
    Database,
    /// A DeployCenter server, which the command line hands its work to.
    Server,
    /// Refs on the git remote.
    Git,
}

/// Remotes and branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitSettings {
    /// The remote that `apply` compares with: `origin`.
    pub remote: String,
    /// The branch of the desired state; the remote's default branch when absent, as the
    /// checkout knows it: `main`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main: Option<String>,
    /// The URL of the repo for the generated branches; that of `remote` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// Whether generated commits are signed, as git is configured to sign.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signing: bool,
}

/// The Argo CD that deploys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgocdSettings {
    /// Host and port, or a URL: `argocd.example.com`, `http://127.0.0.1:8080`.
    pub server: String,
    /// The address by which it reads the generated branches, as manifests name it; that of
    /// `git.generated` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// How long to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// A deployment that shows no progress for so many seconds has failed.
    pub progress_seconds: u64,
    /// For so many seconds a step of a deployment waits in all for outside systems that
    /// can't be reached; then the deployment stops, and `resume` goes on.
    pub outage_seconds: u64,
    /// For so many seconds Argo CD may be unable to compare an application with git, when
    /// that may pass.
    pub comparison_seconds: u64,
    /// What is degraded may heal by itself for so many seconds, unless the table of kinds
    /// says otherwise.
    pub degraded_seconds: u64,
    /// A database may restart, switch over or apply its settings for so many seconds.
    pub database_seconds: u64,
    /// A pod's image may be missing, or its container crash, for so many seconds.
    pub pods_seconds: u64,
    /// An operator may take so many seconds to write that it has seen a change.
    pub operator_seconds: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            progress_seconds: 600,
            outage_seconds: 3600,
            comparison_seconds: 120,
            degraded_seconds: 90,
            database_seconds: 600,
            pods_seconds: 180,
            operator_seconds: 20,
        }
    }
}

impl Settings {
    /// The address by which Argo CD reads the generated branches: part of what is deployed,
    /// and so a setting, whatever remote the operator's checkout has.
    #[must_use]
    pub fn repository(&self) -> Option<&str> {
        let own = self.argocd.repository.as_deref();
        own.or(self.git.generated.as_deref())
    }

    /// What stands for settings that can't be read, so that the rest is checked all the
    /// same.
    pub(super) fn stand_in() -> Self {
        Self {
            installation: "unknown".parse().expect("it is an installation id"),
            authority: Authority::Database,
            git: GitSettings {
                remote: "origin".to_owned(),
                main: None,
                generated: None,
                signing: false,
            },
            argocd: ArgocdSettings {
                server: "unknown.invalid".to_owned(),
                repository: None,
            },
            timeouts: Timeouts::default(),
        }
    }
}

/// Reads the file.
pub(super) fn read(bytes: &[u8]) -> (Option<Settings>, Vec<Problem>) {
    let (node, found) = toml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE, found);
    let settings = node.and_then(|node| settings(&mut reader, &node));
    (settings, reader.found)
}

fn settings(reader: &mut Reader<'_>, node: &Node) -> Option<Settings> {
    let root = reader.object(
        node,
        "",
        &[
            "version",
            "installation",
            "authority",
            "git",
            "argocd",
            "timeouts",
        ],
    )?;
    reader.version(&root);
    let installation = reader.need_text(&root, "installation");
    let installation = reader.name(installation);
    let authority = reader.text(&root, "authority");
    let authority = match authority {
        None => Some(Authority::Database),
        written => reader.word(
            written,
            &[
                ("database", Authority::Database),
                ("server", Authority::Server),
                ("git", Authority::Git),
            ],
        ),
    };

    let mut git = GitSettings {
        remote: "origin".to_owned(),
        main: None,
        generated: None,
        signing: false,
    };
    if let Some(object) = reader.inner(&root, "git", &["remote", "main", "generated", "signing"]) {
        git.signing = reader.flag(&object, "signing").unwrap_or_default();
        let remote = reader.text(&object, "remote");
        let main = reader.text(&object, "main");
        if let Some(name) = reader.checked(remote, ref_name) {
            git.remote = name.value;
        }
        git.main = reader.checked(main, main_branch).map(|name| name.value);
        let generated = reader.text(&object, "generated");
        git.generated = reader
            .checked(generated, repository_address)
            .map(|text| text.value);
    }

    let mut argocd = None;
    if reader.need(&root, "argocd").is_some()
        && let Some(object) = reader.inner(&root, "argocd", &["server", "repository"])
    {
        let server = reader.need_text(&object, "server");
        let server = reader.checked(server, argocd_server);
        let repository = reader.text(&object, "repository");
        let repository = reader.checked(repository, repository_address);
        argocd = server.map(|server| ArgocdSettings {
            server: server.value,
            repository: repository.map(|text| text.value),
        });
    }

    let timeouts = timeouts(reader, &root);

    Some(Settings {
        installation: installation?.value,
        authority: authority?,
        git,
        argocd: argocd?,
        timeouts,
    })
}

fn timeouts(reader: &mut Reader<'_>, root: &Object<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    let keys = [
        ("progress_seconds", 1, &mut timeouts.progress_seconds),
        ("outage_seconds", 1, &mut timeouts.outage_seconds),
        ("comparison_seconds", 0, &mut timeouts.comparison_seconds),
        ("degraded_seconds", 0, &mut timeouts.degraded_seconds),
        ("database_seconds", 0, &mut timeouts.database_seconds),
        ("pods_seconds", 0, &mut timeouts.pods_seconds),
        ("operator_seconds", 0, &mut timeouts.operator_seconds),
    ];
    let names = keys.each_ref().map(|(name, ..)| *name);
    let Some(object) = reader.inner(root, "timeouts", &names) else {
        return timeouts;
    };
    for (name, least, setting) in keys {
        if let Some(seconds) = reader.integer(&object, name, least, 86_400) {
            *setting = seconds.value;
        }
    }
    timeouts
}

/// The plain ones of git's names; what `git check-ref-format` forbids is left out.
pub(super) fn ref_name(text: &str) -> Result<String, String> {
    let fine = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'))
        && !text.contains("..")
        && !text.contains("//")
        && !text.starts_with(['-', '/', '.'])
        && !text.ends_with(['/', '.'])
        && !text.ends_with(".lock");
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no name that git takes"))
    }
}

/// A branch that isn't one of the generated ones, and doesn't leave them without room.
pub(super) fn main_branch(text: &str) -> Result<String, String> {
    let name = ref_name(text)?;
    if name == "customer" || name.starts_with("customer/") {
        return Err(format!(
            "{text:?} is where generated branches are: customer/<name>; the desired state needs another, such as main"
        ));
    }
    Ok(name)
}

/// A repository's address, as git takes it (a URL, `git@host:path`, a folder), in one
/// spelling. Without a login: what stands in this file ends up in manifests and with
/// Argo CD.
///
/// # Errors
/// In words, when it isn't fit for that; without the login.
pub fn repository_address(text: &str) -> Result<String, String> {
    if has_login(text) {
        let part = if has_userinfo(text) {
            "what stands before the @"
        } else {
            "what follows ? or #, or the name of a login in the path"
        };
        let bare = without_login(text);
        return Err(format!(
            "{bare:?} is written with a login in it; take out {part}, and change that login, since it is in git's history"
        ));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        // Behind such a character may be what is a login to some reader.
        let is_odd = |c: char| c.is_whitespace() || c.is_control();
        let start = text.trim().split(is_odd).next().unwrap_or_default();
        return Err(format!(
            "{start:?}… is no address of a git repository: it has a space at an end, or a character that isn't shown"
        ));
    }
    if is_misspelt_url(text) {
        return Err(format!(
            "{text:?} is no address of a git repository: after its scheme stand a colon and two slashes"
        ));
    }
    if text.contains("{shard}") {
        return Err(format!(
            "{text:?}: {{shard}} isn't supported yet; all generated branches are in one repository, so write its address"
        ));
    }
    if is_pattern(text) {
        return Err(format!(
            "{text:?} holds a character that Argo CD reads as part of a pattern, or what follows ? or #; write the repository's own address"
        ));
    }
    Ok(canonical(text))
}

/// Whether an address holds what Argo CD's projects read as a pattern (`*`, `?`, `[a-z]`,
/// `{a,b}`, a leading `!`), or a part that isn't the place: a query or a fragment.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', ']', '{', '}', '!', ',', '\\', '#'])
}

/// The address of Argo CD's server, which no login stands in.
fn argocd_server(text: &str) -> Result<String, String> {
    let address = server_address(text)?;
    without_a_login(&address)?;
    if is_misspelt_url(&address) {
        return Err(format!(
            "{address:?} is no address such as argocd.example.com: after its scheme stand a colon and two slashes"
        ));
    }
    Ok(address)
}

/// Whether an address that isn't a repository's is free of logins.
///
/// # Errors
/// In words, without the login.
pub(super) fn without_a_login(text: &str) -> Result<(), String> {
    if has_login(text) {
        let bare = without_login(text);
        return Err(format!(
            "{bare:?} is written with a login in it; take it out, and change that login, since it is in git's history"
        ));
    }
    Ok(())
}

/// The form of it.
pub(super) fn server_address(text: &str) -> Result<String, String> {
    if text.contains('@') {
        return Err(
            "\"server\" holds user information; the token comes from ARGOCD_AUTH_TOKEN".to_owned(),
        );
    }
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text);
    let fine = !host.is_empty()
        && !host.starts_with('/')
        && host.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'/' | b'[' | b']' | b'_')
        });
    if fine {
        Ok(text.to_owned())
    } else {
        let bare = without_login(text);
        Err(format!("{bare:?} is no address such as argocd.example.com"))
    }
}
