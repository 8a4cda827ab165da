//! `cargo xtask`: what it takes to build, try and test the project, one file a command.

mod bench;
mod binaries;
mod build;
mod guests;
#[cfg(test)]
mod house;
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
    /// Measures speed beside peers (Jinja2, Helm, kustomize), and says which goals are
    /// reached; see BENCHMARKS.md. Builds with optimizations, which takes minutes.
    Bench {
        /// Which; all when none is named.
        #[arg(value_enum)]
        benches: Vec<bench::Bench>,
        /// A table, or one JSON document.
        #[arg(long, value_enum, default_value = "text")]
        output: bench::Output,
        /// Few rounds of small size, to see that it runs.
        #[arg(long)]
        quick: bool,
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
        Command::Bench {
            benches,
            output,
            quick,
        } => bench::run(&benches, quick, output),
        Command::Test { fast } => test::run(fast),
    }
}
