//! What came of a rollout.

use std::process::ExitCode;

use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::workflow::LeftOut;
use deploycenter_engine::{ErrorCode, Outcome, Rollout};

use crate::commands::outcome::{self, Wanted};
use crate::fail::{Fail, problems};
use crate::output;

/// How many of those that weren't begun a person is told by name.
const NAMED: usize = 20;

/// Nothing was rolled out: what came of deployments that had been interrupted.
pub(super) fn only(recovered: Vec<Outcome>) -> Rollout {
    Rollout {
        outcomes: recovered,
        ..Rollout::default()
    }
}

pub(super) fn conclude(
    json: bool,
    rollout: Rollout,
    left_out: &[LeftOut],
) -> Result<ExitCode, Fail> {
    if json {
        output::outln!(
            "{}",
            serde_json::json!({
                "format": output::FORMAT,
                "deployments": outcome::rows(&rollout.outcomes),
                "notBegun": rollout.not_begun,
            })
        );
    }
    let mut problems = problems(left_out);
    let mut code = ErrorCode::of_left_out(left_out);
    if let Some(error) = rollout.error {
        let fail = Fail::from(error);
        if rollout.outcomes.is_empty() && problems.is_empty() {
            return Err(fail);
        }
        let (message, help) = fail.in_short();
        let problem = Problem::new(message);
        problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
        code = Some(fail.code());
    }
    if !rollout.not_begun.is_empty() {
        problems.push(not_begun(&rollout.not_begun));
        if rollout.outcomes.is_empty() {
            code = code.or(Some(ErrorCode::Interrupted));
        }
    }
    outcome::verdict(&rollout.outcomes, Wanted::Forward, problems, code)
}

fn not_begun(targets: &[TargetId]) -> Problem {
    let named = output::few(targets, NAMED);
    Problem::new(format!("not begun, and as before: {named}"))
        .help("mend the cause, then: deploycenter sync")
}
