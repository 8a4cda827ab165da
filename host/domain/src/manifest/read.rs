//! Reading a manifest by a parser's events, strictly.

use std::collections::BTreeSet;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::scalar::{Plain, plain};
use crate::desired::{Content, Entry, Node, Spot};
use crate::problem::Problem;
use crate::remedy::Advice;
use crate::token;

/// The longest file, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 40;
/// The most values in one file.
pub const MAX_NODES: usize = 20_000;
/// The longest key, in characters: of an annotation, with its prefix. Readers take keys of
/// at most 1,024 on one line.
const MAX_KEY: usize = 320;
/// How many problems of one file are told.
const MAX_PROBLEMS: usize = 50;
/// How much of a text a message shows.
const SHOWN: usize = 60;

/// The documents of a file, in order; those that are empty are left out. Each is a map.
///
/// Read is the part of YAML that is JSON, in block or flow style: no anchors, aliases,
/// tags, directives, merge keys or keys that stand twice; keys are text of ASCII; nothing,
/// true, false and numbers in JSON's spelling. A plain scalar that some version of YAML
/// takes for something else (`yes`, `0x1f`, `1_000`, `12:30`, `2026-01-31`, `~`) is
/// refused; in quotes it is text. Texts may hold whole tokens.
///
/// # Errors
/// Every problem, each with file, line and remedy, at most fifty.
pub fn read(file: &str, text: &str) -> Result<Vec<Node>, Vec<Problem>> {
    let mut builder = ManifestBuilder {
        file,
        found: Vec::new(),
        stack: Vec::new(),
        documents: Vec::new(),
        nodes: 0,
    };
    builder.text(text);
    if builder.found.is_empty() {
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let goes_on = match event {
                Ok((event, span)) => {
                    let start = span.start;
                    builder.take(event, Spot::new(start.line(), start.col() + 1))
                }
                Err(error) => {
                    let spot = Spot::new(error.marker().line(), error.marker().col() + 1);
                    if error.info().contains("recursion limit") {
                        builder.too_deep(spot);
                    } else {
                        builder.problem(
                            spot,
                            format!("isn't valid YAML: {}", error.info()),
                            "look at the indentation, colons, brackets and quotes here and on the line above",
                        );
                    }
                    false
                }
            };
            if !goes_on || builder.found.len() >= MAX_PROBLEMS {
                break;
            }
        }
    }
    if builder.found.is_empty() {
        Ok(builder.documents)
    } else {
        builder.found.truncate(MAX_PROBLEMS);
        Err(builder.found)
    }
}

enum OpenObject {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: BTreeSet<String>,
        /// The key whose value comes next.
        key: Option<(String, Spot)>,
    },
}

/// Turns events into trees without recursion, so that no input can exhaust the stack.
struct ManifestBuilder<'a> {
    file: &'a str,
    found: Vec<Problem>,
    stack: Vec<(OpenObject, Spot)>,
    documents: Vec<Node>,
    nodes: usize,
}

impl ManifestBuilder<'_> {
    fn problem(&mut self, spot: Spot, message: impl Into<String>, help: impl Into<Advice>) {
        self.found.push(
            Problem::new(message)
                .in_file(self.file)
                .at(spot.line, spot.column)
                .help(help),
        );
    }

    /// What is wrong with the text before it is parsed.
    fn text(&mut self, text: &str) {
        if text.len() > MAX_BYTES {
            let most = MAX_BYTES >> 10;
            self.problem(
                Spot::START,
                format!("is longer than {most} KiB"),
                "make it shorter",
            );
            return;
        }
        if let Err(broken) = token::split(text) {
            let spot = Spot::new(broken.line as usize, 1);
            self.problem(
                spot,
                "holds what is left of a value that is known only after apply",
                "place such a value whole; a template may not cut, encode or change it",
            );
        }
        if text.starts_with('%') || text.contains("\n%") {
            let before = text.find("\n%").map_or(0, |at| at + 1);
            self.problem(
                Spot::of_offset(text, if text.starts_with('%') { 0 } else { before }),
                "holds a line that begins with \"%\", as a directive does",
                "take it out, or indent it",
            );
        }
        let odd = text
            .char_indices()
            .find(|(_, c)| *c == '\u{FEFF}' || is_control(*c) && !matches!(c, '\n' | '\r' | '\t'));
        if let Some((at, c)) = odd {
            self.problem(
                Spot::of_offset(text, at),
                format!("holds the character U+{:04X}", c as u32),
                "take it out",
            );
        }
    }

    /// Takes one event; false ends the reading.
    fn take(&mut self, event: Event<'_>, spot: Spot) -> bool {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_marks(anchor, tag.as_deref(), spot);
                self.scalar(&text, style, spot)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.as_deref(), spot);
                self.open(OpenObject::List(Vec::new()), spot)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_marks(anchor, tag.as_deref(), spot);
                let open = OpenObject::Map {
                    entries: Vec::new(),
                    seen: BTreeSet::new(),
                    key: None,
                };
                self.open(open, spot)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some((open, spot)) = self.stack.pop() else {
                    return false;
                };
                let content = match open {
                    OpenObject::List(items) => Content::List(items),
                    OpenObject::Map { entries, .. } => Content::Map(entries),
                };
                self.deliver(Node::new(content, spot));
                true
            }
            Event::Alias(_) => {
                self.problem(spot, "holds an alias", "write the value out");
                self.deliver(Node::new(Content::Null, spot));
                true
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => true,
        }
    }

    fn refuse_marks(&mut self, anchor: usize, tag: Option<&Tag>, spot: Spot) {
        if anchor != 0 {
            self.problem(
                spot,
                "holds an anchor",
                "write the value out where it is used",
            );
        }
        if let Some(tag) = tag {
            let shown: String = tag.to_string().escape_debug().take(SHOWN).collect();
            self.problem(
                spot,
                format!("holds the tag \"{shown}\""),
                "take it out; what is text stands in quotes",
            );
        }
    }

    fn open(&mut self, open: OpenObject, spot: Spot) -> bool {
        if self.stack.len() >= MAX_DEPTH {
            self.too_deep(spot);
            return false;
        }
        self.stack.push((open, spot));
        self.count(spot)
    }

    fn too_deep(&mut self, spot: Spot) {
        self.problem(
            spot,
            format!("is nested deeper than {MAX_DEPTH} levels"),
            "make it flatter",
        );
    }

    fn count(&mut self, spot: Spot) -> bool {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.problem(
                spot,
                format!("holds more than {MAX_NODES} values"),
                "split it into several files",
            );
        }
        self.nodes <= MAX_NODES
    }

    /// Whether the innermost map waits for a key.
    fn wants_key(&self) -> bool {
        matches!(
            self.stack.last(),
            Some((OpenObject::Map { key: None, .. }, _))
        )
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, spot: Spot) -> bool {
        let is_plain = style == ScalarStyle::Plain;
        if self.stack.is_empty() && is_plain && text.is_empty() {
            return true;
        }
        self.refuse_odd_text(text, spot);
        let content = if is_plain {
            match plain(text) {
                Plain::Null => Content::Null,
                Plain::Bool(value) => Content::Bool(value),
                Plain::Number(number) => Content::Number(number),
                Plain::Text => Content::Text(text.to_owned()),
                Plain::Unclear => {
                    self.unclear(text, spot);
                    Content::Text(text.to_owned())
                }
            }
        } else {
            Content::Text(text.to_owned())
        };
        self.deliver(Node::new(content, spot));
        self.count(spot)
    }

    fn unclear(&mut self, text: &str, spot: Spot) {
        match text {
            "" => self.problem(
                spot,
                "has no value here",
                "write null, \"\", [] or {}, or take the key out",
            ),
            // Told where keys are.
            "<<" | "=" if self.wants_key() => {}
            _ => {
                let shown = shown(text);
                self.problem(
                    spot,
                    format!("{shown} is read as one thing by one version of YAML and as another by the next"),
                    "quote it if it is text; else write null, true, false or a number as JSON does",
                );
            }
        }
    }

    /// What an escape such as `"\u0000"` brought in.
    fn refuse_odd_text(&mut self, text: &str, spot: Spot) {
        let odd = |c: &char| is_control(*c) && !matches!(c, '\n' | '\r' | '\t');
        if let Some(c) = text.chars().find(odd) {
            self.problem(
                spot,
                format!("holds the character U+{:04X}", c as u32),
                "take it out",
            );
        }
        if token::split(text).is_err() {
            self.problem(
                spot,
                "holds what is left of a value that is known only after apply",
                "place such a value whole; a template may not cut, encode or change it",
            );
        }
    }

    /// Puts a finished node where the innermost open one wants it.
    fn deliver(&mut self, node: Node) {
        if self.wants_key() {
            self.key(node);
            return;
        }
        match self.stack.last_mut() {
            None if matches!(node.content, Content::Map(_)) => self.documents.push(node),
            None => {
                let kind = node.content.kind();
                self.problem(
                    node.spot,
                    format!("a document is {kind}"),
                    "a document is one object: apiVersion, kind, metadata, and what the kind holds",
                );
            }
            Some((OpenObject::List(items), _)) => items.push(node),
            Some((OpenObject::Map { entries, key, .. }, _)) => {
                if let Some((key, spot)) = key.take() {
                    entries.push(Entry { key, spot, node });
                }
            }
        }
    }

    fn key(&mut self, node: Node) {
        let spot = node.spot;
        let text = match node.content {
            Content::Text(text) => text,
            other => {
                self.problem(
                    spot,
                    format!("a key is {}", other.kind()),
                    "a key is text; put it in double quotes",
                );
                String::new()
            }
        };
        if text == "<<" || text == "=" {
            self.problem(
                spot,
                format!("holds the key \"{text}\", which merges keys in one version of YAML"),
                "write the keys out",
            );
        } else if text.len() > MAX_KEY || !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            self.problem(
                spot,
                format!(
                    "the key {} isn't of at most {MAX_KEY} characters of ASCII",
                    shown(&text)
                ),
                "give it another name",
            );
        }
        if let Some((OpenObject::Map { seen, key, .. }, _)) = self.stack.last_mut() {
            let is_new = seen.insert(text.clone());
            *key = Some((text.clone(), spot));
            if !is_new {
                self.problem(
                    spot,
                    format!("the key {} stands twice", shown(&text)),
                    "keep one of them",
                );
            }
        }
    }
}

/// What no YAML holds as it is, tokens aside.
fn is_control(c: char) -> bool {
    c.is_control() && c != '\u{85}'
}

/// A text as a message shows it.
fn shown(text: &str) -> String {
    let mut shown: String = token::show(text).chars().take(SHOWN).collect();
    if shown.len() < text.len() && shown.chars().count() == SHOWN {
        shown.push('…');
    }
    format!("\"{}\"", shown.escape_debug())
}
