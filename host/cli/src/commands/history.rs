//! `history`.

use std::process::ExitCode;

use clap::Args;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_engine::Engine;
use deploycenter_engine::workflow::{self, Compared, HistoryDiff, Range};

use super::CommandContext;
use crate::fail::Fail;
use crate::output;
use crate::output::diff::{Diff, End};
use crate::output::history::HistoryReport;

/// A target's deployments, newest first, and what differs between them
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter history acme/mattermost --limit 10\n  deploycenter history acme/mattermost --diff latest        what the newest that succeeded changed\n  deploycenter history acme/mattermost --diff 01kaf3        what that one changed\n  deploycenter history acme/mattermost --diff 01kaf3..8xq2  what differs from the one to the other\n  deploycenter history acme/mattermost --diff 01kaf3..      from that one to the latest\n\nAn id may be shortened to its beginning or its end; `latest` and `previous` are the newest\ntwo that succeeded. A difference is between what deployments left, as the journal knows it."
)]
pub(crate) struct HistoryArgs {
    /// <customer>/<instance>
    pub(crate) target: TargetId,
    /// Show what differs: one deployment with what it found, or A..B
    #[arg(long, value_name = "DEPLOYMENT[..DEPLOYMENT]")]
    pub(crate) diff: Option<String>,
    /// Only the newest
    #[arg(long, value_name = "N", conflicts_with = "diff")]
    pub(crate) limit: Option<usize>,
}

pub(super) async fn run(context: &CommandContext, args: &HistoryArgs) -> Result<ExitCode, Fail> {
    let target = &args.target;
    let range = args.diff.as_deref().map(Range::parse).transpose();
    let range = range.map_err(|error| {
        Fail::usage(format!(
            "--diff takes a deployment (what it changed) or two as A..B, not \"{}\"",
            error.0
        ))
    })?;
    let (place, busy) = context.open().await?;
    drop(busy);
    if let Some(range) = range {
        return show_diff(context, &place.engine, target, &range).await;
    }
    let deployments = workflow::history(&place.engine, target, args.limit).await?;
    let report = HistoryReport::new(deployments);
    let report = if workflow::is_idle(&place.engine, target).await? {
        report.idle()
    } else {
        report
    };
    output::out!(
        "{}",
        if context.json {
            report.json()
        } else {
            report.human()
        }
    );
    Ok(ExitCode::SUCCESS)
}

async fn show_diff(
    context: &CommandContext,
    engine: &Engine,
    target: &TargetId,
    range: &Range,
) -> Result<ExitCode, Fail> {
    let HistoryDiff {
        from,
        to,
        differences,
    } = workflow::diff(engine, target, range).await?;
    let end = |compared: &Compared| End::new(&compared.summary);
    let diff = Diff::new(target, from.as_ref().map(end), end(&to), differences);
    if context.json {
        output::out!("{}", diff.json());
    } else {
        output::out!("{}", diff.human());
    }
    for compared in from.iter().chain([&to]) {
        remark(compared);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a person should know of a deployment that isn't simply done, on stderr.
fn remark(Compared { summary, uncertain }: &Compared) {
    let id = &summary.id;
    match summary.status() {
        Status::Succeeded => {}
        Status::Unwound => {
            output::errln!("Note: {id} was taken back, and so left what it had found.")
        }
        status => {
            let unknown: Vec<String> = uncertain.iter().map(ToString::to_string).collect();
            let unknown = if unknown.is_empty() {
                String::new()
            } else {
                format!(
                    "; what came of {} nobody knows before `deploycenter resume`",
                    unknown.join(", ")
                )
            };
            output::errln!(
                "Note: {id} isn't finished ({}): shown is what it has done so far{unknown}.",
                status.as_str()
            );
        }
    }
}
