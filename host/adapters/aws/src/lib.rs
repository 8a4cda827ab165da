//! EFS, Route 53 and Secrets Manager as the engine's effects.
//!
//! An [`Aws`] serves a process: clients and sessions are made when they are first needed,
//! one for each pair of region and role, and kept. What is listed is a run's own: each
//! [`Snapshot`](deploycenter_ports::Snapshot) has lists of its own, and goes with them.

mod aws;
mod decide;
mod doctor;
mod efs;
mod inventory;
mod keyed;
mod places;
mod route53;
mod sdk;
mod secrets;
mod services;

pub use aws::{Aws, Fixed};
pub use doctor::Accounts;
pub use efs::Efs;
pub use places::{Places, RegionPlace, ZonePlace};
pub use route53::Route53;
pub use secrets::{ProvidedSecrets, Secrets};
