//! What came of deployments: as JSON on stdout, the failures on stderr, and an exit code.

use std::collections::BTreeMap;
use std::process::ExitCode;

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::workflow::{LeftOut, WorkflowError};
use deploycenter_engine::{ErrorCode, Outcome, RefusalCode};
use deploycenter_ports::system_name;

use crate::fail::{Fail, problems};
use crate::output;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// That deployments succeed.
    Forward,
    /// That they are taken back.
    Back,
}

/// What came of a run; the targets that were left out are failures beside it.
pub(super) fn conclude(
    json: bool,
    outcomes: &[Outcome],
    left_out: &[LeftOut],
) -> Result<ExitCode, Fail> {
    tell(json, outcomes);
    let code = ErrorCode::of_left_out(left_out);
    verdict(outcomes, Wanted::Forward, problems(left_out), code)
}

/// What a workflow gave. Where it was stopped before anything of its own began, programs are
/// told what came of deployments that had been interrupted, as of any other.
pub(super) fn unless_stopped<T>(json: bool, given: Result<T, WorkflowError>) -> Result<T, Fail> {
    match given {
        Err(WorkflowError::Stopped(recovered)) => {
            conclude(json, &recovered, &[])?;
            Err(WorkflowError::Stopped(recovered).into())
        }
        given => Ok(given?),
    }
}

/// What came of taking deployments back.
pub(super) fn taken_back(json: bool, outcomes: &[Outcome]) -> Result<ExitCode, Fail> {
    tell(json, outcomes);
    verdict(outcomes, Wanted::Back, Vec::new(), None)
}

fn tell(json: bool, outcomes: &[Outcome]) {
    if json {
        output::outln!(
            "{}",
            serde_json::json!({ "format": output::FORMAT, "deployments": rows(outcomes) })
        );
    }
}

/// What came of each deployment, for a program.
pub(super) fn rows(outcomes: &[Outcome]) -> Vec<serde_json::Value> {
    outcomes
        .iter()
        .map(|outcome| {
            serde_json::json!({
                "target": outcome.target,
                "deployment": outcome.deployment,
                "state": outcome.status,
                "reason": outcome.reason,
                "leftovers": outcome.leftovers,
                "waiting": outcome.waits,
            })
        })
        .collect()
}

/// The failures among the outcomes, after `problems` that there are already; `code` is
/// theirs. Of several outcomes of one target the last one counts: what had been interrupted
/// and went back may have been deployed since.
pub(super) fn verdict(
    outcomes: &[Outcome],
    wanted: Wanted,
    mut problems: Vec<Problem>,
    mut code: Option<ErrorCode>,
) -> Result<ExitCode, Fail> {
    let last: BTreeMap<&TargetId, usize> = outcomes
        .iter()
        .enumerate()
        .map(|(at, outcome)| (&outcome.target, at))
        .collect();
    for (at, outcome) in outcomes.iter().enumerate() {
        if last.get(&outcome.target) != Some(&at) {
            continue;
        }
        match outcome.status {
            Status::Succeeded => {}
            Status::Unwound if wanted == Wanted::Back => continue,
            Status::Unwound => code = code.or(Some(ErrorCode::Unwound)),
            // Above all others: someone has to look.
            Status::NeedsAttention => code = Some(RefusalCode::NeedsAttention.into()),
            Status::Queued | Status::Running | Status::Unwinding => {
                code = code.or(Some(ErrorCode::Interrupted));
            }
        }
        problems.extend(failure(outcome));
    }
    if problems.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let message = match problems.len() {
        1 => "a target isn't as planned".to_owned(),
        count => format!("{count} targets aren't as planned"),
    };
    Err(Fail::problems(
        code.unwrap_or(ErrorCode::Failed),
        message,
        problems,
    ))
}

/// What a person should know of a deployment that hasn't succeeded.
fn failure(outcome: &Outcome) -> Option<Problem> {
    let target = &outcome.target;
    let reason = outcome.reason.as_deref().unwrap_or_default();
    let (message, help) = match outcome.status {
        Status::Succeeded => return None,
        Status::Unwound => (
            format!("{target} failed and was taken back: {reason}"),
            "nothing of it is left; mend the cause and apply again".to_owned(),
        ),
        Status::NeedsAttention => {
            let left = match outcome.leftovers.as_slice() {
                [] => String::new(),
                left => format!("; left behind: {}", left.join(", ")),
            };
            (
                format!("{target} needs attention: {reason}{left}"),
                format!("mend the cause, then: deploycenter resume {target}"),
            )
        }
        Status::Queued | Status::Running | Status::Unwinding => {
            let (stopped, when) = match outcome.waits.first() {
                None => ("on request", String::new()),
                Some(wait) => (
                    "while it waited",
                    format!("when {} answers again, ", system_name(&wait.system)),
                ),
            };
            let reason = match reason {
                "" => String::new(),
                reason => format!(": {reason}"),
            };
            (
                format!("{target} was stopped {stopped} and isn't finished{reason}"),
                format!("{when}go on with: deploycenter resume {target}"),
            )
        }
    };
    Some(Problem::new(message).help(help))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn ended(target: &str, status: Status) -> Outcome {
        Outcome {
            target: target.parse().unwrap(),
            deployment: "d1".parse().unwrap(),
            status,
            reason: None,
            waits: Vec::new(),
            leftovers: Vec::new(),
        }
    }

    fn code(outcomes: &[Outcome]) -> Option<ErrorCode> {
        let ended = verdict(outcomes, Wanted::Forward, Vec::new(), None);
        ended.err().map(|fail| fail.code())
    }

    #[test]
    fn a_targets_last_outcome_counts() {
        let well = || ended("acme/odoo", Status::Succeeded);
        let unwound = || ended("acme/odoo", Status::Unwound);
        assert_eq!(code(&[unwound(), well()]), None);
        assert_eq!(code(&[well(), unwound()]), Some(ErrorCode::Unwound));
        let other = ended("acme/chat", Status::Succeeded);
        assert_eq!(code(&[unwound(), other]), Some(ErrorCode::Unwound));
    }

    #[test]
    fn whoever_stops_early_hears_what_was_taken_up() {
        let stopped = |status| {
            let recovered = vec![ended("acme/odoo", status)];
            let given: Result<(), _> = Err(WorkflowError::Stopped(recovered));
            unless_stopped(false, given).unwrap_err().in_short().0
        };
        assert_eq!(
            stopped(Status::Succeeded),
            "stopped before anything new began; only what had been interrupted was taken up"
        );
        let said = stopped(Status::Running);
        assert!(
            said.contains("acme/odoo was stopped on request and isn't finished"),
            "{said}"
        );
    }
}
