//! The one place where text leaves for a terminal, and the one where log lines do.
//!
//! Whoever makes a text escapes what came from outside in it (`harmless`). What slips
//! through is made visible here: nothing but ends of lines, tabs and colours passes.

use std::fmt::{Arguments, Write as _};
use std::io::{self, IsTerminal as _, Write};

use deploycenter_domain::escape::{clipped, is_obeyed};
use tracing_subscriber::fmt::MakeWriter;

/// How long a log line may be, in characters.
const LOG_LINE_MAX: usize = 8_000;

/// Writes to stdout.
macro_rules! out {
    ($($text:tt)*) => { $crate::output::print::to_stdout(::std::format_args!($($text)*)) };
}
/// Writes a line to stdout.
macro_rules! outln {
    ($($text:tt)*) => { $crate::output::out!("{}\n", ::std::format_args!($($text)*)) };
}
/// Writes to stderr.
macro_rules! err {
    ($($text:tt)*) => { $crate::output::print::to_stderr(::std::format_args!($($text)*)) };
}
/// Writes a line to stderr.
macro_rules! errln {
    ($($text:tt)*) => { $crate::output::err!("{}\n", ::std::format_args!($($text)*)) };
}
pub(crate) use {err, errln, out, outln};

#[expect(clippy::disallowed_macros, reason = "this is the place")]
pub(crate) fn to_stdout(text: Arguments<'_>) {
    anstream::print!("{}", guarded(&text.to_string()));
}

#[expect(clippy::disallowed_macros, reason = "this is the place")]
pub(crate) fn to_stderr(text: Arguments<'_>) {
    anstream::eprint!("{}", guarded(&text.to_string()));
}

/// Writes a file's content to stdout: as it is, unless a terminal shows it.
#[expect(clippy::disallowed_macros, reason = "this is the place")]
pub(crate) fn content(text: &str) {
    if io::stdout().is_terminal() {
        anstream::print!("{}", guarded(text));
    } else {
        anstream::print!("{text}");
    }
}

/// A text in which a terminal obeys nothing but ends of lines, tabs and colours. What is
/// escaped stays what it was in a string of JSON.
pub(super) fn guarded(text: &str) -> String {
    let obeyed = |&(_, c): &(usize, char)| c != '\n' && c != '\t' && is_obeyed(c);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(obeyed) {
        shown.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match colour(rest) {
            0 => {
                escape(c, &mut shown);
                c.len_utf8()
            }
            colour => {
                shown.push_str(&rest[..colour]);
                colour
            }
        };
        rest = &rest[length..];
    }
    shown.push_str(rest);
    shown
}

fn escape(c: char, shown: &mut String) {
    if c.is_ascii() {
        shown.extend(c.escape_unicode());
        return;
    }
    for unit in c.encode_utf16(&mut [0; 2]) {
        // Writing to a string can't fail.
        let _ = write!(shown, "\\u{unit:04x}");
    }
}

/// How long the sequence is that sets a colour, where a text begins with one.
fn colour(text: &str) -> usize {
    let Some(inner) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let digits = inner
        .bytes()
        .take_while(|b| b.is_ascii_digit() || *b == b';')
        .count();
    match inner.as_bytes().get(digits) {
        Some(b'm') if digits <= 16 => 2 + digits + 1,
        _ => 0,
    }
}

/// Where log lines go: stderr, each line whole, guarded, and one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogLines {
    /// Lines are JSON, which a cut would break.
    pub(crate) json: bool,
}

/// One log line on its way.
pub(crate) struct LogLine<W> {
    to: W,
    json: bool,
}

impl MakeWriter<'_> for LogLines {
    type Writer = LogLine<io::Stderr>;

    fn make_writer(&self) -> Self::Writer {
        LogLine {
            to: io::stderr(),
            json: self.json,
        }
    }
}

impl<W: Write> Write for LogLine<W> {
    /// The subscriber writes a line at once, with its end.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = match self.json {
            true => guarded(line),
            false => guarded(&clipped(line, LOG_LINE_MAX)).replace('\n', "\\u{a}"),
        };
        self.to.write_all(format!("{line}\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_colours_and_lines_passes() {
        let shown = guarded(
            "\u{1b}[1;31ma\u{1b}[0m\tb\n\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}2J\u{202e}c\r\u{e0041}",
        );
        assert_eq!(
            shown,
            "\u{1b}[1;31ma\u{1b}[0m\tb\n\\u{1b}[2J\\u{1b}]0;x\\u{7}\\u009b2J\\u202ec\\u{d}\\udb40\\udc41"
        );
        assert_eq!(guarded("Zoë – ✓ 日本"), "Zoë – ✓ 日本");
    }

    #[test]
    fn json_says_the_same_when_it_is_guarded() {
        let value = serde_json::json!({ "a\u{202e}": "b\u{9b}\u{e0041}\u{1b}[2J\n\u{2028}" });
        for text in [
            value.to_string(),
            serde_json::to_string_pretty(&value).unwrap(),
        ] {
            let guarded = guarded(&text);
            assert!(
                !guarded.chars().any(|c| c != '\n' && is_obeyed(c)),
                "{guarded}"
            );
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&guarded).unwrap(),
                value
            );
        }
    }

    #[test]
    fn a_log_line_is_one_line_of_bounded_length() {
        let mut to = Vec::new();
        let mut line = LogLine {
            to: &mut to,
            json: false,
        };
        let text = format!(
            "WARN a\n ERROR forged \u{1b}[2J\u{202e} {}\n",
            "x".repeat(20_000)
        );
        assert_eq!(line.write(text.as_bytes()).unwrap(), text.len());
        let text = String::from_utf8(to).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(
            text.starts_with("WARN a\\u{a} ERROR forged \\u{1b}[2J\\u202e xxx"),
            "{}",
            &text[..60]
        );
        assert!(text.ends_with("x…\n") && text.len() < 9_000);
    }
}
