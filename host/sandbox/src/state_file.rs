//! Where a stand-in's state is kept across restarts.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::locked::lock;
use crate::service::Millis;

/// What a state file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Saved {
    format: u32,
    /// The sandbox's time when it was written.
    pub(crate) clock: Millis,
    pub(crate) state: Value,
}

/// One file, replaced as a whole. Writers that come together share one write.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    changes: AtomicU64,
    saved: Mutex<u64>,
}

impl StateFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            changes: AtomicU64::new(0),
            saved: Mutex::new(0),
        }
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// What was saved, if anything was.
    pub(crate) fn load(&self) -> std::io::Result<Option<Saved>> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns once a state that is at least as new as the caller's change is in the file.
    pub(crate) fn save(&self, take: impl FnOnce() -> (Millis, Value)) {
        let mine = self.changes.fetch_add(1, Ordering::SeqCst) + 1;
        let mut saved = lock(&self.saved);
        if *saved >= mine {
            return;
        }
        // Read before the state is: what changes in between is saved again by its own caller.
        let covered = self.changes.load(Ordering::SeqCst);
        let (clock, state) = take();
        match self.replace(&Saved {
            format: 1,
            clock,
            state,
        }) {
            Ok(()) => *saved = covered,
            Err(error) => tracing::warn!(
                %error, path = %self.path.display(),
                "the sandbox's state couldn't be saved; it won't survive a restart"
            ),
        }
    }

    fn replace(&self, saved: &Saved) -> std::io::Result<()> {
        deploycenter_private::replace(&self.path, &[&serde_json::to_vec(saved)?])
    }
}
