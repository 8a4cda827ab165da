//! The words of the lists: what a single value may be.

use super::Bounds;
use crate::desired::Content;
use crate::quantity;

/// The word of amounts of cores, bytes and objects.
const QUANTITY: &str = "quantity";

/// One word of the lists.
pub struct Word {
    /// As the lists write it.
    pub name: &'static str,
    /// What it stands for, after "has to be".
    pub meaning: &'static str,
    fits: fn(&Content, ValuePlace<'_>) -> bool,
}

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct ValuePlace<'a> {
    /// Its key; empty in a list.
    pub(super) key: &'a str,
    /// What is the target's own.
    pub(super) bounds: Bounds<'a>,
}

impl std::fmt::Debug for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Word {
    /// A value as it is committed, where that is another than was written.
    pub(super) fn rewritten(&self, value: &Content) -> Option<Content> {
        if self.name != QUANTITY {
            return None;
        }
        canonical(value)
            .map(Content::Text)
            .filter(|canonical| canonical != value)
    }

    pub(super) fn fits(&self, value: &Content, place: ValuePlace<'_>) -> bool {
        (self.fits)(value, place)
    }
}

macro_rules! words {
    ($($name:expr, $meaning:literal, $fits:expr;)*) => {
        &[$(Word { name: $name, meaning: $meaning, fits: $fits }),*]
    };
}

/// Every word, in the order that people read them in.
pub const WORDS: &[Word] = words! {
    "text", "a text", |value, _| matches!(value, Content::Text(_));
    "boolean", "true or false", |value, _| matches!(value, Content::Bool(_));
    "integer", "a whole number from 0", |value, _| whole(value, 0..=i64::from(i32::MAX));
    "id", "a user or a group other than root, from 1", |value, _| whole(value, 1..=i64::from(i32::MAX));
    "mode", "permissions of a file, from 0 to 511", |value, _| whole(value, 0..=0o777);
    "port", "a port, from 1 to 65535", |value, _| whole(value, 1..=0xFFFF);
    "port or name", "a port or the name of one", |value, _| {
        whole(value, 1..=0xFFFF) || text(value, |text| text.len() <= 15 && is_name(text))
    };
    "amount", "a whole number or a percentage", |value, _| {
        whole(value, 0..=i64::from(i32::MAX)) || text(value, |text| text.strip_suffix('%').is_some_and(is_digits))
    };
    QUANTITY, "a quantity such as 500m or 2Gi, which is written in Kubernetes' canonical form", |value, _| canonical(value).is_some();
    "interval", "a duration of at least a minute, such as 1h0m0s", |value, _| {
        text(value, |text| seconds(text).is_some_and(|seconds| seconds >= 60))
    };
    "seconds", "seconds, at most 3600", |value, _| whole(value, 0..=3600);
    "schedule", "six fields of cron with a second and a minute of its own, so at most hourly: 0 0 3 * * *", |value, _| {
        text(value, is_schedule)
    };
    "name", "a name of a-z, 0-9, hyphens and dots", |value, _| text(value, is_name);
    "name or nothing", "a name, or an empty text", |value, _| text(value, |text| text.is_empty() || is_name(text));
    "key", "a key of letters, digits, hyphens, dots and underscores", |value, _| text(value, is_key);
    "identifier", "a name of letters, digits and underscores", |value, _| text(value, |text| {
        (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    });
    "label", "a label's value: at most 63 letters, digits, hyphens, dots and underscores", |value, _| text(value, is_label);
    "image", "the name of an image", |value, _| text(value, |text| {
        (1..=512).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"./:@_-".contains(&b))
    });
    "path", "an absolute path without \"..\"", |value, _| text(value, |text| text.starts_with('/') && is_path(text));
    "path within", "a path that begins with no slash, and without \"..\"", |value, _| {
        text(value, |text| !text.is_empty() && !text.starts_with('/') && is_path(text))
    };
    "wave", "a whole number in quotes", |value, _| text(value, |text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.len() <= 4 && is_digits(digits)
    });
    "namespace of the platform", "a namespace of the platform, which is no target's (those have two hyphens)", |value, _| {
        text(value, |text| is_name(text) && !text.contains("--"))
    };
    "own namespace", "the target's own namespace", |value, place| text(value, |text| text == place.bounds.namespace);
    "own volume name", "the target's own namespace, or begin with it and two hyphens", |value, place| text(value, |text| {
        text == place.bounds.namespace
            || is_name(text) && text.strip_prefix(place.bounds.namespace).is_some_and(|rest| rest.starts_with("--"))
    });
    "own volume", "a volume that the target asked for", |value, place| text(value, |text| {
        place.bounds.handles.iter().any(|own| own == text)
    });
    "own entry", "an entry in Secrets Manager that is the target's own", |value, place| text(value, |text| {
        text.strip_prefix(place.bounds.secret_prefix).is_some_and(is_key)
    });
    "own label", "the target's own label of that name", |value, place| text(value, |text| {
        place.bounds.labels.get(place.key).is_some_and(|own| own == text)
    });
    "own region", "the AWS region that the target runs in", |value, place| text(value, |text| text == place.bounds.aws_region);
};

fn text(value: &Content, fits: impl Fn(&str) -> bool) -> bool {
    matches!(value, Content::Text(text) if fits(text))
}

fn whole(value: &Content, range: std::ops::RangeInclusive<i64>) -> bool {
    matches!(value, Content::Number(number) if number.as_i64().is_some_and(|number| range.contains(&number)))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|b| b.is_ascii_digit())
}

/// How long a duration such as `1h0m30s` is; none where it isn't one.
fn seconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum: u64 = 0;
    for (unit, length) in [('h', 3600), ('m', 60), ('s', 1)] {
        let Some((number, after)) = rest.split_once(unit) else {
            continue;
        };
        if number.len() > 6 || !is_digits(number) {
            return None;
        }
        sum += number.parse::<u64>().ok()? * length;
        rest = after;
    }
    rest.is_empty().then_some(sum)
}

/// A schedule of six fields, the first two of which are numbers.
fn is_schedule(text: &str) -> bool {
    let fields: Vec<&str> = text.split(' ').collect();
    fields.len() == 6
        && fields[..2]
            .iter()
            .all(|field| field.len() <= 2 && is_digits(field))
        && fields[2..].iter().all(|field| {
            (1..=40).contains(&field.len())
                && field
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"*/,-?".contains(&b))
        })
}

fn is_name(text: &str) -> bool {
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.len() <= 253
        && bytes.first().is_some_and(inner)
        && bytes.last().is_some_and(inner)
        && bytes.iter().all(|b| inner(b) || matches!(b, b'-' | b'.'))
        && !text.contains("..")
}

fn is_key(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text != "."
        && !text.contains("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn is_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |b: Option<&u8>| b.is_none_or(u8::is_ascii_alphanumeric);
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(b))
}

fn is_path(text: &str) -> bool {
    text.len() <= 1024
        && text
            .bytes()
            .all(|b| matches!(b, b'!'..=b'~') && b != b'\\' && b != b':')
        && !text.split('/').any(|part| part == "..")
}

/// A quantity in the form that whoever re-serializes the object leaves as it is.
fn canonical(value: &Content) -> Option<String> {
    match value {
        Content::Text(text) => quantity::canonical(text),
        Content::Number(number) => quantity::canonical(&number.to_string()),
        _ => None,
    }
}
