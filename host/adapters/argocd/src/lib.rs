//! Argo CD by its REST API: projects, applications, and an application's takeover of a
//! committed folder.
//!
//! What it answers, its surprises included, was observed on a real one (master of
//! November 2026, VERSION 3.6.0); comments that say "Argo CD does" rest on that.

mod adapter;
mod adopt;
mod change;
mod client;
mod config;
mod decide;
mod doctor;
mod health;
mod holdings;
mod judge;
mod listing;
mod model;
mod owned;
mod sync;
mod trees;

pub use adapter::ArgoCd;
pub use config::{ArgoCdConfig, Backoff};
pub use doctor::{Cluster, Platform};
pub use trees::TreeReader;
