//! How a command fails: one place for codes, messages and exit codes.

mod platform;
mod workflow;

use std::process::ExitCode;

use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_engine::{PlanError, Refusal, RunError};
use deploycenter_ports::{ProviderError, RepositoryError, StoreError};
use deploycenter_store::LOST;

use crate::args::Output;
use crate::output::error::ErrorReport;
use crate::words;

pub(crate) use workflow::problems;

/// The exit code of a command line that can't be read (sysexits.h).
pub(crate) const USAGE: u8 = 64;

/// The error code of the same, found by a command itself.
const USAGE_CODE: &str = "usage";

/// A failed command.
#[derive(Debug, Clone)]
pub(crate) struct Fail {
    report: ErrorReport,
}

impl Fail {
    /// A failure with a stable code.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            report: ErrorReport::new(code, message),
        }
    }

    /// A command line that can't be meant.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE_CODE, message)
    }

    /// The same, with a way out.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self {
            report: self.report.help(help),
        }
    }

    /// A failure with a list of what is wrong.
    pub(crate) fn problems(
        code: &'static str,
        message: impl Into<String>,
        problems: Vec<Problem>,
    ) -> Self {
        let report = match Problems::check(problems) {
            Ok(()) => ErrorReport::new(code, message),
            Err(problems) => ErrorReport::of_problems(code, message, problems),
        };
        Self { report }
    }

    /// Its code.
    pub(crate) fn code(&self) -> &'static str {
        self.report.code
    }

    /// What it says and its way out, for a report that goes on: of several problems the
    /// first, and how many more.
    pub(crate) fn in_short(&self) -> (String, Option<String>) {
        let ErrorReport {
            message, problems, ..
        } = &self.report;
        match problems.as_slice() {
            [] => (message.clone(), self.report.help.clone()),
            [one] => (one.to_string(), one.help.clone()),
            [one, more @ ..] => (
                format!("{one}, and {} more problems", more.len()),
                self.report.help.clone(),
            ),
        }
    }

    /// Says it on stderr (annotations on stdout, where GitHub reads them), and how the
    /// process ends.
    pub(crate) fn report(&self, output: Output) -> ExitCode {
        match output {
            Output::Json => crate::output::errln!("{}", self.report.json()),
            Output::Text => crate::output::err!("{}", self.report.human()),
            Output::Github => crate::output::out!("{}", self.report.github()),
        }
        if self.report.code == USAGE_CODE {
            ExitCode::from(USAGE)
        } else {
            ExitCode::FAILURE
        }
    }
}

impl From<Problems> for Fail {
    fn from(problems: Problems) -> Self {
        let count = problems.iter().count();
        let message = if count == 1 {
            "there is a problem".to_owned()
        } else {
            format!("there are {count} problems")
        };
        Self {
            report: ErrorReport::of_problems("invalid", message, problems),
        }
    }
}

impl From<PlanError> for Fail {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Problems(problems) => problems.into(),
            PlanError::Outside(failure) => failure.into(),
            PlanError::Repository(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::Refusal(blocked) => blocked.into(),
            PlanError::TooMany { .. } => {
                Self::new("too-many", error.to_string()).help("say --many if that is meant")
            }
            PlanError::Plugin(error) => Self::new("plugin", error.to_string()),
        }
    }
}

impl From<Vec<Refusal>> for Fail {
    fn from(blocked: Vec<Refusal>) -> Self {
        let message = match blocked.len() {
            1 => "a target isn't in a state for this".to_owned(),
            count => format!("{count} targets aren't in a state for this"),
        };
        let code = blocked
            .first()
            .map_or("failed", |first| first.code.as_str());
        let problems = blocked.iter().map(Refusal::problem).collect();
        Self::problems(code, message, problems)
    }
}

impl From<ProviderError> for Fail {
    fn from(failure: ProviderError) -> Self {
        let fail = Self::new(
            "outside",
            format!("{}: {}", failure.system, failure.message),
        );
        match failure.help {
            Some(help) => fail.help(words::advice(&help)),
            None => fail,
        }
    }
}

impl From<RepositoryError> for Fail {
    fn from(error: RepositoryError) -> Self {
        let fail = Self::new("repository", error.message);
        match error.help {
            Some(help) => fail.help(words::advice(&help)),
            None => fail,
        }
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Locked { .. } => Self::new("locked", message)
                .help("wait until it is done; a process that died frees its locks by itself"),
            StoreError::Fenced(_) => Self::new("locked", message),
            StoreError::Unfinished { .. } => {
                Self::new("needs-attention", message).help("go on with `deploycenter resume`")
            }
            StoreError::Lost(_) => Self::new("journal", message).help(LOST),
            StoreError::Full => Self::new("journal", message).help(
                "make room, then go on with: deploycenter resume; nothing that was begun is lost",
            ),
            StoreError::Corrupt(_) | StoreError::Failed(_) => Self::new("journal", message),
        }
    }
}

impl From<RunError> for Fail {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Outside(failure) => failure.into(),
            RunError::Journal { .. } => Self::new("journal", error.to_string()),
        }
    }
}

impl From<anyhow::Error> for Fail {
    fn from(error: anyhow::Error) -> Self {
        Self::new("failed", format!("{error:#}"))
    }
}
