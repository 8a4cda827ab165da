//! One effect as a person reviews it: what happens to it, and changed keys only.

use std::fmt::Write as _;

use deploycenter_domain::effect::{Action, EffectId, EffectKind, OutputName};
use deploycenter_domain::guardrails;
use deploycenter_domain::history::Difference;
use deploycenter_domain::plan::{Change, PlannedEffect};
use deploycenter_domain::resource::Adoption;
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{BAD, CAREFUL, DIM, GOOD, PLACE, harmless, paint, sign};

/// What stands for a value that only applying makes known.
pub(super) const UNKNOWN: &str = "(known after apply)";

/// What is shown of an effect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    id: &'a EffectId,
    action: Action,
    changes: &'a [Change],
    /// The id that AWS gave the thing.
    known: Option<&'a str>,
    /// That it isn't ours and is taken over.
    adopted: Option<&'a Adoption>,
}

impl Shown<'_> {
    /// The same without its keys.
    pub(super) fn alone(self) -> Self {
        Self {
            changes: &[],
            ..self
        }
    }
}

impl<'a> From<&'a PlannedEffect> for Shown<'a> {
    fn from(effect: &'a PlannedEffect) -> Self {
        Self {
            id: &effect.id,
            action: effect.action,
            changes: &effect.changes,
            known: effect.outputs.get(&OutputName::Id).map(String::as_str),
            adopted: effect.adopt.as_ref(),
        }
    }
}

impl<'a> From<&'a Difference> for Shown<'a> {
    fn from(difference: &'a Difference) -> Self {
        Self {
            id: &difference.id,
            action: difference.action,
            changes: &difference.changes,
            known: None,
            adopted: None,
        }
    }
}

/// Writes an effect with its changes, each line ended.
pub(super) fn render(effect: Shown<'_>, out: &mut String) {
    let (mark, style) = sign(effect.action);
    let known = effect
        .known
        .map(|id| paint(DIM, format!(" ({})", harmless(id))));
    let mut head = format!(
        "  {} {}{}",
        paint(style, mark),
        effect.id,
        known.unwrap_or_default()
    );
    let new_text = match effect.changes {
        changes if effect.id.kind() == EffectKind::File && effect.action == Action::Create => {
            changes
                .iter()
                .find(|change| change.path == "content")
                .and_then(|change| change.after.as_str())
        }
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
        // Of an older one the lines that change are shown.
        if let Some(reach) = guardrails::reach(effect.id.name(), text) {
            let _ = write!(head, " {}", paint(CAREFUL, harmless(&reach)));
        }
    }
    if let Some(adoption) = effect.adopted {
        let whose = adoption.former.as_ref().map_or_else(String::new, |former| {
            format!(", was {} of {}", former.effect, former.target)
        });
        let _ = write!(head, " {}", paint(CAREFUL, format!("(adopt{whose})")));
    }
    out.push_str(&head);
    out.push('\n');
    // A new file is in the JSON, and a plan's in what `render` prints; a removed thing has
    // no keys that change.
    if new_text.is_none() && effect.action != Action::Delete {
        for change in effect.changes {
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
pub(super) fn text(value: &Value) -> Option<&str> {
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
