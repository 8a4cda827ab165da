//! What `doctor` found.

use std::fmt::Write as _;

use anstyle::Style;
use deploycenter_ports::{Finding, Verdict};
use serde::Serialize;

use super::style::{BAD, BOLD, CAREFUL, DIM, GOOD, harmless, paint};
use crate::words;

/// What stands above each system's checks.
const HEADINGS: [(&str, &str); 6] = [
    ("repository", "Deployment repo"),
    ("git", "Git"),
    ("journal", "Journal"),
    ("aws", "AWS"),
    ("argocd", "Argo CD"),
    ("addons", "Add-ons"),
];

/// What `doctor` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct DoctorReport {
    format: u32,
    checks: Vec<Finding<String>>,
}

impl DoctorReport {
    /// Of these findings, each system's together.
    pub(crate) fn new(checks: Vec<Finding>) -> Self {
        Self {
            format: super::FORMAT,
            checks: checks
                .into_iter()
                .map(|check| check.worded(words::advice))
                .collect(),
        }
    }

    /// Whether something would fail.
    pub(crate) fn has_failed(&self) -> bool {
        self.count(Verdict::Fail) > 0
    }

    fn count(&self, status: Verdict) -> usize {
        let counted = self.checks.iter().filter(|check| check.status == status);
        counted.count()
    }

    /// Lines by system, and one that counts them.
    pub(crate) fn human(&self) -> String {
        let mut out = String::new();
        let mut system = "";
        for check in &self.checks {
            if check.system != system {
                if !system.is_empty() {
                    out.push('\n');
                }
                system = check.system;
                let heading = HEADINGS.iter().find(|(name, _)| *name == system);
                let heading = heading.map_or(system, |(_, heading)| heading);
                let _ = writeln!(out, "{}", paint(BOLD, heading));
            }
            line(&mut out, check);
        }
        let _ = writeln!(out, "\n{}", self.summary());
        out
    }

    /// `31 checks: 28 ok, 1 warning, 1 failed, 1 not checked.`
    fn summary(&self) -> String {
        let count = |status| self.count(status);
        let plural = |number: usize| if number == 1 { "" } else { "s" };
        let (warnings, all) = (count(Verdict::Warn), self.checks.len());
        let counted = [
            (count(Verdict::Ok), "ok".to_owned()),
            (warnings, format!("warning{}", plural(warnings))),
            (count(Verdict::Fail), "failed".to_owned()),
            (count(Verdict::Skipped), "not checked".to_owned()),
        ];
        let counted = counted.iter().filter(|(number, _)| *number > 0);
        let counted: Vec<String> = counted
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        format!("{all} check{}: {}.", plural(all), counted.join(", "))
    }

    /// JSON over several lines, ended.
    pub(crate) fn json(&self) -> String {
        super::json(self)
    }
}

fn line(out: &mut String, check: &Finding<String>) {
    let (word, style): (&str, Style) = match check.status {
        Verdict::Ok => ("ok", GOOD),
        Verdict::Warn => ("warn", CAREFUL),
        Verdict::Fail => ("fail", BAD),
        Verdict::Skipped => ("skip", DIM),
    };
    let scope = match &check.scope {
        Some(scope) => format!(" {}", harmless(scope)),
        None => String::new(),
    };
    let gap = " ".repeat(4 - word.len());
    let message = wrapped(&check.message, 8);
    let _ = writeln!(
        out,
        "  {}{gap}  {}{scope}: {message}",
        paint(style, word),
        check.check
    );
    if let Some(help) = &check.help {
        let help = wrapped(help, 14);
        let _ = writeln!(out, "        {} {help}", paint(BOLD, "help:"));
    }
}

/// Text from outside, later lines as far in as the first.
fn wrapped(text: &str, by: usize) -> String {
    let lines: Vec<String> = text.lines().map(harmless).collect();
    lines.join(&format!("\n{}", " ".repeat(by)))
}

#[cfg(test)]
mod tests {
    use deploycenter_ports::Check;

    use super::super::plain;
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Check::new("git", "push")
                .of("https://git.example.com/r")
                .ok("these credentials may push"),
            Check::new("argocd", "token").fail(
                "the token is wrong\nor \u{1b}[31mexpired",
                "set ARGOCD_AUTH_TOKEN",
            ),
            Check::new("argocd", "rights")
                .of("clusters")
                .warn("may not update all clusters", "have an admin give it"),
            Check::new("addons", "declared")
                .of("eu-west-3")
                .skipped("not said"),
        ]
    }

    fn report() -> DoctorReport {
        DoctorReport::new(findings())
    }

    #[test]
    fn for_people() {
        assert_eq!(
            plain(&report().human()),
            "Git
  ok    push https://git.example.com/r: these credentials may push

Argo CD
  fail  token: the token is wrong
        or \\u{1b}[31mexpired
        help: set ARGOCD_AUTH_TOKEN
  warn  rights clusters: may not update all clusters
        help: have an admin give it

Add-ons
  skip  declared eu-west-3: not checked: not said

4 checks: 1 ok, 1 warning, 1 failed, 1 not checked.
"
        );
        assert!(report().has_failed());
        assert!(!DoctorReport::new(findings().split_off(2)).has_failed());
    }

    #[test]
    fn for_programs() {
        let value: serde_json::Value = serde_json::from_str(&report().json()).expect("it is JSON");
        assert_eq!(value["format"], 1);
        assert_eq!(
            value["checks"][2],
            serde_json::json!({
                "system": "argocd", "check": "rights", "scope": "clusters", "status": "warn",
                "message": "may not update all clusters", "help": "have an admin give it",
            })
        );
        assert_eq!(value["checks"][3]["status"], "skipped");
        assert_eq!(value["checks"][3]["help"], serde_json::Value::Null);
    }
}
