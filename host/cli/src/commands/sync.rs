//! `sync`: moves pins to the current plugins and overrides, batch by batch.

mod conclude;

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_engine::workflow::{self, SyncRequest, WorkflowError};
use deploycenter_engine::{Limits, Next, Outcome};

use self::conclude::{conclude, only};
use super::{CommandContext, cancel_on_ctrl_c, confirm_and_deploy, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output;

/// Move targets to the current plugins and overrides, batch by batch
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter sync acme\n  deploycenter sync '*/odoo' --max-parallel 2\n  deploycenter sync --environment staging --yes\n\nChanges that are alike are shown once. A batch that fails is the last one: what failed in it\ngoes back by itself, and the rest isn't begun."
)]
pub(crate) struct SyncArgs {
    #[command(flatten)]
    pub(crate) selection: Selectors,
    /// Don't ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Show how many changes there are, and not each of them
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// Apply a working tree that isn't committed and pushed
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Deploy an older commit of main over a newer one
    #[arg(long)]
    pub(crate) allow_older: bool,
    /// Targets in one batch, changed at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) max_parallel: u16,
}

pub(super) async fn run(context: &CommandContext, args: &SyncArgs) -> Result<ExitCode, Fail> {
    let size = usize::from(args.max_parallel);
    let request = SyncRequest {
        selection: selection(&args.selection)?,
        allow_dirty: args.allow_dirty,
        allow_older: args.allow_older,
        batch: size,
    };
    let limits = Limits {
        targets: size,
        ..Limits::default()
    };
    let (place, busy) = context.open_to_plan(limits).await?;
    let cancel = cancel_on_ctrl_c(&context.progress);
    let rollout = match workflow::sync(&place.engine, &request, &cancel).await {
        Err(WorkflowError::Stopped(recovered)) => {
            conclude(context.json, only(recovered.clone()), &[])?;
            return Err(WorkflowError::Stopped(recovered).into());
        }
        rollout => rollout?,
    };
    drop(busy);
    let plan = &rollout.prepared.plan;
    let left_out = rollout.prepared.left_out.clone();
    if plan.targets.is_empty() {
        if !context.json && left_out.is_empty() {
            output::errln!("Nothing to do: no update waits.");
        }
        return conclude(context.json, only(rollout.prepared.recovered), &left_out);
    }
    if !context.json {
        let shown = if args.quiet {
            output::plan::summary_line(plan)
        } else {
            output::grouped::render(&plan.targets)
        };
        output::err!("{shown}");
    }
    let (all, first) = rollout.batches();
    if all > 1 {
        output::errln!(
            "They go in {all} batches of up to {}; the first failure ends it.",
            output::count(first, "target"),
        );
    }
    if !args.yes && !confirm_and_deploy::confirmed(&rollout.prepared, &cancel).await? {
        return confirm_and_deploy::decline(context, plan, confirm_and_deploy::declined());
    }
    let mut done = 0;
    let gate = async |_: &[Outcome], _: &[TargetPlan]| {
        done += 1;
        context
            .progress
            .say(&format!("Batch {done} of {all} is done."));
        Next::Begin
    };
    let ran = rollout
        .run(&place.engine, place.actor(), &cancel, gate)
        .await;
    conclude(context.json, ran, &left_out)
}
