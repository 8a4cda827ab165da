//! The bare cache and its remote. Everything here blocks.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};

use git2::{
    AutotagOption, ConfigLevel, Cred, CredentialType, Direction, Error, ErrorClass, ErrorCode,
    FetchOptions, FetchPrune, Oid, ProxyOptions, PushOptions, RemoteCallbacks, RemoteRedirect,
    Repository,
};

use deploycenter_domain::address::without_login;
use deploycenter_ports::ProviderError;
use tempfile::TempDir;

use crate::config::{Credentials, GitConfig};
use crate::lock_file::locked;
use crate::place::PREFIX;
use crate::push::{self, Outcome, PushError, Update, Words};
use crate::signing::Signer;

/// How long a remote may be silent before a call to it counts as lost.
const SILENCE_MS: i32 = 60_000;
/// How long a remote may take to accept a connection.
const CONNECT_MS: i32 = 15_000;

/// libgit2 sends the login that one host took on to the host that this one redirects to.
const NOWHERE_ELSE: RemoteRedirect = RemoteRedirect::None;

/// Where the cache keeps a branch that is called as all generated ones begin, which leaves
/// room for none of them.
const ABOVE: &str = "refs/remotes/above/customer";

/// The commit that each generated branch was at, by the branch's name.
pub(crate) type Heads = BTreeMap<String, Oid>;

/// A bare cache of one remote's generated branches.
#[derive(Debug)]
pub(crate) struct Cache {
    path: PathBuf,
    lock: PathBuf,
    pub(crate) url: String,
    pub(crate) credentials: Credentials,
    pub(crate) signer: Option<Result<Signer, ProviderError>>,
}

impl Cache {
    /// Opens the cache, making it when it isn't there.
    pub(crate) fn open(config: &GitConfig) -> Result<Self, Error> {
        let os = |error: std::io::Error| {
            Error::new(ErrorCode::GenericError, ErrorClass::Os, error.to_string())
        };
        deploycenter_private::own_folder(&config.cache_dir).map_err(os)?;
        let path = config.cache()?;
        let cache = Self {
            lock: path.with_extension("lock"),
            path,
            url: without_login(&config.remote_url),
            credentials: config.credentials.clone().with_login_of(&config.remote_url),
            signer: config.signer.clone(),
        };
        let _alone = cache.alone().map_err(os)?;
        match cache.repo() {
            Ok(_) => {}
            Err(error) if error.code() == ErrorCode::NotFound => cache.make(os)?,
            Err(error) => return Err(error),
        }
        Ok(cache)
    }

    /// Makes the cache whole or not at all: a process may die meanwhile.
    fn make(&self, os: impl Fn(std::io::Error) -> Error) -> Result<(), Error> {
        let draft = self.path.with_extension("new");
        for leftover in [&self.path, &draft] {
            match std::fs::remove_dir_all(leftover) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(os(error));
                }
                _ => {}
            }
        }
        Repository::init_bare(&draft)?;
        std::fs::rename(&draft, &self.path).map_err(os)
    }

    /// The cache as a repository; cheap, one for each piece of work.
    pub(crate) fn repo(&self) -> Result<Repository, Error> {
        Repository::open_bare(&self.path)
    }

    /// The cache for whoever wants ids alone: what is written to it is gone with it.
    pub(crate) fn scratch(&self) -> Result<Repository, Error> {
        let repo = self.repo()?;
        keep_in_memory(&repo)?;
        Ok(repo)
    }

    /// Keeps other processes off the cache's refs until dropped; the system lifts it when
    /// a process dies. Git's own locks outlive a process, so those of a dead one go now.
    fn alone(&self) -> std::io::Result<File> {
        let file = locked(&self.lock)?;
        remove_locks(&self.path, false)?;
        remove_locks(&self.path.join("refs"), true)?;
        Ok(file)
    }

    fn alone_for_git(&self) -> Result<File, Error> {
        self.alone()
            .map_err(|error| Error::new(ErrorCode::Locked, ErrorClass::Os, error.to_string()))
    }

    /// Where the cache keeps the remote's branch.
    pub(crate) fn tracking(branch: &str) -> String {
        format!("refs/remotes/origin/{branch}")
    }

    /// The branch's head as last fetched.
    pub(crate) fn head(repo: &Repository, branch: &str) -> Result<Option<Oid>, Error> {
        match repo.refname_to_id(&Self::tracking(branch)) {
            Ok(id) => Ok(Some(id)),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All heads as last fetched.
    pub(crate) fn heads(repo: &Repository) -> Result<Heads, Error> {
        let prefix = Self::tracking("");
        let mut heads = Heads::new();
        for reference in repo.references_glob(&Self::tracking("*"))? {
            let reference = reference?;
            let branch = reference
                .name()
                .ok()
                .and_then(|name| name.strip_prefix(&prefix));
            if let (Some(branch), Some(head)) = (branch, reference.target()) {
                heads.insert(branch.to_owned(), head);
            }
        }
        Ok(heads)
    }

    /// The branch that keeps the remote from having this one, as last fetched: git has no
    /// branch `a` beside a branch `a/b`.
    pub(crate) fn in_the_way(repo: &Repository, branch: &str) -> Result<Option<String>, Error> {
        let above = PREFIX.trim_end_matches('/');
        if repo.refname_to_id(ABOVE).is_ok() {
            return Ok(Some(above.to_owned()));
        }
        let below = format!("{}/*", Self::tracking(branch));
        let tracking = Self::tracking("");
        let mut references = repo.references_glob(&below)?;
        let found = references.names().next().transpose()?;
        Ok(found.map(|name| name.strip_prefix(&tracking).unwrap_or(name).to_owned()))
    }

    /// Brings all generated branches to where the remote has them.
    pub(crate) fn fetch(&self) -> Result<(), Error> {
        let _alone = self.alone_for_git()?;
        let repo = self.repo()?;
        let fetch = || {
            fetch(
                &repo,
                &self.url,
                &self.credentials,
                &[
                    "+refs/heads/customer/*:refs/remotes/origin/customer/*",
                    &format!("+refs/heads/customer:{ABOVE}"),
                ],
                FetchPrune::On,
            )
        };
        match fetch() {
            // A branch went and another came below it, or the other way round: libgit2
            // writes what came before it drops what went.
            Err(error) if is_of_own_refs(&error) => {
                for reference in repo.references_glob(&Self::tracking("*"))? {
                    let mut reference = reference?;
                    reference.delete()?;
                }
                fetch()
            }
            fetched => fetched,
        }
    }

    /// Moves branches, each from the commit that its change was built on; outcomes by
    /// branch.
    pub(crate) fn push(&self, updates: &[Update]) -> Result<BTreeMap<String, Outcome>, PushError> {
        let _alone = self.alone_for_git().map_err(PushError::NotSent)?;
        let repo = self.repo().map_err(PushError::NotSent)?;
        let outcomes = match local_path(&self.url) {
            Some(path) => push::to_local(&repo, &path, updates)?,
            None => self.push_over_wire(&repo, updates)?,
        };
        for update in updates
            .iter()
            .filter(|update| outcomes.get(&update.branch) == Some(&Outcome::Taken))
        {
            // The next fetch puts right what fails here.
            let _ = repo.reference(&Self::tracking(&update.branch), update.to, true, "push");
        }
        Ok(outcomes)
    }

    fn push_over_wire(
        &self,
        repo: &Repository,
        updates: &[Update],
    ) -> Result<BTreeMap<String, Outcome>, PushError> {
        limit_silence();
        let outcomes = Mutex::new(BTreeMap::new());
        let words = Mutex::new(Words::default());
        let lost = Mutex::new(Vec::new());
        let sending = Mutex::new(false);
        let mut callbacks = callbacks(repo, &self.credentials);
        callbacks.push_update_reference(|name, problem| {
            let branch = name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
            let outcome = problem.map_or(Outcome::Taken, push::rejection);
            outcomes
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(branch, outcome);
            Ok(())
        });
        callbacks.sideband_progress(|bytes| {
            words
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .hear(bytes);
            true
        });
        callbacks.push_negotiation(|remote| {
            // libgit2 sends the old ids that the remote just advertised, so without this
            // a branch that moved since the fetch would be overwritten.
            let mut lost = lost.lock().unwrap_or_else(PoisonError::into_inner);
            for update in updates {
                let name = update.refname();
                let stands = remote
                    .iter()
                    .find(|it| it.dst_refname_bytes() == name.as_bytes())
                    .map(|it| it.src());
                if stands.filter(|id| !id.is_zero()) != update.from {
                    lost.push(update.branch.clone());
                }
            }
            if lost.is_empty() {
                *sending.lock().unwrap_or_else(PoisonError::into_inner) = true;
                Ok(())
            } else {
                Err(Error::new(
                    ErrorCode::NotFastForward,
                    ErrorClass::Callback,
                    format!("{} moved meanwhile", lost.join(", ")),
                ))
            }
        });
        let mut options = PushOptions::new();
        options
            .remote_callbacks(callbacks)
            .follow_redirects(NOWHERE_ELSE)
            .proxy_options(proxy())
            .packbuilder_parallelism(push::EVERY_PROCESSOR);
        let specs: Vec<String> = updates
            .iter()
            .map(|update| format!("{}:{}", update.to, update.refname()))
            .collect();
        let result = repo
            .remote_anonymous(&self.url)
            .and_then(|mut remote| remote.push(&specs, Some(&mut options)));
        drop(options);
        let sent = sending.into_inner().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(()) => {
                let words = words.into_inner().unwrap_or_else(PoisonError::into_inner);
                let outcomes = outcomes
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner);
                Ok(outcomes
                    .into_iter()
                    .map(|(branch, outcome)| (branch, outcome.saying(&words)))
                    .collect())
            }
            Err(error) if sent => Err(PushError::Uncertain(error)),
            Err(error) => Err(PushError::NotSent(error)),
        }
    }
}

/// Whether a fetch failed because one of the cache's refs is in another's way.
fn is_of_own_refs(error: &Error) -> bool {
    let is_file = error.class() == ErrorClass::Os && error.message().contains("/refs/remotes/");
    is_file || push::is_in_the_way(error.message())
}

/// Has the objects that are written from now on kept in memory.
pub(crate) fn keep_in_memory(repo: &Repository) -> Result<(), Error> {
    /// Before libgit2's own databases on disk, which have 1 and 2.
    const PRIORITY: i32 = 10;
    repo.odb()?.add_new_mempack_backend(PRIORITY)?;
    Ok(())
}

/// Removes git's lock files of a folder. No ref's name ends like theirs.
fn remove_locks(folder: &Path, deep: bool) -> std::io::Result<()> {
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if deep {
                remove_locks(&path, deep)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "lock")
        {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Fetches from any remote.
pub(crate) fn fetch(
    repo: &Repository,
    url: &str,
    credentials: &Credentials,
    specs: &[&str],
    prune: FetchPrune,
) -> Result<(), Error> {
    limit_silence();
    let mut options = FetchOptions::new();
    options
        .remote_callbacks(callbacks(repo, credentials))
        .follow_redirects(NOWHERE_ELSE)
        .proxy_options(proxy())
        .download_tags(AutotagOption::None)
        .update_fetchhead(false)
        .prune(prune);
    repo.remote_anonymous(url)?
        // Without a message the URL would be kept in the log of each ref.
        .fetch(specs, Some(&mut options), Some("deploycenter: fetch"))
}

/// The names of a remote's branches, without `refs/heads/`, as it tells whoever comes to
/// fetch or to push. Hangs up then.
pub(crate) fn branches(
    repo: &Repository,
    url: &str,
    credentials: &Credentials,
    direction: Direction,
) -> Result<Vec<String>, Error> {
    limit_silence();
    let (_folder, staying) = staying(repo)?;
    let mut remote = staying.remote_anonymous(url)?;
    let callbacks = callbacks(repo, credentials);
    let connection = remote.connect_auth(direction, Some(callbacks), Some(proxy()))?;
    let names = connection.list()?.iter().filter_map(|head| {
        let name = head.name().strip_prefix("refs/heads/")?;
        Some(name.to_owned())
    });
    Ok(names.collect())
}

/// A repository configured as another, from which a connection follows no redirect: for
/// one that only connects, libgit2 takes that from the configuration alone.
fn staying(repo: &Repository) -> Result<(TempDir, Repository), Error> {
    let folder = tempfile::tempdir()
        .map_err(|error| Error::new(ErrorCode::GenericError, ErrorClass::Os, error.to_string()))?;
    let staying = Repository::init_bare(folder.path())?;
    let mut config = staying.config()?.open_level(ConfigLevel::Local)?;
    let theirs = repo.path().join("config");
    config.set_str("include.path", &theirs.to_string_lossy())?;
    config.set_str("http.followRedirects", "false")?;
    Ok((folder, staying))
}

/// The folder of a remote on this machine; `None` for one that a protocol leads to.
pub(crate) fn local_path(url: &str) -> Option<PathBuf> {
    if let Ok(parsed) = url::Url::parse(url)
        && parsed.scheme() == "file"
    {
        return parsed.to_file_path().ok();
    }
    let path = Path::new(url);
    path.exists().then(|| path.to_owned())
}

fn proxy() -> ProxyOptions<'static> {
    let mut proxy = ProxyOptions::new();
    proxy.auto();
    proxy
}

fn callbacks<'a>(repo: &'a Repository, credentials: &'a Credentials) -> RemoteCallbacks<'a> {
    let mut callbacks = RemoteCallbacks::new();
    // libgit2 asks again for as long as it is given something, so each way is tried once.
    let mut tried = [false; 3];
    let mut logins = 0;
    callbacks.credentials(move |url, user, allowed| {
        let mut first = |way: usize| !std::mem::replace(&mut tried[way], true);
        if allowed.contains(CredentialType::USERNAME) && first(0) {
            return Cred::username(user.unwrap_or("git"));
        }
        if allowed.contains(CredentialType::SSH_KEY) && first(1) {
            return Cred::ssh_key_from_agent(user.unwrap_or("git"));
        }
        if allowed.contains(CredentialType::USER_PASS_PLAINTEXT) {
            if let Some((user, password)) = credentials.logins(url).get(logins) {
                logins += 1;
                return Cred::userpass_plaintext(user, password);
            }
            if first(2) && credentials.may_ask_helpers(url) {
                return Cred::credential_helper(&repo.config()?, url, user);
            }
        }
        Err(Error::new(
            ErrorCode::Auth,
            ErrorClass::Callback,
            "no credentials were accepted",
        ))
    });
    callbacks
}

/// Makes libgit2 give up on a remote that has gone silent; by default it waits forever.
#[expect(
    unsafe_code,
    reason = "libgit2's limits are process-wide and have no safe setter"
)]
fn limit_silence() {
    static ONCE: Once = Once::new();
    // SAFETY: the setters write two integers of libgit2 without synchronization. Every
    // use of the network by this process comes after this `Once`, so none reads them
    // meanwhile.
    ONCE.call_once(|| unsafe {
        let _ = git2::opts::set_server_connect_timeout_in_milliseconds(CONNECT_MS);
        let _ = git2::opts::set_server_timeout_in_milliseconds(SILENCE_MS);
    });
}
