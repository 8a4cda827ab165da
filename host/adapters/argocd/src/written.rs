//! Whether a custom resource's operator has written its status since the last change. Pure.
//!
//! Argo CD's health scripts don't look at a generation, so right after a change they tell
//! the health of before.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::live::Live;
use crate::patience::{Patience, is_written_by_an_operator};

/// By how much the cluster's clock may be off from ours.
const SKEW: Duration = Duration::from_secs(120);

/// The live objects whose status is older than their last change, when that isn't long ago:
/// whoever asks waits for so long himself, and by his own clock.
pub(crate) fn unwritten<'a>(
    objects: &'a [Live],
    now: Timestamp,
    patience: &Patience,
) -> Vec<&'a Live> {
    let objects = objects.iter();
    let awaited = objects.filter(|it| is_written_by_an_operator(&it.group, &it.kind));
    awaited
        .filter(|it| {
            changed_unseen(&it.object).is_some_and(|changed| {
                let ago = now.duration_since(changed).unsigned_abs();
                ago < patience.operator.saturating_add(SKEW)
            })
        })
        .collect()
}

/// When an object was changed, if its operator hasn't written its status since; `None` too
/// where that can't be told.
fn changed_unseen(object: &Value) -> Option<Timestamp> {
    let changed = fields(object, false).max()?;
    if let Some(seen) = observed(object) {
        let generation = object.pointer("/metadata/generation")?.as_i64()?;
        return (seen < generation).then_some(changed);
    }
    let written = fields(object, true)
        .chain(transitions(object))
        .max()
        .unwrap_or(Timestamp::MIN);
    // The API server's times are whole seconds: one of the same second may be either, and
    // an operator at rest doesn't write in just that one before.
    (written < changed).then_some(changed)
}

/// The times at which Argo CD wrote the object, or anyone its status.
fn fields(object: &Value, status: bool) -> impl Iterator<Item = Timestamp> {
    let entries = object.pointer("/metadata/managedFields");
    let entries = entries.and_then(Value::as_array).into_iter().flatten();
    entries
        .filter(move |entry| {
            let manager = entry["manager"].as_str().unwrap_or_default();
            if status {
                entry["subresource"] == "status"
            } else {
                entry["subresource"].is_null() && manager.starts_with("argocd")
            }
        })
        .filter_map(|entry| time(&entry["time"]))
}

/// The generation that the status is about, where it says so.
fn observed(object: &Value) -> Option<i64> {
    let own = object.pointer("/status/observedGeneration");
    let own = own.and_then(Value::as_i64);
    let conditions = conditions(object).filter_map(|it| it["observedGeneration"].as_i64());
    own.into_iter().chain(conditions).max()
}

fn transitions(object: &Value) -> impl Iterator<Item = Timestamp> {
    conditions(object).filter_map(|it| time(&it["lastTransitionTime"]))
}

fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    let conditions = object.pointer("/status/conditions");
    conditions.and_then(Value::as_array).into_iter().flatten()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn at(second: i64) -> String {
        Timestamp::from_second(1_800_000_000 + second)
            .unwrap()
            .to_string()
    }

    fn cluster(changed: i64, status: Option<i64>, more: &Value) -> Value {
        let mut fields = vec![
            json!({ "manager": "argocd-controller", "operation": "Update", "time": at(changed) }),
            // Its operator writes annotations and finalizers too, which is no change of ours.
            json!({ "manager": "manager", "operation": "Update", "time": at(changed + 50) }),
        ];
        if let Some(second) = status {
            fields.push(json!({ "manager": "manager", "subresource": "status", "operation": "Update", "time": at(second) }));
        }
        let mut object = json!({ "metadata": { "generation": 3, "managedFields": fields }, "status": { "phase": "Cluster in healthy state" } });
        if let Some(more) = more.as_object() {
            for (key, value) in more {
                object["status"][key] = value.clone();
            }
        }
        object
    }

    #[test]
    fn a_status_is_fresh_when_it_was_written_after_the_last_change() {
        let none = json!({});
        let condition = |second| json!({ "conditions": [{ "type": "Ready", "status": "True", "lastTransitionTime": at(second) }] });
        let generation =
            |n| json!({ "conditions": [{ "type": "Ready", "observedGeneration": n }] });
        for (what, object, stale) in [
            ("written before", cluster(100, Some(40), &none), true),
            ("written since", cluster(100, Some(101), &none), false),
            (
                "within the same second",
                cluster(100, Some(100), &none),
                false,
            ),
            ("never written", cluster(100, None, &none), true),
            (
                "a transition since",
                cluster(100, Some(40), &condition(103)),
                false,
            ),
            (
                "a transition before",
                cluster(100, Some(40), &condition(20)),
                true,
            ),
            (
                "of the generation before",
                cluster(100, Some(300), &generation(2)),
                true,
            ),
            (
                "of this generation",
                cluster(100, Some(40), &generation(3)),
                false,
            ),
            (
                "own generation before",
                cluster(100, Some(300), &json!({ "observedGeneration": 2 })),
                true,
            ),
            ("nothing can be told", json!({ "status": {} }), false),
        ] {
            let wanted = stale.then(|| at(100).parse().unwrap());
            assert_eq!(changed_unseen(&object), wanted, "{what}");
        }
    }

    #[test]
    fn it_is_waited_for_only_so_long_and_only_where_an_operator_writes() {
        let live = |group: &str, kind: &str| Live {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: "n".to_owned(),
            name: "x".to_owned(),
            object: cluster(100, Some(40), &json!({})),
        };
        let objects = [
            live("postgresql.cnpg.io", "Cluster"),
            live("apps", "Deployment"),
        ];
        let waiting = |second: i64| {
            let now: Timestamp = at(second).parse().unwrap();
            unwritten(&objects, now, &Patience::default())
                .iter()
                .map(|it| it.kind.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(waiting(101), ["Cluster"]);
        assert_eq!(waiting(239), ["Cluster"]);
        assert!(waiting(240).is_empty());
        assert!(waiting(3600).is_empty());
    }
}
