//! Locks, journal and history in SQLite: for one machine, any number of processes.

mod error;
mod liveness;
mod read;
mod sqlite;
mod write;

pub use sqlite::{SqliteStore, StoreOptions};
