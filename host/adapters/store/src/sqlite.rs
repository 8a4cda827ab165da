//! The store itself: one connection, and the port's methods as transactions on it.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{
    Clock, DeployedRecord, DeploymentRecord, Holder, Lease, NewDeployment, Store, StoreError,
    TargetRecord,
};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite, Transaction};

use crate::error::{failed, file};
use crate::file::{Found, bring_up_to_date, close_to_others, has_tables, look, make};
use crate::liveness::{Alive, Processes};
use crate::{deployed, read, write};

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
}

/// [`Store`] in an SQLite file.
///
/// Beside the file, `<file>.d/` holds what shows which processes are alive. Both have to
/// lie on a disk of this machine: neither SQLite's write-ahead log nor the locks of files
/// work across a network.
pub struct SqliteStore {
    // A single connection: SQLite writes one transaction at a time anyway, and so ours
    // queue up in order instead of polling for the lock.
    pool: SqlitePool,
    processes: Processes,
    key: String,
    alive: Mutex<Option<Alive>>,
    owner: String,
    clock: Arc<dyn Clock>,
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
        let processes = Processes::beside(path)?;
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
        Ok(Self {
            pool,
            processes,
            key: alive.key.clone(),
            alive: Mutex::new(Some(alive)),
            owner: options.owner,
            clock,
        })
    }

    /// Ends the store as the death of its process would: writes in flight come to their
    /// end, later ones fail, and its leases are free for others.
    pub async fn close(&self) {
        self.pool.close().await;
        self.alive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }

    /// A transaction that holds the right to write from its start, so that what it reads
    /// is what it writes on.
    pub(crate) async fn writing(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool
            .begin_with("BEGIN IMMEDIATE")
            .await
            .map_err(failed)
    }

    /// Every lease that is held, by whom, and whether that process is alive.
    pub(crate) async fn all_leases(&self) -> Result<Vec<(TargetId, Holder, bool)>, StoreError> {
        let mut leases = Vec::new();
        for (target, process, holder) in read::leases(&mut *self.reading().await?).await? {
            let alive = process == self.key || self.processes.is_alive(&process)?;
            leases.push((target, holder, alive));
        }
        Ok(leases)
    }

    /// A transaction whose reads all see one moment.
    pub(crate) async fn reading(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool.begin().await.map_err(failed)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("process", &self.key)
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn acquire(&self, target: &TargetId) -> Result<Lease, StoreError> {
        let mut transaction = self.writing().await?;
        let found = read::lease(&mut transaction, target).await?;
        if let Some((process, holder)) = found.as_ref().and_then(|row| row.held.as_ref())
            && (*process == self.key || self.processes.is_alive(process)?)
        {
            return Err(StoreError::Locked {
                target: target.clone(),
                holder: holder.clone(),
            });
        }
        let fence = found.map_or(0, |row| row.fence) + 1;
        let since = self.clock.now();
        write::lease(
            &mut transaction,
            target,
            fence,
            &self.key,
            &self.owner,
            since,
        )
        .await?;
        transaction.commit().await.map_err(failed)?;
        Ok(Lease {
            target: target.clone(),
            fence,
        })
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        write::release(&mut transaction, lease, &self.key).await?;
        transaction.commit().await.map_err(failed)
    }

    async fn begin(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        for (lease, deployment) in deployments {
            check_fence(&mut transaction, lease, &self.key).await?;
            let target = &deployment.plan.target;
            if *target != lease.target {
                return Err(StoreError::Failed(format!(
                    "the lease is on {}, the deployment of {target}",
                    lease.target
                )));
            }
            if let Some(deployment) = read::unfinished_of(&mut transaction, target).await? {
                return Err(StoreError::Unfinished {
                    target: target.clone(),
                    deployment,
                });
            }
            write::deployment(&mut transaction, deployment).await?;
            write::event(
                &mut transaction,
                &deployment.id,
                &Event::Started,
                deployment.at,
            )
            .await?;
            write::begun(&mut transaction, deployment).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        check_fence(&mut transaction, lease, &self.key).await?;
        match read::whereabouts(&mut transaction, id).await? {
            Some((target, _)) if target != lease.target => {
                return Err(StoreError::Failed(format!(
                    "the lease is on {}, {id} a deployment of {target}",
                    lease.target
                )));
            }
            Some((_, true)) => {
                return Err(StoreError::Failed(format!(
                    "{id} is finished; nothing can follow"
                )));
            }
            None => return Err(StoreError::Failed(format!("there is no deployment {id}"))),
            Some((_, false)) => {}
        }
        write::event(&mut transaction, id, event, at).await?;
        if matches!(event, Event::Succeeded | Event::Unwound) {
            write::finished(&mut transaction, id).await?;
        }
        if matches!(event, Event::Succeeded) {
            deployed::succeeded(&mut transaction, id, at).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn unfinished(&self) -> Result<Vec<DeploymentRecord>, StoreError> {
        read::deployments(&mut *self.reading().await?, read::Which::Unfinished).await
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError> {
        Ok(
            read::deployments(&mut *self.reading().await?, read::Which::Id(id))
                .await?
                .pop(),
        )
    }

    async fn history(&self, target: &TargetId) -> Result<Vec<DeploymentRecord>, StoreError> {
        let mut found =
            read::deployments(&mut *self.reading().await?, read::Which::Target(target)).await?;
        found.reverse();
        Ok(found)
    }

    async fn targets(&self) -> Result<Vec<TargetRecord>, StoreError> {
        read::targets(&mut *self.reading().await?).await
    }

    async fn deployed(&self) -> Result<Vec<DeployedRecord>, StoreError> {
        deployed::all(&mut *self.reading().await?).await
    }

    async fn holders(&self) -> Result<Vec<(TargetId, Holder)>, StoreError> {
        let leases = self.all_leases().await?;
        let alive = leases.into_iter().filter(|(.., alive)| *alive);
        Ok(alive.map(|(target, holder, _)| (target, holder)).collect())
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

/// Refuses a lease that was given back or taken over.
async fn check_fence(
    transaction: &mut Transaction<'static, Sqlite>,
    lease: &Lease,
    key: &str,
) -> Result<(), StoreError> {
    let row = read::lease(transaction, &lease.target).await?;
    let ours = row.is_some_and(|row| {
        row.fence == lease.fence && row.held.is_some_and(|(process, _)| process == key)
    });
    if ours {
        Ok(())
    } else {
        Err(StoreError::Fenced(lease.target.clone()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

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
