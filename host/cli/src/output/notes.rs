//! What a person should know beside a plan, on stderr.

use std::collections::BTreeMap;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Planned, Refusal, RefusalCode, UnfinishedDeployment};
use deploycenter_ports::Holder;

use super::few;
use super::style::{BOLD, harmless, paint};
use crate::words;

/// How many targets a line names.
const NAMED: usize = 5;

/// Why targets aren't in the plan, each with its way out; those that one process is at work
/// on in one line.
pub(crate) fn left_out(planned: &Planned) {
    let at_work = |blocked: &Refusal| {
        let unfinished = planned.unfinished.iter();
        let of = unfinished.filter(|it| it.target == blocked.target);
        of.filter_map(|it| it.holder.as_ref()).next()
    };
    let mut held: BTreeMap<String, Vec<&Refusal>> = BTreeMap::new();
    for blocked in &planned.blocked {
        match at_work(blocked).filter(|_| blocked.code == RefusalCode::Locked) {
            Some(holder) => held.entry(holder.to_string()).or_default().push(blocked),
            None => one(blocked),
        }
    }
    for (holder, blocked) in held {
        match blocked.as_slice() {
            [alone] => one(alone),
            many => {
                let targets = many.iter().map(|blocked| &blocked.target);
                line(
                    RefusalCode::Locked,
                    &names(targets.collect()),
                    &format!("{holder} is at work on them"),
                    "wait until it is done; should it be interrupted, it goes on with: deploycenter resume",
                );
            }
        }
    }
}

fn one(blocked: &Refusal) {
    line(
        blocked.code,
        &blocked.target.to_string(),
        &blocked.message,
        &words::advice(&blocked.help),
    );
}

fn line(code: RefusalCode, targets: &str, message: &str, help: &str) {
    super::errln!(
        "Left out ({code}): {targets}: {}\n    {} {}",
        harmless(message),
        paint(BOLD, "help:"),
        harmless(help)
    );
}

/// What is unfinished, held, no longer desired, or waits for newer pins.
pub(crate) fn tell(planned: &Planned) {
    let blocked = |target: &TargetId| planned.blocked.iter().any(|it| it.target == *target);
    let beside = planned.unfinished.iter();
    unfinished(beside.filter(|it| !blocked(&it.target)).collect());
    for (target, hold) in planned.held.iter().filter(|(target, _)| !blocked(target)) {
        super::errln!(
            "Note: {target} is held by {} ({}), and nothing waits for it; `deploycenter release {target}` ends that.",
            harmless(&hold.by),
            harmless(&hold.reason)
        );
    }
    match planned.pending_removal.as_slice() {
        [] => {}
        [one] => super::errln!(
            "Note: no longer desired, and left running: {one}. `deploycenter destroy {one} --confirm {one}` removes it."
        ),
        many => {
            let names: Vec<String> = many.iter().map(ToString::to_string).collect();
            super::errln!(
                "Note: no longer desired, and left running: {}. `deploycenter destroy TARGET --confirm TARGET` removes one.",
                names.join(", ")
            );
        }
    }
    match planned.updates_waiting.as_slice() {
        [] => {}
        [one] => super::errln!(
            "Note: {one} is pinned; a newer plugin or newer overrides wait for it, and `deploycenter sync` moves it."
        ),
        many => super::errln!(
            "Note: {} targets are pinned; a newer plugin or newer overrides wait for them, and `deploycenter sync` moves them.",
            many.len()
        ),
    }
}

/// Who is at work on what, a line for each process; and what nobody works on.
fn unfinished(beside: Vec<&UnfinishedDeployment>) {
    let mut at_work: BTreeMap<Option<String>, Vec<&UnfinishedDeployment>> = BTreeMap::new();
    for one in beside {
        let holder = one.holder.as_ref().map(Holder::to_string);
        at_work.entry(holder).or_default().push(one);
    }
    for (holder, deployments) in at_work {
        let targets = deployments.iter().map(|one| &one.target).collect();
        match (holder, deployments.as_slice()) {
            (Some(holder), _) => {
                super::errln!(
                    "Note: at work on {}: {}.",
                    names(targets),
                    harmless(&holder)
                );
            }
            (
                None,
                [
                    UnfinishedDeployment {
                        target, deployment, ..
                    },
                ],
            ) => super::errln!(
                "Note: {target} has an unfinished deployment ({deployment}); `deploycenter resume {target}` ends it."
            ),
            (None, _) => super::errln!(
                "Note: {} have unfinished deployments that nobody works on; `deploycenter resume` ends them.",
                names(targets)
            ),
        }
    }
}

/// `acme/odoo`, or `36 targets (acme/odoo, … and 31 more)`.
fn names(targets: Vec<&TargetId>) -> String {
    if let [one] = targets[..] {
        return one.to_string();
    }
    format!("{} targets ({})", targets.len(), few(&targets, NAMED))
}
