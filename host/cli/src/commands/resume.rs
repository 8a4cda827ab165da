//! `resume`.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, TakeUp};

use super::outcome::conclude;
use super::{CommandContext, cancel_on_ctrl_c};
use crate::fail::Fail;
use crate::output::progress::LiveProgress;
use crate::wiring;

/// Finish or unwind what was interrupted or needs attention
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  deploycenter resume\n  deploycenter resume acme/mattermost")]
pub(crate) struct ResumeArgs {
    /// <customer> or <customer>/<instance>; everything when absent
    pub(crate) targets: Vec<String>,
}

pub(super) async fn run(context: &CommandContext, args: &ResumeArgs) -> Result<ExitCode, Fail> {
    let targets = &args.targets;
    let wanted = |target: &TargetId| {
        let (full, customer) = (target.to_string(), target.customer().as_str());
        targets.is_empty()
            || targets.iter().any(|said| {
                *said == full
                    || said == customer
                    || (target.is_shared() && said.split('/').next() == Some(customer))
            })
    };
    let place = wiring::open(
        context.repo.as_deref(),
        Limits::default(),
        Arc::new(LiveProgress::stderr()),
    )
    .await?;
    let outcomes = place
        .engine
        .resume(TakeUp::All, wanted, &cancel_on_ctrl_c())
        .await?;
    if outcomes.is_empty() && !context.json {
        crate::output::errln!("Nothing is unfinished.");
    }
    conclude(context.json, &outcomes, &[])
}
