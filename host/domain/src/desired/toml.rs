//! TOML into [`Node`]s: for `deploycenter.toml` and `plugins.lock`.

use serde_json::Number;
use toml::de::{DeTable, DeValue};

use super::node::{Content, Entry, Node, Spot};
use super::text::{MAX_PROBLEMS, plain_text};
use crate::problem::Problem;

/// Reads a file. With problems there may still be a node, unless it isn't TOML at all.
pub(super) fn parse(file: &str, bytes: &[u8]) -> (Option<Node>, Vec<Problem>) {
    let text = match plain_text(file, bytes) {
        Ok(text) => text,
        Err(problems) => return (None, problems),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    let spots = Spots::new(text);
    let mut found: Vec<Problem> = errors
        .iter()
        .take(MAX_PROBLEMS)
        .map(|error| {
            let spot = error
                .span()
                .map_or(Spot::START, |span| spots.at(span.start));
            let message = error.message().replace('\n', "; ");
            Problem::new(format!("isn't valid TOML: {message}"))
                .in_file(file)
                .at(spot.line, spot.column)
        })
        .collect();
    if !found.is_empty() {
        // What a parser makes of broken text would only mislead.
        return (None, found);
    }
    let node = Node::new(map(file, &spots, table.get_ref(), &mut found), Spot::START);
    (Some(node), found)
}

/// How many bytes lie between two marks of [`Spots`].
const STRIDE: usize = 256;

/// Finds lines and columns in a time that doesn't grow with the text.
struct Spots<'a> {
    text: &'a str,
    /// The byte offsets at which lines begin.
    lines: Vec<usize>,
    /// How many characters begin before each `STRIDE`th byte.
    marks: Vec<usize>,
}

impl<'a> Spots<'a> {
    fn new(text: &'a str) -> Self {
        let lines = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        let mut count = 0;
        let mut marks = vec![0];
        for chunk in text.as_bytes().chunks(STRIDE) {
            count += count_chars(chunk);
            marks.push(count);
        }
        Self { text, lines, marks }
    }

    fn at(&self, offset: usize) -> Spot {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        Spot::new(
            line,
            self.chars_before(offset) - self.chars_before(self.lines[line - 1]) + 1,
        )
    }

    fn chars_before(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let mark = offset / STRIDE;
        self.marks[mark] + count_chars(&self.text.as_bytes()[mark * STRIDE..offset])
    }
}

/// The characters of UTF-8 that begin in these bytes.
fn count_chars(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
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
