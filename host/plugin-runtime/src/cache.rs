//! Compiled code on disk, so that a command doesn't compile what it ran before.
//!
//! The code is run as it is read, so it is taken only from a folder that is this user's
//! alone, and with its checksum; anything else is compiled again.

use std::fs::{self, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use deploycenter_domain::digest::Digest;
use wasmtime::component::Component;
use wasmtime::{Engine, Error};

/// A folder of compiled components, or none.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Option<PathBuf>,
}

/// `sha256:` and 64 digits, before the code.
const CHECKSUM: usize = 71;

impl Cache {
    /// The cache in a folder, which is made where it is missing. A folder that others may
    /// write to, or that can't be made, isn't used.
    pub(crate) fn open(folder: Option<PathBuf>) -> Self {
        let folder = folder.filter(|folder| match private(folder) {
            Ok(()) => true,
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "no cache of compiled plugins");
                false
            }
        });
        Self { folder }
    }

    /// The compiled form of a component, from the cache or made now.
    ///
    /// # Errors
    /// When it doesn't compile. Trouble with the cache is logged only.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        digest: &Digest,
        bytes: &[u8],
    ) -> Result<Component, Error> {
        let Some(path) = self
            .folder
            .as_deref()
            .map(|folder| path(folder, engine, digest))
        else {
            return Component::from_binary(engine, bytes);
        };
        if let Some(component) = read(engine, &path) {
            return Ok(component);
        }
        let component = Component::from_binary(engine, bytes)?;
        match component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| write(&path, &code).map_err(|error| error.to_string()))
        {
            Ok(()) => tracing::debug!(path = %path.display(), "cached a compiled plugin"),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cannot cache a compiled plugin")
            }
        }
        Ok(component)
    }
}

/// Makes the folder where it is missing, and checks that nobody else writes to it.
fn private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let facts = fs::metadata(folder)?;
    if facts.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("the folder belongs to another user"));
    }
    if facts.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "other users may write to the folder; `chmod 700` it",
        ));
    }
    Ok(())
}

/// By digest, and by whatever of the engine and this machine's processor matters.
fn path(folder: &Path, engine: &Engine, digest: &Digest) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    folder.join(format!("{}-{:016x}.cwasm", digest.hex(), hasher.finish()))
}

fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let bytes = fs::read(path).ok()?;
    let (checksum, code) = bytes.split_at_checked(CHECKSUM)?;
    if checksum != Digest::of(code).as_str().as_bytes() {
        tracing::warn!(path = %path.display(), "a cached plugin is damaged; compiling it again");
        return None;
    }
    #[expect(
        unsafe_code,
        reason = "the code comes from this function's counterpart: its folder is this user's alone, and its checksum fits"
    )]
    // SAFETY: only `write` makes such files, of what this engine serialized; the engine
    // refuses what another version or configuration of it made.
    let component = unsafe { Component::deserialize(engine, code) };
    component.inspect_err(|error| tracing::debug!(path = %path.display(), %error, "a cached plugin doesn't fit this host")).ok()
}

/// Whole or not at all, readable to this user only.
fn write(path: &Path, code: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?;
        file.write_all(Digest::of(code).as_str().as_bytes())?;
        file.write_all(code)?;
        fs::rename(&fresh, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&fresh);
    })
}
