//! `plan`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use deploycenter_engine::workflow::{self, PlanRequest};
use deploycenter_engine::{Limits, Planned};

use super::{CommandContext, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::{output, plan_file};

/// Show what would change, and change nothing
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter plan\n  deploycenter plan acme '*/mattermost' --out plan.json\n  deploycenter plan --region eu-west-3 --detailed-exitcode\n  deploycenter plan --grouped"
)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) selection: Selectors,
    /// Write the plan to a file, for `apply --plan`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Exit with 2 when there are changes, or targets with changes that are left out
    #[arg(long)]
    pub(crate) detailed_exitcode: bool,
    /// List targets and effects without changes too
    #[arg(long)]
    pub(crate) verbose: bool,
    /// Show changes once that are equal apart from the targets' own names
    #[arg(long, conflicts_with = "verbose")]
    pub(crate) grouped: bool,
    /// Plan to put back what someone else changed
    #[arg(long)]
    pub(crate) reclaim: bool,
}

/// The exit code that says: there are changes.
const CHANGES: u8 = 2;

pub(super) async fn run(context: &CommandContext, args: &PlanArgs) -> Result<ExitCode, Fail> {
    let out = args.out.as_deref();
    let request = PlanRequest {
        selection: selection(&args.selection)?,
        reclaim: args.reclaim,
        only_changes: out.is_none() && !context.json && !args.verbose,
    };
    if let Some(path) = out {
        plan_file::check_place(path)?;
    }
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let planned = workflow::plan(&place.engine, &request).await?;
    drop(busy);
    if let Some(path) = out {
        plan_file::save(path, &planned.plan)?;
    }
    show(context, args, &planned);
    output::notes::left_out(&planned);
    output::notes::tell(&planned);
    let changes = planned.plan.has_changes();
    if let Some(path) = out.filter(|_| changes) {
        output::errln!(
            "Saved. Apply exactly this with: deploycenter apply --plan {}",
            path.display()
        );
    }
    // What is left out waits too: for someone's word.
    let waits = changes || !planned.blocked.is_empty();
    Ok(if args.detailed_exitcode && waits {
        ExitCode::from(CHANGES)
    } else {
        ExitCode::SUCCESS
    })
}

fn show(context: &CommandContext, args: &PlanArgs, planned: &Planned) {
    let (plan, left_out) = (&planned.plan, planned.blocked.len());
    let shapes = args.grouped && (plan.has_changes() || left_out == 0);
    let text = match (context.json, args.grouped) {
        (true, false) => output::planned::json(planned),
        (true, true) => output::grouped::json(&plan.targets),
        (false, _) if shapes => output::grouped::render(&plan.targets),
        (false, _) => output::plan::render(plan, left_out, args.verbose),
    };
    output::out!("{text}");
}
