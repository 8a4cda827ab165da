//! The command line's words for what a workflow refuses, and the ways out that it offers.

use deploycenter_domain::desired::did_you_mean;
use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::problem::Problem;
use deploycenter_engine::CancelError;
use deploycenter_engine::workflow::{LeftOut, SecretError, UnknownDeployment, WorkflowError};

use super::Fail;
use crate::output::few_and;

/// How many deployments a message names.
const NAMED: usize = 5;

impl From<WorkflowError> for Fail {
    fn from(error: WorkflowError) -> Self {
        let fail = Self::of(&error);
        match error {
            WorkflowError::Plan(error) => error.into(),
            WorkflowError::Run(error) => error.into(),
            WorkflowError::Cancel(error) => error.into(),
            WorkflowError::Secret(error) => error.into(),
            WorkflowError::Dirty { files } => {
                let files = files.iter();
                fail.with_problems(
                    files
                        .map(|file| Problem::new("isn't committed").in_file(file))
                        .collect(),
                )
                .help("commit and push it, or apply it from a laptop with --allow-dirty")
            }
            WorkflowError::NoCommit => fail.help("commit and push the desired state"),
            WorkflowError::Unpushed { .. } => {
                fail.help("push it, or apply it from a laptop with --allow-dirty")
            }
            WorkflowError::Foreign { .. } => {
                fail.help("apply it in the deployment repo that it was made in (-C names one)")
            }
            WorkflowError::AllOrNothing(left_out) | WorkflowError::Older(left_out) => {
                fail.with_problems(problems(&left_out))
            }
            WorkflowError::UnknownTarget { target, known } => {
                let known: Vec<String> = known.iter().map(ToString::to_string).collect();
                fail.maybe_help(meant(&target.to_string(), &known))
            }
            WorkflowError::NeverDeployed { said, known } => fail.maybe_help(meant(&said, &known)),
            WorkflowError::UnknownValue { path, known, .. } => {
                fail.maybe_help(meant(&path, &known))
            }
            WorkflowError::UnknownDeployment(error) => error.into(),
            WorkflowError::Stopped(_)
            | WorkflowError::EmptyPlan
            | WorkflowError::Journal { .. }
            | WorkflowError::Gone { .. } => fail,
        }
    }
}

/// What may have been meant by a name.
fn meant(said: &str, known: &[String]) -> Option<String> {
    did_you_mean(said, known.iter().map(String::as_str))
}

impl From<UnknownDeployment> for Fail {
    fn from(error: UnknownDeployment) -> Self {
        let fail = Self::of(&error);
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
        let fail = Self::of(&error);
        match error {
            CancelError::Nothing(target) => fail.help(format!(
                "what has ended is taken back with: deploycenter rollback {target}"
            )),
            CancelError::Removal(target) => fail.help(format!(
                "mend the cause, then: deploycenter resume {target}"
            )),
            CancelError::Data { target, .. } => fail.help(format!(
                "mend the cause, then: deploycenter resume {target}; or, if the migration never began or does no harm, say --data-compatible"
            )),
            CancelError::Run(error) => error.into(),
        }
    }
}

impl From<SecretError> for Fail {
    fn from(error: SecretError) -> Self {
        let fail = Self::of(&error);
        match error {
            SecretError::Unknown { known, .. } if known.is_empty() => {
                fail.help("it needs none that a person gives")
            }
            SecretError::Unknown { known, .. } => {
                fail.help(format!("it takes: {}", known.join(", ")))
            }
            SecretError::NotDeployed(_) => {
                fail.help("leave --restart out: the first deployment takes the secret")
            }
            SecretError::Held(target) => fail.help(format!(
                "let it go on first: deploycenter release {target}; or leave --restart out"
            )),
            SecretError::Unfinished(target) => fail.help(format!(
                "end that first: deploycenter resume {target}, or deploycenter cancel {target}; or leave --restart out"
            )),
            SecretError::Empty => {
                fail.help("pipe it in: pass show acme/smtp | deploycenter secret set …")
            }
            SecretError::TooLong => fail,
            SecretError::NoLogin { .. } => fail.help("`kubectl create secret docker-registry x --docker-server=… --docker-username=… --docker-password=… --dry-run=client -o jsonpath='{.data.\\.dockerconfigjson}' | base64 -d` writes one; a config.json of `docker login` is one where no credential helper keeps the passwords"),
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
