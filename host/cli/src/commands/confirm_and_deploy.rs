//! Carrying out what a workflow prepared: shown, confirmed, done, told.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use deploycenter_domain::plan::Plan;
use deploycenter_engine::workflow::{Prepared, WorkflowError};
use deploycenter_engine::{CancellationToken, ErrorCode};
use deploycenter_platform::Platform;

use super::outcome::{conclude, unless_stopped};
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
    show_beside(context, plan, 0, quiet);
}

/// The same, where so many targets beside those of the plan are left out.
pub(super) fn show_beside(context: &CommandContext, plan: &Plan, left_out: usize, quiet: bool) {
    if context.json {
        return;
    }
    let shown = if quiet && plan.has_changes() {
        output::plan::summary_line(plan)
    } else {
        output::plan::render(plan, left_out, false)
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
        return conclude(context.json, &prepared.recovered, &[]);
    }
    if !asks.yes && !confirmed(&prepared, cancel).await? {
        return decline(context, &prepared.plan, declined());
    }
    let outcomes = prepared.run(&place.engine, place.actor(), cancel).await;
    let outcomes = unless_stopped(context.json, outcomes)?;
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
    let cancel = cancel_on_ctrl_c(&context.progress);
    let code = out(context, place, prepared, Asks::with(yes), &cancel).await?;
    if changes && !context.json {
        crate::output::errln!("{}", follows());
    }
    Ok(code)
}

/// Asks whoever sits there.
pub(super) async fn confirmed(
    prepared: &Prepared,
    cancel: &CancellationToken,
) -> Result<bool, Fail> {
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
    Ok(typed(prepared, cancel).await?.trim() == "yes")
}

/// The line that whoever sits there types before `prepared` is run. Ctrl-C is an answer
/// too: nothing of it begins.
pub(super) async fn typed(prepared: &Prepared, cancel: &CancellationToken) -> Result<String, Fail> {
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own, which goes down with the process: the runtime's end would wait
    // for one of its own threads until someone types.
    std::thread::Builder::new()
        .spawn(move || {
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            // After Ctrl-C nobody listens any more.
            let _ = tell.send(read.map(|_| line));
        })
        .map_err(anyhow::Error::from)?;
    match cancel.run_until_cancelled(told).await {
        Some(read) => {
            let read = read.map_err(anyhow::Error::from)?;
            Ok(read.map_err(anyhow::Error::from)?)
        }
        None => Err(WorkflowError::Stopped(prepared.recovered.clone()).into()),
    }
}
