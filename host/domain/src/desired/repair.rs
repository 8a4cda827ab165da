//! Values that a schema doesn't take, made such that an app's own check can read them.

use serde_json::{Map, Value};

use super::check::Fault;
use super::layer::Layer;
use super::merge::Merged;

/// The merged values with each fault undone: by the app's base value in its place, or else
/// by nothing. What the app's check then finds elsewhere can be told in the same go.
#[must_use]
pub fn repaired(merged: &Merged, faults: &[Fault], base: &Layer) -> Value {
    let base = Value::Object(base.values.clone());
    let mut value = merged.to_value();
    // The last first, so that items of a list keep their places.
    let mut pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    pointers.sort_by_cached_key(|pointer| -> Vec<(Option<usize>, &str)> {
        let parts = pointer.split('/');
        parts.map(|part| (part.parse().ok(), part)).collect()
    });
    pointers.dedup();
    for pointer in pointers.into_iter().rev() {
        match (value.pointer_mut(pointer), base.pointer(pointer)) {
            (Some(Value::Object(written)), Some(Value::Object(given))) => fill(written, given),
            (Some(written), Some(given)) => *written = given.clone(),
            (Some(_), None) => remove(&mut value, pointer),
            (None, _) => {}
        }
    }
    value
}

/// Gives a map the keys that it lacks.
fn fill(written: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (key, value) in given {
        written.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

fn remove(value: &mut Value, pointer: &str) {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            map.remove(&key);
        }
        Some(Value::Array(items)) => {
            if let Ok(index) = key.parse::<usize>()
                && index < items.len()
            {
                items.remove(index);
            }
        }
        _ => {}
    }
}
