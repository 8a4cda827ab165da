//! The lists of what each kind may hold: `kinds/*.yaml`, read once.
//!
//! A file says `kind`, `apiVersion`, `about` (for people), `keeps` (whether the kind keeps
//! or guards data, and so carries the annotation that protects it; which may let Argo CD
//! prune it where `guardrails::is_pruned` says so), `fields`, and `laws` that go over several
//! fields. In `fields`, a map's key is a field; `!` after it says that
//! it has to be there, `[]` that it is a list, and a key that ends in `*` stands for all
//! that begin so. A value is a map of further fields, a word of [`WORDS`], `part` with a
//! name of `kinds/parts`, `is X` or `one of X, Y` for exact texts, or the exact number,
//! `true` or `false`.

use std::sync::LazyLock;

use super::laws::Law;
use super::words::{WORDS, Word};
use crate::desired::{Content, Entry, Node};
use crate::manifest;

macro_rules! files {
    ($folder:literal: $($name:literal)*) => {
        &[$(($name, include_str!(concat!($folder, "/", $name, ".yaml")))),*]
    };
}

/// The lists, by the name of their file, as they are written.
pub const FILES: &[(&str, &str)] = files!("kinds":
    "Namespace" "ResourceQuota" "LimitRange" "NetworkPolicy" "ServiceAccount" "Role" "RoleBinding"
    "PersistentVolume" "PersistentVolumeClaim" "SecretStore" "ExternalSecret" "ConfigMap" "Service"
    "Deployment" "StatefulSet" "PodDisruptionBudget" "Cluster" "ScheduledBackup" "MariaDB"
    "Database" "User" "Grant"
);

/// What several lists share, as it is written.
pub const PARTS: &[(&str, &str)] = files!("kinds/parts":
    "metadata" "labels" "annotations" "selector" "pod" "container" "probe" "resources"
    "operator-container" "peer"
);

/// What one kind may hold.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) api_version: String,
    pub(super) kind: String,
    /// Whether it keeps or guards data.
    pub(super) keeps: bool,
    pub(super) rule: Rule,
    pub(super) laws: Vec<Law>,
}

/// What a value may be.
#[derive(Debug)]
pub(super) enum Rule {
    Fields(Vec<Field>),
    List(Box<Rule>),
    Word(&'static Word),
    Exactly(Content),
    OneOf(Vec<String>),
}

/// One field, or all that begin with `key`.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) is_prefix: bool,
    pub(super) is_required: bool,
    pub(super) rule: Rule,
}

/// All kinds that a base may hold.
pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(name, text)| {
            kind(name, text).unwrap_or_else(|error| {
                unreachable!("{name}.yaml is part of this program: {error}")
            })
        })
        .collect()
});

fn kind(name: &str, text: &str) -> Result<Kind, String> {
    let file = document(name, text)?;
    let get = |key: &str| super::text_at(&file, &[key]).map(str::to_owned);
    let wanted = |key: &str| get(key).ok_or_else(|| format!("{key} is missing"));
    wanted("about")?;
    let keeps = match super::at(&file, &["keeps"]).map(|node| &node.content) {
        Some(Content::Bool(keeps)) => *keeps,
        _ => return Err("keeps is missing".to_owned()),
    };
    let fields = super::at(&file, &["fields"]).ok_or("fields is missing")?;
    let laws = super::items(&file, &["laws"]);
    let laws = laws.iter().map(|law| match &law.content {
        Content::Text(name) => Law::named(name).ok_or_else(|| format!("no law is \"{name}\"")),
        _ => Err("a law is a text".to_owned()),
    });
    let mut rule = rule(fields)?;
    let (api_version, kind) = (wanted("apiVersion")?, wanted("kind")?);
    if let Rule::Fields(fields) = &mut rule {
        for (key, value) in [("apiVersion", &api_version), ("kind", &kind)] {
            fields.push(Field {
                key: key.to_owned(),
                is_prefix: false,
                is_required: true,
                rule: Rule::Exactly(Content::Text(value.clone())),
            });
        }
    }
    Ok(Kind {
        api_version,
        kind,
        keeps,
        rule,
        laws: laws.collect::<Result<_, _>>()?,
    })
}

fn document(name: &str, text: &str) -> Result<Node, String> {
    let mut documents = manifest::read(name, text).map_err(|found| format!("{found:?}"))?;
    match (documents.pop(), documents.is_empty()) {
        (Some(document), true) => Ok(document),
        _ => Err("isn't one document".to_owned()),
    }
}

fn rule(node: &Node) -> Result<Rule, String> {
    match &node.content {
        Content::Map(entries) => Ok(Rule::Fields(
            entries.iter().map(field).collect::<Result<_, _>>()?,
        )),
        Content::Text(text) => word(text),
        Content::Bool(_) | Content::Number(_) => Ok(Rule::Exactly(node.content.clone())),
        Content::Null | Content::List(_) => Err(format!("line {}: is no rule", node.spot.line)),
    }
}

fn field(entry: &Entry) -> Result<Field, String> {
    let key = entry.key.as_str();
    let (key, is_required) = match key.strip_suffix('!') {
        Some(key) => (key, true),
        None => (key, false),
    };
    let (key, is_list) = match key.strip_suffix("[]") {
        Some(key) => (key, true),
        None => (key, false),
    };
    let (key, is_prefix) = match key.strip_suffix('*') {
        Some(key) => (key, true),
        None => (key, false),
    };
    let rule = rule(&entry.node).map_err(|error| format!("{key}: {error}"))?;
    Ok(Field {
        key: key.to_owned(),
        is_prefix,
        is_required,
        rule: if is_list {
            Rule::List(Box::new(rule))
        } else {
            rule
        },
    })
}

fn word(text: &str) -> Result<Rule, String> {
    if let Some(exact) = text.strip_prefix("is ") {
        return Ok(Rule::Exactly(Content::Text(exact.to_owned())));
    }
    if let Some(list) = text.strip_prefix("one of ") {
        return Ok(Rule::OneOf(list.split(", ").map(str::to_owned).collect()));
    }
    if let Some(part) = text.strip_prefix("part ") {
        let (name, text) = PARTS
            .iter()
            .find(|(name, _)| *name == part)
            .ok_or_else(|| format!("no part is \"{part}\""))?;
        return rule(&document(name, text)?);
    }
    WORDS
        .iter()
        .find(|word| word.name == text)
        .map(Rule::Word)
        .ok_or_else(|| format!("no word is \"{text}\""))
}

impl Rule {
    /// What a value has to be, after `has to be`.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Fields(_) => "a map".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Word(word) => word.meaning.to_owned(),
            Self::Exactly(Content::Text(text)) => format!("\"{text}\""),
            Self::Exactly(Content::Bool(value)) => value.to_string(),
            Self::Exactly(Content::Number(number)) => number.to_string(),
            Self::Exactly(other) => other.kind(),
            Self::OneOf(texts) => format!("one of \"{}\"", texts.join("\", \"")),
        }
    }
}
