//! `resume`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_engine::workflow::{self, ResumeRequest};

use super::outcome::conclude;
use super::{CommandContext, cancel_on_ctrl_c};
use crate::fail::Fail;

/// Finish or unwind what was interrupted or needs attention
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  deploycenter resume\n  deploycenter resume acme/mattermost")]
pub(crate) struct ResumeArgs {
    /// <customer> or <customer>/<instance>; everything when absent
    pub(crate) targets: Vec<String>,
}

pub(super) async fn run(context: &CommandContext, args: &ResumeArgs) -> Result<ExitCode, Fail> {
    let (place, busy) = context.open_to_commit().await?;
    drop(busy);
    let request = ResumeRequest {
        targets: args.targets.clone(),
    };
    let outcomes = workflow::resume(
        &place.engine,
        &request,
        &cancel_on_ctrl_c(&context.progress),
    )
    .await?;
    if outcomes.is_empty() && !context.json {
        crate::output::errln!("Nothing is unfinished.");
    }
    conclude(context.json, &outcomes, &[])
}
