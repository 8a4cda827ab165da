//! `release`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, workflow};

use super::{CommandContext, confirm_and_deploy};
use crate::fail::Fail;

/// End a hold: the target follows the desired state again
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  deploycenter release acme/odoo && deploycenter apply acme/odoo\n\nIt takes the hold away and nothing else; what waits comes with the next `apply`."
)]
pub(crate) struct ReleaseArgs {
    /// <customer>/<instance>
    pub(crate) target: TargetId,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

pub(super) async fn run(context: &CommandContext, args: &ReleaseArgs) -> Result<ExitCode, Fail> {
    let target = &args.target;
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let prepared = workflow::release(&place.engine, target).await?;
    drop(busy);
    confirm_and_deploy::replanned(context, &place, prepared, args.yes, || {
        format!("{target} isn't held any more; what waits comes with: deploycenter apply {target}")
    })
    .await
}
