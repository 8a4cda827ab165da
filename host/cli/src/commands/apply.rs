//! `apply`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use deploycenter_engine::Limits;
use deploycenter_engine::workflow::{self, ApplyRequest};

use super::outcome::{conclude, unless_stopped};
use super::{CommandContext, cancel_on_ctrl_c, confirm_and_deploy, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::{output, plan_file};

/// Make a plan, show it, and apply exactly that
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter apply acme/mattermost\n  deploycenter apply --yes\n  deploycenter apply --plan plan.json"
)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    pub(crate) selection: Selectors,
    /// Apply this reviewed plan, as far as nothing it rests on has moved
    #[arg(long, value_name = "FILE", conflicts_with_all = ["selectors", "region", "environment"])]
    pub(crate) plan: Option<PathBuf>,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show how many changes there are, and not each of them
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// With --plan: apply nothing when any target has moved
    #[arg(long, requires = "plan")]
    pub(crate) all_or_nothing: bool,
    /// Apply a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Put back what someone else changed
    #[arg(long)]
    pub(crate) reclaim: bool,
    /// Deploy an older commit of main over a newer one
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Targets at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_parallel: u16,
}

pub(super) async fn run(context: &CommandContext, args: &ApplyArgs) -> Result<ExitCode, Fail> {
    let request = ApplyRequest {
        selection: selection(&args.selection)?,
        reviewed: args.plan.as_deref().map(plan_file::read).transpose()?,
        reclaim: args.reclaim,
        all_or_nothing: args.all_or_nothing,
        allow_dirty: args.allow_dirty,
        allow_older: args.allow_older,
    };
    let limits = Limits {
        targets: usize::from(args.max_parallel),
        ..Limits::default()
    };
    let (place, busy) = context.open_to_plan(limits).await?;
    let cancel = cancel_on_ctrl_c(&context.progress);
    let prepared = workflow::apply(&place.engine, &request, &cancel).await;
    let (prepared, planned) = unless_stopped(context.json, prepared)?;
    drop(busy);
    let (reviewed, left_out) = (request.reviewed.is_some(), prepared.left_out.clone());
    if !reviewed {
        confirm_and_deploy::show_beside(context, &prepared.plan, left_out.len(), args.quiet);
        if !context.json {
            output::notes::tell(&planned);
        }
    }
    if !prepared.plan.has_changes() {
        if !context.json && reviewed && left_out.is_empty() {
            output::errln!("Nothing to do.");
        }
        return conclude(context.json, &prepared.recovered, &left_out);
    }
    if !reviewed && !args.yes && !confirm_and_deploy::confirmed(&prepared, &cancel).await? {
        return Err(confirm_and_deploy::declined());
    }
    let outcomes = prepared.run(&place.engine, place.actor(), &cancel).await;
    let outcomes = unless_stopped(context.json, outcomes)?;
    conclude(context.json, &outcomes, &left_out)
}
