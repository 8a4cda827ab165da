//! Argo CD by its REST API: projects, applications, and an application's takeover of a
//! committed folder.
//!
//! What it answers, its surprises included, was observed on a real one (master of
//! November 2026, VERSION 3.6.0); comments that say "Argo CD does" rest on that.

mod adapter;
mod adopt;
mod change;
mod client;
mod complaint;
mod config;
mod decide;
mod doctor;
mod health;
mod illness;
mod inventory;
mod judge;
mod kept;
mod let_go;
mod listing;
mod live;
mod live_calls;
mod model;
mod observed;
mod operation;
mod owned;
mod patience;
mod rejection;
mod removal;
mod snapshot;
mod strip;
mod sync;
mod thing;
mod trees;
mod watch;
mod written;

pub use adapter::ArgoCd;
pub use config::{ArgoCdConfig, Backoff};
pub use doctor::{Cluster, Platform};
pub use patience::Patience;
pub use trees::TreeReader;
