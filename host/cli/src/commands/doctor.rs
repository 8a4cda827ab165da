//! `doctor`.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use deploycenter_platform::{DoctorError, DoctorRequest, doctor};

use super::CommandContext;
use crate::args::duration;
use crate::fail::Fail;
use crate::output::doctor::DoctorReport;

/// Check every outside system: reachable, credentials, rights, and what has to be there
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  deploycenter doctor\n  deploycenter doctor --timeout 30s --output json\n\nIt changes nothing outside. Each failure says what to do; exit 1 when there is one."
)]
pub(crate) struct DoctorArgs {
    /// How long each question may go unanswered: 500ms, 10s
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) timeout: Duration,
}

pub(super) async fn run(context: &CommandContext, args: &DoctorArgs) -> Result<ExitCode, Fail> {
    let request = DoctorRequest {
        root: context.root()?,
        limit: args.timeout,
        in_short,
    };
    let report = DoctorReport::new(doctor(&context.environment, &request).await);
    crate::output::out!(
        "{}",
        if context.json {
            report.json()
        } else {
            report.human()
        }
    );
    Ok(if report.has_failed() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn in_short(error: DoctorError) -> (String, Option<String>) {
    let fail = match error {
        DoctorError::Platform(error) => Fail::from(error),
        DoctorError::Invalid(error) => Fail::from(error),
    };
    fail.in_short()
}
