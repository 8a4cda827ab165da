//! Leases, queue, journal and history in SQLite: for one machine, any number of processes.
//!
//! The statements keep to what SQLite and PostgreSQL both read.

mod deployed;
mod doctor;
mod error;
mod file;
mod heartbeat;
mod journal;
mod leases;
mod liveness;
mod queries;
mod queue;
mod row;
mod sqlite;

pub use doctor::{Journal, LOST};
pub use sqlite::{SqliteStore, StoreOptions};
