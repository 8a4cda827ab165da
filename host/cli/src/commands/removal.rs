//! What `destroy` and `purge` have in common: shown, confirmed by name, carried out.

use std::collections::BTreeSet;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::Plan;
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_engine::{Engine, Limits, Outcome, PlanError};
use deploycenter_ports::Note;

use super::apply::{check_main, take_up};
use super::{Shared, cancel_on_ctrl_c, carry, conclude};
use crate::fail::Fail;
use crate::local;
use crate::output::progress::LiveProgress;
use crate::wiring::{self, Workplace};

/// The code of a removal that nobody confirmed.
const UNCONFIRMED: &str = "unconfirmed";

/// What is to go, and whether someone meant it.
pub(super) struct Removal {
    pub(super) targets: BTreeSet<TargetId>,
    pub(super) confirmed: BTreeSet<TargetId>,
    pub(super) allow_dirty: bool,
}

/// Shows what goes, wants each target's name, and removes them.
pub(super) async fn run(
    shared: &Shared,
    removal: Removal,
    plan: impl AsyncFnOnce(&Engine, &BTreeSet<TargetId>) -> Result<Plan, PlanError>,
) -> Result<ExitCode, Fail> {
    if let Some(other) = removal.confirmed.difference(&removal.targets).next() {
        return Err(Fail::usage(format!(
            "--confirm {other}: that isn't what is to be removed"
        )));
    }
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), progress).await?;
    let head = check_main(&place, removal.allow_dirty).await?;
    let cancel = cancel_on_ctrl_c();
    // A removal that was interrupted goes on, whoever asks for it again.
    let recovered = take_up(&place, &selection(&removal.targets)?, &cancel).await?;
    let gone = removed(&place, &recovered).await?;
    let left: BTreeSet<TargetId> = removal.targets.difference(&gone).cloned().collect();
    if left.is_empty() || cancel.is_asked() {
        return conclude(shared.json, &recovered, &BTreeSet::new(), Vec::new(), "");
    }
    let plan = plan(&place.engine, &left).await?;
    carry::show(shared, &plan, false);
    if !plan.has_changes() {
        return conclude(shared.json, &recovered, &BTreeSet::new(), Vec::new(), "");
    }
    for target in left.difference(&removal.confirmed) {
        ask_for(target).or_else(|fail| carry::decline(shared, &plan, fail))?;
    }
    let note = Note {
        actor: local::actor(place.repo.identity()),
        main_commit: head,
    };
    let outcomes = place.engine.deploy(plan.targets, &note, &cancel).await?;
    conclude(shared.json, &outcomes, &BTreeSet::new(), Vec::new(), "")
}

/// The targets themselves.
pub(super) fn selection<'a>(
    targets: impl IntoIterator<Item = &'a TargetId>,
) -> Result<Selection, Fail> {
    let selectors = targets.into_iter().map(|target| {
        let text = if target.is_shared() {
            target.customer().to_string()
        } else {
            target.to_string()
        };
        Selector::parse(&text).map_err(|error| Fail::usage(error.to_string()))
    });
    Ok(Selection {
        selectors: selectors.collect::<Result<_, _>>()?,
        ..Selection::default()
    })
}

/// The targets of removals that were taken up and are done.
async fn removed(place: &Workplace, outcomes: &[Outcome]) -> Result<BTreeSet<TargetId>, Fail> {
    let mut gone = BTreeSet::new();
    for outcome in outcomes
        .iter()
        .filter(|outcome| outcome.status == Status::Succeeded)
    {
        let record = place.engine.store.deployment(&outcome.deployment).await?;
        if record.is_some_and(|record| record.deployment.plan.operation.is_removal()) {
            gone.insert(outcome.target.clone());
        }
    }
    Ok(gone)
}

/// Wants a target's name typed.
fn ask_for(target: &TargetId) -> Result<(), Fail> {
    if !std::io::stdin().is_terminal() {
        return Err(Fail::new(
            UNCONFIRMED,
            format!("the removal of {target} isn't confirmed, and nothing was removed"),
        )
        .help(format!("confirm it by name: --confirm {target}")));
    }
    crate::output::err!("Remove this? Type its name, {target}: ");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(anyhow::Error::from)?;
    if answer.trim() == target.to_string() {
        Ok(())
    } else {
        Err(Fail::new(
            UNCONFIRMED,
            "that isn't its name, and nothing was removed",
        ))
    }
}
