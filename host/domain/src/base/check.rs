//! One object, held against the list of its kind.

use super::list::{Field, KINDS, Rule};
use super::words::ValuePlace;
use super::{BaseOrigin, Bounds, text_at};
use crate::desired::{Content, Node};
use crate::guardrails;
use crate::sync_options::{PROTECTED, SYNC_OPTIONS, UNDELETED};
use crate::token;

/// How much of a text a message shows.
const SHOWN: usize = 60;

/// Says everything that the object holds and may not, or lacks and has to.
pub(super) fn object<'a>(
    path: &'a str,
    object: &'a Node,
    bounds: Bounds<'a>,
    found: &mut Vec<String>,
) {
    let text = |at: &[&str]| text_at(object, at).unwrap_or_default();
    let (version, kind, name) = (
        text(&["apiVersion"]),
        text(&["kind"]),
        text(&["metadata", "name"]),
    );
    let said = format!("{} ", named(kind, name));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if bounds.origin == BaseOrigin::Templates
        && !guardrails::FILES.contains(&path)
        && guardrails::is_own_kind(group, kind)
    {
        let line = object.spot.line;
        found.push(format!(
            "{path}:{line}: {said}is of a kind that the host makes itself, from what the plugin declares"
        ));
        return;
    }
    let Some(list) = KINDS
        .iter()
        .find(|list| list.api_version == version && list.kind == kind)
    else {
        let line = object.spot.line;
        found.push(format!(
            "{path}:{line}: {said}({}) is of a kind that a base may not hold",
            shown(version)
        ));
        return;
    };
    let mut walk = ObjectWalk {
        path,
        said: &said,
        bounds,
        key: "",
        at: String::new(),
        found,
    };
    walk.value(&list.rule, object);
    if list.keeps && !is_protected(object, guardrails::is_pruned(group, kind)) {
        walk.say(
            object.spot.line,
            "keeps or guards data and has to carry the annotation that protects it",
        );
    }
    for law in &list.laws {
        for (line, what) in law.broken(object) {
            walk.say(line, &what);
        }
    }
}

/// Writes quantities in their canonical form: an operator's webhook that re-serializes the
/// object then leaves it as it stands in git.
pub(super) fn rewrite(object: &mut Node) {
    let text = |key: &str| text_at(object, &[key]).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let list = KINDS
        .iter()
        .find(|list| list.api_version == version && list.kind == kind);
    if let Some(list) = list {
        rewrite_value(&list.rule, object);
    }
}

fn rewrite_value(rule: &Rule, node: &mut Node) {
    match (rule, &mut node.content) {
        (Rule::Fields(fields), Content::Map(entries)) => {
            for entry in entries {
                if let Some(field) = field_of(fields, &entry.key) {
                    rewrite_value(&field.rule, &mut entry.node);
                }
            }
        }
        (Rule::List(rule), Content::List(items)) => {
            for item in items {
                rewrite_value(rule, item);
            }
        }
        (Rule::Word(word), content) => {
            if let Some(rewritten) = word.rewritten(content) {
                *content = rewritten;
            }
        }
        _ => {}
    }
}

/// The rule of a key. A field by its name comes before those that begin alike.
fn field_of<'r>(fields: &'r [Field], key: &str) -> Option<&'r Field> {
    fields
        .iter()
        .find(|field| !field.is_prefix && field.key == key)
        .or_else(|| {
            fields
                .iter()
                .find(|field| field.is_prefix && key.starts_with(&field.key))
        })
}

/// `is_pruned`: whether it may go once it isn't wanted any more. It may be kept then too, as
/// earlier versions wrote it.
fn is_protected(object: &Node, is_pruned: bool) -> bool {
    let options = text_at(object, &["metadata", "annotations", SYNC_OPTIONS]);
    options == Some(PROTECTED) || (is_pruned && options == Some(UNDELETED))
}

/// An object as messages name it.
pub(super) fn named(kind: &str, name: &str) -> String {
    format!("{} \"{}\"", shown(kind), shown(name))
}

struct ObjectWalk<'a, 'b> {
    path: &'a str,
    said: &'b str,
    bounds: Bounds<'a>,
    /// The key of what is looked at.
    key: &'a str,
    /// The field that is looked at, as people write it.
    at: String,
    found: &'b mut Vec<String>,
}

impl<'a> ObjectWalk<'a, '_> {
    fn say(&mut self, line: u32, what: &str) {
        let (path, said) = (self.path, self.said);
        self.found.push(format!("{path}:{line}: {said}{what}"));
    }

    fn value(&mut self, rule: &Rule, node: &'a Node) {
        let fits = match (rule, &node.content) {
            (Rule::Fields(_), Content::Map(_)) => {
                self.fields(rule, node);
                true
            }
            (Rule::List(rule), Content::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    let end = self.at.len();
                    self.at.push_str(&format!("[{index}]"));
                    self.value(rule, item);
                    self.at.truncate(end);
                }
                true
            }
            (Rule::Word(word), content) => {
                let (key, bounds) = (self.key, self.bounds);
                word.fits(content, ValuePlace { key, bounds })
            }
            (Rule::Exactly(exact), content) => exact == content,
            (Rule::OneOf(texts), Content::Text(text)) => texts.contains(text),
            _ => false,
        };
        if !fits {
            let what = format!(
                "has {} {}, which has to be {}",
                self.at,
                said_value(&node.content),
                rule.described()
            );
            self.say(node.spot.line, &what);
        }
    }

    fn fields(&mut self, rule: &Rule, node: &'a Node) {
        let (Rule::Fields(fields), Content::Map(entries)) = (rule, &node.content) else {
            return;
        };
        for entry in entries {
            let end = self.at.len();
            self.push(&entry.key);
            match field_of(fields, &entry.key) {
                Some(field) => {
                    self.key = &entry.key;
                    self.value(&field.rule, &entry.node);
                }
                None => {
                    let what = format!("has {}, which a base may not hold", self.at);
                    self.say(entry.spot.line, &what);
                }
            }
            self.at.truncate(end);
        }
        for field in fields.iter().filter(|field| field.is_required) {
            let is_there = entries.iter().any(|entry| {
                let fits = if field.is_prefix {
                    entry.key.starts_with(&field.key)
                } else {
                    entry.key == field.key
                };
                let is_empty =
                    matches!(&entry.node.content, Content::List(items) if items.is_empty());
                fits && !is_empty
            });
            if !is_there {
                let end = self.at.len();
                self.push(&field.key);
                let what = format!(
                    "has no {}, which has to be {}",
                    self.at,
                    field.rule.described()
                );
                self.at.truncate(end);
                self.say(node.spot.line, &what);
            }
        }
    }

    fn push(&mut self, key: &str) {
        let is_simple = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_simple || key.is_empty() {
            self.at.push_str(&format!("[\"{}\"]", shown(key)));
        } else {
            if !self.at.is_empty() {
                self.at.push('.');
            }
            self.at.push_str(&shown(key));
        }
    }
}

fn said_value(content: &Content) -> String {
    match content {
        Content::Text(text) => format!("\"{}\"", shown(text)),
        other => other.kind(),
    }
}

fn shown(text: &str) -> String {
    let shown = token::show(text);
    let mut cut: String = shown.chars().take(SHOWN).collect();
    if cut.len() < shown.len() {
        cut.push('…');
    }
    cut.escape_debug().to_string()
}
