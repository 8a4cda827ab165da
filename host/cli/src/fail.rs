//! How a command fails: one place for codes, messages and exit codes.

mod deployment_repo;
mod platform;
mod workflow;

use std::fmt::Display;
use std::process::ExitCode;

use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_engine::{ErrorCode, PlanError, Refusal, RunError};
use deploycenter_platform::JOURNAL_LOST;
use deploycenter_ports::{ProviderError, RepositoryError, StoreError};

use crate::args::Output;
use crate::output::error::ErrorReport;
use crate::words;

pub(crate) use workflow::problems;

/// The exit code of a command line that can't be read (sysexits.h).
pub(crate) const USAGE: u8 = 64;

/// A failed command.
#[derive(Debug, Clone)]
pub(crate) struct Fail {
    report: ErrorReport,
}

impl Fail {
    /// A failure with a stable code.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            report: ErrorReport::new(code, message),
        }
    }

    /// What an error says by itself.
    pub(crate) fn of<E>(error: &E) -> Self
    where
        E: Display,
        for<'a> ErrorCode: From<&'a E>,
    {
        Self::new(error.into(), error.to_string())
    }

    /// A command line that can't be meant.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Usage, message)
    }

    /// The same, with a way out.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self {
            report: self.report.help(help),
        }
    }

    /// The same, with a way out where there is one.
    pub(crate) fn maybe_help(self, help: Option<impl Into<String>>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// The same, with a list of what is wrong.
    pub(crate) fn with_problems(self, problems: Vec<Problem>) -> Self {
        Self {
            report: self.report.with_problems(problems),
        }
    }

    /// A failure with a list of what is wrong.
    pub(crate) fn problems(
        code: ErrorCode,
        message: impl Into<String>,
        problems: Vec<Problem>,
    ) -> Self {
        Self::new(code, message).with_problems(problems)
    }

    /// Its code.
    pub(crate) fn code(&self) -> ErrorCode {
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
        ExitCode::from(exit_code(self.report.code))
    }
}

/// How the process ends that fails with a code.
fn exit_code(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::Usage => USAGE,
        _ => 1,
    }
}

impl From<Problems> for Fail {
    fn from(problems: Problems) -> Self {
        let problems = problems.into_vec();
        let message = match problems.len() {
            1 => "there is a problem".to_owned(),
            count => format!("there are {count} problems"),
        };
        Self::problems(ErrorCode::Invalid, message, problems)
    }
}

impl From<PlanError> for Fail {
    fn from(error: PlanError) -> Self {
        let fail = Self::of(&error);
        match error {
            PlanError::Problems(problems) => problems.into(),
            PlanError::Outside(failure) => failure.into(),
            PlanError::Repository(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::Refusal(blocked) => {
                let message = match blocked.len() {
                    1 => "a target isn't in a state for this".to_owned(),
                    count => format!("{count} targets aren't in a state for this"),
                };
                let problems = blocked.iter().map(Refusal::problem).collect();
                Self::problems(fail.code(), message, problems)
            }
            PlanError::TooMany { .. } => fail.help("say --many if that is meant"),
            PlanError::Plugin(_) => fail,
        }
    }
}

impl From<ProviderError> for Fail {
    fn from(failure: ProviderError) -> Self {
        let message = format!("{}: {}", failure.system, failure.message);
        Self::new((&failure).into(), message).maybe_help(failure.help.as_ref().map(words::advice))
    }
}

impl From<RepositoryError> for Fail {
    fn from(error: RepositoryError) -> Self {
        let code = (&error).into();
        Self::new(code, error.message).maybe_help(error.help.as_ref().map(words::advice))
    }
}

impl From<StoreError> for Fail {
    fn from(error: StoreError) -> Self {
        let fail = Self::of(&error);
        match error {
            StoreError::Locked { .. } => {
                fail.help("wait until it is done; a process that died frees its locks by itself")
            }
            StoreError::Unfinished { .. } => fail.help("go on with `deploycenter resume`"),
            StoreError::Lost(_) => fail.help(JOURNAL_LOST),
            StoreError::Full => fail.help(
                "make room, then go on with: deploycenter resume; nothing that was begun is lost",
            ),
            StoreError::Fenced(_) | StoreError::Corrupt(_) | StoreError::Failed(_) => fail,
        }
    }
}

impl From<RunError> for Fail {
    fn from(error: RunError) -> Self {
        let fail = Self::of(&error);
        match error {
            RunError::Store(error) => error.into(),
            RunError::Outside(failure) => failure.into(),
            RunError::Stopped | RunError::Journal { .. } => fail,
        }
    }
}

impl From<anyhow::Error> for Fail {
    fn from(error: anyhow::Error) -> Self {
        Self::new(ErrorCode::Failed, format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests;
