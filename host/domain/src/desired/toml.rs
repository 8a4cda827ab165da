//! TOML into [`Node`]s: for `deploycenter.toml` and `plugins.lock`.

use serde_json::Number;
use toml::de::{DeTable, DeValue};

use super::node::{Content, Entry, Node, Spot};
use super::text::plain_text;
use crate::problem::Problem;

/// Reads a file. With problems there may still be a node, unless it isn't TOML at all.
pub(super) fn parse(file: &str, bytes: &[u8]) -> (Option<Node>, Vec<Problem>) {
    let text = match plain_text(file, bytes) {
        Ok(text) => text,
        Err(problems) => return (None, problems),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<Problem> = errors
        .iter()
        .map(|error| {
            let spot = error
                .span()
                .map_or(Spot::START, |span| Spot::of_offset(text, span.start));
            Problem::new(format!(
                "isn't valid TOML: {}",
                error.message().replace('\n', "; ")
            ))
            .in_file(file)
            .at(spot.line, spot.column)
        })
        .collect();
    if !found.is_empty() {
        // What a parser makes of broken text would only mislead.
        return (None, found);
    }
    let spots = Spots::new(text);
    let node = Node::new(map(file, &spots, table.get_ref(), &mut found), Spot::START);
    (Some(node), found)
}

/// The byte offsets at which lines begin.
struct Spots<'a> {
    text: &'a str,
    lines: Vec<usize>,
}

impl<'a> Spots<'a> {
    fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, lines }
    }

    fn at(&self, offset: usize) -> Spot {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines[line - 1];
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |before| before.chars().count());
        Spot::new(line, column + 1)
    }
}

fn map(file: &str, spots: &Spots<'_>, table: &DeTable<'_>, found: &mut Vec<Problem>) -> Content {
    let entries = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            spot: spots.at(key.span().start),
            node: node(
                file,
                spots,
                value.get_ref(),
                spots.at(value.span().start),
                found,
            ),
        })
        .collect();
    Content::Map(entries)
}

fn node(
    file: &str,
    spots: &Spots<'_>,
    value: &DeValue<'_>,
    spot: Spot,
    found: &mut Vec<Problem>,
) -> Node {
    let mut no_number = |text: &str| {
        found.push(
            Problem::new(format!("{text} is no number that can be used"))
                .in_file(file)
                .at(spot.line, spot.column),
        );
        Content::Null
    };
    let content = match value {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Content::Number(number.into()),
            Err(_) => no_number(integer.as_str()),
        },
        DeValue::Float(float) => match float.as_str().parse().ok().and_then(Number::from_f64) {
            Some(number) => Content::Number(number),
            None => no_number(float.as_str()),
        },
        DeValue::Boolean(value) => Content::Bool(*value),
        DeValue::Datetime(time) => Content::Text(time.to_string()),
        DeValue::Array(items) => Content::List(
            items
                .iter()
                .map(|item| {
                    node(
                        file,
                        spots,
                        item.get_ref(),
                        spots.at(item.span().start),
                        found,
                    )
                })
                .collect(),
        ),
        DeValue::Table(table) => map(file, spots, table, found),
    };
    Node::new(content, spot)
}
