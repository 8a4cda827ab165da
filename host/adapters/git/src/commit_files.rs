//! Files of the deployment repo as they stand in a commit, read from its tree.
//!
//! A tree comes from whoever may push. So nothing in it is followed, and what is read has a
//! bound: a tree of a few objects can unfold to more files than any disk holds.

use std::io;

use deploycenter_ports::{DesiredFiles, RepositoryError};
use git2::{FileMode, ObjectType, Oid, Repository, Tree, TreeEntry};

use crate::working_tree::{FOLDERS, SINGLE, check_size, problem, unreadable};

/// The most files and folders of the desired state.
const MOST_ENTRIES: usize = 100_000;

/// The most that all its files hold, in bytes.
const MOST_BYTES: usize = 512 * 1024 * 1024;

/// The files of the desired state in a commit's tree: those that a checkout of it would
/// give.
pub(crate) fn desired_files(
    repo: &Repository,
    root: &Tree<'_>,
) -> Result<DesiredFiles, RepositoryError> {
    let mut files = DesiredFiles::new();
    for name in SINGLE {
        if let Some(entry) = root.get_name(name) {
            files.insert(name.to_owned(), content(repo, &entry, name)?);
        }
    }
    for folder in FOLDERS {
        let Some(entry) = root.get_name(folder) else {
            continue;
        };
        if entry.kind() == Some(ObjectType::Tree) {
            collect(repo, entry.id(), &format!("{folder}/"), &mut files)?;
        } else if is_file(&entry) {
            return Err(problem(format!(
                "{folder} is a file; it has to be a folder"
            )));
        } else {
            return Err(no_plain_file(folder));
        }
    }
    Ok(files)
}

/// Adds every file below a tree that stands at `prefix`, which ends with `/` unless it is
/// empty.
pub(crate) fn collect(
    repo: &Repository,
    tree: Oid,
    prefix: &str,
    files: &mut DesiredFiles,
) -> Result<(), RepositoryError> {
    let mut folders = vec![(tree, prefix.to_owned())];
    let (mut entries, mut bytes) = (0, 0);
    while let Some((id, prefix)) = folders.pop() {
        let tree = repo.find_tree(id).map_err(|error| unreadable(&error))?;
        for entry in &tree {
            let name = std::str::from_utf8(entry.name_bytes()).map_err(|_| {
                let folder = prefix.trim_end_matches('/');
                problem(format!("{folder} holds a file whose name isn't UTF-8"))
            })?;
            let path = format!("{prefix}{name}");
            entries += 1;
            if entry.kind() == Some(ObjectType::Tree) {
                folders.push((entry.id(), format!("{path}/")));
            } else {
                let content = content(repo, &entry, &path)?;
                bytes += content.len();
                files.insert(path, content);
            }
            if entries > MOST_ENTRIES || bytes > MOST_BYTES {
                return Err(problem(format!(
                    "the desired state has more than {MOST_ENTRIES} files and folders, or more than {MOST_BYTES} bytes in all"
                )));
            }
        }
    }
    Ok(())
}

/// A file's content, which is read only where it isn't too large.
fn content(
    repo: &Repository,
    entry: &TreeEntry<'_>,
    path: &str,
) -> Result<Vec<u8>, RepositoryError> {
    if entry.kind() == Some(ObjectType::Tree) {
        return Err(problem(format!("{path} isn't a file")));
    }
    if !is_file(entry) {
        return Err(no_plain_file(path));
    }
    let size = size(repo, entry.id()).map_err(|error| unreadable(&error))?;
    check_size(path, size)?;
    let blob = repo.find_blob(entry.id());
    Ok(blob.map_err(|error| unreadable(&error))?.content().to_vec())
}

/// A file of at most `most` bytes at a path of a commit's tree.
///
/// # Errors
/// When it isn't there or isn't such a file, as a clause that follows its name.
pub(crate) fn file(
    repo: &Repository,
    root: &Tree<'_>,
    path: &str,
    most: usize,
) -> io::Result<Vec<u8>> {
    let mut parts = path.split('/').peekable();
    let mut folder = root.id();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return Err(io::Error::other(
                "its path leads out of the deployment repo",
            ));
        }
        let tree = repo.find_tree(folder).map_err(io::Error::other)?;
        let entry = tree
            .get_name(part)
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the commit doesn't hold it"))?;
        if is_link(&entry) {
            return Err(io::Error::other(
                "a link is on its path; put the file itself there",
            ));
        }
        if parts.peek().is_some() && entry.kind() == Some(ObjectType::Tree) {
            folder = entry.id();
            continue;
        }
        if parts.peek().is_some() || !is_file(&entry) {
            break;
        }
        let size = size(repo, entry.id()).map_err(io::Error::other)?;
        if size > most as u64 {
            return Err(io::Error::other(format!(
                "it has {size} bytes; at most {most} are taken"
            )));
        }
        let blob = repo.find_blob(entry.id()).map_err(io::Error::other)?;
        return Ok(blob.content().to_vec());
    }
    Err(io::Error::other("it is no regular file"))
}

fn is_link(entry: &TreeEntry<'_>) -> bool {
    entry.filemode() == i32::from(FileMode::Link)
}

fn is_file(entry: &TreeEntry<'_>) -> bool {
    entry.kind() == Some(ObjectType::Blob) && !is_link(entry)
}

/// The size of an object, without reading it.
fn size(repo: &Repository, id: Oid) -> Result<u64, git2::Error> {
    let (size, _) = repo.odb()?.read_header(id)?;
    Ok(size as u64)
}

fn no_plain_file(path: &str) -> RepositoryError {
    problem(format!(
        "{path} is a symbolic link or a submodule in that commit; the desired state is made of plain files"
    ))
}
