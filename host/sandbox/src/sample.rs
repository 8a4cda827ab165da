//! The sample deployment repo: a bare remote and a checkout, with the fleet in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature};

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
        self.commit(&repo, "The sample fleet")?;
        Ok(true)
    }

    fn commit(&self, repo: &Repository, message: &str) -> Result<(), SampleError> {
        let mut index = repo.index()?;
        index.add_all(["*"], IndexAddOption::DEFAULT, None)?;
        index.write()?;
        let tree = repo.find_tree(index.write_tree()?)?;
        let who = Signature::now("Sandbox", "sandbox@localhost")?;
        let parent = repo.head().and_then(|head| head.peel_to_commit()).ok();
        repo.commit(
            Some("HEAD"),
            &who,
            &who,
            message,
            &tree,
            &parent.iter().collect::<Vec<_>>(),
        )?;
        let mut remote = repo.find_remote("origin")?;
        remote.push(&["refs/heads/main:refs/heads/main"], None)?;
        // As after a clone: what was pushed is where it tracks.
        repo.find_branch("main", git2::BranchType::Local)?
            .set_upstream(Some("origin/main"))?;
        Ok(())
    }

    /// Commits whatever changed in the checkout, and pushes it.
    ///
    /// # Errors
    /// When git refuses.
    pub fn publish(&self, message: &str) -> Result<(), SampleError> {
        self.commit(&Repository::open(&self.checkout)?, message)
    }
}

/// A `customers.yaml` without the instances of apps that aren't in `apps`, and without
/// customers that have none left. Comments stay where they were. Takes the layout of the
/// sample: two spaces before a customer's dash, six before an instance's.
#[must_use]
pub fn only_apps(customers: &str, apps: &[&str]) -> String {
    let mut out = String::new();
    let mut customer = Block::default();
    let mut lines = customers.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let starts_customer = line.starts_with("  - ");
        if starts_customer || line.starts_with("  #") || !line.starts_with(' ') {
            customer.finish(&mut out);
        }
        if starts_customer {
            customer.head.push_str(line);
        } else if customer.head.is_empty() {
            out.push_str(line);
        } else if line.starts_with("      - ")
            || (line.starts_with("      #") && customer.instances.is_empty())
        {
            let mut instance = line.to_owned();
            while let Some(next) = lines.next_if(|next| {
                next.starts_with("       ")
                    || (line.starts_with("      #") && next.starts_with("      - "))
            }) {
                instance.push_str(next);
            }
            if apps
                .iter()
                .any(|app| instance.contains(&format!("app: {app}")))
            {
                customer.instances.push_str(&instance);
            }
        } else {
            customer.head.push_str(line);
        }
    }
    customer.finish(&mut out);
    out
}

#[derive(Default)]
struct Block {
    head: String,
    instances: String,
}

impl Block {
    fn finish(&mut self, out: &mut String) {
        let Self { head, instances } = std::mem::take(self);
        if !instances.is_empty() {
            out.push_str(&head);
            out.push_str(&instances);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out_where_all_apps_are_wanted() {
        assert_eq!(
            only_apps(CUSTOMERS, &["odoo", "moodle", "mattermost"]),
            CUSTOMERS
        );
    }

    #[test]
    fn one_app_alone() {
        let only = only_apps(CUSTOMERS, &["mattermost"]);
        assert_eq!(only.matches("app: mattermost").count(), 11);
        assert!(
            !only.contains("odoo") && !only.contains("granite-works") && !only.contains("moodle"),
            "{only}"
        );
        assert!(
            only.contains("# this instance runs elsewhere")
                && only.contains("# one name, two regions"),
            "{only}"
        );
    }
}
