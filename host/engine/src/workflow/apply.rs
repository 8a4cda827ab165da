//! `apply`.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::selector::Selection;
use deploycenter_domain::stale::{Verdict, compare};

use super::main_commit::{applied, part_older};
use super::prepared::recover;
use super::{LeftOut, Prepared, WorkflowError};
use crate::{CancellationToken, Engine, PlanOptions, Planned, Refusal, Run};

/// What is to be applied.
#[derive(Debug, Clone, Default)]
pub struct ApplyRequest {
    /// Which targets, where no plan was reviewed.
    pub selection: Selection,
    /// A plan that someone reviewed: its targets, as it was made, or not at all.
    pub reviewed: Option<Plan>,
    /// That what someone else changed is put back.
    pub reclaim: bool,
    /// That nothing happens while any target is left out.
    pub all_or_nothing: bool,
    /// That the desired state needn't be on the remote's main.
    pub allow_dirty: bool,
    /// That targets may go back to an older commit of main.
    pub allow_older: bool,
}

/// Finishes what was interrupted, and makes the plan of what would be done. With it comes
/// what the planning found besides, its targets taken out.
///
/// # Errors
/// When the desired state isn't on main, the reviewed plan isn't this repo's, there is no
/// plan, or it was stopped; with `all_or_nothing` when a target is left out.
pub async fn apply(
    engine: &Engine,
    request: &ApplyRequest,
    cancel: &CancellationToken,
) -> Result<(Prepared, Planned), WorkflowError> {
    let reviewed = request.reviewed.as_ref();
    let selection = match reviewed {
        Some(plan) => {
            made_here(engine, plan)?;
            targets_of(plan)?
        }
        None => request.selection.clone(),
    };
    let run = engine.open_run().await?;
    let head = applied(engine, request.allow_dirty).await?;
    let recovered = recover(engine, &selection, cancel).await?;
    let options = PlanOptions {
        reclaim: request.reclaim,
        ..PlanOptions::default()
    };
    let mut planned = match reviewed {
        None => run.plan(&selection, &options).await?,
        Some(plan) => plan_again(&run, plan, &options).await?,
    };
    let targets = std::mem::take(&mut planned.plan.targets);
    let (targets, mut left_out) = match reviewed {
        None => (targets, Vec::new()),
        Some(plan) => hold_against(plan, targets, &planned.blocked),
    };
    let targets = if request.allow_older {
        targets
    } else {
        let (targets, older) = part_older(engine, targets, head.as_deref()).await?;
        left_out.extend(older);
        targets
    };
    let blocked = planned.blocked.iter();
    left_out.extend(
        blocked
            .filter(|blocked| reviewed.is_none_or(|plan| names(plan, &blocked.target)))
            .map(|blocked| LeftOut::Refusal(blocked.clone())),
    );
    if request.all_or_nothing && !left_out.is_empty() {
        return Err(WorkflowError::AllOrNothing(left_out));
    }
    let plan = Plan::new(
        planned.plan.installation.clone(),
        planned.plan.selectors.clone(),
        with_instances(targets),
    );
    let prepared = Prepared {
        plan,
        recovered,
        left_out,
        main_commit: head,
    };
    Ok((prepared, planned))
}

/// Refuses a plan of another deployment repo.
fn made_here(engine: &Engine, plan: &Plan) -> Result<(), WorkflowError> {
    if plan.installation == engine.installation {
        return Ok(());
    }
    Err(WorkflowError::Foreign {
        theirs: plan.installation.clone(),
        ours: engine.installation.clone(),
    })
}

/// The very targets of a reviewed plan, desired still or not.
fn targets_of(plan: &Plan) -> Result<Selection, WorkflowError> {
    let selection = Selection::of_targets(instances(plan));
    if selection.selectors.is_empty() {
        return Err(WorkflowError::EmptyPlan);
    }
    Ok(selection)
}

/// What a reviewed plan's targets would get now. Those that nobody desires any more aren't
/// planned: [`hold_against`] says so where it matters.
async fn plan_again(
    run: &Run,
    reviewed: &Plan,
    options: &PlanOptions,
) -> Result<Planned, WorkflowError> {
    let desired = instances(reviewed).filter(|target| run.desired().instance(target).is_some());
    let selection = Selection::of_targets(desired);
    if selection.selectors.is_empty() {
        // No selector would mean every target.
        return Ok(Planned::nothing(reviewed.installation.clone()));
    }
    Ok(run.plan(&selection, options).await?)
}

/// The targets of a plan that a selector can name.
fn instances(plan: &Plan) -> impl Iterator<Item = &TargetId> {
    let targets = plan.targets.iter().map(|planned| &planned.target);
    targets.filter(|target| !target.is_shared())
}

fn names(plan: &Plan, target: &TargetId) -> bool {
    plan.targets.iter().any(|planned| planned.target == *target)
}

/// The targets that may be applied as reviewed, and why the others may not.
fn hold_against(
    reviewed: &Plan,
    fresh: Vec<TargetPlan>,
    blocked: &[Refusal],
) -> (Vec<TargetPlan>, Vec<LeftOut>) {
    let fresh: BTreeMap<TargetId, TargetPlan> = fresh
        .into_iter()
        .map(|plan| (plan.target.clone(), plan))
        .collect();
    let mut left_out = Vec::new();
    let mut refused = BTreeSet::new();
    for plan in &reviewed.targets {
        let target = plan.target.clone();
        let verdict = match fresh.get(&target) {
            Some(now) => compare(plan, now),
            // Said beside: it was planned, and is left out now.
            None if blocked.iter().any(|blocked| blocked.target == target) => {
                refused.insert(target);
                continue;
            }
            // It left the desired state, and nothing was to become of it.
            None if !plan.has_changes() => continue,
            None => Verdict::Stale(vec!["the target".to_owned()]),
        };
        refused.insert(target.clone());
        match verdict {
            Verdict::Same => {
                refused.remove(&target);
            }
            Verdict::Stale(what) => left_out.push(LeftOut::Moved { target, what }),
            Verdict::Edited(what) => left_out.push(LeftOut::Edited { target, what }),
        }
    }
    // A shared target that isn't as reviewed takes its instances with it.
    let shared: BTreeSet<_> = refused
        .iter()
        .filter(|target| target.is_shared())
        .map(|target| target.customer().clone())
        .collect();
    let kept = fresh
        .into_values()
        .filter(|plan| {
            names(reviewed, &plan.target)
                && !refused.contains(&plan.target)
                && !shared.contains(plan.target.customer())
        })
        .collect();
    (kept, left_out)
}

/// Leaves out a change of what instances share where none of them is applied: it would be
/// there for nobody.
fn with_instances(mut targets: Vec<TargetPlan>) -> Vec<TargetPlan> {
    let customers: BTreeSet<_> = targets
        .iter()
        .filter(|plan| !plan.target.is_shared())
        .map(|plan| plan.target.customer().clone())
        .collect();
    targets.retain(|plan| !plan.has_changes() || customers.contains(plan.target.customer()));
    targets
}
