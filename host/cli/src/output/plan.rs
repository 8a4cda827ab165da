//! A plan as a person reviews it: one tree per target, changed keys only.

use std::fmt::Write as _;

use deploycenter_domain::plan::{Plan, Remark, TargetPlan};

use super::style::{BOLD, CAREFUL, paint};
use super::target::{heading, remarked, target};
use super::{count, few, grouped};

/// How many targets a line names.
const NAMED: usize = 5;

/// Renders a plan. Targets and effects without changes are only counted, and of more than a
/// handful of targets each shape is shown once, unless `verbose`. `left_out`: how many
/// targets beside those of the plan are left out.
pub(crate) fn render(plan: &Plan, left_out: usize, verbose: bool) -> String {
    let folded = if verbose {
        None
    } else {
        grouped::folded(&plan.targets)
    };
    let mut out = folded.unwrap_or_else(|| one_by_one(&plan.targets, verbose));
    if !verbose {
        out.push_str(&of_now(&plan.targets));
    }
    count_line(plan, left_out, verbose, &mut out);
    out
}

fn one_by_one(targets: &[TargetPlan], verbose: bool) -> String {
    let mut out = String::new();
    for plan in targets.iter().filter(|plan| verbose || plan.has_changes()) {
        target(plan, verbose, &mut out);
        out.push('\n');
    }
    out
}

/// What leads people elsewhere now, of targets that don't change.
fn of_now(targets: &[TargetPlan]) -> String {
    let mut out = String::new();
    for plan in targets.iter().filter(|plan| !plan.has_changes()) {
        let of_now: Vec<&Remark> = plan.remarks.iter().filter(|it| it.is_of_now()).collect();
        if of_now.is_empty() {
            continue;
        }
        heading(plan, &mut out);
        for remark in of_now {
            remarked(remark, &mut out);
        }
        out.push('\n');
    }
    out
}

fn count_line(plan: &Plan, left_out: usize, verbose: bool, out: &mut String) {
    let unchanged = plan
        .targets
        .iter()
        .filter(|target| !target.has_changes())
        .count();
    let summary = plan.summary;
    if !plan.has_changes() {
        let wanted = count(unchanged, "target");
        let _ = if left_out == 0 {
            let effects = count(summary.none, "effect");
            writeln!(out, "Nothing to do: {wanted} as wanted ({effects}).")
        } else {
            // Nothing to do is not what a target that is left out has.
            let left_out = count(left_out, "target");
            writeln!(
                out,
                "Nothing to apply: {wanted} as wanted, {left_out} left out."
            )
        };
        return;
    }
    if unchanged > 0 && !verbose {
        let _ = writeln!(out, "{} without changes.", count(unchanged, "target"));
    }
    out.push_str(&summary_line(plan));
}

/// The last lines alone: how many effects of each action, and of which targets that
/// change there is more to know.
pub(crate) fn summary_line(plan: &Plan) -> String {
    let summary = &plan.summary;
    let mut lines = format!(
        "{} {} to create, {} to update, {} to delete, {} unchanged.\n",
        paint(BOLD, "Plan:"),
        summary.create,
        summary.update,
        summary.delete,
        summary.none
    );
    let remarked: Vec<_> = plan
        .targets
        .iter()
        .filter(|target| target.has_changes() && !target.remarks.is_empty())
        .map(|target| &target.target)
        .collect();
    if !remarked.is_empty() {
        // A fleet's plan has thousands of lines, and a remark stands in their midst.
        let _ = writeln!(
            lines,
            "{} read the remarks on {}",
            paint(CAREFUL, '!'),
            few(remarked, NAMED)
        );
    }
    lines
}

#[cfg(test)]
mod tests;
