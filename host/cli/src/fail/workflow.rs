//! The command line's words for what a workflow refuses, and the ways out that it offers.

use deploycenter_domain::desired::did_you_mean;
use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::CancelError;
use deploycenter_engine::workflow::{LeftOut, UnknownDeployment, WorkflowError};

use super::Fail;
use crate::output::few_and;

/// How many deployments a message names.
const NAMED: usize = 5;

impl From<WorkflowError> for Fail {
    fn from(error: WorkflowError) -> Self {
        let message = error.to_string();
        match error {
            WorkflowError::Plan(error) => error.into(),
            WorkflowError::Run(error) => error.into(),
            WorkflowError::Cancel(error) => error.into(),
            WorkflowError::Dirty { files } => {
                let problems = files
                    .iter()
                    .map(|file| Problem::new("isn't committed").in_file(file))
                    .collect();
                Self::problems("dirty", message, problems)
                    .help("commit and push it, or apply it from a laptop with --allow-dirty")
            }
            WorkflowError::NoCommit => {
                Self::new("dirty", message).help("commit and push the desired state")
            }
            WorkflowError::Unpushed { .. } => Self::new("unpushed", message)
                .help("push it, or apply it from a laptop with --allow-dirty"),
            WorkflowError::Foreign { .. } => Self::new("plan-foreign", message)
                .help("apply it in the deployment repo that it was made in (-C names one)"),
            WorkflowError::UnreadableTarget(_) | WorkflowError::EmptyPlan => {
                Self::new("plan-unreadable", message)
            }
            WorkflowError::AllOrNothing(left_out) | WorkflowError::Older(left_out) => {
                let code = LeftOut::code_of(&left_out).unwrap_or("failed");
                Self::problems(code, message, problems(&left_out))
            }
            WorkflowError::UnknownTarget { target, known } => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                let meant = did_you_mean(&target.to_string(), known.iter().map(String::as_str));
                let fail = Self::new("unknown-target", message);
                match meant {
                    Some(help) => fail.help(help),
                    None => fail,
                }
            }
            WorkflowError::UnknownDeployment(error) => error.into(),
            WorkflowError::Journal { .. } | WorkflowError::Gone { .. } => {
                Self::new("journal", message)
            }
        }
    }
}

impl From<UnknownDeployment> for Fail {
    fn from(error: UnknownDeployment) -> Self {
        let fail = Self::new("unknown-deployment", error.to_string());
        match error {
            UnknownDeployment::NoneSucceeded(_) | UnknownDeployment::OneSucceeded(_) => fail,
            UnknownDeployment::Ambiguous { near, .. } => {
                fail.help(format!("say more of one: {}", newest(&near)))
            }
            UnknownDeployment::Other {
                deployment, other, ..
            } => fail.help(format!("deploycenter history {other} --diff {deployment}")),
            UnknownDeployment::None { known, .. } if known.is_empty() => {
                fail.help("it was never deployed")
            }
            UnknownDeployment::None { known, .. } => {
                fail.help(format!("there are {}", newest(&known)))
            }
        }
    }
}

impl From<CancelError> for Fail {
    fn from(error: CancelError) -> Self {
        let message = error.to_string();
        match error {
            CancelError::Nothing(target) => Self::new("nothing-unfinished", message).help(format!(
                "what has ended is taken back with: deploycenter rollback {target}"
            )),
            CancelError::Removal(target) => Self::new("removal", message).help(format!(
                "mend the cause, then: deploycenter resume {target}"
            )),
            CancelError::Data { target, .. } => Self::new("data-version", message).help(format!(
                "mend the cause, then: deploycenter resume {target}; or, if the migration never began or does no harm, say --data-compatible"
            )),
            CancelError::Run(error) => error.into(),
        }
    }
}

/// The newest of some, oldest first, for a message.
fn newest(ids: &[DeploymentId]) -> String {
    few_and(ids.iter().rev(), NAMED, "older")
}

/// Why targets aren't carried out, each with its way out.
pub(crate) fn problems(left_out: &[LeftOut]) -> Vec<Problem> {
    left_out.iter().map(problem).collect()
}

fn problem(left_out: &LeftOut) -> Problem {
    match left_out {
        LeftOut::Moved { target, what } => Problem::new(format!(
            "{target}: moved since the plan was made: {}",
            what.join("; ")
        ))
        .help("look at a new plan: deploycenter plan"),
        LeftOut::Edited { target, what } => Problem::new(format!(
            "{target}: the plan file was edited: {}",
            what.join(", ")
        ))
        .help("a plan is applied as it was made; change the desired state and plan again"),
        LeftOut::Older { target } => Problem::new(format!(
            "{target}: a newer commit of main was applied to it already"
        ))
        .help("pull main and apply again, or insist with --allow-older"),
        LeftOut::Refusal(blocked) => blocked.problem(),
    }
}
