//! `plan`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::saved;
use deploycenter_engine::{Limits, PlanOptions, Planned};

use super::{CommandContext, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output;
use crate::words;

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
    let selection = selection(&args.selection)?;
    let out = args.out.as_deref();
    if let Some(path) = out {
        check_place(path)?;
    }
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let options = PlanOptions {
        reclaim: args.reclaim,
        only_changes: out.is_none() && !context.json && !args.verbose,
        ..PlanOptions::default()
    };
    let planned = place.engine.plan(&selection, &options).await?;
    drop(busy);
    if let Some(path) = out {
        save(path, &planned)?;
    }
    let plan = &planned.plan;
    let text = match (context.json, args.grouped) {
        (true, false) => json(&planned)?,
        (true, true) => output::grouped::json(&plan.targets),
        (false, true) => output::grouped::render(&plan.targets),
        (false, false) => output::plan::render(plan, args.verbose),
    };
    // Nothing to do is not what a target that is left out has.
    let nothing = !plan.has_changes() && !planned.blocked.is_empty();
    if context.json || !nothing {
        output::out!("{text}");
    } else {
        let count = |count: usize| match count {
            1 => "1 target".to_owned(),
            count => format!("{count} targets"),
        };
        output::outln!(
            "Nothing to apply: {} as wanted, {} left out.",
            count(plan.targets.len()),
            count(planned.blocked.len())
        );
    }
    output::notes::left_out(&planned);
    output::notes::tell(&planned);
    let changes = plan.has_changes();
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

fn save(path: &Path, planned: &Planned) -> Result<(), Fail> {
    let text = serde_json::to_string_pretty(&saved::seal(&planned.plan))
        .map_err(anyhow::Error::from)?
        + "\n";
    deploycenter_private::replace(path, &[text.as_bytes()]).map_err(|error| {
        Fail::new(
            "failed",
            format!("{} can't be written: {error}", path.display()),
        )
    })
}

/// Refuses a link as a plan's file: one that a repo holds would have a file outside
/// overwritten. The system's own links, such as `/dev/stdout`, are no repo's.
fn check_place(path: &Path) -> Result<(), Fail> {
    let system = path.starts_with("/dev") || path.starts_with("/proc");
    if system || !path.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
        return Ok(());
    }
    let shown = path.display();
    Err(Fail::new("failed", format!("{shown} is a symbolic link"))
        .help("a plan is saved to a plain file alone; remove the link, or name another file"))
}

/// The plan's JSON, with what stands beside the plan, and a digest over all of it.
fn json(planned: &Planned) -> Result<String, Fail> {
    let mut value = serde_json::to_value(&planned.plan).map_err(anyhow::Error::from)?;
    let blocked: Vec<_> = planned
        .blocked
        .iter()
        .map(|blocked| {
            serde_json::json!({
                "target": blocked.target,
                "code": blocked.code,
                "message": blocked.message,
                "help": words::advice(&blocked.help),
            })
        })
        .collect();
    let held: Vec<_> = planned
        .held
        .iter()
        .map(|(target, hold)| {
            serde_json::json!({
                "target": target,
                "deployment": hold.deployment,
                "by": hold.by,
                "reason": hold.reason,
            })
        })
        .collect();
    value["blocked"] = blocked.into();
    value["held"] = held.into();
    value["pendingRemoval"] = serde_json::json!(planned.pending_removal);
    value["updatesWaiting"] = serde_json::json!(planned.updates_waiting);
    Ok(saved::seal(&value).to_string() + "\n")
}
