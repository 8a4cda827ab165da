//! YAML 1.2 with places kept, and without the parts of YAML that surprise people.
//!
//! Left out on purpose, each refused with a way out: tabs, byte order marks, several
//! documents in one file, merge keys, tags other than `!!str`, keys that aren't text,
//! and integers with a leading zero. Plain `yes`, `no`, `on` and `off` are text, as
//! YAML 1.2 says.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::Number;

use super::node::{Content, Entry, Node, Spot};
use crate::problem::Problem;
use crate::token;

/// The largest file that is read, in bytes. Ten thousand customers fit.
const MAX_BYTES: usize = 10 << 20;
/// The deepest nesting.
const MAX_DEPTH: usize = 64;
/// The most values in one file.
const MAX_NODES: usize = 2_000_000;
/// The most values that a file's anchors and aliases may copy in total.
const MAX_COPIED: usize = 20_000;
/// How many problems of one file are told.
const MAX_PROBLEMS: usize = 100;

/// Reads a file; an empty one is null. With problems there may still be a node, without
/// the parts that were refused, so that what it holds can be checked in the same go.
pub fn parse(file: &str, bytes: &[u8]) -> (Option<Node>, Vec<Problem>) {
    let text = match plain_text(file, bytes) {
        Ok(text) => text,
        Err(problems) => return (None, problems),
    };
    let mut builder = Builder::new(file);
    builder.found = tabs(file, text);
    let has_tabs = !builder.found.is_empty();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let goes_on = match event {
            Ok((event, span)) => {
                let start = span.start;
                builder.take(event, Spot::new(start.line(), start.col() + 1))
            }
            // A tab has been told already, and is what the parser trips over.
            Err(_) if has_tabs => false,
            Err(error) => {
                builder.scan_error(&error);
                false
            }
        };
        if !goes_on || builder.found.len() >= MAX_PROBLEMS {
            builder.found.truncate(MAX_PROBLEMS);
            return (None, builder.found);
        }
    }
    (
        Some(
            builder
                .root
                .unwrap_or_else(|| Node::new(Content::Null, Spot::START)),
        ),
        builder.found,
    )
}

fn tabs(file: &str, text: &str) -> Vec<Problem> {
    text.lines()
        .zip(1..)
        .filter_map(|(line, number)| {
            let column = line.chars().position(|c| c == '\t')?;
            Some(
                Problem::new("holds a tab")
                    .in_file(file)
                    .at(number, u32::try_from(column + 1).unwrap_or(u32::MAX))
                    .help("indent with spaces; in a value write \"\\t\", with the double quotes"),
            )
        })
        .take(MAX_PROBLEMS)
        .collect()
}

/// The text of a file that a person wrote: UTF-8, not too long, and without characters
/// that can't be seen or that are kept for tokens.
///
/// # Errors
/// The problems, each with its place.
pub(super) fn plain_text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Vec<Problem>> {
    let one = |problem: Problem| vec![problem.in_file(file)];
    if bytes.len() > MAX_BYTES {
        return Err(one(Problem::new(format!(
            "is {} MiB long; the most is {} MiB",
            bytes.len() >> 20,
            MAX_BYTES >> 20
        ))));
    }
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err(one(Problem::new("is UTF-16")
            .at(1, 1)
            .help("save it as UTF-8 without a byte order mark")));
    }
    if bytes.starts_with(&[0xEF, 0xBB, 0xBF]) {
        return Err(one(Problem::new("begins with a byte order mark")
            .at(1, 1)
            .help("save it as UTF-8 without a byte order mark")));
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let spot = Spot::of_offset(&before, before.len());
            return Err(one(Problem::new("isn't UTF-8 text")
                .at(spot.line, spot.column)
                .help("save it as UTF-8")));
        }
    };
    let mut odd = Vec::new();
    for (line, number) in text.split('\n').zip(1..) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        for (column, c) in line.chars().enumerate().filter(|(_, c)| !is_allowed(*c)) {
            let column = u32::try_from(column + 1).unwrap_or(u32::MAX);
            odd.push(
                Problem::new(format!(
                    "holds the character U+{:04X}, {}",
                    c as u32,
                    why_refused(c)
                ))
                .in_file(file)
                .at(number, column)
                .help("take it out"),
            );
        }
        if odd.len() >= MAX_PROBLEMS {
            break;
        }
    }
    odd.truncate(MAX_PROBLEMS);
    if odd.is_empty() { Ok(text) } else { Err(odd) }
}

fn is_allowed(c: char) -> bool {
    !token::is_reserved(c) && (c == '\t' || c == '\u{85}' || !c.is_control())
}

fn why_refused(c: char) -> &'static str {
    if token::is_reserved(c) {
        "which is kept for values that are known only after apply"
    } else {
        "a control character"
    }
}

/// What a map waits for.
enum Pending {
    Key,
    Value(String, Spot),
    /// The value of a key that was refused; it is read and left out.
    Refused,
}

enum Open {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: BTreeMap<String, u32>,
        pending: Pending,
    },
}

struct Frame {
    open: Open,
    spot: Spot,
    anchor: usize,
}

/// Turns events into a tree without recursion, so that no input can exhaust the stack.
struct Builder<'a> {
    file: &'a str,
    found: Vec<Problem>,
    stack: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    anchors: HashMap<usize, Node>,
    copied: usize,
}

impl<'a> Builder<'a> {
    fn new(file: &'a str) -> Self {
        Self {
            file,
            found: Vec::new(),
            stack: Vec::new(),
            root: None,
            documents: 0,
            nodes: 0,
            anchors: HashMap::new(),
            copied: 0,
        }
    }

    fn problem(&mut self, spot: Spot, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(
            Problem::new(message)
                .in_file(self.file)
                .at(spot.line, spot.column)
                .help(help),
        );
    }

    fn scan_error(&mut self, error: &ScanError) {
        let spot = Spot::new(error.marker().line(), error.marker().col() + 1);
        if error.info().contains("recursion limit") {
            self.too_deep(spot);
        } else {
            self.problem(
                spot,
                format!("isn't valid YAML: {}", error.info()),
                "look at the indentation, colons, brackets and quotes here and on the line above",
            );
        }
    }

    fn too_deep(&mut self, spot: Spot) {
        self.problem(
            spot,
            format!("is nested deeper than {MAX_DEPTH} levels"),
            "make it flatter",
        );
    }

    /// Takes one event; false ends the reading.
    fn take(&mut self, event: Event<'_>, spot: Spot) -> bool {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problem(
                        spot,
                        "holds a second YAML document",
                        "keep one document a file: take the \"---\" out",
                    );
                    return false;
                }
                true
            }
            Event::Scalar(text, style, anchor, tag) => {
                let content = self.scalar(&text, style, tag.as_deref(), spot);
                self.complete(Node::new(content, spot), anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), spot);
                self.push(Open::List(Vec::new()), spot, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), spot);
                let open = Open::Map {
                    entries: Vec::new(),
                    seen: BTreeMap::new(),
                    pending: Pending::Key,
                };
                self.push(open, spot, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.stack.pop() else {
                    return false;
                };
                let content = match frame.open {
                    Open::List(items) => Content::List(items),
                    Open::Map { entries, .. } => Content::Map(entries),
                };
                self.complete(Node::new(content, frame.spot), frame.anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, spot),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => true,
        }
    }

    fn push(&mut self, open: Open, spot: Spot, anchor: usize) -> bool {
        if self.stack.len() >= MAX_DEPTH {
            self.too_deep(spot);
            return false;
        }
        self.stack.push(Frame { open, spot, anchor });
        true
    }

    fn complete(&mut self, node: Node, anchor: usize) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.problem(
                node.spot,
                format!("holds more than {MAX_NODES} values"),
                "split it into customers.d/",
            );
            return false;
        }
        if anchor != 0 {
            if !self.count_copy(&node) {
                return false;
            }
            self.anchors.insert(anchor, node.clone());
        }
        self.deliver(node);
        true
    }

    fn alias(&mut self, anchor: usize, spot: Spot) -> bool {
        let Some(mut node) = self.anchors.get(&anchor).cloned() else {
            self.problem(
                spot,
                "an alias stands within what it names",
                "write the value out",
            );
            return false;
        };
        if self.stack.len() + node.depth() > MAX_DEPTH {
            self.too_deep(spot);
            return false;
        }
        // The place of a value is where it is used, so that a message leads there.
        node.spot = spot;
        if !self.count_copy(&node) {
            return false;
        }
        self.deliver(node);
        true
    }

    fn count_copy(&mut self, node: &Node) -> bool {
        self.copied += node.count();
        if self.copied > MAX_COPIED {
            self.problem(
                node.spot,
                format!("its anchors and aliases copy more than {MAX_COPIED} values"),
                "write the values out, or put what is shared into environments/ or overrides/",
            );
            return false;
        }
        true
    }

    /// Puts a finished node where the innermost open one wants it.
    fn deliver(&mut self, node: Node) {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map {
                entries,
                seen,
                pending,
            } => match std::mem::replace(pending, Pending::Key) {
                Pending::Value(key, key_spot) => entries.push(Entry {
                    key,
                    spot: key_spot,
                    node,
                }),
                Pending::Refused => {}
                Pending::Key => {
                    let spot = node.spot;
                    let refused = match node.content {
                        Content::Text(key) if key == "<<" => (
                            "holds the merge key \"<<\"".to_owned(),
                            "write the keys out, or put what is shared into environments/ or overrides/".to_owned(),
                        ),
                        Content::Text(key) => match seen.insert(key.clone(), spot.line) {
                            None => {
                                *pending = Pending::Value(key, spot);
                                return;
                            }
                            Some(first) => {
                                seen.insert(key.clone(), first);
                                (format!("duplicate key {key:?}; the first is at line {first}"), "keep one of them".to_owned())
                            }
                        },
                        other => (
                            format!("a key must be text, not {}", other.kind()),
                            "put it in double quotes".to_owned(),
                        ),
                    };
                    *pending = Pending::Refused;
                    self.problem(spot, refused.0, refused.1);
                }
            },
        }
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, spot: Spot) {
        if let Some(tag) = tag {
            self.problem(
                spot,
                format!("the tag {:?} isn't supported", tag.to_string()),
                "take it out",
            );
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, spot: Spot) -> Content {
        self.refuse_odd_text(text, spot);
        let is_text = match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
            other => {
                self.refuse_tag(other, spot);
                style != ScalarStyle::Plain
            }
        };
        if is_text {
            return Content::Text(text.to_owned());
        }
        match resolve(text) {
            Ok(content) => content,
            Err((message, help)) => {
                self.problem(spot, message, help);
                Content::Text(text.to_owned())
            }
        }
    }

    /// What an escape such as `"\u0000"` or `"\uFFFE"` brought in.
    fn refuse_odd_text(&mut self, text: &str, spot: Spot) {
        if let Some(c) = text
            .chars()
            .find(|c| !is_allowed(*c) && !matches!(c, '\n' | '\r'))
        {
            self.problem(
                spot,
                format!("holds the character U+{:04X}, {}", c as u32, why_refused(c)),
                "take it out",
            );
        } else if text.contains(['%', '\\', '&']) && !token::is_plain(text) {
            self.problem(
                spot,
                "holds the encoded form of a character that is kept for values known only after apply",
                "take it out",
            );
        }
    }
}

/// A plain scalar by the core schema of YAML 1.2 (§10.3.2), less what JSON can't hold.
fn resolve(text: &str) -> Result<Content, (String, &'static str)> {
    const QUOTE: &str = "put it in double quotes if it is text";
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => {
            return Err((format!("{text} is no number that can be used"), QUOTE));
        }
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err((format!("{text} is no number that can be used"), QUOTE));
    }
    let too_large = || (format!("the number {text} is too large"), QUOTE);
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_digit(radix))
        {
            return u64::from_str_radix(digits, radix)
                .map(|number| Content::Number(number.into()))
                .map_err(|_| too_large());
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Err((format!("the number {text} begins with a zero"), QUOTE));
        }
        return match text.strip_prefix('+').unwrap_or(text).parse::<i64>() {
            Ok(number) => Ok(Content::Number(number.into())),
            Err(_) => text
                .parse::<u64>()
                .map(|number| Content::Number(number.into()))
                .map_err(|_| too_large()),
        };
    }
    if is_float(unsigned) {
        return text
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Content::Number)
            .ok_or_else(too_large);
    }
    Ok(Content::Text(text.to_owned()))
}

fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fine_mantissa = match mantissa.split_once('.') {
        Some((whole, part)) => {
            digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let fine_exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    fine_mantissa && fine_exponent
}
