//! Live progress on stderr: bars on a terminal, else a line for each thing that is done.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_ports::{DeploymentEvent, EventSink};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tokio::task::AbortHandle;

use super::count;
use super::print::guarded;
use super::style::{BAD, BOLD, CAREFUL, DIM, GOOD, harmless, paint};

/// For how long nothing is said of what is being done.
const MOMENT: Duration = Duration::from_millis(500);
/// How often what turns is drawn anew.
const TICK: Duration = Duration::from_millis(120);

/// Something that takes its time; over when this is dropped.
pub(crate) struct Busy(Option<(ProgressBar, MultiProgress, AbortHandle)>);

impl Busy {
    /// What is done from now on.
    pub(crate) fn with(&self, what: &'static str) {
        if let Some((bar, ..)) = &self.0 {
            bar.set_message(what);
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if let Some((bar, bars, waits)) = self.0.take() {
            waits.abort();
            bar.finish_and_clear();
            bars.remove(&bar);
        }
    }
}

/// Shows what the engine does.
pub(crate) struct LiveProgress {
    display: Display,
    running: Mutex<BTreeMap<TargetId, Running>>,
}

enum Display {
    Bars(MultiProgress),
    Lines(Mutex<Box<dyn Write + Send>>),
}

/// A target that is being deployed.
#[derive(Debug)]
struct Running {
    done: usize,
    of: usize,
    bar: ProgressBar,
    /// Why it goes back, once that was said.
    said: Option<String>,
}

impl LiveProgress {
    /// On stderr: bars if it is a terminal that can move its cursor.
    pub(crate) fn stderr() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if io::stderr().is_terminal() && !dumb {
            Self::new(Display::Bars(MultiProgress::new()))
        } else {
            Self::lines(Box::new(anstream::stderr()))
        }
    }

    /// One line at a time.
    fn lines(out: Box<dyn Write + Send>) -> Self {
        Self::new(Display::Lines(Mutex::new(out)))
    }

    fn new(display: Display) -> Self {
        Self {
            display,
            running: Mutex::default(),
        }
    }

    /// Writes a line to stderr without tearing the bars.
    pub(crate) fn say(&self, line: &str) {
        let line = guarded(line);
        // Whoever watches may be gone; the work goes on.
        let _ = match &self.display {
            Display::Bars(bars) => bars.suspend(|| writeln!(anstream::stderr(), "{line}")),
            Display::Lines(out) => {
                writeln!(out.lock().unwrap_or_else(PoisonError::into_inner), "{line}")
            }
        };
    }

    /// Whether a deployment has begun and not ended.
    pub(crate) fn is_deploying(&self) -> bool {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        !running.is_empty()
    }

    /// Says on a terminal what is being done, once it has taken longer than a moment.
    pub(crate) fn busy(&self, what: &'static str) -> Busy {
        let Display::Bars(bars) = &self.display else {
            return Busy(None);
        };
        let bar = ProgressBar::hidden().with_message(what);
        let style = ProgressStyle::with_template("{spinner} {msg} …");
        bar.set_style(style.expect("the template is a valid one"));
        let (shown, all) = (bar.clone(), bars.clone());
        let waits = tokio::spawn(async move {
            tokio::time::sleep(MOMENT).await;
            all.add(shown).enable_steady_tick(TICK);
        });
        Busy(Some((bar, bars.clone(), waits.abort_handle())))
    }

    fn begin(&self, target: &TargetId, effects: usize) -> Running {
        let bar = match &self.display {
            Display::Bars(bars) => bars.add(ProgressBar::new(effects as u64)),
            Display::Lines(_) => ProgressBar::hidden(),
        };
        if let Ok(style) = ProgressStyle::with_template(
            "{spinner} {prefix} [{bar:20}] {pos}/{len} {elapsed} {wide_msg}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(target.to_string());
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Running {
            done: 0,
            of: effects,
            bar,
            said: None,
        }
    }
}

impl EventSink for LiveProgress {
    fn event(&self, event: &DeploymentEvent) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match event {
            DeploymentEvent::Recovered { deployments } => Some(format!(
                "Took up what had been interrupted: {}.",
                count(*deployments, "deployment")
            )),
            DeploymentEvent::Began {
                target, effects, ..
            } => {
                let new = self.begin(target, *effects);
                running.insert(target.clone(), new);
                began(event)
            }
            DeploymentEvent::Applying { target, effect } => {
                if let Some(running) = running.get(target) {
                    running.bar.set_message(effect.to_string());
                }
                None
            }
            DeploymentEvent::Applied { target, effect } => running.get_mut(target).map(|running| {
                running.done += 1;
                running.bar.set_position(running.done as u64);
                applied(target, effect, running)
            }),
            DeploymentEvent::Waiting {
                target,
                system,
                since,
                message,
            } => {
                let what = format!("waiting for {system} since {}", since.strftime("%H:%M:%SZ"));
                if let Some(running) = running.get(target) {
                    running.bar.set_message(what.clone());
                }
                Some(line(target, paint(CAREFUL, what), Some(message)))
            }
            DeploymentEvent::Answered { target, system } => {
                let what = format!("{system} answers again");
                if let Some(running) = running.get(target) {
                    running.bar.set_message(what.clone());
                }
                Some(line(target, what, None))
            }
            DeploymentEvent::Unwinding { target, reason } => {
                if let Some(running) = running.get_mut(target) {
                    running.bar.set_message("going back");
                    running.said = Some(reason.clone());
                }
                Some(line(target, paint(CAREFUL, "going back"), Some(reason)))
            }
            DeploymentEvent::Ended {
                target,
                status,
                reason,
                ..
            } => {
                let ended = running.remove(target);
                let said = ended.as_ref().and_then(|ended| ended.said.as_deref());
                let reason = unsaid(reason.as_deref(), said);
                if let Some(ended) = &ended {
                    ended.bar.finish_and_clear();
                    if let Display::Bars(bars) = &self.display {
                        bars.remove(&ended.bar);
                    }
                }
                Some(line(target, ending(*status), reason))
            }
        };
        drop(running);
        // On a terminal the bars show what begins and what is done.
        let shown_by_bar = matches!(
            event,
            DeploymentEvent::Began { .. } | DeploymentEvent::Applied { .. }
        );
        if let Some(line) = line
            && !(shown_by_bar && matches!(self.display, Display::Bars(_)))
        {
            self.say(&line);
        }
    }
}

fn began(event: &DeploymentEvent) -> Option<String> {
    let DeploymentEvent::Began {
        target,
        deployment,
        effects,
    } = event
    else {
        return None;
    };
    let effects = if *effects == 1 {
        "1 effect".to_owned()
    } else {
        format!("{effects} effects")
    };
    Some(line(
        target,
        format!("deployment {deployment}, {effects}"),
        None,
    ))
}

fn applied(target: &TargetId, effect: &EffectId, running: &Running) -> String {
    let count = paint(DIM, format!("({} of {})", running.done, running.of));
    line(target, format!("{effect} done {count}"), None)
}

/// What a reason says that wasn't said yet.
fn unsaid<'a>(reason: Option<&'a str>, said: Option<&str>) -> Option<&'a str> {
    let reason = reason?;
    let rest = said
        .and_then(|said| reason.strip_prefix(said))
        .unwrap_or(reason);
    let rest = rest.trim_start_matches("; ");
    (!rest.is_empty()).then_some(rest)
}

fn ending(status: Status) -> String {
    let style = match status {
        Status::Succeeded => GOOD,
        Status::NeedsAttention => BAD,
        Status::Queued | Status::Running | Status::Unwinding | Status::Unwound => CAREFUL,
    };
    let words = match status {
        // On request, or for what is away; the deployment itself is as sound as before.
        Status::Queued | Status::Running => "stopped; `deploycenter resume` goes on",
        Status::Unwinding => "stopped on its way back; `deploycenter resume` goes on",
        other => other.as_str(),
    };
    paint(style, words)
}

fn line(target: &TargetId, what: impl fmt::Display, why: Option<&str>) -> String {
    let why = why
        .map(|why| format!(": {}", harmless(why)))
        .unwrap_or_default();
    format!("{} {what}{why}", paint(BOLD, format!("{target}:")))
}

impl fmt::Debug for LiveProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveProgress")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl Drop for LiveProgress {
    fn drop(&mut self) {
        if let Display::Bars(bars) = &self.display {
            let _ = bars.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;
    use std::time::Instant;

    use indicatif::{InMemoryTerm, ProgressDrawTarget};

    use super::super::plain;
    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn notices() -> Vec<DeploymentEvent> {
        let odoo = || "acme/odoo".parse().unwrap();
        let chat = || "globex/chat".parse().unwrap();
        let effect = |id: &str| id.parse().unwrap();
        vec![
            DeploymentEvent::Began {
                target: odoo(),
                deployment: "d1".parse().unwrap(),
                effects: 2,
            },
            DeploymentEvent::Applying {
                target: odoo(),
                effect: effect("efs.file-system/data"),
            },
            DeploymentEvent::Began {
                target: chat(),
                deployment: "d2".parse().unwrap(),
                effects: 1,
            },
            DeploymentEvent::Applied {
                target: odoo(),
                effect: effect("efs.file-system/data"),
            },
            DeploymentEvent::Applying {
                target: chat(),
                effect: effect("dns.record/main"),
            },
            DeploymentEvent::Waiting {
                target: chat(),
                system: "Route 53",
                since: "2025-11-21T14:03:10Z".parse().unwrap(),
                message: "connection refused".to_owned(),
            },
            DeploymentEvent::Answered {
                target: chat(),
                system: "Route 53",
            },
            DeploymentEvent::Unwinding {
                target: chat(),
                reason: "the zone is gone".to_owned(),
            },
            DeploymentEvent::Applying {
                target: odoo(),
                effect: effect("git.commit/folder"),
            },
            DeploymentEvent::Applied {
                target: odoo(),
                effect: effect("git.commit/folder"),
            },
            DeploymentEvent::Ended {
                target: odoo(),
                deployment: "d1".parse().unwrap(),
                status: Status::Succeeded,
                reason: None,
            },
            DeploymentEvent::Ended {
                target: chat(),
                deployment: "d2".parse().unwrap(),
                status: Status::NeedsAttention,
                reason: Some(
                    "the zone is gone; taking it back stopped at undo:x: denied\u{1b}[2J"
                        .to_owned(),
                ),
            },
            DeploymentEvent::Ended {
                target: chat(),
                deployment: "d2".parse().unwrap(),
                status: Status::Running,
                reason: None,
            },
        ]
    }

    #[test]
    fn lines() {
        let page = Page::default();
        let progress = LiveProgress::lines(Box::new(page.clone()));
        for event in notices() {
            progress.event(&event);
        }
        let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
        insta::assert_snapshot!(plain(&text));
    }

    #[test]
    fn bars_come_and_go() {
        let term = InMemoryTerm::new(10, 100);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(term.clone()), 200);
        let progress = LiveProgress::new(Display::Bars(MultiProgress::with_draw_target(target)));
        let notices = notices();
        for event in &notices[..5] {
            progress.event(event);
        }
        // Bars are drawn by a thread of their own, a few times a second.
        let wanted = [
            "acme/odoo [==========>         ] 1/2",
            "globex/chat [",
            "0/1",
            "dns.record/main",
        ];
        let is_shown = || wanted.iter().all(|part| term.contents().contains(part));
        let patience = Instant::now() + Duration::from_secs(10);
        while !is_shown() && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(is_shown(), "{}", term.contents());

        for event in &notices[5..] {
            progress.event(event);
        }
        assert_eq!(term.contents(), "");
    }
}
