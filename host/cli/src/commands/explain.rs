//! `explain`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{self, ExplainRequest};

use super::CommandContext;
use crate::fail::Fail;
use crate::output;

/// Where each value of a target comes from: layer, file and line
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter explain acme/mattermost\n  deploycenter explain acme/mattermost smtp.host"
)]
pub(crate) struct ExplainArgs {
    /// <customer>/<instance>, or <customer>/_customer
    pub(crate) target: TargetId,
    /// Only this value and those below it: smtp, smtp.host
    pub(crate) path: Option<String>,
}

pub(super) async fn run(context: &CommandContext, args: &ExplainArgs) -> Result<ExitCode, Fail> {
    let request = ExplainRequest {
        target: args.target.clone(),
        path: args.path.clone(),
    };
    let (offline, reading, busy) = context.offline().await?;
    let explained = workflow::explain(&offline, reading, &request).await?;
    drop(busy);
    let target = &request.target;
    if context.json {
        output::outln!("{}", output::explained::json(target, &explained));
    } else {
        match output::explained::human(&explained) {
            Some(table) => output::out!("{table}"),
            None => output::errln!(
                "{target} has no values: it follows from where the customer's instances run. `deploycenter render {target}` shows it."
            ),
        }
    }
    Ok(ExitCode::SUCCESS)
}
