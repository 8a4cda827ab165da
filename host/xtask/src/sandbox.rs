//! `cargo xtask sandbox`: builds everything, then becomes `deploycenter sandbox`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::tools::{self, Layout};

/// Passes the flags on; comes back only if something failed.
pub(crate) fn run(flags: &[OsString]) -> Result<()> {
    tools::native_libraries()?;
    crate::build::run(false)?;
    let binary = Layout::read()?.binary("debug");
    // In place of this process, so that Ctrl-C and the exit code are the sandbox's own.
    let error = Command::new(&binary).arg("sandbox").args(flags).exec();
    Err(error).with_context(|| format!("cannot start {}", binary.display()))
}
