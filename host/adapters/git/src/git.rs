//! The adapter: folders on the customers' branches.

mod live;
mod queue;
mod snapshot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::effect::OutputName;
use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Folder, Observed, Outputs, Ownership, Resource};
use deploycenter_ports::{
    Call, Calls, Clock, Pauses, Phase, Provider, ProviderError, ProviderErrorKind, Snapshot, Step,
    StepOutcome,
};
use git2::{Error, Oid, Repository};
use tokio::sync::{Mutex, MutexGuard, RwLock};

use crate::SYSTEM;
use crate::config::GitConfig;
use crate::content;
use crate::failure::{is_transient, no_room, of_cache, of_remote, refused};
use crate::folder::Change;
use crate::history::full_id;
use crate::place::Place;
use crate::remote::Cache;
use crate::tree;
use queue::Queue;
use snapshot::GitSnapshot;

/// How often a call to the remote is made before it counts as failed.
pub(crate) const ATTEMPTS: u32 = 6;

/// What is waited before the next one.
const PAUSES: Pauses = Pauses {
    first: Duration::from_millis(500),
    most: Duration::from_secs(8),
};

/// Git as the engine uses it.
///
/// Every use of the remote goes through one place, which asks [`Calls`] before the
/// blocking work starts and tells it after that has ended. So a call that is held up is
/// never sent. A push that has started runs to its end even when nobody waits for it any
/// more; [`Git::quiet`] waits for that, and so does dropping the runtime.
pub struct Git {
    pub(crate) shared: Arc<Shared>,
}

/// What outlives the caller of a push.
pub(crate) struct Shared {
    cache: Arc<Cache>,
    pub(crate) clock: Arc<dyn Clock>,
    calls: Arc<dyn Calls>,
    /// One use of the remote at a time; holds the number of the last fetch that went well.
    remote: Mutex<u64>,
    /// The number of the last fetch that was begun.
    fetches: AtomicU64,
    /// Read-held while something blocks.
    busy: Arc<RwLock<()>>,
    pub(crate) queue: Queue,
}

impl fmt::Debug for Git {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Git")
            .field("cache", &self.shared.cache)
            .finish_non_exhaustive()
    }
}

/// The right to use the remote.
pub(crate) type Turn<'a> = MutexGuard<'a, u64>;

impl Git {
    /// Opens the cache of the remote, making it when it isn't there. Asks the remote
    /// nothing.
    ///
    /// # Errors
    /// When the cache can't be made.
    pub fn open(
        config: &GitConfig,
        clock: Arc<dyn Clock>,
        calls: Arc<dyn Calls>,
    ) -> Result<Arc<Self>, ProviderError> {
        let cache = Cache::open(config).map_err(|error| of_cache(&error))?;
        Ok(Arc::new(Self {
            shared: Arc::new(Shared {
                cache: Arc::new(cache),
                clock,
                calls,
                remote: Mutex::new(0),
                fetches: AtomicU64::new(0),
                busy: Arc::new(RwLock::new(())),
                queue: Queue::default(),
            }),
        }))
    }

    /// Waits until nothing that was sent to the remote is still under way.
    pub async fn quiet(&self) {
        drop(self.shared.busy.write().await);
    }

    /// The id of the tree or blob at `path` in a commit of a generated branch; `None` when
    /// it isn't there, or the remote has no such commit. Fetches when the commit isn't
    /// known yet.
    ///
    /// # Errors
    /// When the remote can't be read.
    pub async fn tree_at(&self, commit: &str, path: &str) -> Result<Option<String>, ProviderError> {
        let Some(commit) = full_id(commit) else {
            return Ok(None);
        };
        let path = path.to_owned();
        let look = move |repo: &Repository| match repo.find_commit(commit) {
            Ok(found) => tree::at(&found.tree()?, &path).map(Some),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let mut found = self.shared.read(look.clone()).await?;
        if found.is_none() {
            self.shared.fresh().await?;
            found = self.shared.read(look).await?;
        }
        Ok(found.flatten().map(|id| id.to_string()))
    }
}

impl Shared {
    /// Reads from the cache on a thread that may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Repository) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, ProviderError> {
        self.blocking(|cache| {
            cache
                .repo()
                .and_then(|repo| work(&repo))
                .map_err(|error| of_cache(&error))
        })
        .await?
    }

    /// Runs on a thread that may block; [`Git::quiet`] waits for it.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> T + Send + 'static,
    ) -> Result<T, ProviderError> {
        let busy = Arc::clone(&self.busy).read_owned().await;
        let cache = Arc::clone(&self.cache);
        let task = tokio::task::spawn_blocking(move || {
            let answer = work(&cache);
            drop(busy);
            answer
        });
        task.await.map_err(|_| {
            ProviderError::new(
                ProviderErrorKind::Unavailable,
                SYSTEM,
                "work on the git cache was cut off",
            )
        })
    }

    /// The one place where calls to the remote leave.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        _turn: &Turn<'_>,
        operation: &str,
        work: impl FnOnce(&Cache) -> T + Send + 'static,
    ) -> Result<T, ProviderError> {
        let call = Call {
            system: SYSTEM,
            operation: operation.to_owned(),
        };
        self.calls.at(&call, Phase::Before).await;
        let answer = self.blocking(work).await?;
        self.calls.at(&call, Phase::Sent).await;
        self.calls.at(&call, Phase::Replied).await;
        Ok(answer)
    }

    /// A turn to use the remote.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.remote.lock().await
    }

    pub(crate) fn remote_failure(&self, error: &Error) -> ProviderError {
        of_remote(error, &self.cache.url, &self.cache.credentials)
    }

    /// One fetch. The inner error may be worth another try.
    pub(crate) async fn fetch_once(
        &self,
        turn: &mut Turn<'_>,
    ) -> Result<Result<(), Error>, ProviderError> {
        let number = self.fetches.fetch_add(1, Ordering::SeqCst) + 1;
        let fetched = self.call(turn, "fetch", Cache::fetch).await?;
        if fetched.is_ok() {
            **turn = number;
        }
        Ok(fetched)
    }

    /// The branches as they are now or later. Callers that wait at the same time share
    /// one fetch that begins after they asked.
    pub(crate) async fn fresh(&self) -> Result<(), ProviderError> {
        let asked = self.fetches.load(Ordering::SeqCst);
        let mut attempt = 0;
        loop {
            let failed = {
                let mut turn = self.turn().await;
                if *turn > asked {
                    return Ok(());
                }
                match self.fetch_once(&mut turn).await? {
                    Ok(()) => return Ok(()),
                    Err(error) => error,
                }
            };
            attempt += 1;
            if attempt >= ATTEMPTS || !is_transient(&failed) {
                return Err(self.remote_failure(&failed));
            }
            self.pause(attempt).await;
        }
    }

    /// Waits before another try.
    pub(crate) async fn pause(&self, attempt: u32) {
        self.clock
            .sleep(PAUSES.after(attempt, rand::random()))
            .await;
    }

    /// The folder in a commit of its branch; `head` says in which, as the cache is then.
    pub(crate) async fn folder(
        &self,
        wanted: &Folder,
        head: impl FnOnce(&Repository, &str) -> Result<Option<Oid>, Error> + Send + 'static,
    ) -> Result<Option<Observed>, ProviderError> {
        let place = Place::of(wanted)?;
        let branch = place.branch.clone();
        let look = move |repo: &Repository| match head(repo, &place.branch)? {
            None => Ok((None, Cache::in_the_way(repo, &place.branch)?)),
            Some(head) => Ok((look(repo, head, &place)?, None)),
        };
        let (found, in_the_way) = self.read(look).await?;
        if let Some(other) = in_the_way {
            return Err(no_room(&branch, &other));
        }
        Ok(found.map(|folder| Observed {
            outputs: outputs(folder.tree.clone()),
            state: Resource::Folder(folder),
            ownership: Ownership::ByPlace,
        }))
    }
}

pub(crate) fn not_ours() -> ProviderError {
    refused("git holds folders; other effects belong to other systems")
}

fn outputs(tree: Option<String>) -> Outputs {
    tree.map(|tree| (OutputName::Tree, tree))
        .into_iter()
        .collect()
}

/// The folder in a commit.
fn look(repo: &Repository, head: Oid, place: &Place) -> Result<Option<Folder>, Error> {
    let root = repo.find_commit(head)?.tree()?;
    let Some(id) = content::id_at(&root, place)? else {
        return Ok(None);
    };
    Ok(Some(Folder {
        branch: place.branch.clone(),
        path: place.path.clone(),
        tree: Some(id.to_string()),
        files: content::files_at(repo, &root, place)?,
    }))
}

#[async_trait]
impl Provider for Git {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(GitSnapshot::new(Arc::clone(&self.shared)))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let Resource::Folder(folder) = wanted else {
            return Err(not_ours());
        };
        self.shared.fresh().await?;
        self.shared.folder(folder, Cache::head).await
    }

    async fn observe_foreign(
        &self,
        wanted: &Resource,
        _adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        let Resource::Folder(folder) = wanted else {
            return Err(refused(
                "a generated file isn't adopted by itself: it goes out with its target's commit",
            ));
        };
        let place = Place::of(folder)?;
        Err(refused(format!(
            "{place} can't be adopted: git keeps what stood there"
        ))
        .help(
            Advice::from((
                "keep what someone committed with ",
                Remedy::Accept(Targets::Named),
            ))
            .and((
                ", or write over it with ",
                Remedy::Apply {
                    targets: Targets::Named,
                    reclaim: true,
                },
            )),
        ))
    }

    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        let change = Change::of(step)?;
        let changed = Queue::submit(&self.shared, change.clone()).await?;
        let tree = self
            .shared
            .blocking(move |cache| {
                change.wanted(&cache.scratch().map_err(|error| of_cache(&error))?)
            })
            .await??;
        Ok(StepOutcome {
            changed,
            outputs: outputs(tree.map(|id| id.to_string())),
        })
    }
}
