//! One file a command.

pub(crate) mod accept;
pub(crate) mod adopt;
pub(crate) mod apply;
pub(crate) mod cancel;
mod confirm_and_deploy;
mod context;
mod ctrl_c;
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

use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory as _;
use deploycenter_platform::Environment;

use crate::args::Output;
use crate::cli::{Args, COMPILE_PLUGIN, Command};
use crate::fail::Fail;
use crate::output::progress::LiveProgress;

pub(crate) use context::{CommandContext, selection};
pub(crate) use ctrl_c::cancel_on_ctrl_c;

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
