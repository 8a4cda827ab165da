//! Where targets stand, shown again and again: in place on a terminal, else whenever
//! something changed.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use anstream::ColorChoice;
use console::{Term, truncate_str};

use super::history::when;
use super::status::StatusReport;
use super::style::{BAD, DIM, harmless, paint};
use crate::args::Output;
use crate::fail::Fail;

/// Shows reports one after the other.
pub(crate) struct Watch {
    display: WatchDisplay,
    out: Box<dyn Write + Send>,
    /// The last report.
    last: Option<StatusReport>,
    /// What the last reading failed with, if it did.
    complaint: Option<String>,
}

enum WatchDisplay {
    /// Drawn over, in so many lines so far.
    Terminal { interval: Duration, drawn: usize },
    /// A table whenever something changed.
    Tables,
    /// A line of JSON whenever something changed.
    Json,
}

impl Watch {
    /// On stdout: in place if it is a terminal that can move its cursor.
    pub(crate) fn stdout(json: bool, interval: Duration) -> Self {
        let stdout = io::stdout();
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if json {
            Self::new(WatchDisplay::Json, Box::new(stdout))
        } else if stdout.is_terminal() && !dumb {
            // The cursor has to move even where colours aren't wanted.
            Self::new(
                WatchDisplay::Terminal { interval, drawn: 0 },
                Box::new(stdout),
            )
        } else {
            Self::new(
                WatchDisplay::Tables,
                Box::new(anstream::AutoStream::auto(stdout)),
            )
        }
    }

    fn new(display: WatchDisplay, out: Box<dyn Write + Send>) -> Self {
        Self {
            display,
            out,
            last: None,
            complaint: None,
        }
    }

    /// Shows a report.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn show(&mut self, report: StatusReport, at: jiff::Timestamp) -> io::Result<()> {
        let changed = self.last.as_ref() != Some(&report);
        let mended = self.complaint.take().is_some();
        self.last = Some(report);
        match (&self.display, &self.last) {
            (WatchDisplay::Json, Some(report)) if changed => {
                writeln!(self.out, "{}", report.line(at))?;
            }
            (WatchDisplay::Tables, Some(report)) if changed => {
                writeln!(self.out, "{}\n{}", when(at), report.human())?;
            }
            (WatchDisplay::Json | WatchDisplay::Tables, _) => {
                if mended {
                    crate::output::errln!("{} reads again, and nothing has changed", when(at));
                }
            }
            (WatchDisplay::Terminal { .. }, _) => return self.draw(at),
        }
        self.out.flush()
    }

    /// Shows a report that lacks what couldn't be read, and says why.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn show_partly(
        &mut self,
        report: StatusReport,
        fail: &Fail,
        at: jiff::Timestamp,
    ) -> io::Result<()> {
        let complaint = self.complaint.take();
        self.show(report, at)?;
        self.complaint = complaint;
        self.told("couldn't read everything", fail, at)
    }

    /// Says why there is no report this time; the same is said once.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub(crate) fn complain(&mut self, fail: &Fail, at: jiff::Timestamp) -> io::Result<()> {
        self.told("couldn't read, this is older", fail, at)
    }

    fn told(&mut self, what: &str, fail: &Fail, at: jiff::Timestamp) -> io::Result<()> {
        let (message, _) = fail.in_short();
        let complaint = format!("{what}: {message}");
        let known = self.complaint.as_ref() == Some(&complaint);
        self.complaint = Some(complaint);
        match self.display {
            WatchDisplay::Terminal { .. } => return self.draw(at),
            _ if known => {}
            WatchDisplay::Json => {
                fail.report(Output::Json);
            }
            WatchDisplay::Tables => {
                crate::output::errln!("{} couldn't read, and goes on", when(at));
                fail.report(Output::Text);
            }
        }
        Ok(())
    }

    /// Leaves the last table as it stands.
    pub(crate) fn end(mut self) {
        if let WatchDisplay::Terminal { .. } = self.display {
            // Over what the terminal echoes of Ctrl-C; it may be gone by now.
            let _ = self.out.write_all(b"\r\x1b[K");
            let _ = self.out.flush();
        }
    }

    fn draw(&mut self, at: jiff::Timestamp) -> io::Result<()> {
        let WatchDisplay::Terminal { interval, drawn } = &mut self.display else {
            return Ok(());
        };
        let (rows, columns) = Term::stdout().size();
        let table = self
            .last
            .as_ref()
            .map(StatusReport::human)
            .unwrap_or_default();
        let footer = footer(at, *interval, self.complaint.as_deref());
        let mut lines = frame(&table, &footer, rows.into(), columns.into());
        if anstream::AutoStream::choice(&io::stdout()) == ColorChoice::Never {
            // What paints goes; what moves the cursor comes below and stays.
            for line in &mut lines {
                *line = anstream::adapter::strip_str(line).to_string();
            }
        }
        self.out.write_all(redrawn(*drawn, &lines).as_bytes())?;
        *drawn = lines.len();
        self.out.flush()
    }
}

/// What stands below the table.
fn footer(at: jiff::Timestamp, interval: Duration, complaint: Option<&str>) -> Vec<String> {
    let about = format!("{}, every {interval:?}; Ctrl-C ends", when(at));
    let mut lines = vec![String::new()];
    lines.extend(complaint.map(|complaint| {
        let line = format!("! {}", harmless(complaint));
        paint(BAD, line)
    }));
    lines.push(paint(DIM, about));
    lines
}

/// As many lines as a terminal of that size shows without scrolling or wrapping.
fn frame(table: &str, footer: &[String], rows: usize, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    // The cursor stands on a line of its own below.
    let room = rows.saturating_sub(footer.len() + 1).max(1);
    if lines.len() > room {
        let hidden = lines.len() - (room - 1);
        lines.truncate(room - 1);
        lines.push(format!("… {hidden} more; a selector shows fewer"));
    }
    lines.extend_from_slice(footer);
    lines
        .iter()
        .map(|line| truncate_str(line, columns, "…").into_owned())
        .collect()
}

/// What draws the lines over those of the last time.
fn redrawn(drawn: usize, lines: &[String]) -> String {
    let mut text = String::new();
    if drawn > 0 {
        // To the beginning of the first of them.
        text.push_str(&format!("\u{1b}[{drawn}F"));
    }
    for line in lines {
        text.push_str(line);
        // What is left of a longer line.
        text.push_str("\u{1b}[K\n");
    }
    text.push_str("\u{1b}[J");
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::{Arc, Mutex};

    use deploycenter_engine::ErrorCode;
    use serde_json::Value;

    use super::super::status::{StatusReport, StatusRow};
    use super::*;

    #[derive(Clone, Default)]
    struct WatchPage(Arc<Mutex<Vec<u8>>>);

    impl WatchPage {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for WatchPage {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn report(health: &str) -> StatusReport {
        StatusReport::new(vec![StatusRow {
            target: "acme/odoo".parse().unwrap(),
            region: Some("eu-west-3".parse().unwrap()),
            app: Some("odoo".parse().unwrap()),
            sync: "Synced".to_owned(),
            health: health.to_owned(),
            deployment: None,
            state: None,
            interrupted: false,
            waiting: Vec::new(),
            held: false,
            hold: None,
            update_available: false,
            pending_removal: false,
        }])
    }

    fn at(second: i64) -> jiff::Timestamp {
        jiff::Timestamp::from_second(1_763_712_660 + second).unwrap()
    }

    #[test]
    fn a_table_for_each_change() {
        let page = WatchPage::default();
        let mut watch = Watch::new(WatchDisplay::Tables, Box::new(page.clone()));
        watch.show(report("Healthy"), at(0)).unwrap();
        watch.show(report("Healthy"), at(2)).unwrap();
        watch
            .complain(&Fail::new(ErrorCode::Outside, "no"), at(4))
            .unwrap();
        watch.show(report("Healthy"), at(6)).unwrap();
        watch.show(report("Degraded"), at(8)).unwrap();
        let table = report("Healthy").human();
        let sick = report("Degraded").human();
        assert_eq!(
            page.text(),
            format!("2025-11-21 08:11:00Z\n{table}\n2025-11-21 08:11:08Z\n{sick}\n")
        );
    }

    #[test]
    fn a_line_of_json_for_each_change() {
        let page = WatchPage::default();
        let mut watch = Watch::new(WatchDisplay::Json, Box::new(page.clone()));
        for (second, health) in [(0, "Healthy"), (2, "Healthy"), (4, "Degraded")] {
            watch.show(report(health), at(second)).unwrap();
        }
        let text = page.text();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1]["at"], "2025-11-21T08:11:04Z");
        assert_eq!(lines[1]["format"], 1);
        assert_eq!(lines[1]["targets"][0]["health"], "Degraded");
    }

    #[test]
    fn what_doesnt_fit_is_counted() {
        let table: String = (0..30).map(|row| format!("row {row}\n")).collect();
        let below = footer(
            at(0),
            Duration::from_secs(2),
            Some("couldn't read, this is older: argocd: gone\u{1b}[2J"),
        );
        let shown: Vec<String> = frame(&table, &below, 10, 24)
            .iter()
            .map(|line| super::super::plain(line))
            .collect();
        assert_eq!(
            shown,
            [
                "row 0",
                "row 1",
                "row 2",
                "row 3",
                "row 4",
                "… 25 more; a selector s…",
                "",
                "! couldn't read, this i…",
                "2025-11-21 08:11:00Z, e…"
            ]
        );
        assert_eq!(frame("a\n", &below, 1, 80).len(), 4, "never nothing");
    }

    #[test]
    fn a_frame_is_drawn_over_the_last() {
        let lines = ["one".to_owned(), "two".to_owned()];
        assert_eq!(redrawn(0, &lines), "one\u{1b}[K\ntwo\u{1b}[K\n\u{1b}[J");
        assert!(redrawn(3, &lines).starts_with("\u{1b}[3Fone"));
    }
}
