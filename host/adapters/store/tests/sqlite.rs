//! The store contract on SQLite, and what only a file on a disk can go through.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_ports::{Journal as _, Leases as _, Queue as _, Store, StoreError};
use deploycenter_store::{SqliteStore, StoreOptions};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

mod contract;
mod doctor;
mod earlier;

use contract::{Database, Hands, Still, begin, deployment, id, intent, target, time};

fn options(owner: &str, machine: &str) -> StoreOptions {
    StoreOptions {
        durable: false,
        owner: owner.to_owned(),
        machine: machine.to_owned(),
        // Longer than any test.
        heartbeat: Duration::from_secs(24 * 3600),
    }
}

async fn open(path: &Path, owner: &str) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(path, options(owner, "here"), Arc::new(Still)).await
}

async fn tamper(path: &Path, sql: &'static str) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

struct Sqlite {
    _folder: tempfile::TempDir,
    path: PathBuf,
    clock: Arc<Hands>,
    /// The same stores with their own type, by address.
    stores: Mutex<HashMap<usize, Arc<SqliteStore>>>,
}

impl Sqlite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some/folder/journal.db");
        Self {
            _folder: folder,
            path,
            clock: Arc::new(Hands::new()),
            stores: Mutex::default(),
        }
    }

    async fn opened(&self, owner: &str, machine: &str) -> Arc<dyn Store> {
        let clock = Arc::clone(&self.clock);
        let store = SqliteStore::open(&self.path, options(owner, machine), clock).await;
        let store = Arc::new(store.unwrap());
        let shared: Arc<dyn Store> = store.clone();
        self.stores.lock().unwrap().insert(address(&shared), store);
        shared
    }

    /// The files that show which processes live.
    fn locks(&self) -> BTreeSet<PathBuf> {
        let folder = std::fs::read_dir(self.path.with_extension("db.d"));
        let entries = folder.into_iter().flatten();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn address(store: &Arc<dyn Store>) -> usize {
    Arc::as_ptr(store).cast::<()>() as usize
}

#[async_trait]
impl Database for Sqlite {
    async fn open(&self, owner: &str) -> Arc<dyn Store> {
        self.opened(owner, "here").await
    }

    async fn open_unseen(&self, owner: &str) -> Arc<dyn Store> {
        // Opened once already, so that only the process's own file is new.
        drop(open(&self.path, "nobody").await.unwrap());
        let before = self.locks();
        let store = self.opened(owner, "another machine").await;
        // On a real one the lock on it isn't seen from here.
        for file in self.locks().difference(&before) {
            std::fs::remove_file(file).unwrap();
        }
        store
    }

    async fn beat(&self, store: &Arc<dyn Store>) {
        let store = self.stores.lock().unwrap()[&address(store)].clone();
        store.beat().await.unwrap();
    }

    fn pass(&self, seconds: i64) {
        self.clock.pass(seconds);
    }

    async fn kill(&self, store: Arc<dyn Store>) {
        let store = self
            .stores
            .lock()
            .unwrap()
            .remove(&address(&store))
            .unwrap();
        store.close().await;
    }

    async fn tamper(&self, sql: &'static str) {
        tamper(&self.path, sql).await;
    }
}

macro_rules! contract {
    ($($case:ident)*) => {$(
        #[tokio::test]
        async fn $case() {
            contract::cases::$case(&Sqlite::new()).await;
        }
    )*};
}

contract! {
    a_lease_is_held_by_one
    one_of_many_gets_a_lease
    a_dead_holder_loses_its_leases
    a_lost_lease_writes_nothing
    a_lease_is_good_for_its_target_only
    what_is_enqueued_together_is_there_together
    what_is_enqueued_is_claimed_by_whoever_comes
    an_owner_that_is_silent_loses_its_leases
    a_clock_that_jumps_takes_nothing_from_the_living
    what_is_written_is_read
    what_cannot_follow_is_not_written
    a_list_says_what_the_whole_record_says
    lists_come_in_pages
    nothing_follows_the_end
    history_is_newest_first
    targets_follow_their_journals
    a_broken_row_is_an_error_that_names_it
}

/// The environment variable that turns [`holder_process`] into one.
const HOLD: &str = "STORE_TEST_HOLD";

#[tokio::test]
#[ignore = "what kill_9_frees_the_leases starts and kills"]
async fn holder_process() {
    let Some(path) = std::env::var_os(HOLD) else {
        return;
    };
    let store = open(Path::new(&path), "child").await.unwrap();
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    begin(&store, &lease, deployment("acme/odoo", "d1", 1)).await;
    println!("\nheld");
    for second in 0.. {
        store
            .append(&lease, &id("d1"), &intent(), time(second))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn kill_9_frees_the_leases() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "holder_process", "--nocapture"])
        .env(HOLD, &path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap() == "held"),
        "the child came to hold its lease"
    );

    let store = open(&path, "parent").await.unwrap();
    let odoo = target("acme/odoo");
    let refused = store.acquire(&odoo).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Locked { holder, .. } if holder.owner == "child"),
        "{refused}"
    );

    // In the middle of a write, most likely.
    child.kill().unwrap();
    child.wait().unwrap();
    let lease = store.acquire(&odoo).await.unwrap();
    let claimed = store.claim(&lease, &id("d1"), time(2)).await.unwrap();
    assert!(claimed.events.len() > 2, "its journal can be read");

    // The next one that opens tidies up what the dead one left.
    drop(open(&path, "third").await.unwrap());
    let left: Vec<_> = std::fs::read_dir(folder.path().join("journal.db.d"))
        .unwrap()
        .collect();
    assert_eq!(left.len(), 2, "open.lock and the parent's own: {left:?}");
}

/// Until when the only lease is its owner's although nothing is heard of it.
async fn expiry(path: &Path) -> String {
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let row: (String,) = sqlx::query_as("SELECT expires FROM leases")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    row.0
}

#[tokio::test]
async fn an_open_store_tells_by_itself_that_its_process_lives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let clock = Arc::new(Hands::new());
    let options = StoreOptions {
        heartbeat: Duration::from_millis(10),
        ..options("one", "here")
    };
    let store = SqliteStore::open(&path, options, clock.clone())
        .await
        .unwrap();
    store.acquire(&target("acme/odoo")).await.unwrap();
    assert_eq!(expiry(&path).await, time(61).to_string());
    clock.pass(30);
    for _ in 0..1000 {
        if expiry(&path).await == time(91).to_string() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was heard of it");
}

#[tokio::test]
async fn a_lock_file_goes_with_its_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("journal.db"), "one")
        .await
        .unwrap();
    let count = || {
        std::fs::read_dir(folder.path().join("journal.db.d"))
            .unwrap()
            .count()
    };
    assert_eq!(count(), 2);
    drop(store);
    assert_eq!(count(), 1);
}

#[tokio::test]
async fn a_closed_store_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("journal.db"), "one")
        .await
        .unwrap();
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    store.close().await;
    let refused = store.release(&lease).await.unwrap_err();
    assert_eq!(refused, StoreError::Failed("it is closed".to_owned()));
}

#[tokio::test]
async fn another_file_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::write(&path, "customers:\n- name: acme\n".repeat(100)).unwrap();
    let refused = open(&path, "one").await.unwrap_err().to_string();
    assert!(
        refused.contains("no SQLite database; name another"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_newer_database_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(open(&path, "one").await.unwrap());
    tamper(
        &path,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (999, 'later', TRUE, x'00', 0)",
    )
    .await;
    let refused = open(&path, "one").await.unwrap_err().to_string();
    assert!(refused.contains("newer deploycenter"), "{refused}");
}

/// What may be done with a file or folder, by whom.
fn rights(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn all_that_belongs_to_a_journal_is_its_users_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some/folder/journal.db");
    for _ in 0..2 {
        let store = open(&path, "one").await.unwrap();
        store.acquire(&target("acme/odoo")).await.unwrap();
        let mut seen = Vec::new();
        let mut folders = vec![folder.path().join("some")];
        while let Some(next) = folders.pop() {
            assert_eq!(rights(&next), 0o700, "{}", next.display());
            for entry in std::fs::read_dir(&next).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    assert_eq!(rights(&entry.path()), 0o600, "{}", entry.path().display());
                    seen.push(entry.file_name().into_string().unwrap());
                }
            }
        }
        for name in [
            "journal.db",
            "journal.db-wal",
            "journal.db-shm",
            "open.lock",
        ] {
            assert!(seen.iter().any(|it| it == name), "no {name} in {seen:?}");
        }
        store.close().await;
        // As an earlier version left it.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(
            path.with_extension("db.d"),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
    }
}

/// Opens a journal that is there no more, and gives the refusal.
async fn lost(path: &Path) -> String {
    match open(path, "one").await.map(drop) {
        Err(StoreError::Lost(why)) => why.replace(&path.display().to_string(), "FILE"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_pipe_in_the_journals_place_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    match open(&path, "one").await.map(drop) {
        Err(StoreError::Failed(why)) => assert!(why.ends_with("isn't a file"), "{why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_journal_that_lost_its_content_is_no_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    drop(open(&path, "one").await.unwrap());
    let whole = std::fs::read(&path).unwrap();
    for cut in [0, 7, 99] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let why = lost(&path).await;
        let wanted = if cut == 0 {
            "FILE is there, and is empty"
        } else {
            "FILE was cut off"
        };
        assert_eq!(why, wanted);
        assert_eq!(
            std::fs::read(&path).unwrap(),
            &whole[..cut],
            "it was touched"
        );
    }
    std::fs::write(&path, vec![0; whole.len()]).unwrap();
    assert_eq!(lost(&path).await, "FILE is there, and is empty");

    std::fs::remove_file(&path).unwrap();
    std::fs::write(folder.path().join("journal.db-wal"), "the last entries").unwrap();
    assert_eq!(
        lost(&path).await,
        "FILE is gone, and what was written to it last is still in FILE-wal"
    );
    assert!(!path.exists());

    std::fs::remove_file(folder.path().join("journal.db-wal")).unwrap();
    let made_elsewhere = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true);
    let mut other = SqliteConnection::connect_with(&made_elsewhere)
        .await
        .unwrap();
    sqlx::query("CREATE TABLE notes (text TEXT)")
        .execute(&mut other)
        .await
        .unwrap();
    other.close().await.unwrap();
    assert_eq!(
        lost(&path).await,
        "FILE is a database, and holds no journal"
    );
}

#[tokio::test]
async fn a_journal_is_made_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    // What a process left that died while it made one.
    std::fs::write(folder.path().join("journal.db.new"), "half of one").unwrap();
    std::fs::write(folder.path().join("journal.db.new-journal"), "half of one").unwrap();
    let store = open(&path, "one").await.unwrap();
    store.acquire(&target("acme/odoo")).await.unwrap();
    store.close().await;
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["journal.db", "journal.db.d"]);
}
