//! Many targets' plans at once: those that change alike are shown once, so that a hundred
//! equal changes read as one.

mod similarity;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::{Change, PlannedEffect, TargetPlan};
use serde::Serialize;

use super::effect::{self, Shown};
use super::few;
use super::style::{BOLD, DIM, harmless, paint};
use super::target;
use similarity::{Outline, is_grave};

/// How many of a group's other targets are named.
const NAMED: usize = 3;

/// Targets whose changes are the same apart from their own names.
struct Group<'a> {
    /// The first of them by name, which is shown.
    shown: &'a TargetPlan,
    outline: Outline,
    /// All of them, the shown one too, sorted.
    targets: Vec<&'a TargetId>,
}

/// The groups, the largest first, then by name.
fn groups(plans: &[TargetPlan]) -> Vec<Group<'_>> {
    let mut groups = gather(plans);
    groups.sort_by(|a, b| {
        let sizes = b.targets.len().cmp(&a.targets.len());
        sizes.then_with(|| a.targets.cmp(&b.targets))
    });
    groups
}

/// The targets that change, sorted.
fn changing(plans: &[TargetPlan]) -> Vec<&TargetPlan> {
    let mut changing: Vec<&TargetPlan> = plans.iter().filter(|plan| plan.has_changes()).collect();
    changing.sort_by(|a, b| a.target.cmp(&b.target));
    changing
}

/// The targets that change, those with like outlines together where the first of them
/// stands.
fn gather(plans: &[TargetPlan]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    // Most that differ differ in length already.
    let mut by_length: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for plan in changing(plans) {
        let outline = Outline::of(plan);
        let near = by_length.entry(outline.len()).or_default();
        let like = near
            .iter()
            .copied()
            .find(|group| groups[*group].outline.is_like(&outline));
        if let Some(group) = like {
            groups[group].targets.push(&plan.target);
        } else {
            near.push(groups.len());
            groups.push(Group {
                shown: plan,
                outline,
                targets: vec![&plan.target],
            });
        }
    }
    groups
}

/// How many changing targets are shown one by one.
const HANDFUL: usize = 5;
/// How many lines a target may differ in from the one that is shown for it.
const DIFFERENT: usize = 12;

/// A target that is shown, and those of its shape, each with what differs in it.
struct Shape<'a> {
    shown: &'a TargetPlan,
    /// None where it stands alone, whatever others do.
    outline: Option<Outline>,
    others: Vec<(&'a TargetId, Vec<String>)>,
}

/// The plans of more than a handful of targets: of those that make or change the same
/// things the first is shown, and of each other what differs from it. What removes something
/// or goes at data is shown as it is, and so is what differs in more than a few lines.
/// `None`: there are few enough to show each.
pub(super) fn folded(plans: &[TargetPlan]) -> Option<String> {
    let changing = changing(plans);
    if changing.len() <= HANDFUL {
        return None;
    }
    let mut shapes: Vec<Shape<'_>> = Vec::new();
    for plan in changing {
        let outline = (!is_grave(plan)).then(|| Outline::of(plan));
        let found = shapes.iter_mut().find_map(|shape| {
            let lines = outline
                .as_ref()?
                .differing(shape.outline.as_ref()?, DIFFERENT)?;
            Some((shape, lines))
        });
        if let Some((shape, lines)) = found {
            let lines = lines.into_iter().map(str::to_owned).collect();
            shape.others.push((&plan.target, lines));
            continue;
        }
        shapes.push(Shape {
            shown: plan,
            outline,
            others: Vec::new(),
        });
    }
    let mut out = String::new();
    for shape in shapes {
        target::target(shape.shown, false, &mut out);
        let (alike, differing): (Vec<_>, Vec<_>) = shape
            .others
            .into_iter()
            .partition(|(_, lines)| lines.is_empty());
        let alike: Vec<&TargetId> = alike.into_iter().map(|(target, _)| target).collect();
        if let Some(others) = others(&alike) {
            let _ = writeln!(out, "  {}", paint(BOLD, others));
        }
        for (target, lines) in differing {
            let _ = writeln!(out, "  {}", paint(BOLD, format!("same for {target}, but:")));
            for line in lines {
                let _ = writeln!(out, "      {}", harmless(line.trim_end()));
            }
        }
        out.push('\n');
    }
    Some(out)
}

/// Renders the plans: each group by one of its targets.
pub(crate) fn render(plans: &[TargetPlan]) -> String {
    let mut out = String::new();
    let groups = groups(plans);
    for group in &groups {
        target::heading(group.shown, &mut out);
        target::remarks(group.shown, &mut out);
        for effect in changed(group.shown) {
            let shown = Shown::from(effect);
            // A tree is of one target's own files, and says nothing of the others.
            let shown = if effect.kind.comes_with_files() {
                shown.alone()
            } else {
                shown
            };
            effect::render(shown, &mut out);
        }
        if let Some(others) = others(&group.targets[1..]) {
            let _ = writeln!(out, "  {}", paint(BOLD, others));
        }
        out.push('\n');
    }
    count_line(plans, groups.len(), &mut out);
    out
}

fn changed(plan: &TargetPlan) -> impl Iterator<Item = &PlannedEffect> {
    plan.effects
        .iter()
        .filter(|effect| effect.action != Action::None)
}

fn others(others: &[&TargetId]) -> Option<String> {
    let count = match others.len() {
        0 => return None,
        1 => "1 other".to_owned(),
        count => format!("{count} others"),
    };
    Some(format!("same for {count}: {}", few(others, NAMED)))
}

fn count_line(plans: &[TargetPlan], ways: usize, out: &mut String) {
    let targets = |count: usize| match count {
        1 => "1 target".to_owned(),
        count => format!("{count} targets"),
    };
    let changing = plans.iter().filter(|plan| plan.has_changes()).count();
    let unchanged = plans.len() - changing;
    if changing == 0 {
        let _ = writeln!(out, "Nothing to do: {} as wanted.", targets(unchanged));
        return;
    }
    let count = |action: Action| {
        let effects = plans.iter().flat_map(|plan| &plan.effects);
        effects.filter(|effect| effect.action == action).count()
    };
    let ways = match (changing, ways) {
        (1, _) => String::new(),
        (_, 1) => ", all alike".to_owned(),
        (_, ways) => format!(" in {ways} ways"),
    };
    let verb = if changing == 1 { "changes" } else { "change" };
    let _ = writeln!(
        out,
        "{} {verb}{ways}: {} to create, {} to update, {} to delete.",
        paint(BOLD, targets(changing)),
        count(Action::Create),
        count(Action::Update),
        count(Action::Delete),
    );
    if unchanged > 0 {
        let line = format!("{} without changes.", targets(unchanged));
        let _ = writeln!(out, "{}", paint(DIM, line));
    }
}

/// The groups as data.
#[derive(Serialize)]
struct GroupedReport<'a> {
    format: u32,
    groups: Vec<GroupRow<'a>>,
    /// Targets without changes, sorted.
    unchanged: Vec<&'a TargetId>,
}

#[derive(Serialize)]
struct GroupRow<'a> {
    /// Sorted; the effects are those of the first.
    targets: Vec<&'a TargetId>,
    effects: Vec<EffectRow<'a>>,
}

#[derive(Serialize)]
struct EffectRow<'a> {
    id: &'a EffectId,
    kind: EffectKind,
    name: &'a str,
    action: Action,
    changes: &'a [Change],
}

/// `{"format":1,"groups":[{"targets":[…],"effects":[…]}],"unchanged":[…]}`, over several
/// lines, ended.
pub(crate) fn json(plans: &[TargetPlan]) -> String {
    let groups = groups(plans).into_iter().map(|group| GroupRow {
        effects: changed(group.shown)
            .map(|effect| EffectRow {
                id: &effect.id,
                kind: effect.kind,
                name: &effect.name,
                action: effect.action,
                changes: &effect.changes,
            })
            .collect(),
        targets: group.targets,
    });
    let mut unchanged: Vec<&TargetId> = plans
        .iter()
        .filter(|plan| !plan.has_changes())
        .map(|plan| &plan.target)
        .collect();
    unchanged.sort();
    super::json(&GroupedReport {
        format: super::FORMAT,
        groups: groups.collect(),
        unchanged,
    })
}

#[cfg(test)]
mod tests;
