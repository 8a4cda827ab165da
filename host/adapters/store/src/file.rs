//! The database's file: made on purpose, never by the way.
//!
//! A journal that lost its content would read as one in which nothing was ever deployed,
//! and what stands outside as somebody else's. So only a file that isn't there at all is
//! made: beside its place, with its tables, and then moved there in one step. Whatever
//! stands there and holds no journal is refused.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use deploycenter_ports::StoreError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::error::{failed, file, migration};

/// What an SQLite file begins with (sqlite.org/fileformat.html), and how long that part is.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER: usize = 100;

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Whether a journal's file is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing is there, and nothing tells that something was.
    Nothing,
    /// An SQLite database.
    Database,
}

/// The path with something at its end.
pub(crate) fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Looks at what is there.
pub(crate) fn look(path: &Path) -> Result<Found, StoreError> {
    let shown = path.display();
    let mut open = match deploycenter_private::open_at_once(path) {
        Ok(open) => open,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let log = with(path, "-wal");
            return if log.metadata().is_ok_and(|log| log.len() > 0) {
                Err(StoreError::Lost(format!(
                    "{shown} is gone, and what was written to it last is still in {}",
                    log.display()
                )))
            } else {
                Ok(Found::Nothing)
            };
        }
        Err(error) => return Err(file(path, &error)),
    };
    let facts = open.metadata().map_err(|error| file(path, &error))?;
    if !facts.is_file() {
        return Err(StoreError::Failed(format!("{shown} isn't a file")));
    }
    let mut start = Vec::new();
    open.by_ref()
        .take(HEADER as u64)
        .read_to_end(&mut start)
        .map_err(|error| file(path, &error))?;
    if start.iter().all(|byte| *byte == 0) {
        return Err(StoreError::Lost(format!("{shown} is there, and is empty")));
    }
    if start.len() < HEADER && start.starts_with(&MAGIC[..start.len().min(MAGIC.len())]) {
        return Err(StoreError::Lost(format!("{shown} was cut off")));
    }
    // Any other file is SQLite's to refuse.
    Ok(Found::Database)
}

/// Makes a journal in which nothing was deployed, whole or not at all.
pub(crate) async fn make(path: &Path, durable: bool) -> Result<(), StoreError> {
    let draft = with(path, ".new");
    for end in [""].into_iter().chain(BESIDE) {
        let leftover = with(&draft, end);
        match std::fs::remove_file(&leftover) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(file(&leftover, &error));
            }
            _ => {}
        }
    }
    deploycenter_private::open(&draft).map_err(|error| file(&draft, &error))?;
    let options = SqliteConnectOptions::new()
        .filename(&draft)
        .journal_mode(SqliteJournalMode::Delete)
        .synchronous(if durable {
            SqliteSynchronous::Full
        } else {
            SqliteSynchronous::Off
        });
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(failed)?;
    let made = bring_up_to_date(&pool).await;
    pool.close().await;
    made?;
    std::fs::rename(&draft, path).map_err(|error| file(path, &error))?;
    if durable && let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        // The name itself has to survive a power cut.
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|error| file(folder, &error))?;
    }
    Ok(())
}

/// Has the newest tables made.
pub(crate) async fn bring_up_to_date(pool: &SqlitePool) -> Result<(), StoreError> {
    sqlx::migrate!("../../../migrations/sqlite")
        .run(pool)
        .await
        .map_err(migration)
}

/// Refuses a database that was never a journal: its tables are made with its file.
pub(crate) async fn has_tables(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let (tables,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")
            .fetch_one(pool)
            .await
            .map_err(failed)?;
    if tables == 0 {
        return Err(StoreError::Lost(format!(
            "{} is a database, and holds no journal",
            path.display()
        )));
    }
    Ok(())
}

/// Takes from others what an earlier version or a copy left them. SQLite gives the files
/// beside a database the rights of the database itself.
pub(crate) fn close_to_others(path: &Path) -> Result<(), StoreError> {
    for end in [""].into_iter().chain(BESIDE) {
        let path = with(path, end);
        deploycenter_private::close_file(&path).map_err(|error| file(&path, &error))?;
    }
    Ok(())
}
