//! `explain`: where each value of a target comes from.

use std::sync::Arc;

use deploycenter_domain::desired::{Dropped, Merged, Reading, ValueOrigin};
use deploycenter_domain::name::TargetId;
use serde_json::Value;

use super::WorkflowError;
use crate::Offline;
use crate::resolve::no_such_target;

/// What is to be explained.
#[derive(Debug, Clone)]
pub struct ExplainRequest {
    /// Whose values.
    pub target: TargetId,
    /// Only the value of that dotted path, and those below it.
    pub path: Option<String>,
}

/// Where values come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Explained {
    /// What a customer's instances share has none: it follows from where they run.
    Shared,
    /// An instance's.
    Values {
        /// Sorted by path. Lists and empty maps are values like others.
        values: Vec<ExplainedValue>,
        /// First-level keys that a layer drops, sorted.
        dropped: Vec<(String, Dropped)>,
    },
}

/// A value, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ExplainedValue {
    /// Dotted: `smtp.host`.
    pub path: String,
    /// What holds.
    pub value: Value,
    /// Layer, file and line.
    pub origin: ValueOrigin,
}

/// The merged values of a target, each with its origin: as a new target would get them,
/// without asking what the running one is pinned to.
///
/// # Errors
/// When the target isn't desired, it has problems, or no such value.
pub async fn explain(
    offline: &Offline,
    reading: Reading,
    request: &ExplainRequest,
) -> Result<Explained, WorkflowError> {
    let desired = Arc::new(reading.whole()?);
    let target = &request.target;
    if target.is_shared() {
        let customer = desired.customer(target.customer());
        if customer.is_none_or(|customer| customer.instances.is_empty()) {
            return Err(no_such_target(&desired, target).into());
        }
        return Ok(Explained::Shared);
    }
    let merged = offline.explain(desired, target).await?;
    let mut values = Vec::new();
    for (key, value) in &merged.values {
        let pointer = format!("/{}", escaped(key));
        leaves(&merged, key, &pointer, value, &mut values);
    }
    let mut dropped: Vec<(String, Dropped)> = merged.dropped.into_iter().collect();
    if let Some(path) = &request.path {
        let known = values.iter().map(|value| value.path.clone());
        let known: Vec<String> = known
            .chain(dropped.iter().map(|(key, _)| key.clone()))
            .collect();
        values.retain(|value| is_below(&value.path, path));
        // What was asked for may lie below what was dropped.
        dropped.retain(|(key, _)| is_below(path, key));
        if values.is_empty() && dropped.is_empty() {
            return Err(WorkflowError::UnknownValue {
                target: target.clone(),
                path: path.clone(),
                known,
            });
        }
    }
    Ok(Explained::Values { values, dropped })
}

/// Whether a dotted path is another one, or lies below it.
fn is_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A value's leaves: lists and empty maps are leaves.
fn leaves(
    merged: &Merged,
    path: &str,
    pointer: &str,
    value: &Value,
    found: &mut Vec<ExplainedValue>,
) {
    if let Value::Object(map) = value
        && !map.is_empty()
    {
        for (key, value) in map {
            let (path, pointer) = (
                format!("{path}.{key}"),
                format!("{pointer}/{}", escaped(key)),
            );
            leaves(merged, &path, &pointer, value, found);
        }
        return;
    }
    if let Some(origin) = merged.origin(pointer) {
        found.push(ExplainedValue {
            path: path.to_owned(),
            value: value.clone(),
            origin,
        });
    }
}

/// A key in a JSON pointer (RFC 6901).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
