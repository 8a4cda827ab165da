//! Objects as the text of a file.

use std::fmt::Write as _;

use serde_json::Value;

/// YAML documents in blocks, keys sorted.
pub(super) fn documents(objects: &[Value]) -> String {
    let texts: Vec<String> = objects
        .iter()
        .map(|object| {
            let mut text = String::new();
            block(&mut text, object, 0);
            text
        })
        .collect();
    texts.join("---\n")
}

/// A map or a list, each entry on lines of its own, `depth` spaces in.
fn block(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let _ = write!(text, "{:depth$}{}:", "", scalar(&Value::from(key.as_str())));
                below(text, value, depth + 2);
            }
        }
        Value::Array(items) => {
            for item in items {
                let _ = write!(text, "{:depth$}-", "");
                match item {
                    Value::Object(map) if !map.is_empty() => {
                        let mut entry = String::new();
                        block(&mut entry, item, depth + 2);
                        let _ = write!(text, " {}", entry.trim_start());
                    }
                    other => below(text, other, depth + 2),
                }
            }
        }
        other => {
            let _ = writeln!(text, "{:depth$}{}", "", scalar(other));
        }
    }
}

/// What follows a key or a dash.
fn below(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(map) if map.is_empty() => text.push_str(" {}\n"),
        Value::Array(items) if items.is_empty() => text.push_str(" []\n"),
        Value::Object(_) | Value::Array(_) => {
            text.push('\n');
            block(text, value, depth);
        }
        other => {
            let _ = writeln!(text, " {}", scalar(other));
        }
    }
}

/// A text in quotes unless every reader of YAML takes it for one without.
fn scalar(value: &Value) -> String {
    const OTHERWISE: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    match value {
        Value::String(text)
            if text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'-'))
                && !OTHERWISE.contains(&text.to_ascii_lowercase().as_str()) =>
        {
            text.clone()
        }
        other => other.to_string(),
    }
}
