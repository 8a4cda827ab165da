//! The sample deployment repo: a bare remote and a checkout, with the fleet in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{BranchType, IndexAddOption, Oid, Repository, RepositoryInitOptions, Signature};

/// The fleet's `customers.yaml`: 24 customers with 36 instances of three apps.
pub const CUSTOMERS: &str = include_str!("../fleet/customers.yaml");
/// Its `regions.yaml`.
pub const REGIONS: &str = include_str!("../fleet/regions.yaml");
/// Its `environments/staging.yaml`.
pub const STAGING: &str = include_str!("../fleet/environments/staging.yaml");

/// Why there is no sample repo.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Files can't be written.
    #[error("the sample repo can't be written: {0}")]
    Write(#[from] std::io::Error),
    /// Git refused.
    #[error("the sample repo can't be made: {0}")]
    Git(#[from] git2::Error),
}

/// A deployment repo and its remote.
#[derive(Clone, Debug)]
pub struct SampleRepo {
    /// The bare remote.
    pub remote: PathBuf,
    /// The checkout.
    pub checkout: PathBuf,
}

impl SampleRepo {
    /// Where they are below a folder.
    #[must_use]
    pub fn below(dir: &Path) -> Self {
        Self {
            remote: dir.join("remote.git"),
            checkout: dir.join("repo"),
        }
    }

    /// Makes both with these files committed and pushed to `main`; does nothing when the
    /// checkout is there already, for it belongs to whoever works in it.
    ///
    /// # Errors
    /// When files can't be written, or git refuses.
    pub fn create(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<bool, SampleError> {
        if self.checkout.join(".git").exists() {
            return Ok(false);
        }
        let options = |bare: bool| {
            let mut options = RepositoryInitOptions::new();
            options
                .bare(bare)
                .initial_head("main")
                .external_template(false);
            options
        };
        Repository::init_opts(&self.remote, &options(true))?;
        let repo = Repository::init_opts(&self.checkout, &options(false))?;
        for (path, bytes) in files {
            let path = self.checkout.join(path);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(path, bytes)?;
        }
        repo.remote("origin", &self.remote.to_string_lossy())?;
        repo.config()?.set_str("user.name", "Sandbox")?;
        repo.config()?.set_str("user.email", "sandbox@localhost")?;
        let first = commit(&repo, "The sample fleet")?;
        // To push would pack every plugin anew.
        link_folder(&repo.path().join("objects"), &self.remote.join("objects"))?;
        let remote = Repository::open_bare(&self.remote)?;
        remote.reference("refs/heads/main", first, false, "sample")?;
        repo.reference("refs/remotes/origin/main", first, false, "sample")?;
        track(&repo)?;
        Ok(true)
    }

    /// Commits whatever changed in the checkout, and pushes it.
    ///
    /// # Errors
    /// When git refuses.
    pub fn publish(&self, message: &str) -> Result<(), SampleError> {
        let repo = Repository::open(&self.checkout)?;
        commit(&repo, message)?;
        let mut remote = repo.find_remote("origin")?;
        remote.push(&["refs/heads/main:refs/heads/main"], None)?;
        track(&repo)
    }
}

fn commit(repo: &Repository, message: &str) -> Result<Oid, SampleError> {
    let mut index = repo.index()?;
    index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
    index.write()?;
    let tree = repo.find_tree(index.write_tree()?)?;
    let who = Signature::now("Sandbox", "sandbox@localhost")?;
    let parent = repo.head().and_then(|head| head.peel_to_commit()).ok();
    Ok(repo.commit(
        Some("HEAD"),
        &who,
        &who,
        message,
        &tree,
        &parent.iter().collect::<Vec<_>>(),
    )?)
}

/// As after a clone: what was pushed is where it tracks.
fn track(repo: &Repository) -> Result<(), SampleError> {
    repo.find_branch("main", BranchType::Local)?
        .set_upstream(Some("origin/main"))?;
    Ok(())
}

/// Puts a folder's files into another by links, or copies where there can be none.
fn link_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            link_folder(&entry.path(), &target)?;
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
