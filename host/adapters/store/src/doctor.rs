//! Whether the journal can be used, who is at work, and what was left unfinished.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_ports::{
    Check, Clock, Deployments, Examine, Finding, HEARTBEAT, Holder, Page, Queries as _, StoreError,
};
use tokio::time::timeout;

use crate::error::failed;
use crate::sqlite::{SqliteStore, StoreOptions};

const SYSTEM: &str = "journal";

/// A database that has stayed silent, which another process's long write can be.
const BUSY: &str = "see which process holds the file (fuser, lsof), and try again";

/// The way on from a journal that isn't there any more.
pub const LOST: &str = "restore it from a backup, or name another in DEPLOYCENTER_DATABASE; where nothing was ever deployed from here, or all that it knew is to be found anew by its marks, remove what is left of it, and the next command makes a new one";

/// How many targets are named before it is only said how many there are.
const NAMED: usize = 5;

/// The journal's file, looked at.
#[derive(Debug)]
pub struct Journal {
    /// Where it is, or will be.
    pub path: PathBuf,
    /// Which machine this is.
    pub machine: String,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Examine for Journal {
    /// A file that isn't there isn't made. One that is there is opened as every command
    /// opens it, which brings its tables up to date.
    async fn examine(&self, limit: Duration) -> Vec<Finding> {
        let path = self.path.display();
        let open = Check::new(SYSTEM, "open");
        match self.path.try_exists() {
            Ok(false) => {
                return vec![open.ok(format_args!(
                    "{path} isn't there yet; the first command that needs it makes it"
                ))];
            }
            Ok(true) => {}
            Err(error) => {
                let message = format!("{path} can't be looked at: {error}");
                return vec![open.fail(message, "see to the rights of its folder, or name another file in DEPLOYCENTER_DATABASE")];
            }
        }
        let options = StoreOptions {
            durable: true,
            owner: String::new(),
            machine: self.machine.clone(),
            heartbeat: HEARTBEAT,
        };
        let opening = SqliteStore::open(&self.path, options, Arc::clone(&self.clock));
        let store = match timeout(limit, opening).await {
            Ok(Ok(store)) => store,
            Ok(Err(error)) => {
                let help = match error {
                    StoreError::Lost(_) => LOST,
                    _ => {
                        "mend the file or restore it from a backup; DEPLOYCENTER_DATABASE names another"
                    }
                };
                return vec![open.fail(format_args!("{path}: {error}"), help)];
            }
            Err(_) => return vec![open.fail(silent(&path, limit), BUSY)],
        };
        let mut findings = vec![
            match within(limit, store.tables()).await {
                Ok(version) => open.ok(format_args!(
                    "{path} opens; its tables are version {version}"
                )),
                Err(why) => open.fail(format_args!("{path}: {why}"), BUSY),
            },
            match within(limit, store.writable()).await {
                Ok(()) => Check::new(SYSTEM, "write").ok("it can be written"),
                Err(why) => Check::new(SYSTEM, "write").fail(
                    why,
                    "see to the rights of the file and its folder, and to room on the disk",
                ),
            },
        ];
        let leases = within(limit, Page::every(|page| store.leases(page))).await;
        findings.push(locks(leases.as_deref()));
        let unfinished = within(limit, store.all_deployments(&Deployments::Unfinished)).await;
        findings.push(match unfinished {
            Ok(records) => {
                let left = records
                    .into_iter()
                    .map(|summary| summary.target)
                    .collect::<Vec<_>>();
                leftovers(&left, leases.as_deref().unwrap_or_default())
            }
            Err(why) => Check::new(SYSTEM, "unfinished").fail(
                why,
                "restore the file from a backup, or use the deploycenter that wrote it",
            ),
        });
        store.close().await;
        findings
    }
}

/// A lease: of which target, who has it, and whether that process lives.
type Held = (TargetId, Holder, bool);

fn silent(what: impl std::fmt::Display, limit: Duration) -> String {
    format!("{what} gave no answer within {} s", limit.as_secs())
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, String> {
    match timeout(limit, work).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(silent("the database", limit)),
    }
}

fn locks(leases: Result<&[Held], &String>) -> Finding {
    let check = Check::new(SYSTEM, "locks");
    let leases = match leases {
        Ok(leases) => leases,
        Err(why) => return check.fail(why, BUSY),
    };
    let (alive, dead): (Vec<&Held>, Vec<&Held>) = leases.iter().partition(|(.., alive)| *alive);
    if leases.is_empty() {
        return check.ok("nobody holds a lock");
    }
    let mut said = Vec::new();
    if !alive.is_empty() {
        let who = alive.iter().map(|(target, holder, _)| {
            format!("{target} by {}, since {}", holder.owner, holder.since)
        });
        said.push(format!("at work: {}", listed(who)));
    }
    if !dead.is_empty() {
        let targets = dead.iter().map(|(target, ..)| target.to_string());
        said.push(format!(
            "left by processes that died, and free for whoever comes next: {}",
            listed(targets)
        ));
    }
    check.ok(said.join("; "))
}

fn leftovers(unfinished: &[TargetId], leases: &[Held]) -> Finding {
    let check = Check::new(SYSTEM, "unfinished");
    let at_work = |target: &TargetId| {
        leases
            .iter()
            .any(|(held, _, alive)| held == target && *alive)
    };
    let left: Vec<&TargetId> = unfinished
        .iter()
        .filter(|target| !at_work(target))
        .collect();
    match left.as_slice() {
        [] if unfinished.is_empty() => check.ok("no deployment is unfinished"),
        [] => check.ok("every unfinished deployment is being worked on"),
        [one] => check.warn(
            format_args!("the deployment of {one} isn't finished"),
            ("go on with: ", Remedy::Resume(Targets::One((*one).clone()))),
        ),
        several => check.warn(
            format_args!(
                "{} deployments aren't finished: {}",
                several.len(),
                listed(several.iter().map(ToString::to_string))
            ),
            ("go on with: ", Remedy::Resume(Targets::All)),
        ),
    }
}

/// The first few, and how many more.
fn listed(all: impl ExactSizeIterator<Item = String>) -> String {
    let more = all.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = all.take(NAMED).collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

impl SqliteStore {
    /// The version of its tables.
    async fn tables(&self) -> Result<i64, StoreError> {
        let row: (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
            .fetch_one(&mut *self.reading().await?)
            .await
            .map_err(failed)?;
        Ok(row.0)
    }

    /// Takes the right to write, and gives it back unused.
    async fn writable(&self) -> Result<(), StoreError> {
        self.writing().await?.rollback().await.map_err(failed)
    }
}
