//! Which processes are alive.
//!
//! Each open store holds an exclusive lock on a file of its own, whose name it writes
//! into its leases. The kernel frees that lock when the process dies, however it dies,
//! so the lease of a dead process is known as such at once, and no time-out can take one
//! from the living. That holds on the machine of the process: from another one its death
//! can't be seen, and heartbeats count.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use deploycenter_ports::StoreError;
use ulid::Ulid;

use crate::error;
use crate::file::with;

/// The folder of lock files beside a database.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    folder: PathBuf,
    /// This one's name.
    machine: String,
}

/// What a process shows of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It holds its lock.
    Alive,
    /// Nobody on this machine holds it.
    None,
    /// It can't be looked at.
    Unseen,
}

impl Processes {
    /// The folder for the database at `path`, made when it isn't there.
    pub(crate) fn beside(path: &Path, machine: String) -> Result<Self, StoreError> {
        let folder = with(path, ".d");
        deploycenter_private::own_folder(&folder).map_err(|error| error::file(&folder, &error))?;
        Ok(Self { folder, machine })
    }

    /// The name of this machine.
    pub(crate) fn machine(&self) -> &str {
        &self.machine
    }

    /// Waits until no other process is opening the database, and keeps others waiting as
    /// long as the answer lives.
    pub(crate) fn opening(&self) -> Result<File, StoreError> {
        let path = self.folder.join("open.lock");
        let locked = deploycenter_private::open(&path).and_then(|file| file.lock().map(|()| file));
        locked.map_err(|error| error::file(&path, &error))
    }

    /// Shows this process as alive for as long as the answer lives.
    pub(crate) fn register(&self) -> Result<Alive, StoreError> {
        let key = Ulid::generate().to_string().to_lowercase();
        let path = self.path(&key);
        let new = path.with_extension("new");
        // Locked before it gets its name: who sees a file of that name sees it locked.
        let locked = deploycenter_private::open(&new)
            .and_then(|file| file.lock().map(|()| file))
            .and_then(|mut file| file.write_all(self.machine.as_bytes()).map(|()| file))
            .and_then(|file| fs::rename(&new, &path).map(|()| file));
        let file = locked.map_err(|error| error::file(&path, &error))?;
        Ok(Alive {
            key,
            path,
            _file: file,
        })
    }

    /// What the process of that key shows of its life.
    pub(crate) fn sign_of(&self, key: &str) -> Sign {
        let path = self.path(key);
        let unseen = |error: &std::io::Error| {
            tracing::debug!(path = %path.display(), %error, "whether a process lives can't be seen");
            Sign::Unseen
        };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Sign::None,
            Err(error) => return unseen(&error),
        };
        // Shared, so that two who look at the same time don't take each other for it.
        match file.try_lock_shared() {
            Ok(()) => Sign::None,
            Err(TryLockError::WouldBlock) => Sign::Alive,
            Err(TryLockError::Error(error)) => unseen(&error),
        }
    }

    /// Removes the lock files that dead processes of this machine left. What can't be
    /// removed stays: it is only untidy.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.folder) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let key = path.file_stem().and_then(|stem| stem.to_str());
            let is_process = path.extension().is_some_and(|end| end == "lock")
                && key.is_some_and(|key| key != "open");
            if is_process
                && let Some(key) = key
                && self.sign_of(key) == Sign::None
                && self.is_ours(&path)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::debug!(path = %path.display(), %error, "a dead process's lock file stays");
            }
        }
    }

    /// Whether a lock file is of this machine, as those of earlier versions are.
    fn is_ours(&self, path: &Path) -> bool {
        fs::read_to_string(path).is_ok_and(|machine| machine.is_empty() || machine == self.machine)
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(format!("{key}.lock"))
    }
}

/// A living process; its lock file goes with it.
#[derive(Debug)]
pub(crate) struct Alive {
    /// What its leases carry.
    pub(crate) key: String,
    path: PathBuf,
    _file: File,
}

impl Drop for Alive {
    fn drop(&mut self) {
        // Removed while still locked; a leftover is swept by the next who opens.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "a lock file stays");
        }
    }
}
