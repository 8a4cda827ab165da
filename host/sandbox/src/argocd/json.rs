//! Small readers of loose JSON, hashes and times, which every part here needs.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::service::Millis;

/// The text at a pointer, or nothing.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The list at a pointer, or an empty one.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The texts of the list at a pointer.
pub(crate) fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer).iter().filter_map(Value::as_str)
}

/// The map of texts at a pointer (labels, annotations).
pub(crate) fn text_map(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .map(|map| {
            map.iter()
                .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
                .collect()
        })
        .unwrap_or_default()
}

/// RFC 3339 in whole seconds, as Kubernetes writes times.
pub(crate) fn time(at: Millis) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The clock time as Go's `time.Kitchen` writes it, which retry messages use.
pub(crate) fn kitchen(at: Millis) -> String {
    timestamp(at).strftime("%-I:%M%p").to_string()
}

fn timestamp(at: Millis) -> Timestamp {
    i64::try_from(at)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The SHA-256 of a text, in hexadecimal.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A UUID-shaped id that a seed always gives again.
pub(crate) fn uid(seed: &str) -> String {
    let hash = digest(seed);
    format!(
        "{}-{}-{}-{}-{}",
        &hash[..8],
        &hash[8..12],
        &hash[12..16],
        &hash[16..20],
        &hash[20..32]
    )
}

/// Whether a glob pattern matches: `*` is any run of characters, but none of `/` if `segments`
/// says that slashes part the text (then `**` crosses them).
pub(crate) fn glob(pattern: &str, text: &str, segments: bool) -> bool {
    fn matches(pattern: &[u8], text: &[u8], segments: bool) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'*', rest)) => {
                let (rest, crosses) = match rest.split_first() {
                    Some((b'*', rest)) => (rest, true),
                    _ => (rest, !segments),
                };
                (0..=text.len())
                    .take_while(|&end| {
                        crosses || end == 0 || text.get(end - 1).is_some_and(|last| *last != b'/')
                    })
                    .any(|end| matches(rest, &text[end..], segments))
            }
            Some((first, rest)) => text
                .split_first()
                .is_some_and(|(head, tail)| head == first && matches(rest, tail, segments)),
        }
    }
    pattern == "*" || matches(pattern.as_bytes(), text.as_bytes(), segments)
}

/// Whether a text is a DNS-1123 subdomain, as names of Kubernetes objects are.
pub(crate) fn is_object_name(name: &str) -> bool {
    name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text, segments, wanted) in [
            ("*", "a/b", true, true),
            ("acme-*", "acme-corp", false, true),
            ("acme", "acme-corp", false, false),
            ("https://git/*", "https://git/a", true, true),
            ("https://git/*", "https://git/a/b", true, false),
            ("https://git/**", "https://git/a/b", true, true),
            ("*.example", "x.example", false, true),
            ("", "", false, true),
        ] {
            assert_eq!(glob(pattern, text, segments), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn times_are_written_as_kubernetes_and_go_do() {
        let at = 1_700_000_000_000;
        assert_eq!(time(at), "2023-11-14T22:13:20Z");
        assert_eq!(kitchen(at), "10:13PM");
    }
}
