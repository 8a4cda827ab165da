//! What stands at a place of a tree, under one id: a folder's own tree, or the files that the
//! shared target has at the root.
//!
//! The root's id is that of a tree of its files alone. While there is only `project.json`,
//! it is that file's blob, as states have it from before there was another.

use git2::{Error, FileMode, ObjectType, Oid, Repository, Tree};

use crate::history;
use crate::place::{Place, ROOT_FILE, ROOT_FILES};
use crate::tree::{self, Entry, Files};

/// What is to stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// As states name it.
    pub(crate) id: Oid,
    /// Each path of the place, and what stands there.
    entries: Vec<(String, Option<Oid>)>,
}

/// The id of what stands at a place.
pub(crate) fn id_at(root: &Tree<'_>, place: &Place) -> Result<Option<Oid>, Error> {
    if place.is_root() {
        root_id(&blobs_at(root)?)
    } else {
        tree::at(root, &place.path)
    }
}

/// The text of every file there.
pub(crate) fn files_at(repo: &Repository, root: &Tree<'_>, place: &Place) -> Result<Files, Error> {
    if !place.is_root() {
        return match tree::at(root, &place.path)? {
            Some(id) => match repo.find_object(id, None)?.into_tree() {
                Ok(folder) => tree::read(repo, &folder),
                Err(_) => Ok(Files::new()),
            },
            None => Ok(Files::new()),
        };
    }
    let mut files = Files::new();
    for (name, id) in blobs_at(root)? {
        if let Some(id) = id {
            let blob = repo.find_blob(id)?;
            let text = String::from_utf8_lossy(blob.content()).into_owned();
            files.insert(name, text);
        }
    }
    Ok(files)
}

/// The tree with what stands at a place replaced, or removed. `None`: a file stands where a
/// folder on the way should be.
pub(crate) fn replaced(
    repo: &Repository,
    root: Option<&Tree<'_>>,
    place: &Place,
    wanted: Option<&Content>,
) -> Result<Option<Oid>, Error> {
    let nothing = || -> Vec<(String, Option<Oid>)> {
        place.paths().map(|path| (path.to_owned(), None)).collect()
    };
    let entries = wanted.map_or_else(nothing, |content| content.entries.clone());
    let mode = if place.is_root() {
        FileMode::Blob
    } else {
        FileMode::Tree
    };
    let mut last = None;
    for (path, id) in entries {
        let begun = last.map(|id| repo.find_tree(id)).transpose()?;
        let entry = id.map(|id| Entry { id, mode });
        match tree::replace(repo, begun.as_ref().or(root), &path, entry)? {
            Some(tree) => last = Some(tree),
            None => return Ok(None),
        }
    }
    Ok(last)
}

/// The content that these files make; `None`: they make none.
pub(crate) fn of_files(
    repo: &Repository,
    place: &Place,
    files: &Files,
) -> Result<Option<Content>, Error> {
    if !place.is_root() {
        if files.is_empty() {
            return Ok(None);
        }
        return Ok(Some(folder(place, tree::write(repo, files)?)));
    }
    let mut entries = Vec::new();
    for name in ROOT_FILES {
        let text = files.get(name);
        let id = text.map(|text| repo.blob(text.as_bytes())).transpose()?;
        entries.push((name.to_owned(), id));
    }
    Ok(root_id(&entries)?.map(|id| Content { id, entries }))
}

/// The content of that id, where it is known: as an object, or in the history up to `head`.
pub(crate) fn known(
    repo: &Repository,
    place: &Place,
    id: Oid,
    head: Option<Oid>,
) -> Result<Option<Content>, Error> {
    if !place.is_root() {
        let known = repo.find_object(id, Some(ObjectType::Tree)).is_ok();
        return Ok(known.then(|| folder(place, id)));
    }
    if repo.find_object(id, Some(ObjectType::Blob)).is_ok() {
        let alone = |name: &str| (name.to_owned(), (name == ROOT_FILE).then_some(id));
        let entries = ROOT_FILES.map(alone).to_vec();
        return Ok(Some(Content { id, entries }));
    }
    let Some(head) = head else { return Ok(None) };
    let mut walk = repo.revwalk()?;
    walk.push(head)?;
    for commit in walk {
        let root = repo.find_commit(commit?)?.tree()?;
        let entries = blobs_at(&root)?;
        if root_id(&entries)? == Some(id) {
            return Ok(Some(Content { id, entries }));
        }
    }
    Ok(None)
}

/// The last commit up to a head that changed what stands at the place.
pub(crate) fn last_change<'r>(
    repo: &'r Repository,
    head: git2::Commit<'r>,
    place: &Place,
) -> Result<Option<git2::Commit<'r>>, history::HistoryError> {
    history::last_change_of(repo, head, |root| id_at(root, place))
}

fn folder(place: &Place, id: Oid) -> Content {
    Content {
        id,
        entries: vec![(place.path.clone(), Some(id))],
    }
}

fn blobs_at(root: &Tree<'_>) -> Result<Vec<(String, Option<Oid>)>, Error> {
    ROOT_FILES
        .iter()
        .map(|name| Ok(((*name).to_owned(), tree::at(root, name)?)))
        .collect()
}

/// The id of the root's files, which are given sorted. Nothing is written for it.
fn root_id(blobs: &[(String, Option<Oid>)]) -> Result<Option<Oid>, Error> {
    let there: Vec<(&str, Oid)> = blobs
        .iter()
        .filter_map(|(name, id)| Some((name.as_str(), (*id)?)))
        .collect();
    match there[..] {
        [] => Ok(None),
        [(ROOT_FILE, alone)] => Ok(Some(alone)),
        _ => {
            let mut object = Vec::new();
            for (name, id) in there {
                object.extend_from_slice(format!("100644 {name}\0").as_bytes());
                object.extend_from_slice(id.as_bytes());
            }
            Oid::hash_object(ObjectType::Tree, &object).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Files {
        let pairs = pairs.iter();
        pairs
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn the_roots_id_is_gits_own_of_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(dir.path()).unwrap();
        let root = Place::new("customer/acme", "").unwrap();
        let both = files(&[("base-project.json", "{}"), ("project.json", "[]")]);
        let content = of_files(&repo, &root, &both).unwrap().unwrap();
        assert_eq!(content.id, tree::write(&repo, &both).unwrap());
        let one = of_files(&repo, &root, &files(&[("project.json", "[]")]));
        assert_eq!(one.unwrap().unwrap().id, repo.blob(b"[]").unwrap());
        assert_eq!(of_files(&repo, &root, &files(&[])).unwrap(), None);
    }

    #[test]
    fn the_roots_files_come_and_go_beside_everything_else() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(dir.path()).unwrap();
        let root = Place::new("customer/acme", "").unwrap();
        let tree_of = |files: &Files| repo.find_tree(tree::write(&repo, files).unwrap()).unwrap();
        let other = [("r/x/f", "x"), ("README", "y")];
        let start = tree_of(&files(&other));
        assert_eq!(id_at(&start, &root).unwrap(), None);
        let both = files(&[("base-project.json", "{}"), ("project.json", "[]")]);
        let content = of_files(&repo, &root, &both).unwrap().unwrap();

        let made = replaced(&repo, Some(&start), &root, Some(&content));
        let made = repo.find_tree(made.unwrap().unwrap()).unwrap();
        let mut all = files(&other);
        all.extend(both.clone());
        assert_eq!(made.id(), tree_of(&all).id());
        assert_eq!(id_at(&made, &root).unwrap(), Some(content.id));
        assert_eq!(files_at(&repo, &made, &root).unwrap(), both);

        let gone = replaced(&repo, Some(&made), &root, None).unwrap();
        assert_eq!(gone, Some(start.id()));
        let less = of_files(&repo, &root, &files(&[("project.json", "[]")]));
        let less = replaced(&repo, Some(&made), &root, less.unwrap().as_ref());
        all.remove("base-project.json");
        assert_eq!(less.unwrap(), Some(tree_of(&all).id()));
    }

    #[test]
    fn what_stood_at_the_root_is_known_from_history() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repository::init_bare(dir.path()).unwrap();
        let root = Place::new("customer/acme", "").unwrap();
        let who = git2::Signature::now("a", "a@example.com").unwrap();
        let commit = |files: &Files, parent: Option<Oid>| {
            let tree = repo.find_tree(tree::write(&repo, files).unwrap()).unwrap();
            let parent = parent.map(|id| repo.find_commit(id).unwrap());
            let parents: Vec<_> = parent.iter().collect();
            repo.commit(None, &who, &who, "m", &tree, &parents).unwrap()
        };
        let both = files(&[("base-project.json", "{}"), ("project.json", "[]")]);
        let mut all = files(&[("r/x/f", "x")]);
        all.extend(both.clone());
        let first = commit(&all, None);
        let later = commit(
            &files(&[("r/x/f", "x"), ("project.json", "1")]),
            Some(first),
        );

        let content = of_files(&repo, &root, &both).unwrap().unwrap();
        assert_eq!(
            known(&repo, &root, content.id, Some(later)).unwrap(),
            Some(content.clone())
        );
        assert_eq!(known(&repo, &root, content.id, None).unwrap(), None);
        let head = repo.find_commit(later).unwrap();
        let changed = last_change(&repo, head, &root).ok().flatten().unwrap();
        assert_eq!(changed.id(), later);
    }
}
