//! Compiled code on disk, so that a command doesn't compile what it ran before.
//!
//! The code is run as it is read, so it is taken only from a folder that is this user's
//! alone, and with its checksum; anything else is compiled again.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;

use deploycenter_domain::digest::Digest;
use deploycenter_plugin_package::LoadError;
use wasmtime::component::Component;
use wasmtime::{Engine, Error};

use deploycenter_private::PrivateFolder;

/// A folder of compiled components, or none.
#[derive(Debug)]
pub(crate) struct Cache {
    folder: Option<PrivateFolder>,
}

/// `sha256:` and 64 digits, before the code.
pub(crate) const CHECKSUM: usize = 71;

impl Cache {
    /// The cache in a folder, which is made where it is missing. A folder that others may
    /// write to, or that can't be made, isn't used.
    pub(crate) fn open(folder: Option<PathBuf>) -> Self {
        let folder = folder.and_then(|path| {
            let opened = PrivateFolder::open(&path);
            opened
                .inspect_err(|error| {
                    tracing::warn!(folder = %path.display(), %error, "no cache of compiled plugins");
                })
                .ok()
        });
        Self { folder }
    }

    /// The compiled form of a component, from the cache or made now by `compile`.
    ///
    /// # Errors
    /// When it doesn't compile. Trouble with the cache is logged only.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        digest: &Digest,
        compile: impl FnOnce() -> Result<Vec<u8>, LoadError>,
    ) -> Result<Component, LoadError> {
        let name = name(engine, digest);
        if let Some(folder) = &self.folder
            && let Some(component) = read(engine, folder, &name)
        {
            return Ok(component);
        }
        let code = compile()?;
        if let Some(folder) = &self.folder {
            match write(folder, &name, &code) {
                Ok(()) => tracing::debug!(name, "cached a compiled plugin"),
                Err(error) => tracing::warn!(name, %error, "cannot cache a compiled plugin"),
            }
        }
        load(engine, &code).map_err(|error| LoadError::Host(format!("{error:#}")))
    }
}

/// By digest, and by whatever of the engine and this machine's processor matters.
fn name(engine: &Engine, digest: &Digest) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{}-{:016x}.cwasm", digest.hex(), hasher.finish())
}

fn read(engine: &Engine, folder: &PrivateFolder, name: &str) -> Option<Component> {
    let bytes = folder.read(name).ok()?;
    let (checksum, code) = bytes.split_at_checked(CHECKSUM)?;
    if checksum != Digest::of(code).as_str().as_bytes() {
        tracing::warn!(name, "a cached plugin is damaged; compiling it again");
        return None;
    }
    load(engine, code)
        .inspect_err(|error| tracing::debug!(name, %error, "a cached plugin doesn't fit this host"))
        .ok()
}

/// Compiled code, to be run.
fn load(engine: &Engine, code: &[u8]) -> Result<Component, Error> {
    #[expect(
        unsafe_code,
        reason = "the code comes from this program's own compiling: just now, through a file without a name, or from a folder that is this user's alone; its checksum fits"
    )]
    // SAFETY: only `compile` and `write` give such code, of what such an engine serialized;
    // the engine refuses what another version or configuration of it made.
    unsafe {
        Component::deserialize(engine, code)
    }
}

fn write(folder: &PrivateFolder, name: &str, code: &[u8]) -> std::io::Result<()> {
    folder.write(name, &[Digest::of(code).as_str().as_bytes(), code])
}
