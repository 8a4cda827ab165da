//! Files and folders of this user's alone, whatever the umask says.
//!
//! What others may read or write is set on the open file, not left to the mode of its
//! creation: a file that an earlier version left readable to all is closed as well.

mod cache;

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

pub use cache::PrivateFolder;

/// What a file's owner may do with it, and nobody else.
const FILE: u32 = 0o600;
/// What a folder's owner may do with it, and nobody else.
const FOLDER: u32 = 0o700;

/// Makes a folder, with those above it that are missing, all of them this user's alone.
/// One that is there stays as it is.
///
/// # Errors
/// When it can't be made, or something else stands there.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        make_folder(above)?;
    }
    match DirBuilder::new().mode(FOLDER).create(folder) {
        Ok(()) => close(folder, FOLDER),
        // Another process was faster; what it made is looked at by whoever uses it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The same for a folder that is ours by its name: if it is there, others lose their
/// rights to it.
///
/// # Errors
/// As [`make_folder`]; when it is a symbolic link, which would lead to somebody else's; or
/// when it is another user's.
pub fn own_folder(folder: &Path) -> io::Result<()> {
    if folder.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
        return Err(io::Error::other(
            "it is a symbolic link, and has to be a folder",
        ));
    }
    make_folder(folder)?;
    close(folder, FOLDER)
}

/// Opens a file for reading and writing, made empty where it is missing. What is in it
/// stays.
///
/// # Errors
/// When it can't be opened, or is another user's.
pub fn open(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

/// Takes the rights of others off a file that is there; a missing one is fine.
///
/// # Errors
/// When it is another user's.
pub fn close_file(path: &Path) -> io::Result<()> {
    match close(path, FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

fn close(path: &Path, mode: u32) -> io::Result<()> {
    if fs::metadata(path)?.mode() & 0o7777 == mode {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Writes a file from pieces, whole or not at all: what was there before stays until all
/// is written. A device or a pipe that stands there is written to.
///
/// # Errors
/// When it can't be written.
pub fn replace(path: &Path, pieces: &[&[u8]]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir()) {
        let mut other = OpenOptions::new().write(true).open(path)?;
        return pieces.iter().try_for_each(|piece| other.write_all(piece));
    }
    // Where a link leads, so that the link stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}.new", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let write = || {
        let mut file = open(&fresh)?;
        file.set_len(0)?;
        for piece in pieces {
            file.write_all(piece)?;
        }
        fs::rename(&fresh, &path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}

/// Opens whatever is there for reading; never waits for a pipe that nobody writes to.
///
/// # Errors
/// When it can't be opened.
pub fn open_at_once(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits();
    OpenOptions::new()
        .read(true)
        .custom_flags(i32::try_from(flags).unwrap_or_default())
        .open(path)
}

/// Reads a regular file of at most so many bytes; never waits for one that is none.
///
/// # Errors
/// When it can't be read, isn't a regular file, or is larger.
pub fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = open_at_once(path)?;
    let facts = file.metadata()?;
    if !facts.is_file() {
        let what = if facts.is_dir() {
            "it is a folder"
        } else {
            "it is a pipe or a device"
        };
        return Err(io::Error::other(format!("{what}, and has to be a file")));
    }
    let too_large = || io::Error::other(format!("it is larger than {most} bytes"));
    if facts.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(too_large());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    fn loose(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn whatever_is_made_is_the_users_alone_and_what_was_loose_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        make_folder(&folder).unwrap();
        assert_eq!([mode(&dir.path().join("a")), mode(&folder)], [0o700; 2]);
        loose(&folder, 0o755);
        make_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o755, "a folder that was there stays");
        own_folder(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);

        let file = folder.join("file");
        replace(&file, &[b"one ", b"two"]).unwrap();
        assert_eq!(
            (mode(&file), fs::read(&file).unwrap()),
            (0o600, b"one two".to_vec())
        );
        loose(&file, 0o644);
        drop(open(&file).unwrap());
        assert_eq!(
            (mode(&file), fs::read(&file).unwrap()),
            (0o600, b"one two".to_vec())
        );
        loose(&file, 0o666);
        replace(&file, &[b"three"]).unwrap();
        assert_eq!(
            (mode(&file), fs::read(&file).unwrap()),
            (0o600, b"three".to_vec())
        );
        loose(&file, 0o666);
        close_file(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        close_file(&folder.join("missing")).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "no drafts stay");
    }

    #[test]
    fn links_stay_links_and_lead_no_folder_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        replace(&link, &[b"new"]).unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");

        let elsewhere = dir.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        loose(&elsewhere, 0o755);
        let folder = dir.path().join("ours");
        std::os::unix::fs::symlink(&elsewhere, &folder).unwrap();
        assert!(own_folder(&folder).is_err());
        assert_eq!(mode(&elsewhere), 0o755);
    }

    #[test]
    fn only_regular_files_of_a_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read_regular(&file, 5).unwrap(), b"12345");
        let refused = |path: &Path, most| read_regular(path, most).unwrap_err().to_string();
        assert_eq!(refused(&file, 4), "it is larger than 4 bytes");
        assert_eq!(
            refused(dir.path(), 9),
            "it is a folder, and has to be a file"
        );
        assert_eq!(
            refused(Path::new("/dev/null"), 9),
            "it is a pipe or a device, and has to be a file"
        );
        let pipe = dir.path().join("pipe");
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, rustix::fs::Mode::RWXU, 0).unwrap();
        assert_eq!(
            refused(&pipe, 9),
            "it is a pipe or a device, and has to be a file"
        );
    }
}
