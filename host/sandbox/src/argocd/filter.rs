//! What a list call may ask for: which applications, and which fields of them.

use serde_json::{Value, json};

/// The paths of an application that a list knows, as Argo CD's API server has them written
/// down; any other gives nothing, without a word.
const KNOWN: [&str; 24] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.annotations",
    "metadata.labels",
    "metadata.creationTimestamp",
    "metadata.deletionTimestamp",
    "spec",
    "spec.destination",
    "spec.project",
    "spec.source",
    "spec.sources",
    "spec.sourceHydrator",
    "spec.syncPolicy",
    "status.sourceHydrator",
    "status.summary",
    "status.sync.status",
    "status.sync.revision",
    "status.health",
    "status.resources",
    "status.operationState.startedAt",
    "status.operationState.finishedAt",
    "status.operationState.phase",
    "status.operationState.operation.sync",
    "operation.sync",
];

/// Keeps fields of a list's answer, as `fields=` asks:
/// `items.metadata.name,items.status.sync.status`; with `-` in front, the known paths that aren't
/// named. The list's own metadata is always there.
pub(crate) fn choose_fields(answer: &Value, fields: &str) -> Value {
    let (excludes, named) = match fields.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, fields),
    };
    let named: Vec<&str> = named.split(',').collect();
    let chosen = || {
        KNOWN.iter().filter(|path| {
            let given = named
                .iter()
                .any(|name| name.strip_prefix("items.") == Some(*path));
            given != excludes
        })
    };
    let choose = |application: &Value| {
        let mut kept = json!({});
        for path in chosen() {
            match *path {
                // What the real one gives under this name.
                "status.operationState.operation.sync" => {
                    if let Some(result) = application.pointer("/status/operationState/syncResult") {
                        kept["status"]["operationState"]["operation"]["sync"] = result.clone();
                    }
                }
                "metadata.labels" | "metadata.annotations" | "metadata.deletionTimestamp" => {
                    let (_, key) = path.split_once('.').unwrap_or_default();
                    kept["metadata"][key] = application["metadata"][key].clone();
                }
                path => keep_path(application, &mut kept, path),
            }
        }
        kept
    };
    let items = answer["items"].as_array();
    json!({
        "metadata": answer["metadata"],
        "items": items.map(|items| items.iter().map(choose).collect::<Vec<_>>()),
    })
}

fn keep_path(from: &Value, to: &mut Value, path: &str) {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    match from.get(key) {
        Some(value) if rest.is_empty() => to[key] = value.clone(),
        Some(value) if value.is_object() && has_path(value, rest) => {
            if !to.get(key).is_some_and(Value::is_object) {
                to[key] = json!({});
            }
            keep_path(value, &mut to[key], rest);
        }
        _ => {}
    }
}

fn has_path(value: &Value, path: &str) -> bool {
    value
        .pointer(&format!("/{}", path.replace('.', "/")))
        .is_some()
}

/// Whether labels match a selector in Kubernetes' syntax: `a=b`, `a==b`, `a!=b`, `a in (b,c)`,
/// `a notin (b,c)`, `a`, `!a`, joined by commas.
///
/// # Errors
/// What can't be read, in a text for the answer.
pub(crate) fn selects(
    selector: &str,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<bool, String> {
    let unreadable = |part: &str| {
        format!(
            "error parsing the selector: unable to parse requirement: found '{part}', expected: identifier"
        )
    };
    let mut matches = true;
    for part in requirements(selector) {
        let part = part.trim();
        let (key, has) = if let Some((key, value)) = part.split_once("!=") {
            (
                key,
                labels
                    .get(key.trim())
                    .is_none_or(|found| found != value.trim()),
            )
        } else if let Some((key, value)) = part.split_once('=') {
            let value = value.strip_prefix('=').unwrap_or(value);
            (
                key,
                labels
                    .get(key.trim())
                    .is_some_and(|found| found == value.trim()),
            )
        } else if let Some((head, set)) = part.split_once('(') {
            let set = set.strip_suffix(')').ok_or_else(|| unreadable(part))?;
            let mut words = head.split_whitespace();
            let (key, operator) = (words.next().unwrap_or_default(), words.next());
            let found = labels.get(key);
            let among = set
                .split(',')
                .any(|value| found.is_some_and(|found| found == value.trim()));
            match operator {
                Some("in") => (key, among),
                Some("notin") => (key, !among),
                _ => return Err(unreadable(part)),
            }
        } else if let Some(key) = part.strip_prefix('!') {
            (key, !labels.contains_key(key.trim()))
        } else {
            (part, labels.contains_key(part))
        };
        let key = key.trim();
        let readable = !key.is_empty()
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        if !readable {
            return Err(unreadable(part));
        }
        matches &= has;
    }
    Ok(matches)
}

/// Splits at commas that aren't within parentheses.
fn requirements(selector: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    selector
        .split(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ',' && depth == 0
        })
        .filter(|part| !part.trim().is_empty())
        .collect()
}

/// The items of a list's answer as Go writes them: none is `null`.
pub(crate) fn items(items: Vec<Value>) -> Value {
    if items.is_empty() {
        Value::Null
    } else {
        Value::Array(items)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn selectors() {
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        for (selector, wanted) in [
            ("a=b", true),
            ("a==b", true),
            ("a!=b", false),
            ("c!=b", true),
            ("a in (x, b)", true),
            ("a notin (b)", false),
            ("a", true),
            ("!c,a=b", true),
            ("", true),
        ] {
            assert_eq!(selects(selector, &labels), Ok(wanted), "{selector}");
        }
        assert!(
            selects("a in b)", &labels)
                .unwrap_err()
                .starts_with("error parsing the selector: ")
        );
        assert!(selects("=x", &labels).is_err());
    }

    #[test]
    fn a_list_knows_a_fixed_set_of_paths() {
        let answer = json!({"metadata": {"resourceVersion": "7"}, "items": [{
            "metadata": {"name": "a", "uid": "u"},
            "operation": {"sync": {"revision": "r"}},
            "status": {
                "sync": {"status": "Synced", "revision": "r"},
                "conditions": [{"type": "ComparisonError"}],
                "operationState": {"phase": "Running", "message": "m", "syncResult": {"revision": "o"}},
            },
        }]});
        let metadata = json!({"resourceVersion": "7"});
        for (fields, wanted) in [
            (
                "items.status.sync,items.operation,items.status.conditions,items.status.operationState",
                json!({}),
            ),
            ("items.metadata.uid,nothing", json!({})),
            (
                "items.metadata.name,items.metadata.labels,items.status.sync.status",
                json!({"metadata": {"name": "a", "labels": null}, "status": {"sync": {"status": "Synced"}}}),
            ),
            (
                "items.operation.sync,items.status.operationState.phase,items.status.operationState.operation.sync",
                json!({"operation": {"sync": {"revision": "r"}}, "status": {"operationState": {
                    "phase": "Running", "operation": {"sync": {"revision": "o"}}}}}),
            ),
        ] {
            assert_eq!(
                choose_fields(&answer, fields),
                json!({"metadata": metadata, "items": [wanted]}),
                "{fields}"
            );
        }
        let others = choose_fields(&answer, "-items.metadata.name,items.operation.sync");
        assert_eq!(others.pointer("/items/0/metadata/name"), None);
        assert_eq!(
            others.pointer("/items/0/status/sync/revision"),
            Some(&json!("r"))
        );
        assert_eq!(
            choose_fields(
                &json!({"metadata": {}, "items": null}),
                "items.metadata.name"
            ),
            json!({"metadata": {}, "items": null})
        );
    }
}
