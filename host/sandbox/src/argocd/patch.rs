//! The two kinds of patch that Argo CD takes: RFC 7386 merge patches and RFC 6902 JSON patches.

use serde_json::{Map, Value};

use super::json::{list, text};

/// Applies a merge patch.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Some(map) = target.as_object_mut() {
        for (key, value) in patch {
            if value.is_null() {
                map.remove(&key);
            } else {
                merge(map.entry(key).or_insert(Value::Null), value);
            }
        }
    }
}

/// Applies a JSON patch: `add`, `remove`, `replace` and `test`.
///
/// # Errors
/// An operation that can't be done, by its path; `target` may have changed until there.
pub(crate) fn json_patch(target: &mut Value, patch: &Value) -> Result<(), String> {
    for step in list(patch, "") {
        let (operation, path) = (text(step, "/op"), text(step, "/path"));
        let value = step.get("value").cloned().unwrap_or_default();
        let missing =
            || format!("{operation} operation does not apply: doc is missing path: \"{path}\"");
        match operation {
            "add" | "remove" | "replace" => {
                let (parent, key) = path.rsplit_once('/').ok_or_else(missing)?;
                let key = key.replace("~1", "/").replace("~0", "~");
                let parent = target.pointer_mut(parent).ok_or_else(missing)?;
                edit(parent, operation, &key, value).ok_or_else(missing)?;
            }
            "test" => {
                if target.pointer(path) != Some(&value) {
                    return Err(format!("testing value {path} failed: test failed"));
                }
            }
            other => return Err(format!("Unexpected kind: {other}")),
        }
    }
    Ok(())
}

fn edit(parent: &mut Value, operation: &str, key: &str, value: Value) -> Option<()> {
    match parent {
        Value::Object(map) => {
            if operation != "add" && !map.contains_key(key) {
                return None;
            }
            if operation == "remove" {
                map.remove(key);
            } else {
                map.insert(key.to_owned(), value);
            }
        }
        Value::Array(items) => {
            let at = match key {
                "-" if operation == "add" => items.len(),
                index => index.parse().ok()?,
            };
            match operation {
                "add" if at <= items.len() => items.insert(at, value),
                "remove" if at < items.len() => {
                    items.remove(at);
                }
                "replace" if at < items.len() => *items.get_mut(at)? = value,
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn merge_removes_by_null() {
        let mut value = json!({"a": {"b": 1, "c": 2}, "d": [1]});
        merge(
            &mut value,
            json!({"a": {"b": null, "e": {"f": 1}}, "d": [2]}),
        );
        assert_eq!(value, json!({"a": {"c": 2, "e": {"f": 1}}, "d": [2]}));
    }

    #[test]
    fn json_patches() {
        let mut value = json!({"a/b": 1, "l": [1, 2]});
        let patch = json!([
            {"op": "test", "path": "/a~1b", "value": 1},
            {"op": "replace", "path": "/a~1b", "value": 3},
            {"op": "add", "path": "/l/-", "value": 9},
            {"op": "remove", "path": "/l/0"},
            {"op": "add", "path": "/n", "value": {}},
        ]);
        assert_eq!(json_patch(&mut value, &patch), Ok(()));
        assert_eq!(value, json!({"a/b": 3, "l": [2, 9], "n": {}}));
        for bad in [
            json!([{"op": "remove", "path": "/nothing"}]),
            json!([{"op": "replace", "path": "/l/7", "value": 1}]),
            json!([{"op": "test", "path": "/n", "value": 1}]),
            json!([{"op": "move", "path": "/n"}]),
        ] {
            assert!(json_patch(&mut value, &bad).is_err(), "{bad}");
        }
    }
}
