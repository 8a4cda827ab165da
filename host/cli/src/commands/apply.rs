//! `apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::problem::Problem;
use deploycenter_domain::saved::{self, SavedError};
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_domain::stale::{Verdict, compare};
use deploycenter_engine::{Blocked, Cancel, Limits, Outcome, Planned, TakeUp, Wishes};
use deploycenter_ports::{Note, Repository as _};

use super::{Shared, cancel_on_ctrl_c, carry, conclude, plan, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::local;
use crate::output::{self, progress::LiveProgress};
use crate::wiring::{self, Workplace};

/// How to go about it.
pub(super) struct How {
    pub(super) yes: bool,
    pub(super) all_or_nothing: bool,
    pub(super) allow_dirty: bool,
    pub(super) allow_older: bool,
    pub(super) reclaim: bool,
    pub(super) max_parallel: u16,
    pub(super) quiet: bool,
}

pub(super) async fn run(
    shared: &Shared,
    said: &Selectors,
    reviewed: Option<&Path>,
    how: &How,
) -> Result<ExitCode, Fail> {
    let reviewed = reviewed.map(read).transpose()?;
    let selection = match &reviewed {
        Some(plan) => targets_of(plan)?,
        None => selection(said)?,
    };
    let limits = Limits {
        targets: usize::from(how.max_parallel),
        ..Limits::default()
    };
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), limits, progress).await?;
    if let Some(plan) = &reviewed {
        made_here(plan, &place)?;
    }
    let head = check_main(&place, how.allow_dirty).await?;
    let cancel = cancel_on_ctrl_c();

    let recovered = take_up(&place, &selection, &cancel).await?;
    if !recovered.is_empty() && cancel.is_asked() {
        return conclude(shared.json, &recovered, &BTreeSet::new(), Vec::new(), "");
    }
    let wishes = Wishes {
        reclaim: how.reclaim,
        ..Wishes::default()
    };
    let planned = place.engine.plan(&selection, &wishes).await?;
    let (targets, refused) = match &reviewed {
        None => (planned.plan.targets.clone(), Vec::new()),
        Some(plan) => hold_against(plan, &planned),
    };
    let (targets, older) = if how.allow_older {
        (targets, Vec::new())
    } else {
        in_order(&place, targets, head.as_deref()).await?
    };
    let targets = with_instances(targets);
    let left_out = left_out(reviewed.as_ref(), &planned);
    let code = if refused
        .iter()
        .any(|problem| problem.message.contains("was edited"))
    {
        "plan-edited"
    } else if !refused.is_empty() {
        "plan-stale"
    } else if !older.is_empty() {
        "older-commit"
    } else {
        left_out.first().map_or("", |blocked| blocked.code)
    };
    let mut problems = refused;
    problems.extend(older);
    problems.extend(left_out.iter().map(|blocked| blocked.problem()));
    if how.all_or_nothing && !problems.is_empty() {
        return Err(Fail::problems(
            code,
            "the reviewed plan doesn't hold any more, and nothing was applied",
            problems,
        ));
    }
    let doing = Plan::new(
        planned.plan.installation.clone(),
        planned.plan.selectors.clone(),
        targets,
    );
    if !shared.json && reviewed.is_none() {
        let shown = if how.quiet && doing.has_changes() {
            output::plan::summary_line(&doing)
        } else {
            output::plan::render(&doing, false)
        };
        crate::output::err!("{shown}");
        plan::remarks(&place, &planned).await?;
    }
    if !doing.has_changes() {
        if !shared.json && reviewed.is_some() && problems.is_empty() {
            crate::output::errln!("Nothing to do.");
        }
        return conclude(shared.json, &recovered, &BTreeSet::new(), problems, code);
    }
    if reviewed.is_none() && !how.yes && !carry::confirmed()? {
        return Err(carry::declined());
    }
    let note = Note {
        actor: local::actor(place.repo.identity()),
        main_commit: head,
    };
    let outcomes = place.engine.deploy(doing.targets, &note, &cancel).await?;
    conclude(shared.json, &outcomes, &BTreeSet::new(), problems, code)
}

/// Ends what a dead process left, before anything else: a plan is made on settled ground.
pub(super) async fn take_up(
    place: &Workplace,
    selection: &Selection,
    cancel: &Cancel,
) -> Result<Vec<Outcome>, Fail> {
    let recovered = place
        .engine
        .resume(
            TakeUp::Interrupted,
            |target| selection.touches(target),
            cancel,
        )
        .await?;
    if !recovered.is_empty() {
        crate::output::errln!(
            "Took up what had been interrupted: {}.",
            super::count(recovered.len(), "deployment")
        );
    }
    Ok(recovered)
}

/// The largest plan file that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// Reads a saved plan.
fn read(path: &Path) -> Result<Plan, Fail> {
    let shown = path.display();
    let text = deploycenter_private::read_regular(path, LARGEST).map_err(|error| {
        Fail::new("failed", format!("{shown} can't be read: {error}"))
            .help("name a file that was saved with: deploycenter plan --out FILE")
    })?;
    saved::read(&text).map_err(|error| match error {
        SavedError::Unreadable {
            message,
            line,
            column,
        } => {
            let place = |number| u32::try_from(number).unwrap_or(u32::MAX);
            let problem = Problem::new(message)
                .in_file(shown.to_string())
                .at(place(line), place(column))
                .help("make it anew with: deploycenter plan --out FILE");
            Fail::problems(
                "plan-unreadable",
                format!("{shown} is no plan of this version"),
                vec![problem],
            )
        }
        SavedError::Format(_) => Fail::new("plan-unreadable", format!("{shown}: {error}"))
            .help("make it anew with: deploycenter plan --out FILE"),
        SavedError::Edited(_) => Fail::new(
            "plan-edited",
            format!("{shown}: {error}; nothing was applied"),
        )
        .help("a plan is applied as it was made; change the desired state and plan again"),
    })
}

/// Refuses a plan of another deployment repo.
fn made_here(plan: &Plan, place: &Workplace) -> Result<(), Fail> {
    let here = &place.desired.settings.installation;
    if plan.installation == *here {
        return Ok(());
    }
    Err(Fail::new(
        "plan-foreign",
        format!(
            "the plan was made for the installation {}, and this repo's is {here}; nothing was applied",
            plan.installation
        ),
    )
    .help("apply it in the deployment repo that it was made in (-C names one)"))
}

/// The very targets of a saved plan.
fn targets_of(plan: &Plan) -> Result<Selection, Fail> {
    let selectors: Result<Vec<Selector>, _> = plan
        .targets
        .iter()
        .filter(|target| !target.target.is_shared())
        .map(|target| Selector::parse(&target.target.to_string()))
        .collect();
    let selectors = selectors.map_err(|error| Fail::new("plan-unreadable", error.to_string()))?;
    if selectors.is_empty() {
        return Err(Fail::new("plan-unreadable", "the plan holds no target"));
    }
    Ok(Selection {
        selectors,
        ..Selection::default()
    })
}

/// The targets that may be applied as reviewed, and why the others may not.
fn hold_against(reviewed: &Plan, planned: &Planned) -> (Vec<TargetPlan>, Vec<Problem>) {
    let fresh: BTreeMap<TargetId, TargetPlan> = planned
        .plan
        .targets
        .iter()
        .cloned()
        .map(|plan| (plan.target.clone(), plan))
        .collect();
    let mut problems = Vec::new();
    let mut refused = BTreeSet::new();
    for plan in &reviewed.targets {
        let verdict = match fresh.get(&plan.target) {
            Some(now) => compare(plan, now),
            // Said beside: it was planned, and is left out now.
            None if is_blocked(planned, &plan.target) => {
                refused.insert(plan.target.clone());
                continue;
            }
            None => Verdict::Stale(vec!["the target".to_owned()]),
        };
        let problem = match verdict {
            Verdict::Same => continue,
            Verdict::Stale(what) => Problem::new(format!(
                "{}: moved since the plan was made: {}",
                plan.target,
                what.join("; ")
            ))
            .help("look at a new plan: deploycenter plan"),
            Verdict::Edited(what) => Problem::new(format!(
                "{}: the plan file was edited: {}",
                plan.target,
                what.join(", ")
            ))
            .help("a plan is applied as it was made; change the desired state and plan again"),
        };
        problems.push(problem);
        refused.insert(plan.target.clone());
    }
    // A shared target that isn't as reviewed takes its instances with it.
    let shared: BTreeSet<_> = refused
        .iter()
        .filter(|target| target.is_shared())
        .map(|target| target.customer().clone())
        .collect();
    let known: BTreeSet<&TargetId> = reviewed.targets.iter().map(|plan| &plan.target).collect();
    let kept = fresh
        .into_values()
        .filter(|plan| {
            known.contains(&plan.target)
                && !refused.contains(&plan.target)
                && !shared.contains(plan.target.customer())
        })
        .collect();
    (kept, problems)
}

fn is_blocked(planned: &Planned, target: &TargetId) -> bool {
    planned
        .blocked
        .iter()
        .any(|blocked| blocked.target == *target)
}

/// Why targets aren't applied that would be: of a reviewed plan, those in it.
fn left_out<'a>(reviewed: Option<&Plan>, planned: &'a Planned) -> Vec<&'a Blocked> {
    planned
        .blocked
        .iter()
        .filter(|blocked| {
            reviewed.is_none_or(|plan| {
                plan.targets
                    .iter()
                    .any(|target| target.target == blocked.target)
            })
        })
        .collect()
}

/// Leaves out what instances share where none of them is applied: it would be there for
/// nobody.
fn with_instances(mut targets: Vec<TargetPlan>) -> Vec<TargetPlan> {
    let customers: BTreeSet<_> = targets
        .iter()
        .filter(|plan| !plan.target.is_shared())
        .map(|plan| plan.target.customer().clone())
        .collect();
    targets.retain(|plan| customers.contains(plan.target.customer()));
    targets
}

/// The desired state that is applied is the one that others can see.
pub(super) async fn check_main(
    place: &Workplace,
    allow_dirty: bool,
) -> Result<Option<String>, Fail> {
    if allow_dirty {
        return Ok(place.repo.head());
    }
    let state = place.repo.main_state().await?;
    if !state.dirty.is_empty() {
        let problems = state
            .dirty
            .iter()
            .map(|file| Problem::new("isn't committed").in_file(file))
            .collect();
        return Err(Fail::problems(
            "dirty",
            "the desired state isn't committed, and nothing was applied",
            problems,
        )
        .help("commit and push it, or apply it from a laptop with --allow-dirty"));
    }
    let Some(head) = state.head else {
        return Err(Fail::new("dirty", "the deployment repo has no commit yet")
            .help("commit and push the desired state"));
    };
    if !state.pushed {
        let main = place.repo.main_branch();
        return Err(Fail::new(
            "unpushed",
            format!("the checked-out commit isn't on the remote's {main}, and nothing was applied"),
        )
        .help("push it, or apply it from a laptop with --allow-dirty"));
    }
    Ok(Some(head))
}

/// Leaves out targets that a newer commit of main was applied to.
pub(super) async fn in_order(
    place: &Workplace,
    targets: Vec<TargetPlan>,
    head: Option<&str>,
) -> Result<(Vec<TargetPlan>, Vec<Problem>), Fail> {
    let Some(head) = head else {
        return Ok((targets, Vec::new()));
    };
    let last: BTreeMap<TargetId, String> = place
        .engine
        .store
        .targets()
        .await?
        .into_iter()
        .filter_map(|record| Some((record.target, record.main_commit?)))
        .collect();
    let mut kept = Vec::new();
    let mut problems = Vec::new();
    for plan in targets {
        let older = match last.get(&plan.target).filter(|_| plan.has_changes()) {
            Some(commit) if commit != head => !place.repo.is_ancestor(commit, head).await?,
            _ => false,
        };
        if older {
            problems.push(
                Problem::new(format!(
                    "{}: a newer commit of main was applied to it already",
                    plan.target
                ))
                .help("pull main and apply again, or insist with --allow-older"),
            );
        } else {
            kept.push(plan);
        }
    }
    Ok((kept, problems))
}
