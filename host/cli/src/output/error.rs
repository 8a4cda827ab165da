//! Errors: for people on a few lines, for programs as JSON.

use std::fmt::Write as _;

use deploycenter_domain::address::hide_logins;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_engine::ErrorCode;
use serde::Serialize;

use super::style::{BAD, BOLD, PLACE, harmless, paint};
use crate::words;

/// How many problems are told; a program gets them all.
const PROBLEMS: usize = 500;
/// How many lines of one message are told.
const LINES: usize = 60;

/// What a command tells of its failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ErrorReport {
    /// Stable, for programs: `plan-stale`, `locked`, `needs-attention`, ….
    pub(crate) code: ErrorCode,
    /// One sentence without a final stop.
    pub(crate) message: String,
    /// What is wrong in the files, if that is why.
    pub(crate) problems: Vec<Problem<String>>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) help: Option<String>,
}

impl ErrorReport {
    /// A failure without problems and help.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: hide_logins(&message.into()),
            problems: Vec::new(),
            help: None,
        }
    }

    /// A failure for what is wrong in the files.
    pub(crate) fn of_problems(
        code: ErrorCode,
        message: impl Into<String>,
        problems: Vec<Problem>,
    ) -> Self {
        Self::new(code, message).with_problems(problems)
    }

    /// The same, with what is wrong, sorted by place and each once.
    #[must_use]
    pub(crate) fn with_problems(mut self, problems: Vec<Problem>) -> Self {
        if let Err(problems) = Problems::check(problems) {
            let problems = problems.into_vec().into_iter();
            self.problems = problems
                .map(|problem| problem.worded(words::advice))
                .collect();
        }
        self
    }

    /// The same, with a way out.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// `{"error":{…}}` on one line.
    pub(crate) fn json(&self) -> String {
        serde_json::json!({ "error": self }).to_string()
    }

    /// As annotations of a GitHub workflow, one a line.
    pub(crate) fn github(&self) -> String {
        self.annotations("error")
    }

    /// The same for what is no failure.
    pub(crate) fn github_warning(&self) -> String {
        self.annotations("warning")
    }

    fn annotations(&self, level: &str) -> String {
        let data = |text: &str| {
            let text = lines(text).join("\n");
            text.replace('%', "%25")
                .replace('\r', "%0D")
                .replace('\n', "%0A")
        };
        let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
        let mut out = String::new();
        for problem in self.problems.iter().take(PROBLEMS) {
            let mut place = vec![format!("title={}", property(self.code.as_str()))];
            place.extend(
                problem
                    .file
                    .iter()
                    .map(|file| format!("file={}", property(file))),
            );
            place.extend(problem.line.map(|line| format!("line={line}")));
            place.extend(problem.column.map(|column| format!("col={column}")));
            let help = problem.help.iter().map(|help| format!("\nhelp: {help}"));
            let text: String = std::iter::once(problem.message.clone())
                .chain(help)
                .collect();
            let _ = writeln!(out, "::{level} {}::{}", place.join(","), data(&text));
        }
        if let Some(more) = self.unsaid() {
            let title = property(self.code.as_str());
            let _ = writeln!(out, "::{level} title={title}::{}", data(&more));
        }
        if self.problems.is_empty() {
            let help = self.help.iter().map(|help| format!("\nhelp: {help}"));
            let text: String = std::iter::once(self.message.clone()).chain(help).collect();
            let _ = writeln!(
                out,
                "::{level} title={}::{}",
                property(self.code.as_str()),
                data(&text)
            );
        }
        out
    }

    /// How many problems aren't told.
    fn unsaid(&self) -> Option<String> {
        let more = self.problems.len().checked_sub(PROBLEMS + 1)? + 1;
        let plural = if more == 1 { "" } else { "s" };
        Some(format!(
            "and {more} more problem{plural}; `--output json` lists them all"
        ))
    }

    /// For a person, each line ended.
    pub(crate) fn human(&self) -> String {
        self.told(paint(BAD.bold(), format!("error[{}]:", self.code)))
    }

    /// The same for what is no failure.
    pub(crate) fn warning(&self) -> String {
        self.told(paint(BOLD, format!("warning[{}]:", self.code)))
    }

    fn told(&self, code: String) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{code} {}", indented(&self.message, 2));
        for problem in self.problems.iter().take(PROBLEMS) {
            let _ = writeln!(out, "  {}{}", place(problem), indented(&problem.message, 4));
            if let Some(help) = &problem.help {
                let _ = writeln!(out, "    {} {}", paint(BOLD, "help:"), indented(help, 6));
            }
        }
        if let Some(more) = self.unsaid() {
            let _ = writeln!(out, "  {more}");
        }
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{} {}", paint(BOLD, "help:"), indented(help, 2));
        }
        out
    }
}

/// `file:line:column: `, or the place in the data where there is no line.
fn place(problem: &Problem<String>) -> String {
    let mut place = problem.file.clone().unwrap_or_default();
    for number in [problem.line, problem.column]
        .into_iter()
        .map_while(|number| number)
    {
        let _ = write!(place, ":{number}");
    }
    if problem.line.is_none()
        && let Some(path) = problem.path.as_deref().filter(|path| !path.is_empty())
    {
        let gap = if place.is_empty() { "" } else { " " };
        let _ = write!(place, "{gap}{path}");
    }
    if place.is_empty() {
        place
    } else {
        paint(PLACE, harmless(&place)) + ": "
    }
}

/// A text whose later lines begin with that many spaces.
fn indented(text: &str, by: usize) -> String {
    lines(text.trim_end()).join(&format!("\n{}", " ".repeat(by)))
}

/// The lines of a text from anywhere: so many, and `…` where there are more.
fn lines(text: &str) -> Vec<String> {
    let mut all = text.lines();
    let mut lines: Vec<String> = all.by_ref().take(LINES).map(harmless).collect();
    lines.extend(all.next().map(|_| "…".to_owned()));
    lines
}

#[cfg(test)]
mod tests {
    use deploycenter_engine::RefusalCode;

    use super::super::plain;
    use super::*;

    const LOCKED: ErrorCode = ErrorCode::Refusal(RefusalCode::Locked);

    fn invalid() -> ErrorReport {
        let problems = vec![
            Problem::new("replicas is \"many\", not a number")
                .in_file("customers.yaml")
                .at(12, 9)
                .on("/customers/0/apps/1/values/replicas")
                .help("write a number of 1 or more, without quotes"),
            Problem::new("the file is missing").in_file("regions.yaml"),
            Problem::new("size is below 1")
                .in_file("plugins.lock")
                .on("/apps/odoo/size"),
            Problem::new("two things\nare wrong\u{1b}[2J"),
        ];
        ErrorReport::of_problems(
            ErrorCode::Invalid,
            "the desired state has 4 problems",
            problems,
        )
    }

    #[test]
    fn for_people() {
        let report = invalid().help("mend the files, then run `deploycenter validate`");
        insta::assert_snapshot!(plain(&report.human()));
    }

    #[test]
    fn for_a_workflow() {
        let lines: Vec<String> = invalid().github().lines().map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "::error title=invalid::two things%0Aare wrong\\u{1b}[2J",
                "::error title=invalid,file=customers.yaml,line=12,col=9::replicas is \"many\", not a number%0Ahelp: write a number of 1 or more, without quotes",
                "::error title=invalid,file=plugins.lock::size is below 1",
                "::error title=invalid,file=regions.yaml::the file is missing",
            ]
        );
        let locked = ErrorReport::new(LOCKED, "by someone").help("wait");
        assert_eq!(
            locked.github(),
            "::error title=locked::by someone%0Ahelp: wait\n"
        );
    }

    #[test]
    fn for_programs() {
        let value: serde_json::Value = serde_json::from_str(&invalid().json()).expect("it is JSON");
        insta::assert_json_snapshot!(value);
        assert!(!invalid().json().contains('\n'));
    }

    #[test]
    fn short() {
        let report = ErrorReport::new(
            LOCKED,
            "acme/odoo is locked by ada@host, process 4711, since 2025-11-21T08:11:00Z",
        );
        insta::assert_snapshot!(plain(&report.human()), @"error[locked]: acme/odoo is locked by ada@host, process 4711, since 2025-11-21T08:11:00Z");
        assert_eq!(
            report.json(),
            r#"{"error":{"code":"locked","message":"acme/odoo is locked by ada@host, process 4711, since 2025-11-21T08:11:00Z","problems":[]}}"#
        );
    }
}
