//! Trees as objects: built from files, read back, and one folder of a tree replaced.

use std::collections::BTreeMap;

use git2::{Error, FileMode, ObjectType, Oid, Repository, Tree};

/// The text of every file below a tree, by path.
pub(crate) type Files = BTreeMap<String, String>;

/// Writes the tree that holds exactly these files.
pub(crate) fn write(repo: &Repository, files: &Files) -> Result<Oid, Error> {
    let mut own = repo.treebuilder(None)?;
    let mut below: BTreeMap<&str, Files> = BTreeMap::new();
    for (path, text) in files {
        match path.split_once('/') {
            Some((folder, rest)) => {
                below
                    .entry(folder)
                    .or_default()
                    .insert(rest.to_owned(), text.clone());
            }
            None => {
                own.insert(path, repo.blob(text.as_bytes())?, FileMode::Blob.into())?;
            }
        }
    }
    for (folder, files) in below {
        if own.get(folder)?.is_some() {
            return Err(Error::from_str(&format!(
                "{folder} would be both a file and a folder"
            )));
        }
        own.insert(folder, write(repo, &files)?, FileMode::Tree.into())?;
    }
    own.write()
}

/// The text of every file below a tree. What isn't UTF-8 is shown with replacement
/// characters: the tree's id, not this text, decides on equality.
pub(crate) fn read(repo: &Repository, tree: &Tree<'_>) -> Result<Files, Error> {
    let mut files = Files::new();
    read_below(repo, tree, "", &mut files)?;
    Ok(files)
}

fn read_below(
    repo: &Repository,
    tree: &Tree<'_>,
    prefix: &str,
    files: &mut Files,
) -> Result<(), Error> {
    for entry in tree {
        let path = format!("{prefix}{}", String::from_utf8_lossy(entry.name_bytes()));
        match entry.kind() {
            Some(ObjectType::Tree) => read_below(
                repo,
                &repo.find_tree(entry.id())?,
                &format!("{path}/"),
                files,
            )?,
            Some(ObjectType::Blob) => {
                let blob = repo.find_blob(entry.id())?;
                files.insert(path, String::from_utf8_lossy(blob.content()).into_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The id of what stands at a path of a tree: a tree or a blob.
pub(crate) fn at(tree: &Tree<'_>, path: &str) -> Result<Option<Oid>, Error> {
    if path.is_empty() {
        return Ok(Some(tree.id()));
    }
    match tree.get_path(std::path::Path::new(path)) {
        Ok(entry) => Ok(Some(entry.id())),
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What to put at a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) id: Oid,
    pub(crate) mode: FileMode,
}

/// The tree with what stands at `path` replaced or removed; folders that become empty go
/// with it. `None`: a file stands where a folder on the way should be.
pub(crate) fn replace(
    repo: &Repository,
    tree: Option<&Tree<'_>>,
    path: &str,
    entry: Option<Entry>,
) -> Result<Option<Oid>, Error> {
    let mut own = repo.treebuilder(tree)?;
    let Some((folder, rest)) = path.split_once('/') else {
        match entry {
            Some(entry) => {
                own.insert(path, entry.id, entry.mode.into())?;
            }
            None if own.get(path)?.is_some() => own.remove(path)?,
            None => {}
        }
        return own.write().map(Some);
    };
    let inner = match own.get(folder)? {
        Some(found) if found.kind() == Some(ObjectType::Tree) => Some(repo.find_tree(found.id())?),
        Some(_) => return Ok(None),
        None if entry.is_none() => return own.write().map(Some),
        None => None,
    };
    let Some(replaced) = replace(repo, inner.as_ref(), rest, entry)? else {
        return Ok(None);
    };
    if repo.find_tree(replaced)?.is_empty() {
        if own.get(folder)?.is_some() {
            own.remove(folder)?;
        }
    } else {
        own.insert(folder, replaced, FileMode::Tree.into())?;
    }
    own.write().map(Some)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn what_is_written_reads_back_and_has_gits_own_id() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(dir.path()).unwrap();
        let wanted = files(&[
            ("a", "1\n"),
            ("b/c", "2\n"),
            ("b/d/e", "3\n"),
            ("b.x", "4\n"),
        ]);
        let id = write(&repo, &wanted).unwrap();
        assert_eq!(read(&repo, &repo.find_tree(id).unwrap()).unwrap(), wanted);
        assert_eq!(
            write(&repo, &Files::new()).unwrap().to_string(),
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
        assert!(write(&repo, &files(&[("a", ""), ("a/b", "")])).is_err());
    }

    #[test]
    fn replacing_touches_only_its_path_and_drops_empty_folders() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(dir.path()).unwrap();
        let tree = |files: &Files| repo.find_tree(write(&repo, files).unwrap()).unwrap();
        let new = Entry {
            id: write(&repo, &files(&[("f", "new")])).unwrap(),
            mode: FileMode::Tree,
        };
        let start = tree(&files(&[("r/x/f", "old"), ("r/y/f", "y"), ("top", "t")]));

        let changed = replace(&repo, Some(&start), "r/x", Some(new))
            .unwrap()
            .unwrap();
        assert_eq!(
            changed,
            tree(&files(&[("r/x/f", "new"), ("r/y/f", "y"), ("top", "t")])).id()
        );

        let removed = replace(
            &repo,
            Some(&tree(&files(&[("r/x/f", "old"), ("top", "t")]))),
            "r/x",
            None,
        )
        .unwrap()
        .unwrap();
        assert_eq!(removed, tree(&files(&[("top", "t")])).id());

        assert_eq!(
            replace(&repo, Some(&start), "no/where", None).unwrap(),
            Some(start.id())
        );
        assert_eq!(
            replace(&repo, Some(&start), "top/x", Some(new)).unwrap(),
            None
        );
    }
}
