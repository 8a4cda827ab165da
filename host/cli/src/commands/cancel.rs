//! `cancel`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{self, CancelRequest};

use super::outcome::taken_back;
use super::{CommandContext, cancel_on_ctrl_c};
use crate::fail::Fail;

/// Take back what was interrupted or needs attention, instead of finishing it
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter cancel acme/odoo\n  deploycenter cancel acme/odoo --data-compatible   the migration never began, or does no harm\n\nFor a deployment that was interrupted or needs attention; `resume` goes on with it instead.\nOne that removes something isn't taken back."
)]
pub(crate) struct CancelArgs {
    /// <customer>/<instance>
    pub(crate) target: TargetId,
    /// Vouch that the older version reads the data, although the newer one may have migrated it
    #[arg(long)]
    pub(crate) data_compatible: bool,
}

pub(super) async fn run(context: &CommandContext, args: &CancelArgs) -> Result<ExitCode, Fail> {
    let (place, busy) = context.open_to_commit().await?;
    drop(busy);
    let request = CancelRequest {
        target: args.target.clone(),
        by: place.actor(),
        data_compatible: args.data_compatible,
    };
    let outcomes = workflow::cancel(
        &place.engine,
        &request,
        &cancel_on_ctrl_c(&context.progress),
    )
    .await?;
    taken_back(context.json, &outcomes)
}
