//! Logins that every world of the tests knows, and that nothing which comes of a run may
//! hold: no output, no file, no object in git, nothing at a stand-in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

use anyhow::Result;
use git2::Oid;

/// What all of them hold.
const MARK: &str = "canary-0f3c9a";
/// A token in the environment.
pub const TOKEN: &str = "canary-0f3c9a-token";
/// A password in git's configuration.
pub const PASSWORD: &str = "canary-0f3c9a-password";

/// Objects larger than this are plugins.
const LARGE: usize = 1 << 20;

/// Gives a checkout a remote with a login in its URL.
///
/// # Errors
/// When the checkout can't be changed.
pub fn plant(checkout: &Path) -> Result<()> {
    let url = format!("https://ci:{PASSWORD}@git.invalid/ops/deploy.git");
    git2::Repository::open(checkout)?.remote("mirror", &url)?;
    Ok(())
}

/// Gives a user of git a rule that adds a login.
///
/// # Errors
/// When the file can't be written.
pub fn plant_rule(home: &Path) -> Result<()> {
    let rule = format!(
        "[url \"https://ci:{PASSWORD}@git.invalid/\"]\n\tinsteadOf = https://git.invalid/\n"
    );
    Ok(std::fs::write(home.join(".gitconfig"), rule)?)
}

/// Wants none in a text.
///
/// # Panics
/// When one is there.
#[track_caller]
pub fn absent(place: &str, text: &str) {
    assert!(!text.contains(MARK), "a login in {place}:\n{text}");
}

/// Where one of them, or of `others`, was found below a folder, besides git's own
/// configuration.
#[must_use]
pub fn search(dir: &Path, others: &[&str]) -> Vec<String> {
    let holds = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.contains(MARK) || others.iter().any(|other| text.contains(other))
    };
    let mut found = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        // What git keeps is compressed in its files: a search of those would find nothing.
        let is_git = folder.join("objects").is_dir();
        if is_git {
            objects(&folder, others, &holds, &mut found);
        }
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                if !is_git || entry.file_name() != "objects" {
                    folders.push(path);
                }
            } else if kind.is_file()
                && !path.ends_with(".git/config")
                && !path.ends_with(".gitconfig")
                && path.extension().is_none_or(|end| end != "wasm")
                && let Ok(bytes) = std::fs::read(&path)
                && holds(&bytes)
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// The objects in which nothing was found, by what else was looked for: an object never
/// changes, and most are in every world.
static SOUND: LazyLock<Mutex<BTreeMap<Vec<String>, BTreeSet<Oid>>>> = LazyLock::new(Mutex::default);

/// Looks into the objects of a git folder, which are compressed in its files.
fn objects(
    folder: &Path,
    others: &[&str],
    holds: &impl Fn(&[u8]) -> bool,
    found: &mut Vec<String>,
) {
    let Ok(repo) = git2::Repository::open(folder) else {
        return;
    };
    let Ok(odb) = repo.odb() else {
        found.push(format!("{} can't be read", folder.display()));
        return;
    };
    let mut ids = Vec::new();
    let read = odb.foreach(|id| {
        ids.push(*id);
        true
    });
    if let Err(error) = read {
        found.push(format!("{} can't be read: {error}", folder.display()));
    }
    let others: Vec<String> = others.iter().map(|&other| other.to_owned()).collect();
    let mut sound = SOUND.lock().unwrap_or_else(PoisonError::into_inner);
    let sound = sound.entry(others).or_default();
    for id in ids {
        if !sound.contains(&id)
            && odb.read_header(id).is_ok_and(|(size, _)| size < LARGE)
            && let Ok(object) = odb.read(id)
        {
            if holds(object.data()) {
                found.push(format!("{id} in {}", folder.display()));
            } else {
                sound.insert(id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_login_that_was_written_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let repo = git2::Repository::init(dir.path().join("repo")).unwrap();
        assert_eq!(search(dir.path(), &["another"]), [""; 0]);
        let blob = repo.blob(format!("url: {TOKEN}").as_bytes()).unwrap();
        std::fs::write(dir.path().join("plan.json"), PASSWORD).unwrap();
        std::fs::write(dir.path().join("journal"), "another").unwrap();
        let found = search(dir.path(), &["another"]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().any(|it| it.starts_with(&blob.to_string())));
    }
}
