//! The deployment repo at one commit, in a bare mirror of its remote: for a server or a job
//! that has no working tree.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use deploycenter_domain::address::{Origin, without_login};
use deploycenter_ports::{DesiredFiles, MainState, ProviderError, Repository, RepositoryError};

use crate::checkout;
use crate::commit_files;
use crate::config::Credentials;
use crate::deployment_repo::{MAIN, blocking, descends, files_at, is_ancestor, no_history};
use crate::failure;
use crate::history;
use crate::signing::Signer;
use crate::working_tree::{problem, unreadable};

/// A commit of the deployment repo in a bare mirror. It asks no remote: whoever keeps the
/// mirror fetches.
#[derive(Debug, Clone)]
pub struct MirrorRepo {
    git_dir: PathBuf,
    /// The whole id.
    commit: String,
    /// The branch of the desired state; the mirror's HEAD when nothing is said.
    main: Option<String>,
    credentials: Credentials,
}

impl MirrorRepo {
    /// Opens the bare repository at `path`, as it stands at a commit, whose whole id it takes.
    /// Main is the branch that its HEAD names, unless [another is named](Self::following).
    ///
    /// # Errors
    /// When it is none, or doesn't hold the commit.
    pub fn open(path: &Path, commit: &str) -> Result<Self, RepositoryError> {
        let repo = git2::Repository::open_bare(path).map_err(|error| {
            problem(format!(
                "{} can't be read as a bare repository: {}",
                path.display(),
                error.message()
            ))
        })?;
        history::commit(&repo, commit).map_err(no_history)?;
        Ok(Self {
            git_dir: repo.path().to_owned(),
            commit: commit.to_owned(),
            main: None,
            credentials: Credentials::default(),
        })
    }

    /// The same commit, logging in to the mirror's remotes so, and by what their URLs hold.
    #[must_use]
    pub fn logging_in(mut self, credentials: Credentials) -> Self {
        self.credentials = checkout::with_logins(&self.git_dir, credentials);
        self
    }

    /// The same commit, with main of this name.
    #[must_use]
    pub fn following(mut self, main: Option<&str>) -> Self {
        self.main = main.map(str::to_owned);
        self
    }

    /// How it logs in.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where its remotes are that are reached by HTTP or HTTPS, as git is configured.
    #[must_use]
    pub fn origins(&self) -> BTreeSet<Origin> {
        checkout::origins(&self.git_dir)
    }

    /// The URL of a remote, as git has it, without a login: `origin`.
    #[must_use]
    pub fn remote_url(&self, name: &str) -> Option<String> {
        checkout::remote_url(&self.git_dir, name).map(|url| without_login(&url))
    }

    /// What signs commits, as git is configured here.
    ///
    /// # Errors
    /// When git's configuration names none, or what it names isn't there.
    pub fn signer(&self) -> Result<Signer, ProviderError> {
        let config = self.open_git().and_then(|repo| repo.config());
        Signer::of(&config.map_err(|error| failure::of_cache(&error))?)
    }

    /// A file of at most `most` bytes in the commit. Nothing on its path may be a link.
    ///
    /// # Errors
    /// When it isn't there or isn't such a file, as a clause that follows its name.
    pub fn file(&self, path: &str, most: usize) -> io::Result<Vec<u8>> {
        let repo = self.open_git().map_err(io::Error::other)?;
        let id = git2::Oid::from_str(&self.commit).map_err(io::Error::other)?;
        let root = repo.find_commit(id).and_then(|commit| commit.tree());
        commit_files::file(&repo, &root.map_err(io::Error::other)?, path, most)
    }

    fn open_git(&self) -> Result<git2::Repository, git2::Error> {
        git2::Repository::open_bare(&self.git_dir)
    }

    fn main_in(&self, repo: &git2::Repository) -> String {
        let of_head = || {
            let head = repo.find_reference("HEAD").ok()?;
            let name = head.symbolic_target().ok()??;
            name.strip_prefix("refs/heads/").map(str::to_owned)
        };
        let named = self.main.clone();
        named.or_else(of_head).unwrap_or_else(|| MAIN.to_owned())
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&git2::Repository, &Self) -> Result<T, RepositoryError> + Send + 'static,
    ) -> Result<T, RepositoryError> {
        let this = self.clone();
        blocking(move || work(&this.open_git().map_err(|error| unreadable(&error))?, &this)).await
    }
}

#[async_trait]
impl Repository for MirrorRepo {
    async fn desired_files(&self) -> Result<DesiredFiles, RepositoryError> {
        self.blocking(|repo, this| {
            let commit = history::commit(repo, &this.commit).map_err(no_history)?;
            let root = commit.tree().map_err(|error| unreadable(&error))?;
            commit_files::desired_files(repo, &root)
        })
        .await
    }

    async fn files_at(&self, commit: &str, folder: &str) -> Result<DesiredFiles, RepositoryError> {
        let (commit, folder) = (commit.to_owned(), folder.to_owned());
        self.blocking(move |repo, _| files_at(repo, &commit, &folder))
            .await
    }

    async fn last_change(&self, folder: &str) -> Result<Option<String>, RepositoryError> {
        let folder = folder.trim_matches('/').to_owned();
        self.blocking(move |repo, this| {
            let head = history::commit(repo, &this.commit).map_err(no_history)?;
            let found = history::last_change(repo, head, &folder).map_err(no_history)?;
            Ok(found.map(|commit| commit.id().to_string()))
        })
        .await
    }

    async fn head(&self) -> Option<String> {
        Some(self.commit.clone())
    }

    async fn main_state(&self) -> Result<MainState, RepositoryError> {
        self.blocking(|repo, this| {
            let commit = history::commit(repo, &this.commit).map_err(no_history)?;
            let main = this.main_in(repo);
            let pushed = match repo.refname_to_id(&format!("refs/heads/{main}")) {
                Ok(tip) => descends(repo, tip, commit.id())?,
                Err(_) => false,
            };
            Ok(MainState {
                head: Some(this.commit.clone()),
                dirty: Vec::new(),
                pushed,
                main,
            })
        })
        .await
    }

    async fn is_ancestor(&self, older: &str, newer: &str) -> Result<bool, RepositoryError> {
        let (older, newer) = (older.to_owned(), newer.to_owned());
        self.blocking(move |repo, _| is_ancestor(repo, &older, &newer))
            .await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use git2::{FileMode, Oid};

    use super::*;

    /// A bare repository.
    struct Mirror {
        dir: tempfile::TempDir,
        repo: git2::Repository,
    }

    impl Mirror {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let mut options = git2::RepositoryInitOptions::new();
            options.bare(true).initial_head("main");
            let repo = git2::Repository::init_opts(dir.path(), &options).unwrap();
            Self { dir, repo }
        }

        fn blob(&self, text: &str) -> Oid {
            self.repo.blob(text.as_bytes()).unwrap()
        }

        fn tree(&self, entries: &[(&[u8], Oid, FileMode)]) -> Oid {
            let mut tree = self.repo.treebuilder(None).unwrap();
            for (name, id, mode) in entries {
                tree.insert(*name, *id, (*mode).into()).unwrap();
            }
            tree.write().unwrap()
        }

        fn commit(&self, tree: Oid, branch: &str, parents: &[Oid]) -> String {
            let who = git2::Signature::now("a", "a@example.com").unwrap();
            let tree = self.repo.find_tree(tree).unwrap();
            let parents: Vec<_> = parents
                .iter()
                .map(|id| self.repo.find_commit(*id).unwrap())
                .collect();
            let parents: Vec<_> = parents.iter().collect();
            let branch = format!("refs/heads/{branch}");
            let made = self
                .repo
                .commit(Some(&branch), &who, &who, "m", &tree, &parents);
            made.unwrap().to_string()
        }

        fn at(&self, commit: &str) -> MirrorRepo {
            MirrorRepo::open(self.dir.path(), commit).unwrap()
        }

        /// What is said of a commit with this beside a sound file.
        async fn refused(&self, name: &[u8], id: Oid, mode: FileMode) -> String {
            let fine = self.blob("version: 1\n");
            let root = self.tree(&[(b"regions.yaml", fine, FileMode::Blob), (name, id, mode)]);
            let commit = self.commit(root, &format!("refused/{root}"), &[]);
            let read = self.at(&commit).desired_files().await;
            read.unwrap_err().message
        }
    }

    #[tokio::test]
    async fn a_commit_is_read_as_it_stood_and_is_pushed_once_main_holds_it() {
        let mirror = Mirror::new();
        let text = mirror.blob("a\r\n");
        let file = FileMode::Blob;
        let below = mirror.tree(&[(b"x.txt", text, file)]);
        let first = mirror.tree(&[
            (b"customers.yaml", text, file),
            (b"README.md", text, file),
            (b"overrides", below, FileMode::Tree),
        ]);
        let older = mirror.commit(first, "main", &[]);
        let second = mirror.tree(&[(b"customers.yaml", mirror.blob("b\n"), file)]);
        let newer = mirror.commit(second, "main", &[Oid::from_str(&older).unwrap()]);
        let aside = mirror.commit(first, "feature", &[Oid::from_str(&newer).unwrap()]);

        let repo = mirror.at(&older);
        let files = repo.desired_files().await.unwrap();
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["customers.yaml", "overrides/x.txt"]);
        assert_eq!(files["customers.yaml"], b"a\r\n");
        assert_eq!(repo.head().await, Some(older.clone()));
        assert_eq!(
            repo.last_change("overrides").await.unwrap(),
            Some(older.clone())
        );
        assert!(repo.is_ancestor(&older, &newer).await.unwrap());
        let then = repo.files_at(&newer, "").await.unwrap();
        assert_eq!(then.keys().collect::<Vec<_>>(), ["customers.yaml"]);
        let state = |head: &str, main: &str, pushed| MainState {
            head: Some(head.to_owned()),
            dirty: Vec::new(),
            pushed,
            main: main.to_owned(),
        };
        assert_eq!(
            repo.main_state().await.unwrap(),
            state(&older, "main", true)
        );
        let aside_repo = mirror.at(&aside);
        assert_eq!(
            aside_repo.main_state().await.unwrap(),
            state(&aside, "main", false)
        );
        assert_eq!(
            aside_repo
                .following(Some("feature"))
                .main_state()
                .await
                .unwrap(),
            state(&aside, "feature", true)
        );
        MirrorRepo::open(mirror.dir.path(), &"0".repeat(40)).unwrap_err();
        MirrorRepo::open(mirror.dir.path(), &older[..12]).unwrap_err();
    }

    #[tokio::test]
    async fn what_a_checkout_refuses_is_refused_in_a_tree() {
        let mirror = Mirror::new();
        let text = mirror.blob("x");
        let (file, link, folder) = (FileMode::Blob, FileMode::Link, FileMode::Tree);
        let with = |name: &[u8], id: Oid, mode: FileMode| mirror.tree(&[(name, id, mode)]);
        let large = mirror.blob(&"x".repeat(10 * 1024 * 1024 + 1));
        let cases: [(&[u8], Oid, FileMode, &str); 7] = [
            (
                b"customers.yaml",
                text,
                link,
                "customers.yaml is a symbolic link",
            ),
            (
                b"customers.yaml",
                with(b"x", text, file),
                folder,
                "customers.yaml isn't a file",
            ),
            (b"overrides", text, link, "overrides is a symbolic link"),
            (
                b"overrides",
                text,
                file,
                "overrides is a file; it has to be a folder",
            ),
            (
                b"overrides",
                with(b"x", text, link),
                folder,
                "overrides/x is a symbolic link",
            ),
            (
                b"overrides",
                with(b"\xff", text, file),
                folder,
                "overrides holds a file whose name isn't UTF-8",
            ),
            (
                b"environments",
                with(b"x.yaml", large, file),
                folder,
                "environments/x.yaml has 10485761 bytes",
            ),
        ];
        for (name, id, mode, why) in cases {
            let said = mirror.refused(name, id, mode).await;
            assert!(said.contains(why), "{said}");
        }
    }

    #[tokio::test]
    async fn a_small_tree_that_unfolds_without_end_is_refused() {
        let mirror = Mirror::new();
        let mut tree = mirror.blob("x");
        let mut mode = FileMode::Blob;
        for _ in 0..20 {
            let names: Vec<[u8; 1]> = (b'a'..=b'j').map(|name| [name]).collect();
            let entries: Vec<_> = names.iter().map(|name| (&name[..], tree, mode)).collect();
            tree = mirror.tree(&entries);
            mode = FileMode::Tree;
        }
        let said = mirror.refused(b"overrides", tree, mode).await;
        assert!(said.contains("more than 100000 files"), "{said}");
    }

    #[test]
    fn a_plugin_is_a_plain_file_of_the_commit() {
        let mirror = Mirror::new();
        let (text, inner) = (mirror.blob("wasm"), mirror.blob("a.wasm"));
        let plugins = mirror.tree(&[
            (b"a.wasm", text, FileMode::Blob),
            (b"link.wasm", inner, FileMode::Link),
        ]);
        let root = mirror.tree(&[
            (b"plugins", plugins, FileMode::Tree),
            (b"linked", inner, FileMode::Link),
        ]);
        let commit = mirror.commit(root, "main", &[]);
        let repo = mirror.at(&commit);
        assert_eq!(repo.file("plugins/a.wasm", 4).unwrap(), b"wasm");
        for (path, why) in [
            ("plugins/link.wasm", "a link is on its path"),
            ("linked/a.wasm", "a link is on its path"),
            ("plugins/../plugins/a.wasm", "leads out"),
            ("/plugins/a.wasm", "leads out"),
            ("plugins", "it is no regular file"),
            ("plugins/a.wasm/b", "it is no regular file"),
            ("plugins/b.wasm", "the commit doesn't hold it"),
        ] {
            let said = repo.file(path, 4).unwrap_err().to_string();
            assert!(said.contains(why), "{path}: {said}");
        }
        let said = repo.file("plugins/a.wasm", 3).unwrap_err().to_string();
        assert_eq!(said, "it has 4 bytes; at most 3 are taken");
    }
}
