//! Carrying out what a workflow prepared: shown, confirmed, done, told.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use deploycenter_domain::plan::Plan;
use deploycenter_engine::workflow::Prepared;
use deploycenter_engine::{CancellationToken, ErrorCode};
use deploycenter_platform::Platform;

use super::outcome::conclude;
use super::{CommandContext, cancel_on_ctrl_c};
use crate::fail::Fail;
use crate::output;

/// How much is shown and asked before anything is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks {
    /// Don't ask.
    pub(super) yes: bool,
    /// Show how many changes there are, and not each of them.
    pub(super) quiet: bool,
}

impl Asks {
    /// Shows everything.
    pub(super) fn with(yes: bool) -> Self {
        Self { yes, quiet: false }
    }
}

/// Shows a person a plan, on stderr.
pub(super) fn show(context: &CommandContext, plan: &Plan, quiet: bool) {
    if context.json {
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
pub(super) fn decline<T>(context: &CommandContext, plan: &Plan, fail: Fail) -> Result<T, Fail> {
    if context.json {
        let text = serde_json::to_string(plan).map_err(anyhow::Error::from)?;
        crate::output::outln!("{text}");
    }
    Err(fail)
}

/// What a program or a person hears who didn't agree.
pub(super) fn declined() -> Fail {
    Fail::new(ErrorCode::Declined, "nothing was applied")
}

/// Shows what was prepared on stderr, asks, and does exactly that.
pub(super) async fn out(
    context: &CommandContext,
    place: &Platform,
    prepared: Prepared,
    asks: Asks,
    cancel: &CancellationToken,
) -> Result<ExitCode, Fail> {
    show(context, &prepared.plan, asks.quiet);
    if !prepared.plan.has_changes() {
        return conclude(context.json, &[], &[]);
    }
    if !asks.yes && !confirmed()? {
        return decline(context, &prepared.plan, declined());
    }
    let outcomes = prepared.run(&place.engine, place.actor(), cancel).await?;
    conclude(context.json, &outcomes, &[])
}

/// Carries out what leaves the desired state aside, and says what follows from it.
pub(super) async fn replanned(
    context: &CommandContext,
    place: &Platform,
    prepared: Prepared,
    yes: bool,
    follows: impl FnOnce() -> String,
) -> Result<ExitCode, Fail> {
    let changes = prepared.plan.has_changes();
    let cancel = cancel_on_ctrl_c();
    let code = out(context, place, prepared, Asks::with(yes), &cancel).await?;
    if changes && !context.json {
        crate::output::errln!("{}", follows());
    }
    Ok(code)
}

/// Asks whoever sits there.
pub(super) fn confirmed() -> Result<bool, Fail> {
    if !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            ErrorCode::Declined,
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
