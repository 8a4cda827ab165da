//! `status`.

mod watch;

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use deploycenter_engine::workflow::StatusReader;

use super::{CommandContext, selection};
use crate::args::{Selectors, interval};
use crate::fail::Fail;
use crate::output;
use crate::output::status::StatusReport;

/// What runs where, and how it is
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter status\n  deploycenter status acme --watch\n  deploycenter status --watch --interval 10s --output json   a line for each change"
)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) selection: Selectors,
    /// Go on until Ctrl-C: in place on a terminal, else again whenever something changed
    #[arg(long)]
    pub(crate) watch: bool,
    /// With --watch: how long to wait between two readings, at least 200ms
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = interval, requires = "watch")]
    pub(crate) interval: Duration,
}

pub(super) async fn run(context: &CommandContext, args: &StatusArgs) -> Result<ExitCode, Fail> {
    let selection = selection(&args.selection)?;
    let (place, busy) = context.open().await?;
    busy.with("asking the journal, git and Argo CD");
    let reader = StatusReader::new(&place.engine, selection);
    if args.watch {
        drop(busy);
        let clock = place.engine.clock.as_ref();
        return watch::run(&reader, clock, args.interval, context.json).await;
    }
    let outcome = reader.read().await?;
    drop(busy);
    let report = StatusReport::of_targets(outcome.targets);
    output::out!(
        "{}",
        if context.json {
            report.json()
        } else {
            report.human()
        }
    );
    match outcome.away {
        Some(away) => Err(away.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}
