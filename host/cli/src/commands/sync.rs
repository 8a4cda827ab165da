//! `sync`: moves pins to the current plugins and overrides, batch by batch.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::batch::batches;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::problem::Problem;
use deploycenter_engine::{Blocked, Limits, Next, Planned, Rollout, Wishes};
use deploycenter_ports::Note;

use super::apply::{check_main, in_order, take_up};
use super::{Shared, cancel_on_ctrl_c, carry, count, selection, verdict};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::local;
use crate::output::{self, progress::LiveProgress};
use crate::wiring;

/// How many of those that weren't begun a person is told by name.
const NAMED: usize = 20;

/// How to go about it.
pub(super) struct How {
    pub(super) yes: bool,
    pub(super) quiet: bool,
    pub(super) allow_dirty: bool,
    pub(super) allow_older: bool,
    pub(super) max_parallel: u16,
}

pub(super) async fn run(shared: &Shared, said: &Selectors, how: &How) -> Result<ExitCode, Fail> {
    let selection = selection(said)?;
    let size = usize::from(how.max_parallel);
    let limits = Limits {
        targets: size,
        ..Limits::default()
    };
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), limits, progress.clone()).await?;
    let head = check_main(&place, how.allow_dirty).await?;
    let cancel = cancel_on_ctrl_c();
    let recovered = Rollout {
        outcomes: take_up(&place, &selection, &cancel).await?,
        ..Rollout::default()
    };
    if cancel.is_asked() {
        tell(shared.json, &recovered);
        return verdict(&recovered.outcomes, &BTreeSet::new(), Vec::new(), "");
    }
    let wishes = Wishes {
        sync: true,
        ..Wishes::default()
    };
    let planned = place.engine.plan(&selection, &wishes).await?;
    let blocked = left_out(&planned);
    let (targets, older) = if how.allow_older {
        (moving(&planned), Vec::new())
    } else {
        in_order(&place, moving(&planned), head.as_deref()).await?
    };
    let code = if older.is_empty() {
        blocked.first().map_or("", |blocked| blocked.code)
    } else {
        "older-commit"
    };
    let mut problems = older;
    problems.extend(blocked.iter().map(|blocked| blocked.problem()));
    if targets.is_empty() {
        if !shared.json && problems.is_empty() {
            crate::output::errln!("Nothing to do: no update waits.");
        }
        tell(shared.json, &recovered);
        return verdict(&recovered.outcomes, &BTreeSet::new(), problems, code);
    }
    let plan = Plan::new(planned.plan.installation, planned.plan.selectors, targets);
    if !shared.json {
        let shown = if how.quiet {
            output::plan::summary_line(&plan)
        } else {
            output::grouped::render(&plan.targets)
        };
        crate::output::err!("{shown}");
    }
    let (installation, selectors) = (plan.installation, plan.selectors);
    let batches = batches(plan.targets, size);
    if let [first, _, ..] = batches.as_slice() {
        crate::output::errln!(
            "They go in {} batches of up to {}; the first failure ends it.",
            batches.len(),
            count(first.len(), "target"),
        );
    }
    if !how.yes && !carry::confirmed()? {
        let targets = batches.into_iter().flatten().collect();
        let plan = Plan::new(installation, selectors, targets);
        return carry::decline(shared, &plan, carry::declined());
    }
    let note = Note {
        actor: local::actor(place.repo.identity()),
        main_commit: head,
    };
    let (all, mut done) = (batches.len(), 0);
    let say = |done: usize| progress.say(&format!("Batch {done} of {all} is done."));
    let rollout = place
        .engine
        .roll_out(batches, &note, &cancel, async |_, _| {
            done += 1;
            say(done);
            Next::Begin
        })
        .await;
    tell(shared.json, &rollout);
    conclude(rollout, problems, code)
}

/// The targets that an update waits for, with the pins moved.
fn moving(planned: &Planned) -> Vec<TargetPlan> {
    planned
        .plan
        .targets
        .iter()
        .filter(|plan| planned.updates_waiting.contains(&plan.target) && plan.has_changes())
        .cloned()
        .collect()
}

/// Those among them that can't move now, and why.
fn left_out(planned: &Planned) -> Vec<&Blocked> {
    planned
        .blocked
        .iter()
        .filter(|blocked| planned.updates_waiting.contains(&blocked.target))
        .collect()
}

/// What came of it, for a program.
fn tell(json: bool, rollout: &Rollout) {
    if json {
        crate::output::outln!(
            "{}",
            serde_json::json!({
                "format": output::FORMAT,
                "deployments": super::rows(&rollout.outcomes),
                "notBegun": rollout.not_begun,
            })
        );
    }
}

fn conclude(
    rollout: Rollout,
    mut problems: Vec<Problem>,
    mut code: &'static str,
) -> Result<ExitCode, Fail> {
    if let Some(error) = rollout.error {
        let fail = Fail::from(error);
        if rollout.outcomes.is_empty() && problems.is_empty() {
            return Err(fail);
        }
        let (message, help) = fail.in_short();
        let problem = Problem::new(message);
        problems.push(match help {
            Some(help) => problem.help(help),
            None => problem,
        });
        code = fail.code();
    }
    if !rollout.not_begun.is_empty() {
        problems.push(not_begun(&rollout.not_begun));
        if code.is_empty() && rollout.outcomes.is_empty() {
            code = "interrupted";
        }
    }
    verdict(&rollout.outcomes, &BTreeSet::new(), problems, code)
}

fn not_begun(targets: &[TargetId]) -> Problem {
    let named: Vec<String> = targets
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = match targets.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Problem::new(format!(
        "not begun, and as before: {}{more}",
        named.join(", ")
    ))
    .help("mend the cause, then: deploycenter sync")
}
