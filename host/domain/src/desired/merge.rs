//! Values of several layers into one: by first-level key, later wins. A `null` drops what
//! the layers below give.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::layer::Layer;
use crate::problem::Problem;

/// Which layer values come from; a later one wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LayerKind {
    /// The plugin's base values.
    App,
    /// `overrides/<app>/values.yaml`.
    Shared,
    /// `environments/<environment>.yaml`.
    Environment,
    /// The customer's own.
    Customer,
}

impl LayerKind {
    /// `app`, `shared`, `environment` or `customer`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Shared => "shared",
            Self::Environment => "environment",
            Self::Customer => "customer",
        }
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueOrigin {
    /// The layer.
    pub layer: LayerKind,
    /// Its file.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// A first-level key that a `null` dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// Where the `null` stands.
    pub by: ValueOrigin,
    /// Where the value stands that would hold without it; none when no layer below gives
    /// the key.
    pub of: Option<ValueOrigin>,
}

/// Merged values that know where they came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Merged {
    /// The values.
    pub values: Map<String, Value>,
    /// Where each first-level key came from.
    pub provenance: BTreeMap<String, ValueOrigin>,
    /// First-level keys without a value because a layer says `null`.
    pub dropped: BTreeMap<String, Dropped>,
    /// Line and column of everything, by JSON pointer.
    positions: BTreeMap<String, (u32, u32)>,
    /// For each first-level key, the pointer of its layer within the file.
    pointers: BTreeMap<String, String>,
    /// Whether part of a layer was refused.
    partial: bool,
}

/// Merges layers, in any order given: one of a later kind wins, and of the same kind the
/// later one. A first-level `null` of a layer above the app's own drops the key.
#[must_use]
pub fn merge(layers: &[(LayerKind, &Layer)]) -> Merged {
    let mut sorted: Vec<_> = layers.to_vec();
    sorted.sort_by_key(|(kind, _)| *kind);
    let mut winners: BTreeMap<&String, (LayerKind, &Layer)> = BTreeMap::new();
    let mut dropped: BTreeMap<&String, Option<ValueOrigin>> = BTreeMap::new();
    for (kind, layer) in sorted {
        for (key, value) in &layer.values {
            let below = winners.insert(key, (kind, layer));
            if value.is_null() && kind != LayerKind::App {
                let of =
                    below.map(|(kind, layer)| origin(kind, layer, &super::node::join("", key)));
                // A second `null` drops what the first one did.
                dropped.entry(key).or_insert(of);
            } else {
                dropped.remove(key);
            }
        }
    }
    let mut merged = Merged {
        partial: layers.iter().any(|(_, layer)| layer.partial),
        ..Merged::default()
    };
    for (key, (kind, layer)) in winners {
        let pointer = super::node::join("", key);
        let came = origin(kind, layer, &pointer);
        let (line, column) = (came.line, came.column);
        if let Some(of) = dropped.remove(key) {
            merged.dropped.insert(key.clone(), Dropped { by: came, of });
        } else {
            merged.values.insert(key.clone(), layer.values[key].clone());
            merged.provenance.insert(key.clone(), came);
        }
        merged.pointers.insert(key.clone(), layer.pointer.clone());
        let below = format!("{pointer}/");
        merged.positions.insert(pointer, (line, column));
        merged.positions.extend(
            layer
                .positions
                .range(below.clone()..)
                .take_while(|(pointer, _)| pointer.starts_with(&below))
                .map(|(pointer, at)| (pointer.clone(), *at)),
        );
    }
    merged
}

/// Where a layer gives a first-level key.
fn origin(kind: LayerKind, layer: &Layer, pointer: &str) -> ValueOrigin {
    let (line, column) = layer.positions.get(pointer).copied().unwrap_or((1, 1));
    ValueOrigin {
        layer: kind,
        file: layer.file.clone(),
        line,
        column,
    }
}

impl Merged {
    /// Where the value at a JSON pointer came from, to the line; for one that isn't
    /// written out, the nearest that holds it, and for a dropped one what dropped it.
    /// `None` for the root and unknown keys.
    #[must_use]
    pub fn origin(&self, pointer: &str) -> Option<ValueOrigin> {
        let key = first_key(pointer)?;
        let dropped = || self.dropped.get(&key).map(|dropped| &dropped.by);
        let mut origin = self.provenance.get(&key).or_else(dropped)?.clone();
        let mut pointer = pointer;
        loop {
            if let Some((line, column)) = self.positions.get(pointer) {
                (origin.line, origin.column) = (*line, *column);
                return Some(origin);
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// Whether part of a layer was refused, so that less is here than was written.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// As [`to_value`](Self::to_value), with `null` for what was dropped.
    pub(super) fn with_dropped(&self) -> Value {
        let mut values = self.values.clone();
        values.extend(self.dropped.keys().map(|key| (key.clone(), Value::Null)));
        Value::Object(values)
    }

    /// The values as one JSON object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(self.values.clone())
    }

    /// A problem with the value at that JSON pointer, at its place.
    #[must_use]
    pub fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        let problem = Problem::new(message);
        match self.origin(pointer) {
            Some(origin) => {
                let layer = first_key(pointer)
                    .and_then(|key| self.pointers.get(&key))
                    .map_or("", String::as_str);
                problem
                    .in_file(origin.file)
                    .at(origin.line, origin.column)
                    .on(format!("{layer}{pointer}"))
            }
            None => problem.on(pointer),
        }
    }
}

/// The first key of a JSON pointer, unescaped.
fn first_key(pointer: &str) -> Option<String> {
    let first = pointer.strip_prefix('/')?.split('/').next()?;
    Some(first.replace("~1", "/").replace("~0", "~"))
}
