//! `cargo xtask`: what it takes to build, try and test the project, one file a command.

mod build;
mod guests;
mod report;
mod sandbox;
mod test;
mod tools;

use std::ffi::OsString;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Builds, runs and tests DeployCenter from its checkout.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the guests (renderer and app plugins), then the host that bundles them.
    Build {
        /// With optimizations, to target/release.
        #[arg(long)]
        release: bool,
    },
    /// Builds the guests only, to target/guests.
    Guests,
    /// Builds everything, then runs `deploycenter sandbox` with the same flags.
    Sandbox {
        /// See `deploycenter sandbox --help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<OsString>,
    },
    /// Sets up and runs every test; installs what is missing, and says what.
    Test {
        /// Without what needs Helm and cargo-deny, and with fewer cases a test.
        #[arg(long)]
        fast: bool,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Build { release } => {
            tools::native_libraries()?;
            build::run(release)
        }
        Command::Guests => guests::build_guests(),
        Command::Sandbox { flags } => sandbox::run(&flags),
        Command::Test { fast } => test::run(fast),
    }
}
