//! The database's failures in words.

use std::path::Path;

use deploycenter_ports::StoreError;
use sqlx::migrate::MigrateError;

/// What a database failure means for the person who waits for it.
pub(crate) fn failed(error: sqlx::Error) -> StoreError {
    let message = match &error {
        sqlx::Error::Database(found) => {
            // The low byte of an extended result code is the primary one (sqlite.org/rescode.html).
            let code = found
                .code()
                .and_then(|code| code.parse::<u32>().ok())
                .map(|code| code & 0xff);
            match code {
                Some(5 | 6) => "another process kept it busy for too long; try again".to_owned(),
                Some(8) => format!(
                    "it can't be written ({found}); look at the file's and its folder's rights"
                ),
                Some(10) => format!("the disk failed ({found}); is it full?"),
                Some(11) => format!("its file is damaged ({found}); restore it from a backup"),
                Some(13) => return StoreError::Full,
                Some(14) => {
                    format!("its file can't be opened ({found}); look at its folder's rights")
                }
                Some(26) => {
                    "its file is no SQLite database; name another, or move that one away".to_owned()
                }
                _ => found.to_string(),
            }
        }
        sqlx::Error::PoolClosed => "it is closed".to_owned(),
        sqlx::Error::PoolTimedOut => "it stayed busy for too long; try again".to_owned(),
        other => other.to_string(),
    };
    StoreError::Failed(message)
}

/// Why the tables can't be brought up to date.
pub(crate) fn migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => StoreError::Failed(
            "it was written by a newer deploycenter; use that one, or a newer one".to_owned(),
        ),
        MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
            StoreError::Corrupt(format!(
                "its tables aren't what version {version} of them should be; restore the file from a backup"
            ))
        }
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => failed(error),
        other => StoreError::Failed(other.to_string()),
    }
}

/// A file or folder beside the database that can't be used.
pub(crate) fn file(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("{}: {error}", path.display()))
}
