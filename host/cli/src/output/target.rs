//! One target of a plan.

use std::fmt::Write as _;

use deploycenter_domain::effect::Action;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Remark, TargetPlan};

use super::effect;
use super::style::{BOLD, CAREFUL, DIM, harmless, paint};

/// One target: what it is, what a person should know, and its effects.
pub(super) fn target(plan: &TargetPlan, verbose: bool, out: &mut String) {
    heading(plan, out);
    remarks(plan, out);
    for effect in plan
        .effects
        .iter()
        .filter(|effect| verbose || effect.action != Action::None)
    {
        effect::render(effect.into(), out);
    }
}

/// Which target, where, and what for.
pub(super) fn heading(target: &TargetPlan, out: &mut String) {
    let mut about = target.region.to_string();
    if let Some(app) = &target.app {
        let _ = write!(about, ", {app}");
    }
    if target.operation.is_removal() || target.operation == Operation::Revive {
        let _ = write!(about, ", {}", target.operation.as_str());
    } else if target.is_first() {
        about.push_str(", first deployment");
    }
    if target.incarnation.0 > 1 || target.operation == Operation::Purge {
        let _ = write!(about, ", incarnation {}", target.incarnation);
    }
    let _ = writeln!(
        out,
        "{} {}",
        paint(BOLD, &target.target),
        paint(DIM, format!("({about})"))
    );
}

/// What a person should know before a target is applied.
pub(super) fn remarks(target: &TargetPlan, out: &mut String) {
    for remark in &target.remarks {
        remarked(remark, out);
    }
}

/// One remark, with what to do.
pub(super) fn remarked(remark: &Remark, out: &mut String) {
    let _ = writeln!(
        out,
        "  {} {}",
        paint(CAREFUL, '!'),
        harmless(&remark.message)
    );
    if let Some(help) = &remark.help {
        let _ = writeln!(out, "    {} {}", paint(BOLD, "help:"), harmless(help));
    }
}
