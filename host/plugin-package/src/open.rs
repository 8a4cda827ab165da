//! Opening a plugin file: a regular file of bounded size, and no way around.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};

use crate::MAX_SIZE;

/// Reads a plugin file by its path below a deployment repo's root, as `plugins.lock` has
/// it. Neither it nor a folder on the way may be a link, which could lead out of the repo;
/// what is no regular file isn't waited for; what is too large isn't read.
///
/// # Errors
/// When it isn't there or isn't such a file, as a clause that follows its name.
pub fn read_below(root: &Path, source: &str) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let mut at: OwnedFd = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty())?;
    let mut parts = source.split('/').peekable();
    while let Some(part) = parts.next() {
        if matches!(part, "" | "." | "..") {
            return Err(io::Error::other(
                "its path leads out of the deployment repo",
            ));
        }
        // A pipe that nobody writes to would be waited for.
        let kind = match parts.peek() {
            Some(_) => OFlags::DIRECTORY,
            None => OFlags::NONBLOCK | OFlags::NOCTTY,
        };
        at = rustix::fs::openat(&at, part, flags | OFlags::NOFOLLOW | kind, Mode::empty())
            .map_err(|error| refused(&at, part, error))?;
    }
    let facts = rustix::fs::fstat(&at)?;
    if FileType::from_raw_mode(facts.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is no regular file"));
    }
    let most = MAX_SIZE as u64;
    let size = u64::try_from(facts.st_size).unwrap_or(u64::MAX);
    if size > most {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    // It may grow while it is read.
    File::from(at).take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        read if read > most => Err(too_large(read)),
        _ => Ok(bytes),
    }
}

fn too_large(size: u64) -> io::Error {
    io::Error::other(format!("it has {size} bytes; at most {MAX_SIZE} are taken"))
}

/// Why a name couldn't be opened; systems differ in what they say of a link.
fn refused(folder: &OwnedFd, name: &str, error: rustix::io::Errno) -> io::Error {
    let facts = rustix::fs::statat(folder, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW);
    let link = facts.is_ok_and(|facts| FileType::from_raw_mode(facts.st_mode) == FileType::Symlink);
    if link {
        io::Error::other("a link is on its path; put the file itself there")
    } else {
        error.into()
    }
}
