//! The text of a file: what characters a person may have written.

use super::node::Spot;
use crate::problem::Problem;
use crate::token;

/// The largest file that is read, in bytes. Ten thousand customers fit.
const MAX_BYTES: usize = 10 << 20;
/// How many problems of one file are told.
pub(super) const MAX_PROBLEMS: usize = 100;

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

pub(super) fn is_allowed(c: char) -> bool {
    !token::is_reserved(c) && (c == '\t' || c == '\u{85}' || !c.is_control())
}

pub(super) fn why_refused(c: char) -> &'static str {
    if token::is_reserved(c) {
        "which is kept for values that are known only after apply"
    } else {
        "a control character"
    }
}

/// The first tab of every line: YAML takes them in some places and trips over them in
/// others.
pub(super) fn tabs(file: &str, text: &str) -> Vec<Problem> {
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
