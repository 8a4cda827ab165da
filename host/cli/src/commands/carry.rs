//! Carrying out a plan that one command made: shown, confirmed, applied, told.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use deploycenter_domain::plan::Plan;
use deploycenter_engine::Replanned;
use deploycenter_ports::Note;

use super::{Shared, cancel_on_ctrl_c, conclude};
use crate::fail::Fail;
use crate::local;
use crate::output;
use crate::wiring::Workplace;

/// How a plan is carried out.
#[derive(Debug, Clone)]
pub(super) struct How {
    /// Don't ask.
    pub(super) yes: bool,
    /// Show how many changes there are, and not each of them.
    pub(super) quiet: bool,
    /// The commit of main that what it leads to came from.
    pub(super) main_commit: Option<String>,
}

/// Shows a person a plan, on stderr.
pub(super) fn show(shared: &Shared, plan: &Plan, quiet: bool) {
    if shared.json {
        return;
    }
    let shown = if quiet && plan.has_changes() {
        output::plan::summary_line(plan)
    } else {
        output::plan::render(plan, false)
    };
    crate::output::err!("{shown}");
}

/// Ends a command whose plan nobody agreed to. A program gets the plan on stdout: no other
/// command makes it.
pub(super) fn decline<T>(shared: &Shared, plan: &Plan, fail: Fail) -> Result<T, Fail> {
    if shared.json {
        let text = serde_json::to_string(plan).map_err(anyhow::Error::from)?;
        crate::output::outln!("{text}");
    }
    Err(fail)
}

/// What a program or a person hears who didn't agree.
pub(super) fn declined() -> Fail {
    Fail::new("declined", "nothing was applied")
}

/// Shows a plan on stderr, asks, and applies exactly that.
pub(super) async fn out(
    shared: &Shared,
    place: &Workplace,
    plan: Plan,
    how: How,
) -> Result<ExitCode, Fail> {
    show(shared, &plan, how.quiet);
    if !plan.has_changes() {
        return conclude(shared.json, &[], &BTreeSet::new(), Vec::new(), "");
    }
    if !how.yes && !confirmed()? {
        return decline(shared, &plan, declined());
    }
    let note = Note {
        actor: local::actor(place.repo.identity()),
        main_commit: how.main_commit,
    };
    let cancel = cancel_on_ctrl_c();
    let outcomes = place.engine.deploy(plan.targets, &note, &cancel).await?;
    conclude(shared.json, &outcomes, &BTreeSet::new(), Vec::new(), "")
}

/// Carries out a plan that leaves the desired state aside, and says what follows from it.
pub(super) async fn replanned(
    shared: &Shared,
    place: &Workplace,
    replanned: Replanned,
    yes: bool,
    follows: impl FnOnce() -> String,
) -> Result<ExitCode, Fail> {
    let changes = replanned.plan.has_changes();
    let how = How {
        yes,
        quiet: false,
        main_commit: replanned.main_commit,
    };
    let code = out(shared, place, replanned.plan, how).await?;
    if changes && !shared.json {
        crate::output::errln!("{}", follows());
    }
    Ok(code)
}

/// Asks whoever sits there.
pub(super) fn confirmed() -> Result<bool, Fail> {
    if !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            "declined",
            "there is nobody to ask, and nothing was applied",
        )
        .help(
            "say --yes; or, for what the desired state asks for, apply a reviewed plan with --plan",
        ));
    }
    crate::output::err!("Apply this? Only \"yes\" is taken for an answer: ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    Ok(answer.trim() == "yes")
}
