//! Git: the folders of targets on the customers' branches, and the deployment repo that
//! they are generated from.
//!
//! [`Git`] works in a bare cache of the remote, without a work tree. Trees are built as
//! objects, all branches that change at once go up in one push, and a branch moves only
//! from the commit that the change was built on: what someone else committed in between
//! is built upon, never overwritten.
//!
//! [`DeploymentRepo`] reads the operator's checkout and its history; [`MirrorRepo`] reads a
//! commit in a bare mirror, where there is no checkout.

mod checkout;
mod commit;
mod commit_files;
mod config;
mod content;
mod deployment_repo;
mod doctor;
mod failure;
mod folder;
mod git;
mod history;
mod lock_file;
mod mirror_repo;
mod place;
mod push;
mod remote;
mod signing;
mod tree;
mod working_tree;

pub use config::{Credentials, GitConfig};
pub use deployment_repo::DeploymentRepo;
pub use doctor::Remotes;
pub use git::Git;
pub use mirror_repo::MirrorRepo;
pub use signing::Signer;

/// The name of this system in failures and calls.
pub(crate) const SYSTEM: &str = "git";
