//! What `destroy` and `purge` have in common: shown, confirmed by name, carried out.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::process::ExitCode;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::workflow::{self, Prepared, PreparedRemoval, RemovalRequest};
use deploycenter_engine::{CancellationToken, ErrorCode, Limits};

use super::outcome::{conclude, unless_stopped};
use super::{CommandContext, cancel_on_ctrl_c, confirm_and_deploy};
use crate::fail::Fail;

/// Shows what goes, wants each target's name, and removes them.
pub(super) async fn run(
    context: &CommandContext,
    request: RemovalRequest,
    confirmed: &[TargetId],
) -> Result<ExitCode, Fail> {
    let confirmed: BTreeSet<TargetId> = confirmed.iter().cloned().collect();
    if let Some(other) = confirmed.difference(&request.removal.targets()).next() {
        return Err(Fail::usage(format!(
            "--confirm {other}: that isn't what is to be removed"
        )));
    }
    let (place, busy) = context.open_to_plan(Limits::default()).await?;
    let cancel = cancel_on_ctrl_c(&context.progress);
    let removal = workflow::remove(&place.engine, &request, &cancel).await;
    let PreparedRemoval {
        prepared,
        to_confirm,
    } = unless_stopped(context.json, removal)?;
    drop(busy);
    // Else what had been interrupted did it all, and was told.
    if !to_confirm.is_empty() {
        confirm_and_deploy::show(context, &prepared.plan, false);
    }
    if !prepared.plan.has_changes() {
        return conclude(context.json, &prepared.recovered, &[]);
    }
    for target in to_confirm.difference(&confirmed) {
        if let Err(fail) = ask_for(target, &prepared, &cancel).await {
            return confirm_and_deploy::decline(context, &prepared.plan, fail);
        }
    }
    let outcomes = prepared.run(&place.engine, place.actor(), &cancel).await;
    let outcomes = unless_stopped(context.json, outcomes)?;
    conclude(context.json, &outcomes, &[])
}

/// Wants a target's name typed.
async fn ask_for(
    target: &TargetId,
    prepared: &Prepared,
    cancel: &CancellationToken,
) -> Result<(), Fail> {
    if !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            ErrorCode::Unconfirmed,
            format!("the removal of {target} isn't confirmed, and nothing was removed"),
        )
        .help(format!("confirm it by name: --confirm {target}")));
    }
    crate::output::err!("Remove this? Type its name, {target}: ");
    let answer = confirm_and_deploy::typed(prepared, cancel).await?;
    if answer.trim() == target.to_string() {
        Ok(())
    } else {
        Err(Fail::new(
            ErrorCode::Unconfirmed,
            "that isn't its name, and nothing was removed",
        ))
    }
}
