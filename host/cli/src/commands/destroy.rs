//! `destroy`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{Removal, RemovalRequest};

use super::{CommandContext, removal};
use crate::fail::Fail;

/// Remove targets and retain their data
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter destroy acme/odoo                        show what goes and what stays\n  deploycenter destroy acme/odoo --confirm acme/odoo\n\nWorkload, DNS and applications go; namespace, databases, volumes, file systems and secrets are\nretained: `orphans` lists them, `purge` deletes them, `adopt` goes on with them. A target that\nis still desired isn't destroyed."
)]
pub(crate) struct DestroyArgs {
    /// <customer>/<instance>
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<TargetId>,
    /// Confirm by name, once for each target; else it is asked for
    #[arg(long, value_name = "TARGET")]
    pub(crate) confirm: Vec<TargetId>,
    /// Remove more than a tenth of all targets at once
    #[arg(long)]
    pub(crate) many: bool,
    /// Go by a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

pub(super) async fn run(context: &CommandContext, args: &DestroyArgs) -> Result<ExitCode, Fail> {
    let request = RemovalRequest {
        removal: Removal::Destroy {
            targets: args.targets.iter().cloned().collect(),
            many: args.many,
        },
        allow_dirty: args.allow_dirty,
    };
    removal::run(context, request, &args.confirm).await
}
