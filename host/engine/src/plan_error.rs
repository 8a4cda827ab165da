//! Why there is no plan.

use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_ports::{PluginError, ProviderError, RepositoryError, StoreError};

use crate::refusal::Refusal;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The desired state, a plugin or a template has problems.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// An outside system couldn't be read.
    #[error(transparent)]
    Outside(#[from] ProviderError),
    /// The deployment repo couldn't be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The journal couldn't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Targets aren't in a state for this.
    #[error("{}", .0.iter().map(|blocked| blocked.problem().to_string()).collect::<Vec<_>>().join("\n"))]
    Refusal(Vec<Refusal>),
    /// More than a tenth of all targets would be removed at once.
    #[error("{going} of {all} targets would be removed, more than a tenth at once")]
    TooMany {
        /// How many would go.
        going: usize,
        /// How many there are.
        all: usize,
    },
    /// A plugin gave no answer.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

impl PlanError {
    /// The problems of one target, which don't keep the others from being looked at;
    /// anything else ends the planning.
    pub(crate) fn into_problems(self, target: &TargetId) -> Result<Vec<Problem>, Self> {
        match self {
            Self::Problems(problems) => Ok(problems.into_vec()),
            Self::Refusal(blocked) => Ok(blocked.iter().map(Refusal::problem).collect()),
            Self::Plugin(PluginError::Templates(faults)) => Ok(faults
                .into_iter()
                .map(|fault| in_template(fault.template, fault.line, fault.message))
                .collect()),
            Self::Plugin(PluginError::Render {
                template,
                line,
                message,
            }) => Ok(vec![in_template(
                template,
                line,
                format!("{target}: {message}"),
            )]),
            Self::Plugin(error) => Ok(vec![Problem::new(format!("{target}: {error}"))]),
            other => Err(other),
        }
    }
}

/// A problem in a template: one of the deployment repo has a path, a plugin's a name.
pub(crate) fn in_template(template: String, line: u32, message: String) -> Problem {
    let line = Some(line).filter(|line| *line > 0);
    if template.starts_with("overrides/") {
        let mut problem = Problem::new(message).in_file(template);
        problem.line = line;
        return problem;
    }
    Problem::new(match line {
        Some(line) => format!("template {template}, line {line}: {message}"),
        None => format!("template {template}: {message}"),
    })
}
