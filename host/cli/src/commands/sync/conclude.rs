//! What came of a rollout.

use std::process::ExitCode;

use deploycenter_domain::journal::Status;
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
        let well = |outcome: &Outcome| outcome.status == Status::Succeeded;
        // Then it is no failure that ended it.
        if rollout.outcomes.iter().all(well) {
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_rollout_that_someone_stops_was_interrupted() {
        for status in [None, Some(Status::Succeeded), Some(Status::Unwound)] {
            let outcomes = status.map(|status| Outcome {
                target: "acme/odoo".parse().unwrap(),
                deployment: "d1".parse().unwrap(),
                status,
                reason: None,
                waits: Vec::new(),
                leftovers: Vec::new(),
            });
            let rollout = Rollout {
                outcomes: outcomes.into_iter().collect(),
                not_begun: vec!["rivoli/odoo".parse().unwrap()],
                error: None,
            };
            let code = match status {
                Some(Status::Unwound) => ErrorCode::Unwound,
                _ => ErrorCode::Interrupted,
            };
            assert_eq!(conclude(false, rollout, &[]).unwrap_err().code(), code);
        }
    }
}
