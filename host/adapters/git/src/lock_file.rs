//! Files that keep processes from one another.

use std::fs::File;
use std::path::Path;

/// A file that one process at a time has, made when it isn't there. Dropping it, or dying,
/// gives it back.
pub(crate) fn locked(path: &Path) -> std::io::Result<File> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)?;
    file.lock()?;
    Ok(file)
}
