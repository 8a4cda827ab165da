//! What came of the steps of a test run, and how many checks each counts for.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// What came of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// A step that is one check.
    pub(crate) fn of(passed: bool) -> Self {
        Self {
            passed: passed.into(),
            failed: (!passed).into(),
        }
    }

    /// Adds another count.
    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Adds what a runner's line says: `12 passed` and `1 failed`, as cargo's
    /// `test result: …` and our scripts end, or unittest's `Ran 9 tests` and
    /// `FAILED (failures=1, errors=2)`.
    fn take_in(&mut self, line: &str) {
        if line.contains("test result:") || line.contains(" targets: ") {
            self.passed += number_before(line, " passed");
            self.failed += number_before(line, " failed");
        } else if let Some(rest) = line.strip_prefix("Ran ") {
            self.passed += number_before(rest, " test");
        } else if line.starts_with("FAILED (") {
            let failed = number_after(line, "failures=") + number_after(line, "errors=");
            self.failed += failed;
            self.passed = self.passed.saturating_sub(failed);
        }
    }
}

fn number_before(line: &str, word: &str) -> u64 {
    let before = line.split_once(word).map(|(before, _)| before);
    before
        .and_then(|text| text.rsplit(' ').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

fn number_after(line: &str, word: &str) -> u64 {
    let after = line
        .split_once(word)
        .map(|(_, after)| after)
        .unwrap_or_default();
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Steps and what came of them, in order.
#[derive(Debug, Default)]
pub(crate) struct Report {
    steps: Vec<(String, Count, Duration)>,
    notes: Vec<String>,
}

impl Report {
    /// Runs a step. An error is one failed check, and is shown.
    pub(crate) fn step(&mut self, name: &str, run: impl FnOnce() -> Result<Count>) {
        eprintln!("\n── {name}");
        let start = Instant::now();
        let count = run().unwrap_or_else(|error| {
            eprintln!("{name}: {error:#}");
            Count::of(false)
        });
        self.steps.push((name.to_owned(), count, start.elapsed()));
    }

    /// Something that the summary has to say beside the counts.
    pub(crate) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        eprintln!("NOTE: {note}");
        self.notes.push(note);
    }

    /// Whether nothing failed, and something was checked at all.
    pub(crate) fn is_good(&self) -> bool {
        let total = self.total();
        total.failed == 0 && total.passed > 0
    }

    fn total(&self) -> Count {
        let mut total = Count::default();
        for (_, count, _) in &self.steps {
            total.add(count);
        }
        total
    }

    /// One line a step, the notes, and last `N passed, N failed`.
    pub(crate) fn summary(&self) -> String {
        let width = self
            .steps
            .iter()
            .map(|(name, ..)| name.chars().count())
            .max()
            .unwrap_or(0);
        let mut out = String::new();
        for (name, count, time) in &self.steps {
            let verdict = if count.failed == 0 {
                "ok    "
            } else {
                "FAILED"
            };
            let _ = writeln!(
                out,
                "{verdict} {name:width$} {:>5} passed, {} failed, {:.1} s",
                count.passed,
                count.failed,
                time.as_secs_f64()
            );
        }
        for note in &self.notes {
            let _ = writeln!(out, "NOTE: {note}");
        }
        let total = self.total();
        let _ = writeln!(out, "{} passed, {} failed", total.passed, total.failed);
        out
    }
}

/// Runs a command that is one check.
pub(crate) fn check(command: &mut Command) -> Result<Count> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot start {program}"))?;
    Ok(Count::of(status.success()))
}

/// How long after its end a runner's last lines are waited for.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a test runner, shows what it prints, and counts what its lines say. One that
/// fails without a count (a crash, a compile error) is one failed check.
pub(crate) fn counted(command: &mut Command) -> Result<Count> {
    heard(command, |text| eprint!("{text}"))
}

/// The same, with what it prints for whoever shows it later.
pub(crate) fn captured(command: &mut Command) -> Result<(Count, String)> {
    let mut all = String::new();
    let count = heard(command, |text| all.push_str(text))?;
    Ok((count, all))
}

fn heard(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<Count> {
    let program = command.get_program().to_string_lossy().into_owned();
    // One stream for both, so that a runner's lines stay in order with what they explain.
    let (reader, writer) = std::io::pipe()?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {program}"))?;
    // The command holds ends of the pipe too, which would keep it open for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let lines = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader
            .read_until(b'\n', &mut line)
            .is_ok_and(|read| read > 0)
        {
            let text = String::from_utf8_lossy(&line).into_owned();
            line.clear();
            if lines.0.send(text).is_err() {
                return;
            }
        }
    });
    let mut count = Count::default();
    let status = loop {
        match lines.1.recv_timeout(GRACE) {
            Ok(text) => {
                hear(&text);
                count.take_in(text.trim_end());
            }
            Err(RecvTimeoutError::Disconnected) => break child.wait()?,
            // A server that a test left running may hold the pipe open for ever.
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait()? {
                    break status;
                }
            }
        }
    };
    if !status.success() && count.failed == 0 {
        hear(&format!("{program} ended with {status}\n"));
        count.failed = 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn shell(script: &str) -> Count {
        counted(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn runners_are_counted() {
        let cargo = "echo 'test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured'\n\
                     echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored' >&2; exit 101";
        assert_eq!(
            shell(cargo),
            Count {
                passed: 9,
                failed: 1
            }
        );
        assert_eq!(
            shell("echo '11 targets: 901 passed, 2 failed'; exit 1"),
            Count {
                passed: 901,
                failed: 2
            }
        );
        assert_eq!(
            shell("echo 'Ran 9 tests in 0.01s'; echo OK"),
            Count {
                passed: 9,
                failed: 0
            }
        );
        let unittest = "echo 'Ran 9 tests in 0.01s'; echo 'FAILED (failures=1, errors=2)'; exit 1";
        assert_eq!(
            shell(unittest),
            Count {
                passed: 6,
                failed: 3
            }
        );
    }

    #[test]
    fn a_runner_that_dies_is_a_failure() {
        assert_eq!(
            shell("echo 'error: could not compile'; exit 101"),
            Count {
                passed: 0,
                failed: 1
            }
        );
        assert_eq!(
            shell("echo 'test result: ok. 7 passed; 0 failed'; kill -9 $$"),
            Count {
                passed: 7,
                failed: 1
            }
        );
    }

    #[test]
    fn a_server_left_running_is_not_waited_for() {
        let start = Instant::now();
        let count = shell("sleep 60 & echo 'test result: ok. 7 passed; 0 failed'");
        assert_eq!(
            count,
            Count {
                passed: 7,
                failed: 0
            }
        );
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn the_last_line_sums_up() {
        let mut report = Report::default();
        assert!(!report.is_good(), "nothing was checked");
        report.step("fmt", || Ok(Count::of(true)));
        report.step("cargo test", || {
            Ok(Count {
                passed: 40,
                failed: 0,
            })
        });
        assert!(report.is_good());
        report.note("advisories weren't checked");
        report.step("helm", || anyhow::bail!("there is none"));
        assert!(!report.is_good());
        let summary = report.summary();
        let last: Vec<&str> = summary.lines().rev().take(2).collect();
        assert_eq!(
            last,
            ["41 passed, 1 failed", "NOTE: advisories weren't checked"]
        );
        assert!(summary.contains("FAILED helm"), "{summary}");
    }
}
