//! What the commands take that leave the desired state aside for a target.

use clap::Args;
use deploycenter_domain::name::TargetId;

/// Of `rollback`.
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

/// Of `release`.
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

/// Of `accept`.
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

/// Of `cancel`.
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
