//! The canonical form.

use std::fmt::Write as _;

use super::scalar::{is_plain_number, is_word};
use crate::desired::{Content, Node};
use crate::token::{self, Piece};

/// Documents as they are committed: block style, two spaces a level, keys in their order,
/// documents apart by `---`, and every text in double quotes that any reader could take
/// for something else. A text of several lines is a literal block where that is safe, and
/// else in double quotes with escapes. A token stays what it is, within double quotes, so
/// that the value it takes later ([`token::is_bindable`](crate::token::is_bindable)) reads
/// as text.
///
/// The same trees are the same bytes, and [`read`](super::read) makes the same trees of
/// them.
#[must_use]
pub fn write(documents: &[Node]) -> String {
    let mut out = String::with_capacity(documents.len() * 512);
    for (index, document) in documents.iter().enumerate() {
        if index > 0 {
            out.push_str("---\n");
        }
        block(&mut out, document, 0, false);
    }
    out
}

/// A map or a list, whose entries stand at `indent`; the first of them follows what is
/// written already when `inline`. Anything else, on the rest of its line.
fn block(out: &mut String, node: &Node, indent: usize, inline: bool) {
    let begin = |out: &mut String, is_first: bool| {
        if !(inline && is_first) {
            out.extend(std::iter::repeat_n(' ', indent));
        }
    };
    match &node.content {
        Content::Map(entries) if !entries.is_empty() => {
            for (index, entry) in entries.iter().enumerate() {
                begin(out, index == 0);
                text(out, &entry.key, None);
                out.push(':');
                if is_block(&entry.node) {
                    out.push('\n');
                    block(out, &entry.node, indent + 2, false);
                } else {
                    out.push(' ');
                    block(out, &entry.node, indent + 2, true);
                }
            }
        }
        Content::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                begin(out, index == 0);
                out.push_str("- ");
                block(out, item, indent + 2, true);
            }
        }
        other => {
            begin(out, true);
            scalar(out, other, indent);
            out.push('\n');
        }
    }
}

/// Whether a value stands on lines of its own.
fn is_block(node: &Node) -> bool {
    match &node.content {
        Content::Map(entries) => !entries.is_empty(),
        Content::List(items) => !items.is_empty(),
        _ => false,
    }
}

fn scalar(out: &mut String, content: &Content, indent: usize) {
    match content {
        Content::Null => out.push_str("null"),
        Content::Bool(true) => out.push_str("true"),
        Content::Bool(false) => out.push_str("false"),
        Content::Number(number) if is_plain_number(number) => {
            // Writing to a text doesn't fail.
            let _ = write!(out, "{number}");
        }
        // No reader agrees with another on such a number.
        Content::Number(number) => quoted(out, &number.to_string()),
        Content::Text(value) => text(out, value, Some(indent)),
        Content::List(_) => out.push_str("[]"),
        Content::Map(_) => out.push_str("{}"),
    }
}

/// A text: plain, as a literal block whose lines stand at `indent`, or in double quotes.
fn text(out: &mut String, value: &str, indent: Option<usize>) {
    if is_surely_text(value) {
        out.push_str(value);
        return;
    }
    match indent {
        Some(indent) if is_literal(value) => {
            out.push_str(if value.ends_with('\n') { "|" } else { "|-" });
            for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
                out.push('\n');
                if !line.is_empty() {
                    out.extend(std::iter::repeat_n(' ', indent));
                    out.push_str(line);
                }
            }
        }
        _ => quoted(out, value),
    }
}

/// Whether every reader takes the text for text without quotes: it begins with a letter,
/// consists of what means nothing to YAML, and is no word with a meaning.
fn is_surely_text(value: &str) -> bool {
    let bytes = value.as_bytes();
    let is_plain =
        |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'@');
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes
            .iter()
            .enumerate()
            .all(|(at, b)| is_plain(b) || *b == b':' && bytes.get(at + 1).is_some_and(is_plain))
        && !is_word(value)
}

/// Whether a text of several lines can stand as it is: nothing in it that is folded, cut
/// or taken for indentation.
fn is_literal(value: &str) -> bool {
    value.contains('\n')
        && !value.ends_with("\n\n")
        && !value.starts_with([' ', '\n', '\t'])
        && value.chars().all(|c| c == '\n' || is_as_it_is(c))
        && value
            .split('\n')
            .all(|line| line.is_empty() || !line.ends_with(' '))
}

/// Whether a character may stand in the text as it is. What can't be seen, or turns what
/// is beside it around, is escaped.
fn is_as_it_is(c: char) -> bool {
    matches!(c, ' '..='~')
        || (c >= '\u{A1}'
            && !matches!(c,
                '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202F}'
                | '\u{2060}'..='\u{206F}' | '\u{E000}'..='\u{F8FF}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..)
            && !token::is_reserved(c))
}

fn quoted(out: &mut String, value: &str) {
    out.push('"');
    match token::split(value) {
        Ok(pieces) => {
            for piece in pieces {
                match piece {
                    Piece::Text(plain) => escaped(out, plain),
                    Piece::Token(reference) => out.push_str(&reference.token()),
                }
            }
        }
        Err(_) => escaped(out, value),
    }
    out.push('"');
}

fn escaped(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_as_it_is(c) => out.push(c),
            c => {
                let code = c as u32;
                let _ = if code <= 0xFFFF {
                    write!(out, "\\u{code:04X}")
                } else {
                    write!(out, "\\U{code:08X}")
                };
            }
        }
    }
}
