//! What one reading of an application says about a takeover. Pure.
//!
//! Argo CD misleads whoever looks at one field: a finished operation at the new commit
//! with healthy pods may mean the old pods, and a broken template reads Healthy, with the
//! branch's name as revision. So all of it has to fit, in one reading.

use crate::model::{App, OperationState};

/// How far the application has to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The manifests stand.
    Synced,
    /// The manifests stand, and what they made is well.
    Healthy,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is there.
    Done,
    /// It is on its way.
    Wait,
    /// Argo CD has to look at git again: it hasn't noticed the commit, or complains of
    /// what may be an older one.
    Refresh,
    /// An operation for an older commit stands in the way; at once when it only retries.
    OldOperation {
        /// Whether it failed and tries again: up to 310 s, which help nobody.
        retrying: bool,
    },
    /// The manifests don't stand and nothing is under way; after a failure Argo CD won't
    /// begin by itself.
    Unsynced {
        /// Whether the last operation failed.
        failed: bool,
    },
    /// Something that it made is degraded. It may heal.
    Sick,
    /// It won't get there.
    Failed(String),
}

/// Reads one state. `at_tree`: whether `status.sync.revision` is a commit in which the
/// target's folder has the wanted tree. `fresh`: whether Argo CD has compared with git for
/// this reading.
pub(crate) fn judge(app: &App, at_tree: bool, fresh: bool, level: Level) -> Verdict {
    if app.is_deleting() {
        return Verdict::Failed("it is being deleted".to_owned());
    }
    if let Some(problem) = complaint(app) {
        return if fresh && !is_passing(&problem) {
            Verdict::Failed(problem)
        } else {
            Verdict::Refresh
        };
    }
    if !at_tree {
        return Verdict::Refresh;
    }
    if app.is_operating() {
        return operating(app);
    }
    match (
        app.status.sync.status.as_str(),
        level,
        app.status.health.status.as_str(),
    ) {
        ("Synced", Level::Synced, _) | ("Synced", Level::Healthy, "Healthy") => Verdict::Done,
        ("Synced", Level::Healthy, "Degraded") => Verdict::Sick,
        ("Synced", ..) => Verdict::Wait,
        ("OutOfSync", ..) => Verdict::Unsynced {
            failed: matches!(app.phase(), "Failed" | "Error"),
        },
        _ => Verdict::Refresh,
    }
}

fn operating(app: &App) -> Verdict {
    let state = app.status.operation_state.as_ref();
    let retrying = state.is_some_and(is_retrying);
    let of_another = app
        .operation_revision()
        .is_some_and(|revision| revision != app.status.sync.revision);
    if of_another {
        return Verdict::OldOperation { retrying };
    }
    match state {
        // A retry doesn't change what the project permits.
        Some(state) if retrying && state.message.contains("is not permitted in project") => {
            Verdict::Failed(state.message.clone())
        }
        _ => Verdict::Wait,
    }
}

fn is_retrying(state: &OperationState) -> bool {
    state.phase == "Running"
        && (state.retry_count > 0 || state.message.contains("Retrying attempt"))
}

/// Why Argo CD can't even compare.
fn complaint(app: &App) -> Option<String> {
    app.status
        .conditions
        .iter()
        .find(|condition| {
            matches!(
                condition.kind.as_str(),
                "ComparisonError" | "InvalidSpecError"
            )
        })
        .map(|condition| format!("{}: {}", condition.kind, condition.message))
}

/// Whether Argo CD complains of its own parts being out of reach, by gRPC's names for
/// that, rather than of the manifests.
fn is_passing(problem: &str) -> bool {
    [
        "code = Unavailable",
        "code = DeadlineExceeded",
        "code = ResourceExhausted",
    ]
    .iter()
    .any(|code| problem.contains(code))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::{Value, json};

    use super::*;

    const NEW: &str = "2222222222222222222222222222222222222222";
    const OLD: &str = "1111111111111111111111111111111111111111";

    fn app(sync: &str, revision: &str, health: &str, phase: Option<&str>, more: &Value) -> App {
        let mut value = json!({
            "metadata": { "name": "acme--odoo" },
            "spec": {},
            "status": { "sync": { "status": sync, "revision": revision }, "health": { "status": health } },
        });
        if let Some(phase) = phase {
            value["status"]["operationState"] =
                json!({ "phase": phase, "operation": { "sync": { "revision": revision } } });
        }
        merge(&mut value, more);
        serde_json::from_value(value).unwrap()
    }

    fn merge(into: &mut Value, from: &Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => from
                .iter()
                .for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value)),
            (into, from) => *into = from.clone(),
        }
    }

    /// The states after a push, in the order in which a real Argo CD showed them, and
    /// those in which it misleads.
    #[test]
    fn every_observed_state_is_read_right() {
        let none = json!({});
        let pending = |revision: &str| json!({ "operation": { "sync": { "revision": revision } } });
        let retrying = |revision: &str, message: &str| {
            json!({
                "operation": { "sync": { "revision": revision } },
                "status": { "operationState": { "message": message, "retryCount": 1, "operation": { "sync": { "revision": revision } } } },
            })
        };
        let condition = |kind: &str, message: &str| json!({ "status": { "conditions": [{ "type": kind, "message": message }] } });
        let helm =
            "Failed to load target state: rpc error: code = Unknown desc = helm template failed";
        let forbidden = "resource :PersistentVolume is not permitted in project acme. Retrying attempt #1 at 12:57AM.";
        let cases: Vec<(&str, App, bool, Verdict)> = vec![
            (
                "1: not noticed yet",
                app("Synced", OLD, "Healthy", Some("Succeeded"), &none),
                false,
                Verdict::Refresh,
            ),
            (
                "2: about to sync",
                app("Synced", OLD, "Healthy", None, &pending(NEW)),
                false,
                Verdict::Refresh,
            ),
            (
                "4: running, health stale",
                app("OutOfSync", NEW, "Healthy", Some("Running"), &pending(NEW)),
                true,
                Verdict::Wait,
            ),
            (
                "5: succeeded and healthy, with the old pods",
                app("OutOfSync", NEW, "Healthy", Some("Succeeded"), &none),
                true,
                Verdict::Unsynced { failed: false },
            ),
            (
                "6: a second sync by itself",
                app("OutOfSync", NEW, "Healthy", None, &pending(NEW)),
                true,
                Verdict::Wait,
            ),
            (
                "7: pods are coming",
                app("Synced", NEW, "Progressing", Some("Succeeded"), &none),
                true,
                Verdict::Wait,
            ),
            (
                "7: still running",
                app("Synced", NEW, "Healthy", Some("Running"), &none),
                true,
                Verdict::Wait,
            ),
            (
                "8: there",
                app("Synced", NEW, "Healthy", Some("Succeeded"), &none),
                true,
                Verdict::Done,
            ),
            (
                "a neighbour's commit, same folder, no operation at all",
                app("Synced", NEW, "Healthy", None, &none),
                true,
                Verdict::Done,
            ),
            (
                "an older operation's failure doesn't count",
                app("Synced", NEW, "Healthy", Some("Failed"), &none),
                true,
                Verdict::Done,
            ),
            (
                "broken template: Healthy, and the branch's name",
                app(
                    "Unknown",
                    "customer/acme",
                    "Healthy",
                    Some("Succeeded"),
                    &condition("ComparisonError", helm),
                ),
                false,
                Verdict::Failed(format!("ComparisonError: {helm}")),
            ),
            (
                "Argo CD's own parts are away",
                app(
                    "Unknown",
                    NEW,
                    "Healthy",
                    None,
                    &condition(
                        "ComparisonError",
                        "rpc error: code = Unavailable desc = dial",
                    ),
                ),
                true,
                Verdict::Refresh,
            ),
            (
                "project forbids it",
                app(
                    "Unknown",
                    NEW,
                    "Unknown",
                    None,
                    &condition("InvalidSpecError", "not permitted"),
                ),
                true,
                Verdict::Failed("InvalidSpecError: not permitted".to_owned()),
            ),
            (
                "older revision retries",
                app(
                    "OutOfSync",
                    NEW,
                    "Healthy",
                    Some("Running"),
                    &retrying(OLD, "x. Retrying attempt #1 at 1:02AM."),
                ),
                true,
                Verdict::OldOperation { retrying: true },
            ),
            (
                "older revision runs",
                app("OutOfSync", NEW, "Healthy", Some("Running"), &pending(OLD)),
                true,
                Verdict::OldOperation { retrying: false },
            ),
            (
                "ours retries",
                app(
                    "OutOfSync",
                    NEW,
                    "Healthy",
                    Some("Running"),
                    &retrying(NEW, "webhook is away. Retrying attempt #1 at 1:02AM."),
                ),
                true,
                Verdict::Wait,
            ),
            (
                "ours can never be",
                app(
                    "OutOfSync",
                    NEW,
                    "Healthy",
                    Some("Running"),
                    &retrying(NEW, forbidden),
                ),
                true,
                Verdict::Failed(forbidden.to_owned()),
            ),
            (
                "ended by hand",
                app("OutOfSync", NEW, "Healthy", Some("Failed"), &none),
                true,
                Verdict::Unsynced { failed: true },
            ),
            (
                "degraded",
                app("Synced", NEW, "Degraded", Some("Succeeded"), &none),
                true,
                Verdict::Sick,
            ),
            (
                "nothing known yet",
                app("", "", "", None, &none),
                false,
                Verdict::Refresh,
            ),
            (
                "goes",
                app(
                    "Synced",
                    NEW,
                    "Healthy",
                    None,
                    &json!({ "metadata": { "deletionTimestamp": "2026-01-01T00:00:00Z" } }),
                ),
                true,
                Verdict::Failed("it is being deleted".to_owned()),
            ),
        ];
        for (what, app, at_tree, verdict) in cases {
            assert_eq!(
                judge(&app, at_tree, true, Level::Healthy),
                verdict,
                "{what}"
            );
        }
    }

    #[test]
    fn a_complaint_counts_only_at_a_fresh_reading() {
        let app = app(
            "Unknown",
            "customer/acme",
            "Healthy",
            None,
            &json!({ "status": { "conditions": [{ "type": "ComparisonError", "message": "x" }] } }),
        );
        assert_eq!(judge(&app, false, false, Level::Healthy), Verdict::Refresh);
    }

    #[test]
    fn health_is_not_asked_for_when_only_the_manifests_matter() {
        for health in ["Healthy", "Progressing", "Degraded", "Missing"] {
            let app = app("Synced", NEW, health, Some("Succeeded"), &json!({}));
            assert_eq!(
                judge(&app, true, true, Level::Synced),
                Verdict::Done,
                "{health}"
            );
        }
        let app = app("OutOfSync", NEW, "Degraded", Some("Running"), &json!({}));
        assert_eq!(judge(&app, true, true, Level::Synced), Verdict::Wait);
    }
}
