//! `secret set` and `secret list`.

mod set;

use std::process::ExitCode;

use clap::Subcommand;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{self, SecretRequest};

use super::{CommandContext, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output;

/// Secrets that a person gives
#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Give a secret: its value is read from standard input
    #[command(
        after_help = "Examples:\n  pass show acme/smtp | deploycenter secret set acme/mattermost smtp\n  pass show acme/smtp | deploycenter secret set acme/mattermost smtp --restart --yes\n\nWhat runs takes it with the next `deploycenter apply` of the target, which `plan` shows; --restart is that apply, with whatever else is planned for the target, and asks as it does unless --yes is given."
    )]
    Set {
        /// <customer>/<instance>
        target: TargetId,
        /// The secret's name, as `plan` asks for it
        name: String,
        /// Apply the target afterwards, so that what runs takes the secret now
        #[arg(long)]
        restart: bool,
        /// With --restart: apply without asking
        #[arg(long, short, requires = "restart")]
        yes: bool,
    },
    /// List secrets by name, those that are missing too; values are never read
    #[command(
        after_help = "Examples:\n  deploycenter secret list\n  deploycenter secret list acme '*/mattermost'"
    )]
    List(Selectors),
}

pub(super) async fn run(
    context: &CommandContext,
    command: &SecretCommand,
) -> Result<ExitCode, Fail> {
    match command {
        SecretCommand::Set {
            target,
            name,
            restart,
            yes,
        } => {
            let request = SecretRequest {
                target: target.clone(),
                name: name.clone(),
                restart: *restart,
            };
            set::set(context, &request, *yes).await
        }
        SecretCommand::List(selectors) => list(context, selectors).await,
    }
}

async fn list(context: &CommandContext, selectors: &Selectors) -> Result<ExitCode, Fail> {
    let selection = selection(selectors)?;
    let place = context.open_silently().await?;
    let secrets = workflow::secrets(&place.engine, &selection).await?;
    if context.json {
        output::outln!("{}", output::secrets::json(&secrets));
    } else {
        output::out!("{}", output::secrets::human(&secrets));
    }
    Ok(ExitCode::SUCCESS)
}
