//! Plain scalars: which every version of YAML reads alike.

use serde_json::Number;

/// What a plain scalar is.
#[derive(Debug, PartialEq)]
pub(super) enum Plain {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in JSON's spelling, without an exponent.
    Number(Number),
    /// A text to every reader.
    Text,
    /// One thing to one reader and another to the next.
    Unclear,
}

/// Words that some reader takes for something else than text. Case doesn't matter: YAML
/// 1.1 knows three spellings of most, and readers are lax about the others.
const WORDS: &[&str] = &[
    "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", ".inf",
    "+.inf", "-.inf", ".nan", "+.nan", "-.nan", "inf", "nan",
];

/// What every reader makes of a plain scalar.
pub(super) fn plain(text: &str) -> Plain {
    match text {
        "null" => return Plain::Null,
        "true" => return Plain::Bool(true),
        "false" => return Plain::Bool(false),
        _ => {}
    }
    if is_word(text) {
        return Plain::Unclear;
    }
    if let Some(number) = number(text) {
        return Plain::Number(number);
    }
    if is_like_a_number(text) || is_like_a_time(text) {
        return Plain::Unclear;
    }
    Plain::Text
}

/// Whether a text is one of the words that some reader takes for something else.
pub(super) fn is_word(text: &str) -> bool {
    text.len() <= 5 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A number in JSON's spelling that all readers agree on: no exponent, which YAML 1.1
/// wants a sign in, no zero with a sign, no more digits than a reader keeps.
fn number(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = match unsigned.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || (whole.len() > 1 && whole.starts_with('0')) || !part.is_none_or(digits) {
        return None;
    }
    let number = match part {
        // 18 digits fit every reader's integer.
        None if whole.len() <= 18 && text != "-0" => Number::from(text.parse::<i64>().ok()?),
        // 15 digits are kept exactly.
        Some(part) if whole.len() + part.len() <= 15 => {
            Number::from_f64(text.parse::<f64>().ok()?)?
        }
        _ => return None,
    };
    is_plain_number(&number).then_some(number)
}

/// Whether what a number is written as reads the same everywhere.
pub(super) fn is_plain_number(number: &Number) -> bool {
    number.as_i64().is_some() || {
        let text = number.to_string();
        text != "-0.0" && text.contains('.') && !text.contains(['e', 'E'])
    }
}

/// Whether any version of YAML could take the text for a number: with underscores or
/// commas, in another base, in sixties, with a sign, a zero before or an exponent.
fn is_like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    let all = |text: &str, fine: fn(char) -> bool| text.chars().all(fine);
    let lower = unsigned.to_ascii_lowercase();
    for (prefix, fine) in [
        (
            "0x",
            (|c| c.is_ascii_hexdigit() || c == '_') as fn(char) -> bool,
        ),
        ("0o", |c| c.is_ascii_digit() || c == '_'),
        ("0b", |c| c.is_ascii_digit() || c == '_'),
    ] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return all(digits, fine);
        }
    }
    let in_sixties: fn(char) -> bool = |c| c.is_ascii_digit() || matches!(c, '_' | ':' | '.');
    if lower.contains(':') {
        return all(&lower, in_sixties);
    }
    let (mantissa, exponent) = match lower.split_once('e') {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (lower.as_str(), ""),
    };
    // Two points make no number, whatever YAML 1.1's own pattern lets through.
    mantissa.matches('.').count() <= 1
        && all(mantissa, |c| {
            c.is_ascii_digit() || matches!(c, '_' | ',' | '.')
        })
        && all(exponent.strip_prefix(['-', '+']).unwrap_or(exponent), |c| {
            c.is_ascii_digit() || c == '_'
        })
}

/// Whether the text begins as a day does: `2026-1-31`, with or without a time.
fn is_like_a_time(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let end = day.find(['t', 'T', ' ', '\t']).unwrap_or(day.len());
    year.len() == 4 && digits(year, 4) && digits(month, 2) && digits(&day[..end], 2)
}
