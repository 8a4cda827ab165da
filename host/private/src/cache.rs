//! A folder of this user's alone, for what later runs take on trust.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A folder that nobody else writes to.
#[derive(Debug, Clone)]
pub struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Makes the folder where it is missing, and checks that nobody else writes to it.
    ///
    /// # Errors
    /// When it can't be made, belongs to another user, or others may write to it.
    pub fn open(folder: &Path) -> io::Result<Self> {
        crate::make_folder(folder)?;
        let facts = fs::metadata(folder)?;
        if facts.uid() != rustix::process::geteuid().as_raw() {
            return Err(io::Error::other("the folder belongs to another user"));
        }
        if facts.mode() & 0o022 != 0 {
            return Err(io::Error::other(
                "other users may write to the folder; `chmod 700` it",
            ));
        }
        Ok(Self(folder.to_owned()))
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        fs::read(self.0.join(name))
    }

    /// Writes a file from pieces, whole or not at all, readable to this user only.
    ///
    /// # Errors
    /// When it can't be written; what was there before stays.
    pub fn write(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        crate::replace(&self.0.join(name), pieces)
    }
}
