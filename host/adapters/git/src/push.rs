//! Moving branches of a remote, and what came of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use git2::{Error, ErrorCode, Oid, Reference, Repository, Sort};

use crate::remote::locked;

/// What libgit2 takes for: as many threads as there are processors.
pub(crate) const EVERY_PROCESSOR: u32 = 0;

/// A branch to move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) branch: String,
    /// Where it has to stand for the move; `None`: it must not exist.
    pub(crate) from: Option<Oid>,
    pub(crate) to: Oid,
}

impl Update {
    pub(crate) fn refname(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }
}

/// What came of one branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It moved.
    Taken,
    /// It stood elsewhere meanwhile, or someone else was moving it: build again.
    Lost(String),
    /// The remote doesn't want it, in its own words.
    Rejected(String),
}

/// Why a push has no outcomes.
#[derive(Debug)]
pub(crate) enum PushError {
    /// Nothing has changed on the remote.
    NotSent(Error),
    /// The remote may have moved branches.
    Uncertain(Error),
}

impl PushError {
    pub(crate) fn error(&self) -> &Error {
        match self {
            Self::NotSent(error) | Self::Uncertain(error) => error,
        }
    }
}

/// What a remote's words on one branch mean. Those of a lost race are the fixed texts of
/// git's own `receive-pack` and `refs.c`, and GitHub's.
pub(crate) fn rejection(words: &str) -> Outcome {
    const LOST: [&str; 8] = [
        "non-fast-forward",
        "fetch first",
        "failed to update ref",
        "failed to lock",
        "cannot lock ref",
        "stale info",
        "reference already exists",
        "incorrect old value",
    ];
    if LOST.iter().any(|text| words.contains(text)) {
        Outcome::Lost(words.to_owned())
    } else {
        Outcome::Rejected(words.to_owned())
    }
}

/// Moves the branches of a bare repo on this machine. libgit2's own way to do that
/// overwrites a branch that moved meanwhile; this one compares under the branch's lock.
/// Like libgit2's, it runs none of the repo's hooks.
pub(crate) fn to_local(
    cache: &Repository,
    path: &Path,
    updates: &[Update],
) -> Result<BTreeMap<String, Outcome>, PushError> {
    let remote = Repository::open(path).map_err(PushError::NotSent)?;
    if !remote.is_bare() {
        return Err(PushError::NotSent(Error::new(
            ErrorCode::BareRepo,
            git2::ErrorClass::Repository,
            "it isn't a bare repository",
        )));
    }
    copy_objects(cache, &remote, updates).map_err(PushError::NotSent)?;
    let os = |error: std::io::Error| {
        PushError::NotSent(Error::new(
            ErrorCode::GenericError,
            git2::ErrorClass::Os,
            error.to_string(),
        ))
    };
    let mut moving = Moving::open(remote.path()).map_err(os)?;
    moving.note(updates).map_err(os)?;
    let outcomes = updates
        .iter()
        .map(|update| (update.branch.clone(), move_branch(&remote, update)))
        .collect();
    // What stays noted costs the next one a look.
    let _ = moving.note(&[]);
    Ok(outcomes)
}

/// Which branches of a repo on this machine a process of ours is moving, in a file there
/// that it alone has. Git's locks outlive a process; a branch that is noted when the file
/// can be had is one that a dead process of ours was moving.
struct Moving(File);

impl Moving {
    fn open(repo: &Path) -> std::io::Result<Self> {
        let mut file = locked(&repo.join("deploycenter.lock"))?;
        let mut noted = String::new();
        file.read_to_string(&mut noted)?;
        // A name that was cut off by death wasn't being moved yet.
        let whole = noted.rsplit_once('\n').map_or("", |(whole, _)| whole);
        for name in whole.lines().filter(|name| Reference::is_valid_name(name)) {
            match std::fs::remove_file(repo.join(format!("{name}.lock"))) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Self(file))
    }

    fn note(&mut self, updates: &[Update]) -> std::io::Result<()> {
        let names: String = updates
            .iter()
            .map(|update| update.refname() + "\n")
            .collect();
        self.0.set_len(0)?;
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(names.as_bytes())
    }
}

/// Writes what is new in these updates into another repo, as one pack; or into the same,
/// when it holds them in memory.
pub(crate) fn copy_objects(
    from: &Repository,
    to: &Repository,
    updates: &[Update],
) -> Result<(), Error> {
    let mut walk = from.revwalk()?;
    walk.set_sorting(Sort::TOPOLOGICAL)?;
    for update in updates {
        walk.push(update.to)?;
        if let Some(base) = update.from {
            walk.hide(base)?;
        }
    }
    let mut builder = from.packbuilder()?;
    builder.set_threads(EVERY_PROCESSOR);
    builder.insert_walk(&mut walk)?;
    let odb = to.odb()?;
    let mut writer = odb.packwriter()?;
    let mut written = Ok(());
    builder.foreach(|bytes| {
        written = writer.write_all(bytes);
        written.is_ok()
    })?;
    written.map_err(|error| Error::from_str(&error.to_string()))?;
    writer.commit()?;
    Ok(())
}

fn move_branch(remote: &Repository, update: &Update) -> Outcome {
    let moved = match update.from {
        Some(from) => remote.reference_matching(&update.refname(), update.to, true, from, "push"),
        None => remote.reference(&update.refname(), update.to, false, "push"),
    };
    match moved {
        Ok(_) => Outcome::Taken,
        Err(error) => match error.code() {
            ErrorCode::Modified | ErrorCode::Exists | ErrorCode::Locked | ErrorCode::NotFound => {
                Outcome::Lost(error.message().to_owned())
            }
            _ => rejection(error.message()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_race_is_told_from_a_refusal() {
        for words in [
            "non-fast-forward",
            "failed to update ref",
            "cannot lock ref 'refs/heads/customer/acme': is at 1 but expected 2",
        ] {
            assert!(matches!(rejection(words), Outcome::Lost(_)), "{words}");
        }
        for words in [
            "hook declined",
            "pre-receive hook declined",
            "protected branch hook declined",
        ] {
            assert!(matches!(rejection(words), Outcome::Rejected(_)), "{words}");
        }
    }
}
