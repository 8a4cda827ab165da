//! Which instances were found sound before, on this machine and by this very binary.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use deploycenter_domain::digest::Digest;
use deploycenter_plugin_runtime::PrivateFolder;
use deploycenter_ports::CheckCache;
use serde::{Deserialize, Serialize};

use crate::environment::Environment;

/// What is kept of one deployment repo, in a file of the user's cache: whoever could write
/// it could have wrong values called sound.
#[derive(Debug)]
pub struct CheckedOnDisk {
    /// Where it is kept; `None`: nowhere.
    file: Option<(PrivateFolder, String)>,
    before: Kept,
    asked: Mutex<BTreeMap<Digest, Vec<String>>>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Kept {
    /// The binary that checked: another one may check more.
    host: String,
    /// What was warned of, by the question.
    sound: BTreeMap<Digest, Vec<String>>,
}

impl CheckedOnDisk {
    /// What is known of the deployment repo at `root`, kept in the user's cache. A file that
    /// can't be read is as good as none.
    #[must_use]
    pub fn open(environment: &Environment, root: &Path) -> Self {
        let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        let name = Digest::of(root.as_os_str().as_encoded_bytes());
        let host = environment.program.as_deref().and_then(host);
        let host = host.unwrap_or_default();
        let file = environment
            .cache("checked")
            .filter(|_| !host.is_empty())
            .and_then(|folder| PrivateFolder::open(&folder).ok())
            .map(|folder| (folder, format!("{}.json", name.hex())));
        let before = file
            .as_ref()
            .and_then(|(folder, name)| folder.read(name).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(|kept: &Kept| kept.host == host)
            .unwrap_or(Kept {
                host,
                sound: BTreeMap::new(),
            });
        Self {
            file,
            before,
            asked: Mutex::default(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<Digest, Vec<String>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CheckCache for CheckedOnDisk {
    fn sound(&self, question: &Digest) -> Option<Vec<String>> {
        let warnings = self.before.sound.get(question)?.clone();
        self.asked().insert(question.clone(), warnings.clone());
        Some(warnings)
    }

    fn keep(&self, question: Digest, warnings: &[String]) {
        self.asked().insert(question, warnings.to_vec());
    }

    fn close(&self) {
        let kept = Kept {
            host: self.before.host.clone(),
            sound: std::mem::take(&mut self.asked()),
        };
        let Some((folder, name)) = self.file.as_ref().filter(|_| kept != self.before) else {
            return;
        };
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .and_then(|bytes| folder.write(name, &[&bytes]));
        if let Err(error) = written {
            tracing::debug!(%error, "cannot keep what was found sound");
        }
    }
}

/// A binary: one that was built anew has another size or another time.
fn host(program: &Path) -> Option<String> {
    let facts = program.metadata().ok()?;
    let made = facts.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(format!("{} {}", facts.len(), made.as_nanos()))
}
