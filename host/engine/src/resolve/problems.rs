//! Problems that several ask for.

use deploycenter_domain::desired::{Desired, Instance, did_you_mean};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::problem::{Problem, Problems};

/// A problem, where the instance was written.
pub(crate) fn at(instance: &Instance, problem: Problem) -> Problem {
    problem
        .in_file(&instance.at.file)
        .at(instance.at.line, instance.at.column)
}

/// What something that failed found; it never finds nothing.
pub(crate) fn some(problems: Vec<Problem>) -> Problems {
    Problems::check(problems)
        .err()
        .unwrap_or_else(|| Problem::new("it failed without saying why").into())
}

/// A target that nobody desires, and what may have been meant.
pub(crate) fn no_such_target(desired: &Desired, target: &TargetId) -> Problems {
    let known: Vec<String> = desired
        .instances()
        .map(|instance| instance.target.to_string())
        .collect();
    let mut problem = Problem::new(format!("there is no target {target}"));
    problem.help =
        did_you_mean(&target.to_string(), known.iter().map(String::as_str)).map(Into::into);
    problem.into()
}
