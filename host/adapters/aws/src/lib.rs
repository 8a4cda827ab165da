//! EFS, Route 53 and Secrets Manager as the engine's effects.
//!
//! An [`Aws`] serves one run: what [`ReadFrom::Snapshot`](deploycenter_ports::Reading) reads
//! is read once for it and shared. Clients and sessions are made when they are first
//! needed, one for each pair of region and role.

mod aws;
mod cell;
mod decide;
mod doctor;
mod efs;
mod inventory;
mod places;
mod route53;
mod sdk;
mod secrets;

pub use aws::{Aws, Fixed};
pub use doctor::Accounts;
pub use efs::Efs;
pub use places::{Places, RegionPlace, ZonePlace};
pub use route53::Route53;
pub use secrets::{ProvidedSecrets, Secrets};
