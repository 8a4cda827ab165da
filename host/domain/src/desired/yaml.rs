//! YAML 1.2 with places kept, and without the parts of YAML that surprise people.
//!
//! Left out on purpose, each refused with a way out: tabs, byte order marks, several
//! documents in one file, merge keys, tags other than `!!str`, keys that aren't text,
//! and integers with a leading zero. Plain `yes`, `no`, `on` and `off` are text, as
//! YAML 1.2 says.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::node::{Content, Entry, Node, Spot};
use super::scalar::resolve;
use super::text::{MAX_PROBLEMS, is_allowed, plain_text, tabs, why_refused};
use crate::problem::Problem;
use crate::remedy::Advice;
use crate::token;

/// The deepest nesting.
const MAX_DEPTH: usize = 64;
/// The most values in one file.
const MAX_NODES: usize = 2_000_000;
/// The most values that a file's anchors and aliases may copy in total.
const MAX_COPIED: usize = 20_000;

/// Reads a file; an empty one is null. With problems there may still be a node, without
/// the parts that were refused, so that what it holds can be checked in the same go.
pub fn parse(file: &str, bytes: &[u8]) -> (Option<Node>, Vec<Problem>) {
    let text = match plain_text(file, bytes) {
        Ok(text) => text,
        Err(problems) => return (None, problems),
    };
    let mut builder = TreeBuilder::new(file);
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

/// What a map waits for.
enum Pending {
    Key,
    Value(String, Spot),
    /// The value of a key that was refused; it is read and left out.
    Refused,
}

enum OpenNode {
    List(Vec<Node>),
    Map {
        entries: Vec<Entry>,
        seen: BTreeMap<String, u32>,
        pending: Pending,
        /// Whether a merge key would have brought more keys.
        partial: bool,
    },
}

struct Frame {
    open: OpenNode,
    spot: Spot,
    anchor: usize,
}

/// Turns events into a tree without recursion, so that no input can exhaust the stack.
struct TreeBuilder<'a> {
    file: &'a str,
    found: Vec<Problem>,
    stack: Vec<Frame>,
    root: Option<Node>,
    documents: usize,
    nodes: usize,
    anchors: HashMap<usize, Node>,
    copied: usize,
}

impl<'a> TreeBuilder<'a> {
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

    fn problem(&mut self, spot: Spot, message: impl Into<String>, help: impl Into<Advice>) {
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
                self.push(OpenNode::List(Vec::new()), spot, anchor)
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.as_deref(), spot);
                let open = OpenNode::Map {
                    entries: Vec::new(),
                    seen: BTreeMap::new(),
                    pending: Pending::Key,
                    partial: false,
                };
                self.push(open, spot, anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.stack.pop() else {
                    return false;
                };
                let (content, partial) = match frame.open {
                    OpenNode::List(items) => (Content::List(items), false),
                    OpenNode::Map {
                        entries, partial, ..
                    } => (Content::Map(entries), partial),
                };
                let node = Node {
                    partial,
                    ..Node::new(content, frame.spot)
                };
                self.complete(node, frame.anchor)
            }
            Event::Alias(anchor) => self.alias(anchor, spot),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => true,
        }
    }

    fn push(&mut self, open: OpenNode, spot: Spot, anchor: usize) -> bool {
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
            OpenNode::List(items) => items.push(node),
            OpenNode::Map {
                entries,
                seen,
                pending,
                partial,
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
                        Content::Text(key) if key == "<<" => {
                            *partial = true;
                            (
                                "holds the merge key \"<<\"".to_owned(),
                                "write the keys out, or put what is shared into environments/ or overrides/".to_owned(),
                            )
                        }
                        Content::Text(key) => match seen.insert(key.clone(), spot.line) {
                            None => {
                                *pending = Pending::Value(key, spot);
                                return;
                            }
                            Some(first) => {
                                seen.insert(key.clone(), first);
                                (
                                    format!("duplicate key {key:?}; the first is at line {first}"),
                                    "keep one of them".to_owned(),
                                )
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
