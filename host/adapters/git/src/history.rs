//! Which commit changed a path last.

use git2::{Commit, ErrorCode, Oid, Repository, Tree};

use crate::tree;

/// Why history gave no answer.
#[derive(Debug)]
pub(crate) enum HistoryError {
    /// The clone ends before the answer.
    Shallow,
    /// The commit isn't there.
    Missing(String),
    /// Objects can't be read.
    Git(git2::Error),
}

impl From<git2::Error> for HistoryError {
    fn from(error: git2::Error) -> Self {
        Self::Git(error)
    }
}

/// The commit of that id.
pub(crate) fn commit<'r>(repo: &'r Repository, id: &str) -> Result<Commit<'r>, HistoryError> {
    let missing = || {
        HistoryError::Missing(
            id.chars()
                .take(80)
                .collect::<String>()
                .escape_debug()
                .to_string(),
        )
    };
    let oid = full_id(id).ok_or_else(missing)?;
    match repo.find_commit(oid) {
        Ok(commit) => Ok(commit),
        Err(error) if error.code() == ErrorCode::NotFound => Err(if repo.is_shallow() {
            HistoryError::Shallow
        } else {
            missing()
        }),
        Err(error) => Err(error.into()),
    }
}

/// A whole commit id: an abbreviated one could name another commit tomorrow.
pub(crate) fn full_id(text: &str) -> Option<Oid> {
    if text.len() == 40 {
        Oid::from_str(text).ok()
    } else {
        None
    }
}

/// The last commit up to `head` that changed what stands at `path`. `None` when nothing
/// ever stood there.
pub(crate) fn last_change<'r>(
    repo: &'r Repository,
    head: Commit<'r>,
    path: &str,
) -> Result<Option<Commit<'r>>, HistoryError> {
    last_change_of(repo, head, |root| tree::at(root, path))
}

/// The same of what `look` finds in a tree, walked as `git log` walks: past a merge along a
/// parent that has the same.
pub(crate) fn last_change_of<'r>(
    repo: &'r Repository,
    head: Commit<'r>,
    look: impl Fn(&Tree<'_>) -> Result<Option<Oid>, git2::Error>,
) -> Result<Option<Commit<'r>>, HistoryError> {
    let mut at = head;
    let here = look(&at.tree()?)?;
    'walk: loop {
        for parent in at.parents() {
            if look(&parent.tree()?)? == here {
                at = parent;
                continue 'walk;
            }
        }
        if at.parent_count() > 0 {
            return Ok(Some(at));
        }
        if is_cut(repo, at.id()) {
            return Err(HistoryError::Shallow);
        }
        return Ok(here.map(|_| at));
    }
}

/// Whether a shallow clone ends at that commit: libgit2 shows it without parents.
fn is_cut(repo: &Repository, commit: Oid) -> bool {
    let id = commit.to_string();
    repo.is_shallow()
        && std::fs::read_to_string(repo.commondir().join("shallow"))
            .is_ok_and(|text| text.lines().any(|line| line.trim() == id))
}
