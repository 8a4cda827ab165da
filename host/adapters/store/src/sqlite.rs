//! The store itself: one connection, and the transactions on it that the port's methods are.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deploycenter_ports::{Clock, StoreError};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};
use tokio::task::AbortHandle;

use crate::error::{failed, file};
use crate::file::{Found, bring_up_to_date, close_to_others, has_tables, look, make};
use crate::heartbeat::Heartbeat;
use crate::liveness::{Alive, Processes, Sign};

/// How long a write waits for another process's.
const BUSY: Duration = Duration::from_secs(30);

/// How a store is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreOptions {
    /// Whether a write survives a power cut when it returns (`synchronous` FULL). Without
    /// it (OFF) it survives the death of the process only, which is all that tests need.
    pub durable: bool,
    /// Who asks for leases, as others are shown it: `user@host, process 4711`.
    pub owner: String,
    /// Which machine this is. On others the death of a process can't be seen.
    pub machine: String,
    /// How often it is told that this process lives:
    /// [`HEARTBEAT`](deploycenter_ports::HEARTBEAT), but in tests.
    pub heartbeat: Duration,
}

/// [`Store`](deploycenter_ports::Store) in an SQLite file.
///
/// Beside the file, `<file>.d/` holds what shows which processes are alive. Both have to
/// lie on a disk of this machine: neither SQLite's write-ahead log nor the locks of files
/// work across a network.
pub struct SqliteStore {
    // A single connection: SQLite writes one transaction at a time anyway, and so ours
    // queue up in order instead of polling for the lock.
    pool: SqlitePool,
    processes: Processes,
    alive: Mutex<Option<Alive>>,
    owner: String,
    heartbeat: Heartbeat,
    beating: AbortHandle,
}

impl SqliteStore {
    /// Opens the database at `path`, made with its folder when it isn't there, and brings
    /// its tables up to date. All of its files are this user's alone.
    ///
    /// # Errors
    /// When the file can't be opened, isn't ours, is of a newer version, or lost what was
    /// in it.
    pub async fn open(
        path: &Path,
        options: StoreOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            deploycenter_private::make_folder(folder).map_err(|error| file(folder, &error))?;
        }
        let processes = Processes::beside(path, options.machine)?;
        // Two processes must not make the same tables at once.
        let opening = {
            let processes = processes.clone();
            tokio::task::spawn_blocking(move || processes.opening())
                .await
                .map_err(|error| StoreError::Failed(error.to_string()))??
        };
        if look(path)? == Found::Nothing {
            make(path, options.durable).await?;
        }
        close_to_others(path)?;
        let connect = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(if options.durable {
                SqliteSynchronous::Full
            } else {
                SqliteSynchronous::Off
            })
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY * 2)
            .idle_timeout(None)
            .max_lifetime(None)
            .after_release(|connection, _| Box::pin(is_at_rest(connection)))
            .connect_with(connect)
            .await
            .map_err(failed)?;
        has_tables(&pool, path).await?;
        bring_up_to_date(&pool).await?;
        drop(opening);

        processes.sweep();
        let alive = processes.register()?;
        let heartbeat = Heartbeat {
            pool: pool.clone(),
            key: alive.key.clone(),
            clock,
        };
        let beating = tokio::spawn(heartbeat.clone().go_on(options.heartbeat));
        Ok(Self {
            pool,
            processes,
            alive: Mutex::new(Some(alive)),
            owner: options.owner,
            heartbeat,
            beating: beating.abort_handle(),
        })
    }

    /// Ends the store as the death of its process would: writes in flight come to their
    /// end, later ones fail, and its leases are free for others.
    pub async fn close(&self) {
        self.beating.abort();
        self.pool.close().await;
        self.alive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// Tells that this process lives, as it is told by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beat(&self) -> Result<(), StoreError> {
        self.heartbeat.beat().await
    }

    /// What its leases carry.
    pub(crate) fn key(&self) -> &str {
        &self.heartbeat.key
    }

    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }

    pub(crate) fn machine(&self) -> &str {
        self.processes.machine()
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.heartbeat.clock.now()
    }

    /// What a process shows of its life.
    pub(crate) fn sign_of(&self, process: &str) -> Sign {
        self.processes.sign_of(process)
    }

    /// A transaction that holds the right to write from its start, so that what it reads
    /// is what it writes on.
    pub(crate) async fn writing(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed)
    }

    /// A transaction whose reads all see one moment.
    pub(crate) async fn reading(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool.begin().await.map_err(failed)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.beating.abort();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("process", &self.key())
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// Whether a connection may be used again. A full disk has SQLite end a transaction by
/// itself; the way back that follows then fails, and the connection would take all that
/// comes after for a part of that transaction.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Behind the way back in its queue.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use async_trait::async_trait;
    use deploycenter_domain::name::TargetId;
    use deploycenter_ports::{HEARTBEAT, Leases as _};

    use super::*;

    #[derive(Debug)]
    struct NoClock;

    #[async_trait]
    impl Clock for NoClock {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }

        async fn sleep(&self, _duration: Duration) {}
    }

    #[tokio::test]
    async fn a_full_disk_is_said_and_what_comes_after_it_works() {
        let folder = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            durable: false,
            // More than the pages that are there have room for.
            owner: "x".repeat(100_000),
            machine: "here".to_owned(),
            heartbeat: HEARTBEAT,
        };
        let store = SqliteStore::open(&folder.path().join("j.db"), options, Arc::new(NoClock))
            .await
            .unwrap();
        let target: TargetId = "acme/odoo".parse().unwrap();
        // No page more than there are, for this connection.
        sqlx::query("PRAGMA max_page_count = 1")
            .execute(&store.pool)
            .await
            .unwrap();
        assert_eq!(store.acquire(&target).await, Err(StoreError::Full));
        // As if there were room again.
        let lease = store.acquire(&target).await.unwrap();
        assert_eq!(lease.fence, 1);
        store.release(&lease).await.unwrap();
    }

    #[tokio::test]
    async fn only_a_durable_store_waits_for_the_disk() {
        for (durable, wanted) in [(true, 2), (false, 0)] {
            let folder = tempfile::tempdir().unwrap();
            let options = StoreOptions {
                durable,
                owner: "one".to_owned(),
                machine: "here".to_owned(),
                heartbeat: HEARTBEAT,
            };
            let store = SqliteStore::open(&folder.path().join("j.db"), options, Arc::new(NoClock))
                .await
                .unwrap();
            // 2 is FULL, 0 is OFF (sqlite.org/pragma.html).
            let level: (i64,) = sqlx::query_as("PRAGMA synchronous")
                .fetch_one(&store.pool)
                .await
                .unwrap();
            assert_eq!(level.0, wanted);
            let mode: (String,) = sqlx::query_as("PRAGMA journal_mode")
                .fetch_one(&store.pool)
                .await
                .unwrap();
            assert_eq!(mode.0, "wal");
        }
    }
}
