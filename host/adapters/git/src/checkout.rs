//! What a command wants of the operator's checkout that talks to nobody.
//!
//! libgit2 begins with reading all of the machine's certificates, which takes longer than
//! all the rest of such a command. So what `validate` and `render` need is read by gix;
//! whatever writes, walks history or asks a remote is libgit2's.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use deploycenter_domain::address::Origin;
use deploycenter_domain::remedy::Remedy;
use deploycenter_ports::{DesiredFiles, RepositoryError};
use gix::bstr::ByteSlice as _;
use gix::remote::Direction;
use gix::sec::Trust;
use gix::worktree::stack::state::ignore::Source;

use crate::config::Credentials;
use crate::working_tree::{listed, problem, read};

/// Where a checkout is.
pub(crate) struct CheckoutPlace {
    pub(crate) git_dir: PathBuf,
    pub(crate) root: PathBuf,
}

/// The checkout that `path` is, or lies in.
pub(crate) fn find(path: &Path) -> Result<CheckoutPlace, RepositoryError> {
    let repo = gix::discover(path).map_err(|error| RepositoryError {
        message: format!("{} isn't in a git repository: {error}", path.display()),
        help: Some(
            (
                "run this in a deployment repo, name one with -C, or make one with ",
                Remedy::Init,
            )
                .into(),
        ),
    })?;
    if repo.git_dir_trust() != Trust::Full {
        owned(path)?;
    }
    let root = repo.workdir().ok_or_else(|| {
        problem(format!(
            "{} is a bare repository; the desired state is read from a checkout",
            path.display()
        ))
    })?;
    Ok(CheckoutPlace {
        git_dir: repo.git_dir().to_owned(),
        root: root.to_owned(),
    })
}

/// Whether this user may use a repository that another one owns, as git is configured.
fn owned(path: &Path) -> Result<(), RepositoryError> {
    git2::Repository::discover(path).map(drop).map_err(|error| RepositoryError {
        message: format!("{} can't be read: {}", path.display(), error.message()),
        help: Some(
            "it belongs to another user of this machine: git config --global --add safe.directory <path>"
                .into(),
        ),
    })
}

fn open(git_dir: &Path) -> Result<gix::Repository, RepositoryError> {
    gix::open(git_dir)
        .map_err(|error| problem(format!("the deployment repo can't be read: {error}")))
}

/// Reads the desired state. What git ignores isn't part of it, or the state would depend
/// on files that nobody else has.
pub(crate) fn desired_files(git_dir: &Path, root: &Path) -> Result<DesiredFiles, RepositoryError> {
    let unreadable =
        |error: &dyn std::fmt::Display| problem(format!("git's index can't be read: {error}"));
    let repo = open(git_dir)?;
    let index = repo.index_or_empty().map_err(|error| unreadable(&error))?;
    let mut excludes = repo
        .excludes(&index, None, Source::WorktreeThenIdMappingIfNotSkipped)
        .map_err(|error| unreadable(&error))?;
    let (mut filters, stored) = repo
        .filter_pipeline(None)
        .map_err(|error| unreadable(&error))?;
    let mut files = DesiredFiles::new();
    for path in listed(root)? {
        let is_tracked = index.entry_by_path(path.as_bytes().as_bstr()).is_some();
        let is_ignored = !is_tracked
            && excludes
                .at_path(path.as_str(), None)
                .map_err(|error| unreadable(&error))?
                .is_excluded();
        if !is_ignored && let Some(content) = read(root, &path)? {
            let content = as_git_stores(&mut filters, &stored, &path, &content)?;
            files.insert(path, content);
        }
    }
    Ok(files)
}

/// What `git add` would store of a file: with the line ends and by the filters that git's
/// attributes and configuration say. So a plan doesn't depend on how someone's git checks
/// files out.
fn as_git_stores(
    filters: &mut gix::filter::Pipeline<'_>,
    index: &gix::index::State,
    path: &str,
    content: &[u8],
) -> Result<Vec<u8>, RepositoryError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        problem(format!(
            "{path} can't be read as git would store it: {error}"
        ))
    };
    let mut converted = filters
        .convert_to_git(content, Path::new(path), index)
        .map_err(|error| unreadable(&error))?;
    let mut stored = Vec::with_capacity(content.len());
    converted
        .read_to_end(&mut stored)
        .map_err(|error| unreadable(&error))?;
    Ok(stored)
}

/// The URL of a remote, as git has it, with what git's configuration rewrites, and with
/// the login that is in it.
pub(crate) fn remote_url(git_dir: &Path, name: &str) -> Option<String> {
    let repo = open(git_dir).ok()?;
    let remote = repo.find_remote(name).ok()?;
    let url = remote.url(Direction::Fetch)?;
    String::from_utf8(url.to_bstring().into()).ok()
}

/// Where the remotes are that HTTP leads to.
pub(crate) fn origins(git_dir: &Path) -> BTreeSet<Origin> {
    let urls = remote_urls(git_dir);
    urls.iter().filter_map(|url| Origin::of(url)).collect()
}

/// Credentials with what the remotes' URLs hold beside them.
pub(crate) fn with_logins(git_dir: &Path, credentials: Credentials) -> Credentials {
    let urls = remote_urls(git_dir);
    urls.iter()
        .fold(credentials, |all, url| all.with_login_of(url))
}

/// The URLs of all remotes, as [`remote_url`] gives them.
fn remote_urls(git_dir: &Path) -> Vec<String> {
    let Ok(repo) = open(git_dir) else {
        return Vec::new();
    };
    let names = repo.remote_names();
    let urls = names
        .iter()
        .filter_map(|name| remote_url(git_dir, &name.to_string()));
    urls.collect()
}

/// A path at or below a folder that the index holds.
pub(crate) fn tracked_below(git_dir: &Path, folder: &str) -> Option<String> {
    let repo = open(git_dir).ok()?;
    let index = repo.index_or_empty().ok()?;
    index.entries().iter().find_map(|entry| {
        let path = entry.path(&index);
        let rest = path.strip_prefix(folder.as_bytes())?;
        (rest.is_empty() || rest.starts_with(b"/")).then(|| path.to_string())
    })
}
