//! One file a command.

pub(crate) mod accept;
pub(crate) mod adopt;
pub(crate) mod apply;
pub(crate) mod cancel;
mod confirm_and_deploy;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod init;
mod orphans;
mod outcome;
pub(crate) mod plan;
pub(crate) mod purge;
pub(crate) mod release;
mod removal;
pub(crate) mod render;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod status;
pub(crate) mod sync;
mod validate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory as _;
use deploycenter_domain::desired::Reading;
use deploycenter_domain::problem::Problems;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{Cancel, Limits, Offline, workflow};
use deploycenter_platform::{CheckedOnDisk, Environment, Platform, PlatformError};
use deploycenter_ports::EventSink;

use crate::args::{Args, COMPILE_PLUGIN, Command, Output, Selectors};
use crate::deployment_repo::find_repo;
use crate::fail::Fail;
use crate::output::progress::{Busy, LiveProgress};
use crate::words;

/// What every command gets beside its own arguments.
pub(crate) struct CommandContext {
    /// The deployment repo that was named, instead of the one around the current folder.
    pub(crate) repo: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) json: bool,
    /// Whether a GitHub workflow reads what is printed.
    pub(crate) github: bool,
    /// Shows what is being done.
    pub(crate) progress: Arc<LiveProgress>,
}

impl CommandContext {
    /// The deployment repo.
    fn root(&self) -> Result<PathBuf, Fail> {
        find_repo(self.repo.as_deref())
    }

    async fn platform(&self, limits: Limits) -> Result<Platform, Fail> {
        self.platform_telling(limits, self.progress.clone()).await
    }

    /// Opens the deployment repo for whoever listens in another way than this command does.
    async fn platform_telling(
        &self,
        limits: Limits,
        progress: Arc<dyn EventSink>,
    ) -> Result<Platform, Fail> {
        let root = self.root()?;
        Ok(
            Platform::of_checkout(&self.environment, &root, limits, progress, words::advice)
                .await?,
        )
    }

    /// Opens the deployment repo; asks no outside system yet.
    async fn open(&self) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let place = self.platform(Limits::default()).await?;
        Ok((place, busy))
    }

    /// The same, for a command that may commit without planning anew.
    async fn open_to_commit(&self) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let place = self
            .platform(Limits::default())
            .await?
            .ready_to_commit()
            .await?;
        Ok((place, busy))
    }

    /// The same, for a command that plans what is deployed.
    async fn open_to_plan(&self, limits: Limits) -> Result<(Platform, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let (root, events) = (self.root()?, self.progress.clone());
        let opened =
            Platform::of_checkout(&self.environment, &root, limits, events, words::advice).await;
        let place = match opened {
            Err(PlatformError::Desired(found)) => return Err(self.all_wrong(&root, found).await),
            opened => opened?.ready_to_plan().await?,
        };
        busy.with("planning");
        Ok((place, busy))
    }

    /// Everything that is wrong with a desired state that can't be read whole, as `validate`
    /// tells it: `found` is what kept it from being read.
    async fn all_wrong(&self, root: &Path, found: Problems) -> Fail {
        let read = deploycenter_platform::offline(&self.environment, root).await;
        let Ok((offline, reading)) = read else {
            return found.into();
        };
        let checked = Arc::new(CheckedOnDisk::open(&self.environment, root));
        match workflow::validate(&offline, reading, checked).await {
            Err(error) => error.into(),
            // Someone mended it in between.
            Ok(_) => found.into(),
        }
    }

    /// Reads the working tree alone, past whatever is wrong with it.
    async fn offline(&self) -> Result<(Offline, Reading, Busy), Fail> {
        let busy = self.progress.busy(READING);
        let root = self.root()?;
        let (offline, reading) = deploycenter_platform::offline(&self.environment, &root).await?;
        Ok((offline, reading, busy))
    }
}

/// What takes the first moments of a command.
const READING: &str = "reading the deployment repo and its plugins";

/// Runs a command.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Fail> {
    let context = CommandContext {
        repo: args.repo,
        environment: Environment::of_process(COMPILE_PLUGIN),
        json: args.output == Output::Json,
        github: args.output == Output::Github,
        progress: Arc::new(LiveProgress::stderr()),
    };
    match args.command {
        Command::Init(args) => init::run(args),
        Command::Validate => validate::run(&context).await,
        Command::Render(args) => render::run(&context, &args).await,
        Command::Plan(args) => plan::run(&context, &args).await,
        Command::Apply(args) => apply::run(&context, &args).await,
        Command::Sync(args) => sync::run(&context, &args).await,
        Command::Resume(args) => resume::run(&context, &args).await,
        Command::Cancel(args) => cancel::run(&context, &args).await,
        Command::Rollback(args) => rollback::run(&context, &args).await,
        Command::Release(args) => release::run(&context, &args).await,
        Command::Destroy(args) => destroy::run(&context, &args).await,
        Command::Purge(args) => purge::run(&context, &args).await,
        Command::Adopt(args) => adopt::run(&context, &args).await,
        Command::Orphans => orphans::run(&context).await,
        Command::Accept(args) => accept::run(&context, &args).await,
        Command::Status(args) => status::run(&context, &args).await,
        Command::Explain(args) => explain::run(&context, &args).await,
        Command::History(args) => history::run(&context, &args).await,
        Command::Secret(command) => secret::run(&context, &command).await,
        Command::Doctor(args) => doctor::run(&context, &args).await,
        Command::Sandbox(args) => sandbox::run(&args).await,
        Command::CompilePlugin => Ok(deploycenter_plugin_runtime::compile_child()),
        Command::Schema(args) => schema::run(&context, &args).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "deploycenter", &mut script);
            crate::output::print::content(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Reads the selectors of a command line.
pub(crate) fn selection(args: &Selectors) -> Result<Selection, Fail> {
    let usage = |error: &dyn std::fmt::Display| Fail::usage(error.to_string());
    Ok(Selection {
        selectors: args
            .selectors
            .iter()
            .map(|text| {
                deploycenter_domain::selector::Selector::parse(text).map_err(|error| usage(&error))
            })
            .collect::<Result<_, _>>()?,
        region: args
            .region
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
        environment: args
            .environment
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| usage(&error))?,
    })
}

/// A run that Ctrl-C stops after the steps in flight; a second one ends the process, which
/// loses nothing either.
pub(crate) fn cancel_on_ctrl_c() -> Cancel {
    let cancel = Cancel::default();
    let asked = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            asked.ask();
            crate::output::errln!(
                "Stopping after the steps in flight. Press Ctrl-C again to stop at once; `deploycenter resume` goes on either way."
            );
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
    });
    cancel
}
