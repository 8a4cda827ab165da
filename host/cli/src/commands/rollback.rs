//! `rollback`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Back, Limits, workflow};

use super::{CommandContext, confirm_and_deploy};
use crate::fail::Fail;

/// Put back what an earlier deployment left, and hold the target there
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter rollback acme/odoo                       to what was there before\n  deploycenter rollback acme/odoo --to 01kaf3 --reason \"orders fail since\"\n  deploycenter history acme/odoo --diff 01kaf3..        first look what differs\n\nThe target is held there, and `apply` leaves it alone, until `deploycenter release`. An id\nmay be shortened to its beginning or its end. Data isn't rolled back: where the app has\nmigrated it since, restore a backup from before."
)]
pub(crate) struct RollbackArgs {
    /// <customer>/<instance>
    pub(crate) target: TargetId,
    /// To what that deployment left; to the last that left something else when absent
    #[arg(long, value_name = "DEPLOYMENT")]
    pub(crate) to: Option<String>,
    /// Why, for those who find it held
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Vouch that the older version reads the data, although the newer one migrated it
    #[arg(long)]
    pub(crate) data_compatible: bool,
    /// Go over what someone else changed meanwhile
    #[arg(long)]
    pub(crate) reclaim: bool,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

pub(super) async fn run(context: &CommandContext, args: &RollbackArgs) -> Result<ExitCode, Fail> {
    let target = &args.target;
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let to = match &args.to {
        Some(name) => Some(workflow::find(&place.engine, target, name).await?),
        None => None,
    };
    let back = Back {
        to,
        by: place.actor(),
        reason: args.reason.clone(),
        data_compatible: args.data_compatible,
        reclaim: args.reclaim,
    };
    let prepared = workflow::rollback(&place.engine, target, &back).await?;
    drop(busy);
    confirm_and_deploy::replanned(context, &place, prepared, args.yes, || {
        format!("{target} is held there until: deploycenter release {target}")
    })
    .await
}
