//! `purge`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_engine::workflow::{Removal, RemovalRequest};

use super::{CommandContext, removal};
use crate::fail::Fail;

/// Remove a target, or what was left of it, with its data
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter purge acme/odoo --confirm acme/odoo\n  deploycenter purge acme/odoo --incarnation 1 --confirm acme/odoo   an earlier life's\n  deploycenter purge acme/odoo --unused --confirm acme/odoo          what it no longer uses\n  deploycenter purge acme/_customer --confirm acme/_customer         what no instance is left of\n\nDeleted data doesn't come back: there is no recovery window."
)]
pub(crate) struct PurgeArgs {
    /// <customer>/<instance>, or <customer>/_customer
    pub(crate) target: TargetId,
    /// Confirm by name; else it is asked for
    #[arg(long, value_name = "TARGET")]
    pub(crate) confirm: Option<TargetId>,
    /// Which incarnation of the target, when something is left of several
    #[arg(long, value_name = "N", conflicts_with = "unused")]
    pub(crate) incarnation: Option<u32>,
    /// Only data that the running target no longer uses
    #[arg(long)]
    pub(crate) unused: bool,
    /// Go by a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
}

pub(super) async fn run(context: &CommandContext, args: &PurgeArgs) -> Result<ExitCode, Fail> {
    let target = args.target.clone();
    let removal = if args.unused {
        Removal::PurgeUnused { target }
    } else {
        let incarnation = args.incarnation.map(Incarnation);
        Removal::Purge {
            target,
            incarnation,
        }
    };
    let request = RemovalRequest {
        removal,
        allow_dirty: args.allow_dirty,
    };
    removal::run(context, request, args.confirm.as_slice()).await
}
