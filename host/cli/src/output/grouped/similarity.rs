//! Whether two targets change alike, apart from what is each one's own: its names, its
//! place, the ids of its things.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::effect::{Action, DataHeld, EffectKind, FolderPart};
use deploycenter_domain::plan::{Change, TargetPlan};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::super::effect::text;

/// A target's changes as lines to compare, and its own names by what they are for.
pub(super) struct Outline {
    lines: Vec<String>,
    /// How many of the first lines say what the target is and what is remarked on it.
    said: usize,
    /// What is done to which effect.
    effects: Vec<String>,
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
        let said = lines.len();
        let mut effects = Vec::new();
        for effect in &plan.effects {
            if effect.action == Action::None {
                continue;
            }
            let what = format!("{:?} {}", effect.action, effect.id);
            effects.push(without_ids(&what));
            lines.push(what);
            for change in &effect.changes {
                // A file's place follows from its name; trees are of a target's own files.
                let tells = match effect.kind.facts().folder {
                    FolderPart::Apart => true,
                    FolderPart::File => change.path != "path",
                    FolderPart::Commit | FolderPart::Follower => change.path != "tree",
                };
                if tells {
                    outline(&effect.name, change, &mut lines);
                }
            }
        }
        for line in &mut lines {
            *line = without_ids(line);
        }
        Self {
            lines,
            said,
            effects,
            own: own_names(plan),
        }
    }

    /// The lines of this one that stand nowhere in `shown`, apart from names of its own.
    /// `None` when there are more than `most`, or the two aren't of one shape: the same app
    /// and region, the same remarks, the same things made.
    pub(super) fn differing(&self, shown: &Self, most: usize) -> Option<Vec<&str>> {
        let names = names(&shown.own, &self.own);
        let alike = |one: &[String], other: &[String]| {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| same(one, other, &names))
        };
        if self.own.get(REGION) != shown.own.get(REGION)
            || !alike(&shown.effects, &self.effects)
            || !alike(&shown.lines[..shown.said], &self.lines[..self.said])
        {
            return None;
        }
        let mut left: Vec<&str> = shown.lines.iter().map(String::as_str).collect();
        let mut differing = Vec::new();
        for line in &self.lines {
            let found = left.iter().position(|one| one == line);
            let found = found.or_else(|| left.iter().position(|one| same(one, line, &names)));
            match found {
                Some(at) => {
                    left.swap_remove(at);
                }
                // Of a fleet most pairs differ in much: the rest needn't be compared.
                None if differing.len() == most => return None,
                None => differing.push(line.as_str()),
            }
        }
        Some(differing)
    }

    /// How many lines there are; those that are alike have as many.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn is_like(&self, other: &Self) -> bool {
        let names = names(&self.own, &other.own);
        self.lines.len() == other.lines.len()
            && self
                .lines
                .iter()
                .zip(&other.lines)
                .all(|(one, other)| same(one, other, &names))
    }
}

/// What each calls its own, where they differ.
fn names<'a>(
    one: &'a BTreeMap<String, String>,
    other: &'a BTreeMap<String, String>,
) -> Vec<(&'a str, &'a str)> {
    one.iter()
        .filter_map(|(role, name)| Some((name.as_str(), other.get(role)?.as_str())))
        .filter(|(one, other)| one != other)
        .collect()
}

/// Whether something is removed, or data is gone at: nobody may overlook that.
pub(super) fn is_grave(plan: &TargetPlan) -> bool {
    plan.operation.is_removal()
        || plan.crosses_data_version().is_some()
        || plan.effects.iter().any(|effect| {
            let holds_data = effect.kind.facts().data == DataHeld::Holds;
            effect.action == Action::Delete
                || effect.adopt.is_some()
                || (holds_data && effect.action == Action::Update)
        })
}

/// What a region's name is for.
const REGION: &str = "region";

fn outline(name: &str, change: &Change, lines: &mut Vec<String>) {
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
            lines.push(format!("{name} {mark}{}", line.value()));
        }
        return;
    }
    lines.push(match &change.before {
        Value::Null => format!("+ {}: {}", change.path, change.after),
        before => format!("{}: {before} → {}", change.path, change.after),
    });
}

/// What is a target's own, by what it is for. Names without a letter aren't told from
/// numbers, and so are left alone.
fn own_names(plan: &TargetPlan) -> BTreeMap<String, String> {
    let mut own = BTreeMap::from([
        ("customer".to_owned(), plan.target.customer().to_string()),
        (REGION.to_owned(), plan.region.to_string()),
    ]);
    if let Some(instance) = plan.target.instance() {
        own.insert("instance".to_owned(), instance.to_string());
    }
    let mut counted: BTreeMap<EffectKind, usize> = BTreeMap::new();
    for effect in &plan.effects {
        let nth = counted.entry(effect.kind).or_default();
        *nth += 1;
        let states = [&effect.after, &effect.before];
        let Some(state) = states.into_iter().flatten().next() else {
            continue;
        };
        for (what, name) in state.own_names() {
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
