//! One layer of values: a map, and where each of its keys was written.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::node::{Content, Node, Spot};
use super::reader::Reader;
use super::yaml;
use crate::problem::Problem;

/// A place in a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the deployment repo.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// In characters, from 1.
    pub column: u32,
}

/// Values of one layer. Serializes as the values alone, so that a digest doesn't change
/// with a comment above them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Layer {
    /// The file that they stand in.
    pub file: String,
    /// Where they stand in it: a JSON pointer, `/customers/0/apps/1/values`.
    pub pointer: String,
    /// The values.
    pub values: Map<String, Value>,
    /// Line and column of every key and list item, by its JSON pointer within `values`.
    pub positions: BTreeMap<String, (u32, u32)>,
    /// Whether part of it was refused, so that it says less than its author wrote.
    pub partial: bool,
}

impl Serialize for Layer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl Layer {
    /// A layer without values.
    #[must_use]
    pub fn empty(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    /// Reads a whole file as one layer: a plugin's base values, or
    /// `overrides/<app>/values.yaml`. Secret-looking values aren't looked for.
    ///
    /// # Errors
    /// All of its problems.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        match Self::read_file(file, bytes) {
            (layer, found) if found.is_empty() => Ok(layer),
            (_, found) => Err(found),
        }
    }

    /// As [`parse`](Self::parse), with what is readable beside the problems.
    pub(super) fn read_file(file: &str, bytes: &[u8]) -> (Self, Vec<Problem>) {
        let (node, found) = yaml::parse(file, bytes);
        let mut reader = Reader::new(file, found);
        let layer = match node {
            Some(node) => Self::read(&mut reader, &node, ""),
            None => Self::unreadable(file, ""),
        };
        (layer, reader.found)
    }

    /// What stands for a layer that couldn't be read.
    pub(super) fn unreadable(file: &str, pointer: &str) -> Self {
        Self {
            pointer: pointer.to_owned(),
            partial: true,
            ..Self::empty(file)
        }
    }

    /// The layer of a node that must be a map, or nothing.
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node, pointer: &str) -> Self {
        let mut layer = Self {
            pointer: pointer.to_owned(),
            ..Self::empty(reader.file)
        };
        if node.content == Content::Null {
            return layer;
        }
        if reader.any_object(node, pointer).is_none() {
            return Self::unreadable(reader.file, pointer);
        }
        layer.partial = node.is_partial();
        if let Value::Object(values) = node.to_value("", &mut layer.positions) {
            layer.values = values;
        }
        reader.name_places(node, pointer);
        layer
    }

    /// Where a value was written, or else the nearest that holds it.
    #[must_use]
    pub fn spot(&self, pointer: &str) -> Option<Spot> {
        let mut pointer = pointer;
        loop {
            if let Some((line, column)) = self.positions.get(pointer) {
                return Some(Spot {
                    line: *line,
                    column: *column,
                });
            }
            pointer = pointer.rsplit_once('/')?.0;
        }
    }

    /// A problem with the value at that JSON pointer.
    #[must_use]
    pub fn problem(&self, pointer: &str, message: impl Into<String>) -> Problem {
        let problem = Problem::new(message)
            .in_file(&self.file)
            .on(format!("{}{pointer}", self.pointer));
        match self.spot(pointer) {
            Some(spot) => problem.at(spot.line, spot.column),
            None => problem,
        }
    }
}
