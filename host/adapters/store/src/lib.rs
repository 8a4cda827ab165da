//! Locks, journal and history in SQLite: for one machine, any number of processes.

mod deployed;
mod doctor;
mod error;
mod file;
mod liveness;
mod read;
mod sqlite;
mod write;

pub use doctor::{Journal, LOST};
pub use sqlite::{SqliteStore, StoreOptions};
