//! Opaque stand-ins for values that are known only after apply.
//!
//! A token is `U+FFFE`, a small and a capital letter, the effect and output it stands for
//! with each byte `b` written as the private-use character `U+10FF00 + b`, and `U+FFFF`.
//! No character of it but the letters may occur in an input or a template, so whatever is
//! left of a token that a template cut or encoded is found, and what passes through
//! untouched says by itself what it is. The letters are there because a change of case
//! leaves all else as it was: it would be lost in silence.

use std::collections::BTreeMap;

use crate::effect::{EffectId, OutputName};

const OPEN: char = '\u{FFFE}';
const CLOSE: char = '\u{FFFF}';
const BASE: u32 = 0x10_FF00;
/// What a token begins with: any change of case alters one of the two.
const CASED: &str = "aZ";

/// The forms that common encoders give to the characters of a token: percent-encoding,
/// JSON's escapes (either case) and HTML's.
const ENCODED: &[&str] = &[
    "%EF%BF%BE",
    "%EF%BF%BF",
    "%F4%8F%BC",
    "%F4%8F%BD",
    "\\ufffe",
    "\\uffff",
    "\\udbff",
    "&#6553",
    "&#1114",
    "&#xfff",
    "&#x10ff",
];

/// One output of one effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The effect that makes the value known.
    pub effect: EffectId,
    /// Which of its outputs.
    pub output: OutputName,
}

/// The values that tokens took: `<effect id>:<output>` to text.
pub type Bindings = BTreeMap<String, String>;

impl Reference {
    /// The key under which [`Bindings`] hold the value.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.effect, self.output)
    }

    /// The opaque text that stands for the value.
    #[must_use]
    pub fn token(&self) -> String {
        let mut token = String::from(OPEN);
        token.push_str(CASED);
        for byte in self.key().bytes() {
            token.extend(char::from_u32(BASE + u32::from(byte)));
        }
        token.push(CLOSE);
        token
    }

    fn decode(inner: &str) -> Option<Self> {
        let mut bytes = Vec::with_capacity(inner.len() / 4);
        for c in inner.strip_prefix(CASED)?.chars() {
            bytes.push(u8::try_from((c as u32).checked_sub(BASE)?).ok()?);
        }
        let key = String::from_utf8(bytes).ok()?;
        let (effect, output) = key.rsplit_once(':')?;
        Some(Self {
            effect: effect.parse().ok()?,
            output: output.parse().ok()?,
        })
    }
}

/// Whether a character is kept for tokens, and so refused in every input.
#[must_use]
pub fn is_reserved(c: char) -> bool {
    c == OPEN || c == CLOSE || (BASE..=BASE + 0xFF).contains(&(c as u32))
}

/// A broken token, and the line (from 1) of the text it was found on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} holds what is left of a value that is known only after apply; a template may place such a value but not cut, encode or change it"
)]
pub struct BrokenToken {
    /// Counted from 1.
    pub line: u32,
}

/// A piece of a text that may hold tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Plain text.
    Text(&'a str),
    /// A whole token.
    Token(Reference),
}

/// Splits a text into plain pieces and whole tokens.
///
/// # Errors
/// The first place where a token is cut, encoded or otherwise altered.
pub fn split(text: &str) -> Result<Vec<Piece<'_>>, BrokenToken> {
    let line_at = |at: usize| BrokenToken {
        line: u32::try_from(text[..at].matches('\n').count() + 1).unwrap_or(u32::MAX),
    };
    let mut pieces = Vec::new();
    if is_surely_plain(text) {
        pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
        return Ok(pieces);
    }
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let plain = find_reserved(rest).unwrap_or(rest.len());
        if plain > 0 {
            if let Some(odd) = find_encoded(&rest[..plain]) {
                return Err(line_at(at + odd));
            }
            pieces.push(Piece::Text(&rest[..plain]));
            at += plain;
            continue;
        }
        let inner = rest.strip_prefix(OPEN).ok_or_else(|| line_at(at))?;
        let end = inner.find([OPEN, CLOSE]).ok_or_else(|| line_at(at))?;
        if !inner[end..].starts_with(CLOSE) {
            return Err(line_at(at));
        }
        let reference = Reference::decode(&inner[..end]).ok_or_else(|| line_at(at))?;
        pieces.push(Piece::Token(reference));
        at += OPEN.len_utf8() + end + CLOSE.len_utf8();
    }
    Ok(pieces)
}

/// The first reserved character. They all begin with one of the highest bytes, which few
/// other characters do.
fn find_reserved(text: &str) -> Option<usize> {
    text.bytes()
        .enumerate()
        .filter(|(_, byte)| *byte >= 0xEF)
        .map(|(at, _)| at)
        .find(|at| text[*at..].starts_with(is_reserved))
}

/// Where the first form of a reserved character stands that an encoder made.
fn find_encoded(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let begins = |at: &usize| {
        ENCODED.iter().any(|needle| {
            bytes[*at..]
                .get(..needle.len())
                .is_some_and(|here| here.eq_ignore_ascii_case(needle.as_bytes()))
        })
    };
    // Each of them begins with one of these; most texts hold none.
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, b'%' | b'\\' | b'&'))
        .map(|(at, _)| at)
        .find(begins)
}

/// Every reference in a text, in order, each once.
///
/// # Errors
/// As [`split`].
pub fn references(text: &str) -> Result<Vec<Reference>, BrokenToken> {
    let mut found: Vec<Reference> = Vec::new();
    if is_surely_plain(text) {
        return Ok(found);
    }
    for piece in split(text)? {
        if let Piece::Token(reference) = piece
            && !found.contains(&reference)
        {
            found.push(reference);
        }
    }
    Ok(found)
}

/// A text with the tokens replaced by what `value` gives; tokens for which it gives
/// nothing stay.
///
/// # Errors
/// As [`split`].
pub fn substitute(
    text: &str,
    mut value: impl FnMut(&Reference) -> Option<String>,
) -> Result<String, BrokenToken> {
    let mut out = String::with_capacity(text.len());
    for piece in split(text)? {
        match piece {
            Piece::Text(plain) => out.push_str(plain),
            Piece::Token(reference) => {
                out.push_str(&value(&reference).unwrap_or_else(|| reference.token()))
            }
        }
    }
    Ok(out)
}

/// A text with every token that `bindings` know replaced. A value that isn't
/// [bindable](is_bindable) is as good as unknown: its token stays.
///
/// # Errors
/// As [`split`].
pub fn bind(text: &str, bindings: &Bindings) -> Result<String, BrokenToken> {
    substitute(text, |reference| {
        bindings
            .get(&reference.key())
            .filter(|value| is_bindable(value))
            .cloned()
    })
}

/// The longest value that takes a token's place, in characters.
const MAX_VALUE: usize = 512;

/// Whether a value may take a token's place in a text that was checked before: it is an
/// id as clouds give them, so it ends no quotes and begins no line.
#[must_use]
pub fn is_bindable(value: &str) -> bool {
    (1..=MAX_VALUE).contains(&value.len())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.:/@+=,".contains(&b))
}

/// A text as a person is shown it: tokens as `(known after apply)`.
#[must_use]
pub fn show(text: &str) -> String {
    substitute(text, |_| Some("(known after apply)".to_owned()))
        .unwrap_or_else(|_| text.escape_debug().to_string())
}

/// A quick look: whether a text has none of the bytes that a token, or what an encoder
/// makes of one, consists of. `false` says nothing.
pub(crate) fn is_surely_plain(text: &str) -> bool {
    // In pieces without a way out of the middle, which the compiler makes wide.
    !text.as_bytes().chunks(256).any(|piece| {
        piece.iter().fold(false, |any, byte| {
            any | matches!(byte, 0xEF..|b'%'| b'\\' | b'&')
        })
    })
}

/// Whether a text holds no token and no part of one.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    is_surely_plain(text) || matches!(split(text).as_deref(), Ok([] | [Piece::Text(_)]))
}
