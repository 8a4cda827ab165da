//! Moving branches of a remote, and what came of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use deploycenter_domain::escape;
use git2::{Error, ErrorCode, Oid, Reference, Repository, Sort};

use crate::lock_file::locked;

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

impl Outcome {
    /// The same, with what the remote said of the push beside its verdict.
    pub(crate) fn saying(self, words: &Words) -> Self {
        match (self, words.shown()) {
            // What git tells there of a branch that it can't make.
            (Self::Lost(_), Some(words)) if is_in_the_way(&words) => Self::Rejected(words),
            (Self::Rejected(why), Some(words)) => {
                Self::Rejected(format!("{why}; it says: {words}"))
            }
            (outcome, _) => outcome,
        }
    }
}

/// What a remote says to whoever pushes, beside its verdicts: the output of its hooks,
/// which git shows after `remote: `. The beginning of it; what hooks say may be without end.
#[derive(Debug, Default)]
pub(crate) struct Words(Vec<u8>);

impl Words {
    /// How many bytes are kept.
    const KEPT: usize = 8 << 10;
    /// How many characters are shown.
    const SHOWN: usize = 600;

    pub(crate) fn hear(&mut self, bytes: &[u8]) {
        let room = Self::KEPT.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// In one line, harmless and bounded; `None` when nothing was said.
    pub(crate) fn shown(&self) -> Option<String> {
        /// What git itself tells of its work.
        const PROGRESS: [&str; 6] = [
            "Compressing objects:",
            "Counting objects:",
            "Enumerating objects:",
            "Receiving objects:",
            "Resolving deltas:",
            "Unpacking objects:",
        ];
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text
            .split(['\n', '\r'])
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .filter(|line| !PROGRESS.iter().any(|progress| line.starts_with(progress)))
            .collect();
        let text = escape::harmless(&escape::clipped(&lines.join(" / "), Self::SHOWN));
        (!text.is_empty()).then_some(text)
    }
}

/// Whether words say that a branch can't be made because one stands below or above it.
pub(crate) fn is_in_the_way(words: &str) -> bool {
    words.contains("; cannot create '")
        || words.contains("collides with existing")
        || words.contains("there are refs beneath")
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
    let is_lost = !is_in_the_way(words) && LOST.iter().any(|text| words.contains(text));
    let words = escape::shown(words);
    if is_lost {
        Outcome::Lost(words)
    } else {
        Outcome::Rejected(words)
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
        Err(error) if is_in_the_way(error.message()) => rejection(error.message()),
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
            "cannot lock ref 'refs/heads/customer/a': 'refs/heads/customer/a/wip' exists; cannot create 'refs/heads/customer/a'",
            "cannot lock ref 'refs/heads/customer/a', there are refs beneath that folder",
        ] {
            assert!(matches!(rejection(words), Outcome::Rejected(_)), "{words}");
        }
    }

    #[test]
    fn words_are_one_harmless_line_with_an_end() {
        let said = |text: &[u8]| {
            let mut words = Words::default();
            text.chunks(7).for_each(|part| words.hear(part));
            words.shown()
        };
        assert_eq!(said(b"\n  \r\n"), None);
        assert_eq!(
            said(b"Resolving deltas: 50% (1/2)\rResolving deltas: 100% (2/2), done.\n").as_deref(),
            None
        );
        assert_eq!(
            said(b"\nNo pushes on Fridays.\nAsk \x1b[31mops\x1b[m\xff\n").as_deref(),
            Some("No pushes on Fridays. / Ask \\u{1b}[31mops\\u{1b}[m\u{fffd}")
        );
        let long = said(&b"a word\n".repeat(100_000)).unwrap_or_default();
        assert_eq!(long.chars().count(), Words::SHOWN + 1);
    }
}
