//! `sandbox` and `sandbox env`: the whole platform on this machine.

mod exports;
mod sample;

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use clap::{Args, Subcommand};
use deploycenter_engine::ErrorCode;
use deploycenter_sandbox::sample::{REGIONS, SampleRepo};
use deploycenter_sandbox::{FaultFile, Sandbox, SandboxClock, SandboxConfig, World, argocd};

use self::exports::Exports;
use crate::args::duration;
use crate::fail::Fail;

/// Try everything out on this machine, without a cloud account
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter sandbox --dir ~/dc\n  eval \"$(deploycenter sandbox env --dir ~/dc)\"",
    args_conflicts_with_subcommands = true
)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SandboxCommand>,
    #[command(flatten)]
    pub(crate) run: SandboxRun,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Wait until the sandbox is ready, and print what points a shell at it
    Env {
        /// The sandbox's folder
        #[arg(long, value_name = "DIR", default_value = SANDBOX_DIR)]
        dir: PathBuf,
    },
}

/// Where a sandbox lives unless said otherwise.
const SANDBOX_DIR: &str = "deploycenter-sandbox";

#[derive(Debug, Args)]
pub(crate) struct SandboxRun {
    /// Where everything of the sandbox is kept; it survives a restart
    #[arg(long, value_name = "DIR", default_value = SANDBOX_DIR)]
    pub(crate) dir: PathBuf,
    /// Exit after the summary
    #[arg(long)]
    pub(crate) once: bool,
    /// Start without deploying anything
    #[arg(long)]
    pub(crate) idle: bool,
    /// Slow every outside call down: 150ms, 2s
    #[arg(long, value_name = "DURATION", default_value = "0ms", value_parser = duration)]
    pub(crate) latency: Duration,
    /// Inject the faults of this JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
}

pub(super) async fn run(args: &SandboxArgs) -> Result<ExitCode, Fail> {
    match &args.command {
        Some(SandboxCommand::Env { dir }) => exports::env(dir).await,
        None => start(&args.run).await,
    }
}

/// Starts the sandbox, deploys, and stays up.
async fn start(args: &SandboxRun) -> Result<ExitCode, Fail> {
    let failed = |error: &dyn std::fmt::Display| Fail::new(ErrorCode::Sandbox, error.to_string());
    deploycenter_private::make_folder(&args.dir)
        .map_err(|error| failed(&format!("{} can't be made: {error}", args.dir.display())))?;
    let dir = args.dir.canonicalize().map_err(|error| failed(&error))?;
    exports::remove(&dir);
    let world = World::from_regions_yaml(REGIONS).map_err(|error| failed(&error))?;
    let file = faults(args.faults.as_deref())?;
    let config = SandboxConfig {
        dir: Some(dir.join("stand-ins")),
        clock: SandboxClock::Real,
        latency: args.latency,
        faults: file.faults,
        aws_port: 0,
        argocd_port: 0,
        argocd: argocd::Config {
            clusters: world.clusters.clone(),
            habits: file.habits,
            ..argocd::Config::default()
        },
        world,
    };
    let sandbox = Sandbox::start(config)
        .await
        .map_err(|error| failed(&error))?;
    let repo = SampleRepo::below(&dir);
    let fresh = repo
        .create(&sample::files(&sandbox, &repo)?)
        .map_err(|error| failed(&error))?;
    let exports = Exports::of(&sandbox, &repo);
    if fresh {
        crate::output::errln!(
            "Made a sample deployment repo in {}.",
            repo.checkout.display()
        );
    }
    sample::give_secrets(&exports).await?;
    exports.write(&dir)?;
    let well = args.idle || deploy(&exports).await?;
    summary(&exports).await?;
    if args.once {
        exports::remove(&dir);
        sandbox.stop().await;
        return Ok(if well {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    crate::output::errln!(
        "\nThe sandbox is up. In another shell:\n\n  eval \"$({} sandbox env --dir {})\"\n  cd \"$DEPLOYCENTER_REPO\"\n\nThen edit customers.yaml, commit, push, and try: deploycenter plan. Ctrl-C ends it; its state stays.",
        exports.program(),
        dir.display()
    );
    wait_for_the_end().await?;
    exports::remove(&dir);
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn faults(path: Option<&Path>) -> Result<FaultFile, Fail> {
    let Some(path) = path else {
        return Ok(FaultFile::default());
    };
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Fail::new(
            ErrorCode::Sandbox,
            format!("{shown} can't be read: {error}"),
        )
    })?;
    FaultFile::read(&bytes).map_err(|error| {
        Fail::new(
            ErrorCode::Sandbox,
            format!("{shown} isn't a list of faults: {error}"),
        )
    })
}

/// Deploys as a person would. The sandbox is a laptop's: what its owner changed and
/// hasn't committed is deployed all the same.
async fn deploy(exports: &Exports) -> Result<bool, Fail> {
    let status = exports
        .command(&["apply", "--yes", "--quiet", "--allow-dirty"])
        .stdin(Stdio::null())
        .status()
        .await
        .map_err(anyhow::Error::from)?;
    Ok(status.success())
}

async fn summary(exports: &Exports) -> Result<(), Fail> {
    exports
        .command(&["status"])
        .stdin(Stdio::null())
        .status()
        .await
        .map_err(anyhow::Error::from)?;
    Ok(())
}

/// Until Ctrl-C, or until whoever started it asks it to end.
async fn wait_for_the_end() -> Result<(), Fail> {
    let mut asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(anyhow::Error::from)?;
    tokio::select! {
        ended = tokio::signal::ctrl_c() => ended.map_err(anyhow::Error::from)?,
        _ = asked.recv() => {}
    }
    Ok(())
}
