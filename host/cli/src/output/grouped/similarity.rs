//! Whether two targets change alike, apart from what is each one's own: its names, its
//! place, the ids of its things.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::effect::{Action, DataHeld, EffectKind, FolderPart};
use deploycenter_domain::plan::{Change, TargetPlan};
use similar::{ChangeTag, TextDiff};

use super::super::effect::text;

/// A target's changes as lines to compare, and its own names by what they are for.
pub(super) struct Outline {
    lines: Vec<String>,
    own: BTreeMap<String, String>,
}

impl Outline {
    /// Of a text that changes, the changed lines alone: what stands around them may be
    /// anything.
    pub(super) fn of(plan: &TargetPlan) -> Self {
        let mut lines = vec![match &plan.app {
            Some(app) if plan.is_first() => format!("a first {app}"),
            Some(app) => app.to_string(),
            None => "shared".to_owned(),
        }];
        lines.extend(plan.remarks.iter().map(|remark| remark.message.clone()));
        for effect in &plan.effects {
            if effect.action == Action::None {
                continue;
            }
            lines.push(format!("{:?} {}", effect.action, effect.id));
            for change in &effect.changes {
                // A file's place follows from its name; trees are of a target's own files.
                let tells = match effect.kind.facts().folder {
                    FolderPart::Apart => true,
                    FolderPart::File => change.path != "path",
                    FolderPart::Commit | FolderPart::Follower => change.path != "tree",
                };
                if tells {
                    outline(change, &mut lines);
                }
            }
        }
        for line in &mut lines {
            *line = without_ids(line);
        }
        Self {
            lines,
            own: own_names(plan),
        }
    }

    /// Of a first deployment what is made, and not what is in it. What removes something or
    /// goes at data is like no other.
    pub(super) fn of_shape(plan: &TargetPlan) -> Self {
        let mut outline = Self::of(plan);
        if is_grave(plan) {
            outline.lines.push(format!("only {}", plan.target));
            outline.own.clear();
        } else if plan.is_first() {
            outline.lines.truncate(1 + plan.remarks.len());
            let effects = plan.effects.iter();
            let made = effects.filter(|effect| effect.action != Action::None);
            let made = made.map(|effect| format!("{:?} {}", effect.action, effect.id));
            outline.lines.extend(made.map(|line| without_ids(&line)));
        }
        outline
    }

    /// How many lines there are; those that are alike have as many.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        let names: Vec<(&str, &str)> = self
            .own
            .iter()
            .filter_map(|(role, name)| Some((name.as_str(), other.own.get(role)?.as_str())))
            .filter(|(one, other)| one != other)
            .collect();
        self.lines.len() == other.lines.len()
            && self
                .lines
                .iter()
                .zip(&other.lines)
                .all(|(one, other)| same(one, other, &names))
    }
}

/// Whether something is removed, or data is gone at: nobody may overlook that.
fn is_grave(plan: &TargetPlan) -> bool {
    plan.operation.is_removal()
        || plan.crosses_data_version().is_some()
        || plan.effects.iter().any(|effect| {
            let holds_data = effect.kind.facts().data == DataHeld::Holds;
            effect.action == Action::Delete
                || effect.adopt.is_some()
                || (holds_data && effect.action == Action::Update)
        })
}

fn outline(change: &Change, lines: &mut Vec<String>) {
    if let (Some(before), Some(after)) = (text(&change.before), text(&change.after))
        && (before.contains('\n') || after.contains('\n'))
    {
        lines.push(change.path.clone());
        for line in TextDiff::from_lines(before, after).iter_all_changes() {
            let mark = match line.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Insert => '+',
                ChangeTag::Delete => '-',
            };
            lines.push(format!("{mark}{}", line.value()));
        }
        return;
    }
    lines.push(format!(
        "{}: {} → {}",
        change.path, change.before, change.after
    ));
}

/// What is a target's own, by what it is for. Names without a letter aren't told from
/// numbers, and so are left alone.
fn own_names(plan: &TargetPlan) -> BTreeMap<String, String> {
    let mut own = BTreeMap::from([
        ("customer".to_owned(), plan.target.customer().to_string()),
        ("region".to_owned(), plan.region.to_string()),
    ]);
    if let Some(instance) = plan.target.instance() {
        own.insert("instance".to_owned(), instance.to_string());
    }
    let mut counted: BTreeMap<EffectKind, usize> = BTreeMap::new();
    for effect in &plan.effects {
        let nth = counted.entry(effect.kind).or_default();
        *nth += 1;
        let images = [&effect.after, &effect.before];
        let Some(image) = images.into_iter().flatten().next() else {
            continue;
        };
        for (what, name) in image.own_names() {
            own.insert(format!("{} {nth} {what}", effect.kind), name);
        }
    }
    own.retain(|_, name| name.chars().any(char::is_alphabetic));
    own
}

/// Ids that AWS gives: what stands before their hexadecimal digits.
const GIVEN: [&str; 5] = ["fs-", "fsap-", "fsmt-", "sg-", "subnet-"];
/// The fewest digits such an id has.
const DIGITS: usize = 8;

/// A line with the ids that AWS gave made equal.
fn without_ids(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    for word in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
        let id = GIVEN.iter().find_map(|kind| {
            let rest = word.strip_prefix(kind)?;
            let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
            (digits >= DIGITS).then(|| (kind, &rest[digits..]))
        });
        match id {
            Some((kind, rest)) => {
                out.push_str(kind);
                out.push('…');
                out.push_str(rest);
            }
            None => out.push_str(word),
        }
    }
    out
}

/// Whether two texts are the same when each name of the first is read as the second's
/// name for the same: all ways to read them are tried, since a name may also be a word.
fn same(one: &str, other: &str, names: &[(&str, &str)]) -> bool {
    if one == other {
        return true;
    }
    let mut open = vec![(0, 0)];
    let mut seen = BTreeSet::new();
    while let Some((at, other_at)) = open.pop() {
        let (rest, other_rest) = (&one[at..], &other[other_at..]);
        if rest.is_empty() && other_rest.is_empty() {
            return true;
        }
        if !seen.insert((at, other_at)) {
            continue;
        }
        if let (Some(c), Some(other_c)) = (rest.chars().next(), other_rest.chars().next())
            && c == other_c
        {
            open.push((at + c.len_utf8(), other_at + c.len_utf8()));
        }
        for (name, other_name) in names {
            if is_word(one, at, name) && is_word(other, other_at, other_name) {
                open.push((at + name.len(), other_at + other_name.len()));
            }
        }
    }
    false
}

/// Whether the name stands there, and isn't part of a longer word.
fn is_word(text: &str, at: usize, name: &str) -> bool {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text[at..].starts_with(name)
        && ends(text[..at].chars().next_back())
        && ends(text[at + name.len()..].chars().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_each_other() {
        let names = [("acme", "globex"), ("odoo", "odoo-staging")];
        for (one, other, similarity) in [
            (
                "namespace: acme--odoo",
                "namespace: globex--odoo-staging",
                true,
            ),
            ("image: odoo:18", "image: odoo:18", true),
            (
                "image: odoo:18 # odoo",
                "image: odoo:18 # odoo-staging",
                true,
            ),
            ("replicas: 3", "replicas: 4", false),
            ("host: smtp.acme.example", "host: smtp.globex.example", true),
            ("acmes", "globexs", false),
            ("acme", "acme", true),
            ("globex", "acme", false),
            ("acme acme", "globex acme", true),
            ("", "globex", false),
            ("é acme", "é globex", true),
        ] {
            assert_eq!(same(one, other, &names), similarity, "{one} / {other}");
        }
    }

    #[test]
    fn given_ids_are_equal() {
        assert_eq!(
            without_ids("volumeHandle: \"fs-0123456789abcdef0::fsap-00000001\""),
            "volumeHandle: \"fs-…::fsap-…\""
        );
        for other in ["fs-type: x", "offs-0123456789", "fs-0123", "sg-é"] {
            assert_eq!(without_ids(other), other);
        }
    }
}
