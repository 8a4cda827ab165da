//! A parsed file: JSON's kinds of values, each with its place. YAML and TOML both become
//! this, so that one reader checks them.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

/// A line and a column in characters, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Spot {
    /// Where every file begins.
    pub const START: Self = Self { line: 1, column: 1 };

    /// A spot from counts of any size.
    #[must_use]
    pub fn new(line: usize, column: usize) -> Self {
        let fit = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
        Self {
            line: fit(line),
            column: fit(column),
        }
    }

    /// The place of a byte offset; an offset within a character counts as before it.
    #[must_use]
    pub fn of_offset(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        Self::new(line, column)
    }
}

/// One value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The value.
    pub content: Content,
    /// Where it begins.
    pub spot: Spot,
    /// Whether keys that it would have had were refused.
    pub partial: bool,
}

/// A value of one of JSON's kinds.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the file's order; no key stands twice.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key begins.
    pub spot: Spot,
    /// The value.
    pub node: Node,
}

impl Content {
    /// What kind of value it is, with its text where that is short: for messages.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(value) => format!("{value}"),
            Self::Number(number) => format!("the number {number}"),
            Self::Text(_) => "text".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "a map".to_owned(),
        }
    }
}

impl Node {
    /// A node.
    #[must_use]
    pub fn new(content: Content, spot: Spot) -> Self {
        Self {
            content,
            spot,
            partial: false,
        }
    }

    /// How many values it is made of, itself included.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + match &self.content {
            Content::List(items) => items.iter().map(Self::count).sum::<usize>(),
            Content::Map(entries) => entries.iter().map(|entry| entry.node.count()).sum(),
            _ => 0,
        }
    }

    /// Whether keys of it, or of what it holds, were refused.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
            || match &self.content {
                Content::List(items) => items.iter().any(Self::is_partial),
                Content::Map(entries) => entries.iter().any(|entry| entry.node.is_partial()),
                _ => false,
            }
    }

    /// Calls `visit` with the spot and the JSON pointer of every key and value.
    pub(super) fn walk(&self, pointer: &str, visit: &mut impl FnMut(Spot, &str)) {
        visit(self.spot, pointer);
        match &self.content {
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.walk(&format!("{pointer}/{index}"), visit);
                }
            }
            Content::Map(entries) => {
                for entry in entries {
                    let pointer = join(pointer, &entry.key);
                    visit(entry.spot, &pointer);
                    entry.node.walk(&pointer, visit);
                }
            }
            _ => {}
        }
    }

    /// How many lists and maps stand within each other at most, itself included.
    #[must_use]
    pub fn depth(&self) -> usize {
        match &self.content {
            Content::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Content::Map(entries) => {
                1 + entries
                    .iter()
                    .map(|entry| entry.node.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }

    /// The plain value; the place of every key and list item goes to `positions` under
    /// its JSON pointer, which begins with `pointer`.
    pub fn to_value(&self, pointer: &str, positions: &mut BTreeMap<String, (u32, u32)>) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Bool(value) => Value::Bool(*value),
            Content::Number(number) => Value::Number(number.clone()),
            Content::Text(text) => Value::String(text.clone()),
            Content::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| {
                    let pointer = format!("{pointer}/{index}");
                    positions.insert(pointer.clone(), (item.spot.line, item.spot.column));
                    item.to_value(&pointer, positions)
                })
                .collect(),
            Content::Map(entries) => {
                let mut map = Map::new();
                for entry in entries {
                    let pointer = join(pointer, &entry.key);
                    positions.insert(pointer.clone(), (entry.spot.line, entry.spot.column));
                    map.insert(entry.key.clone(), entry.node.to_value(&pointer, positions));
                }
                Value::Object(map)
            }
        }
    }
}

/// A JSON pointer (RFC 6901) one key further.
#[must_use]
pub(super) fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A JSON pointer as people write it: `/smtp/hosts/0` reads `smtp.hosts.0`.
#[must_use]
pub fn dotted(pointer: &str) -> String {
    pointer
        .split('/')
        .skip(1)
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect::<Vec<_>>()
        .join(".")
}
