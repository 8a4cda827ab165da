//! Reading the git repositories that applications name.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use git2::{ObjectType, Oid, Repository, Tree};
use url::Url;

/// How a `repoURL` becomes a repository on this machine. The stand-in never fetches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitAccess {
    /// Where the repository of a URL lies. A URL that isn't here must be a local path or a
    /// `file://` URL.
    pub overrides: BTreeMap<String, PathBuf>,
}

impl GitAccess {
    /// Opens the repository of a URL, bare or not.
    pub(crate) fn open(&self, url: &str) -> Result<Repository, SourceError> {
        let path = self.path(url).ok_or(SourceError::Repository)?;
        Repository::open(path).map_err(|_| SourceError::Repository)
    }

    fn path(&self, url: &str) -> Option<PathBuf> {
        let bare = |text: &str| {
            text.trim_end_matches('/')
                .trim_end_matches(".git")
                .to_owned()
        };
        let found = self.overrides.get(url).or_else(|| {
            let wanted = bare(url);
            let same = self.overrides.iter().find(|(key, _)| bare(key) == wanted);
            same.map(|(_, path)| path)
        });
        if let Some(path) = found {
            return Some(path.clone());
        }
        match Url::parse(url) {
            Ok(parsed) if parsed.scheme() == "file" => parsed.to_file_path().ok(),
            Ok(_) => None,
            Err(_) => Some(PathBuf::from(url)),
        }
    }
}

/// Why a source gave no manifests, in Argo CD's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceError {
    /// The repository isn't there.
    Repository,
    /// The revision isn't in the repository.
    Revision(String),
    /// The files there don't make manifests.
    Manifests(String),
}

impl SourceError {
    /// The text after Argo CD's `rpc error: code = Unknown desc = `.
    pub(crate) fn text(&self) -> String {
        match self {
            SourceError::Repository => "repository not found: ".to_owned(),
            SourceError::Revision(revision) => {
                format!("unable to resolve '{revision}' to a commit SHA: revision not found")
            }
            SourceError::Manifests(text) => text.clone(),
        }
    }
}

/// Finds the commit of a branch, a tag, a full SHA, or of `HEAD` (which nothing means too).
pub(crate) fn resolve(repository: &Repository, revision: &str) -> Result<Oid, SourceError> {
    let unknown = || SourceError::Revision(revision.to_owned());
    if revision.len() == 40
        && let Ok(oid) = Oid::from_str(revision)
        && repository.find_commit(oid).is_ok()
    {
        return Ok(oid);
    }
    let names = match revision {
        "" | "HEAD" => vec!["HEAD".to_owned()],
        name => vec![
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
            name.to_owned(),
        ],
    };
    names
        .iter()
        .filter(|name| name.as_str() == "HEAD" || name.starts_with("refs/"))
        .find_map(|name| {
            let reference = repository.find_reference(name).ok()?;
            Some(reference.peel_to_commit().ok()?.id())
        })
        .ok_or_else(unknown)
}

/// The files of one commit.
pub(crate) struct Checkout<'repo> {
    repository: &'repo Repository,
    root: Tree<'repo>,
}

impl<'repo> Checkout<'repo> {
    pub(crate) fn new(repository: &'repo Repository, revision: &str) -> Result<Self, SourceError> {
        let unknown = |_| SourceError::Revision(revision.to_owned());
        let commit = resolve(repository, revision)?;
        let root = repository
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map_err(unknown)?;
        Ok(Checkout { repository, root })
    }

    /// The tree of a folder, given by its clean path.
    pub(crate) fn folder(&self, path: &str) -> Option<Tree<'repo>> {
        if path.is_empty() {
            return self.repository.find_tree(self.root.id()).ok();
        }
        let entry = self.root.get_path(Path::new(path)).ok()?;
        self.repository.find_tree(entry.id()).ok()
    }

    /// A file's blob, given by its clean path.
    pub(crate) fn blob(&self, path: &str) -> Option<Oid> {
        let entry = self.root.get_path(Path::new(path)).ok()?;
        (entry.kind() == Some(ObjectType::Blob)).then(|| entry.id())
    }

    /// A blob's text.
    pub(crate) fn text(&self, blob: Oid) -> Option<String> {
        let blob = self.repository.find_blob(blob).ok()?;
        String::from_utf8(blob.content().to_vec()).ok()
    }

    /// The files of a folder, by path below it, in order of path.
    pub(crate) fn files(&self, folder: &Tree<'_>, recurse: bool) -> BTreeMap<String, Oid> {
        let mut found = BTreeMap::new();
        for entry in folder {
            let Ok(name) = entry.name() else { continue };
            match entry.kind() {
                Some(ObjectType::Blob) => {
                    found.insert(name.to_owned(), entry.id());
                }
                Some(ObjectType::Tree) if recurse => {
                    let Ok(below) = self.repository.find_tree(entry.id()) else {
                        continue;
                    };
                    for (path, blob) in self.files(&below, true) {
                        found.insert(format!("{name}/{path}"), blob);
                    }
                }
                _ => {}
            }
        }
        found
    }
}

/// Cleans `path` taken from the folder `base` (`.` and `..` resolved); `None` if it leads out of
/// the repository.
pub(crate) fn clean(base: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for component in Path::new(path).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_repository() {
        assert_eq!(
            clean("a/chart", "../values.yaml").as_deref(),
            Some("a/values.yaml")
        );
        assert_eq!(clean("", "./a/./b").as_deref(), Some("a/b"));
        assert_eq!(clean("a", "../../x"), None);
        assert_eq!(clean("", "/etc"), None);
    }

    #[test]
    fn urls_become_paths() {
        let access = GitAccess {
            overrides: BTreeMap::from([("https://git.example/a.git".into(), "/srv/a".into())]),
        };
        assert_eq!(access.path("https://git.example/a/"), Some("/srv/a".into()));
        assert_eq!(access.path("file:///srv/b"), Some("/srv/b".into()));
        assert_eq!(access.path("/srv/c"), Some("/srv/c".into()));
        assert_eq!(access.path("https://git.example/other"), None);
    }
}
