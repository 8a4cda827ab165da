//! `accept`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, workflow};

use super::{CommandContext, confirm_and_deploy};
use crate::fail::Fail;

/// Keep what someone committed by hand to a target's folder, and hold the target there
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  deploycenter accept acme/odoo --reason \"hotfix of 3 March, on its way into the values\"\n\nThe target is held at what was committed, and `apply` leaves it alone, until\n`deploycenter release`. What was changed elsewhere than in git isn't accepted."
)]
pub(crate) struct AcceptArgs {
    /// <customer>/<instance>
    pub(crate) target: TargetId,
    /// Why, for those who find it held
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

pub(super) async fn run(context: &CommandContext, args: &AcceptArgs) -> Result<ExitCode, Fail> {
    let target = &args.target;
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let reason = args.reason.as_deref();
    let prepared = workflow::accept(&place.engine, target, &place.actor(), reason).await?;
    drop(busy);
    confirm_and_deploy::replanned(context, &place, prepared, args.yes, || {
        format!("{target} is held at what was committed until: deploycenter release {target}")
    })
    .await
}
