//! `cargo xtask build`: the guests, then the host that bundles them.

use anyhow::{Result, bail};

use crate::guests::{build_guests, cargo, workspace};

/// Builds everything that `target/<profile>/deploycenter` needs, and it.
pub(crate) fn run(release: bool) -> Result<()> {
    build_guests()?;
    let mut command = cargo(&workspace());
    command.args(["build", "--package", "deploycenter"]);
    if release {
        command.arg("--release");
    }
    if !command.status()?.success() {
        bail!("the host doesn't build; the messages above say where");
    }
    Ok(())
}
