//! A plan as a person reviews it: one tree per target, changed keys only.

use std::fmt::Write as _;

use deploycenter_domain::effect::{Action, EffectKind, OutputName};
use deploycenter_domain::plan::{Change, Plan, PlannedEffect, TargetPlan};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{BAD, BOLD, DIM, GOOD, PLACE, harmless, paint, sign};

/// What stands for a value that only applying makes known.
const UNKNOWN: &str = "(known after apply)";

/// Renders a plan. Targets and effects without changes are only counted, unless `verbose`.
pub(crate) fn render(plan: &Plan, verbose: bool) -> String {
    let mut out = String::new();
    for target in plan
        .targets
        .iter()
        .filter(|target| verbose || target.has_changes())
    {
        heading(target, &mut out);
        for effect in target
            .effects
            .iter()
            .filter(|effect| verbose || effect.action != Action::None)
        {
            render_effect(effect, &mut out);
        }
        out.push('\n');
    }
    count_line(plan, verbose, &mut out);
    out
}

fn heading(target: &TargetPlan, out: &mut String) {
    let mut about = target.region.to_string();
    if let Some(app) = &target.app {
        let _ = write!(about, ", {app}");
    }
    if target.is_first() {
        about.push_str(", first deployment");
    }
    if target.incarnation.0 > 1 {
        let _ = write!(about, ", incarnation {}", target.incarnation);
    }
    let _ = writeln!(
        out,
        "{} {}",
        paint(BOLD, &target.target),
        paint(DIM, format!("({about})"))
    );
}

fn count_line(plan: &Plan, verbose: bool, out: &mut String) {
    let targets = |count: usize| {
        if count == 1 {
            "1 target".to_owned()
        } else {
            format!("{count} targets")
        }
    };
    let unchanged = plan
        .targets
        .iter()
        .filter(|target| !target.has_changes())
        .count();
    let summary = plan.summary;
    if !plan.has_changes() {
        let _ = writeln!(
            out,
            "Nothing to do: {} as wanted ({} effects).",
            targets(unchanged),
            summary.none
        );
        return;
    }
    if unchanged > 0 && !verbose {
        let _ = writeln!(out, "{} without changes.", targets(unchanged));
    }
    out.push_str(&summary_line(plan));
}

/// The last line alone: how many effects of each action.
pub(crate) fn summary_line(plan: &Plan) -> String {
    let summary = &plan.summary;
    format!(
        "{} {} to create, {} to update, {} to delete, {} unchanged.\n",
        paint(BOLD, "Plan:"),
        summary.create,
        summary.update,
        summary.delete,
        summary.none
    )
}

fn render_effect(effect: &PlannedEffect, out: &mut String) {
    let (mark, style) = sign(effect.action);
    let known = effect
        .outputs
        .get(&OutputName::Id)
        .map(|id| paint(DIM, format!(" ({})", harmless(id))));
    let mut head = format!(
        "  {} {}{}",
        paint(style, mark),
        effect.id,
        known.unwrap_or_default()
    );
    let new_text = match &effect.changes[..] {
        changes if effect.kind == EffectKind::File && effect.action == Action::Create => changes
            .iter()
            .find(|change| change.path == "content")
            .and_then(|change| change.after.as_str()),
        _ => None,
    };
    if let Some(text) = new_text {
        let lines = text.lines().count();
        let _ = write!(
            head,
            " {}",
            paint(
                DIM,
                format!("({lines} line{})", if lines == 1 { "" } else { "s" })
            )
        );
    }
    out.push_str(&head);
    out.push('\n');
    // A new file is in the plan's JSON and in what `render` prints; a removed thing has
    // no keys that change.
    if new_text.is_none() && effect.action != Action::Delete {
        for change in &effect.changes {
            render_change(change, out);
        }
    }
}

fn render_change(change: &Change, out: &mut String) {
    if let (Some(before), Some(after)) = (text(&change.before), text(&change.after))
        && (before.contains('\n') || after.contains('\n'))
    {
        if change.path != "content" {
            let _ = writeln!(
                out,
                "      {} {}",
                paint(sign(Action::Update).1, '~'),
                harmless(&change.path)
            );
        }
        diff(before, after, out);
        return;
    }
    let action = match (&change.before, &change.after) {
        (Value::Null, _) => Action::Create,
        (_, Value::Null) => Action::Delete,
        _ => Action::Update,
    };
    let (mark, style) = sign(action);
    let key = format!("      {} {}", paint(style, mark), harmless(&change.path));
    let _ = match action {
        Action::Create => writeln!(out, "{key}: {}", value(&change.after)),
        Action::Delete => writeln!(out, "{key}: {}", value(&change.before)),
        _ => writeln!(
            out,
            "{key}: {} → {}",
            value(&change.before),
            value(&change.after)
        ),
    };
}

/// A change's text: of several lines it is compared by line. Nothing is an empty text.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Null => Some(""),
        _ => None,
    }
}

/// A value on one line, as JSON; a whole unknown one as the words alone.
fn value(value: &Value) -> String {
    match value {
        Value::String(text) if text == UNKNOWN => paint(PLACE, UNKNOWN),
        // JSON escapes the control characters below U+0020 only.
        other => harmless(&other.to_string()),
    }
}

fn diff(before: &str, after: &str, out: &mut String) {
    let compared = TextDiff::from_lines(before, after);
    for hunk in compared.unified_diff().context_radius(2).iter_hunks() {
        let _ = writeln!(out, "      {}", paint(PLACE, hunk.header()));
        for change in hunk.iter_changes() {
            let (mark, style) = match change.tag() {
                ChangeTag::Equal => (' ', DIM),
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Delete => ('-', BAD),
            };
            let line = harmless(change.value().trim_end_matches('\n'));
            let shown = format!("{mark}{line}");
            let _ = writeln!(out, "      {}", paint(style, shown.trim_end()));
            if change.missing_newline() {
                let _ = writeln!(out, "      {}", paint(DIM, "\\ no newline at the end"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use deploycenter_domain::digest::Digest;
    use deploycenter_domain::effect::EffectId;
    use deploycenter_domain::name::Incarnation;
    use serde_json::json;

    use super::super::plain;
    use super::*;

    fn effect(id: &str, action: Action, changes: &[(&str, Value, Value)]) -> PlannedEffect {
        let id: EffectId = id.parse().unwrap();
        PlannedEffect {
            kind: id.kind(),
            name: id.name().to_owned(),
            id,
            action,
            depends_on: Vec::new(),
            changes: changes
                .iter()
                .map(|(path, before, after)| Change {
                    path: (*path).to_owned(),
                    before: before.clone(),
                    after: after.clone(),
                    known_after_apply: after.to_string().contains(UNKNOWN),
                })
                .collect(),
            before: None,
            after: None,
            owner: None,
            outputs: Default::default(),
        }
    }

    fn target(name: &str, app: Option<&str>, effects: Vec<PlannedEffect>) -> TargetPlan {
        TargetPlan {
            target: name.parse().unwrap(),
            region: "eu-west-3".parse().unwrap(),
            app: app.map(|app| app.parse().unwrap()),
            incarnation: Incarnation::FIRST,
            digest: Digest::of(name.as_bytes()),
            inputs: Default::default(),
            effects,
        }
    }

    fn plan(targets: Vec<TargetPlan>) -> Plan {
        Plan::new("test".parse().unwrap(), Vec::new(), targets)
    }

    fn first() -> TargetPlan {
        let unknown = || json!(UNKNOWN);
        let file = "image: mattermost\nreplicas: 1\n";
        target(
            "acme/mattermost",
            Some("mattermost"),
            vec![
                effect(
                    "efs.file-system/data",
                    Action::Create,
                    &[
                        ("name", Value::Null, json!("acme--mattermost--data")),
                        ("throughputMode", Value::Null, json!("elastic")),
                    ],
                ),
                effect(
                    "efs.access-point/data",
                    Action::Create,
                    &[
                        ("fileSystem", Value::Null, unknown()),
                        ("uid", Value::Null, json!(2000)),
                    ],
                ),
                effect(
                    "git.file/values.yaml",
                    Action::Create,
                    &[
                        ("content", Value::Null, json!(file)),
                        (
                            "path",
                            Value::Null,
                            json!("eu-west-3/mattermost/values.yaml"),
                        ),
                    ],
                ),
                effect(
                    "git.commit/folder",
                    Action::Create,
                    &[("tree", Value::Null, unknown())],
                ),
            ],
        )
    }

    fn update() -> TargetPlan {
        let old = "image: mattermost\nreplicas: 1\nsmtp:\n  host: mail\n  port: 25\n";
        let new = "image: mattermost\nreplicas: 3\nsmtp:\n  host: mail\n  port: 25\n  tls: true";
        let mut gone = effect(
            "efs.mount-target/subnet-1",
            Action::Delete,
            &[("subnet", json!("subnet-1"), Value::Null)],
        );
        gone.outputs.insert(OutputName::Id, "fsmt-0123".to_owned());
        let mut kept = effect("efs.file-system/data", Action::None, &[]);
        kept.outputs.insert(OutputName::Id, "fs-0123".to_owned());
        target(
            "globex/chat",
            Some("mattermost"),
            vec![
                kept,
                gone,
                effect(
                    "dns.record/main",
                    Action::Update,
                    &[
                        (
                            "routing.addresses.ipv4",
                            json!(["192.0.2.1"]),
                            json!(["192.0.2.1", "192.0.2.2"]),
                        ),
                        ("weight", json!(100), json!(50)),
                    ],
                ),
                effect(
                    "git.file/values.yaml",
                    Action::Update,
                    &[("content", json!(old), json!(new))],
                ),
                effect(
                    "argocd.application/workload",
                    Action::Update,
                    &[
                        ("spec.ignoreDifferences", json!([]), Value::Null),
                        (
                            "spec.source.helm.values",
                            Value::Null,
                            json!("a: 1\nb: \u{1b}[31m\n"),
                        ),
                    ],
                ),
                effect(
                    "git.commit/folder",
                    Action::Update,
                    &[("tree", json!("0123"), json!(UNKNOWN))],
                ),
            ],
        )
    }

    fn same() -> TargetPlan {
        let mut shared = target(
            "acme/_customer",
            None,
            vec![effect("argocd.project/acme", Action::None, &[])],
        );
        shared.incarnation = Incarnation(2);
        shared
    }

    #[test]
    fn changes_by_target() {
        insta::assert_snapshot!(plain(&render(
            &plan(vec![update(), same(), first()]),
            false
        )));
    }

    #[test]
    fn everything_when_verbose() {
        insta::assert_snapshot!(plain(&render(&plan(vec![same(), update()]), true)));
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(plain(&render(&plan(vec![same()]), false)), @"Nothing to do: 1 target as wanted (1 effects).");
    }

    #[test]
    fn colour_says_nothing_that_signs_do_not() {
        let styled = render(&plan(vec![update()]), false);
        assert!(styled.contains("\u{1b}[33m~"), "{styled:?}");
        for (sign, count) in [("  + ", 0), ("  ~ ", 4), ("  - ", 1)] {
            let lines = plain(&styled)
                .lines()
                .filter(|line| line.starts_with(sign))
                .count();
            assert_eq!(lines, count, "{sign}");
        }
    }

    #[test]
    fn a_value_cannot_paint() {
        let styled = render(&plan(vec![update()]), false);
        assert!(!styled.contains("b: \u{1b}"), "{styled:?}");
        assert!(styled.contains("b: \\u{1b}[31m"), "{styled:?}");
    }
}
