#![expect(clippy::unwrap_used, reason = "tests")]
use serde_json::{Value, json};

use super::*;
use crate::complaint::Nature;

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

/// An external secret that isn't wanted any more.
fn smtp() -> ResourceStatus {
    ResourceStatus {
        group: "external-secrets.io".to_owned(),
        kind: "ExternalSecret".to_owned(),
        namespace: "n".to_owned(),
        name: "odoo-smtp".to_owned(),
        status: "OutOfSync".to_owned(),
        requires_pruning: true,
        ..ResourceStatus::default()
    }
}

/// What Argo CD says with it, after a sync of that revision; `other`: how another object
/// stands.
fn unwanted(revision: &str, message: &str, other: &str) -> Value {
    let named = |kind: &str, name: &str| json!({ "group": "external-secrets.io", "kind": kind, "namespace": "n", "name": name });
    let with = |mut named: Value, more: &Value| {
        merge(&mut named, more);
        named
    };
    let smtp = || named("ExternalSecret", "odoo-smtp");
    json!({ "status": {
        "resources": [
            with(smtp(), &json!({ "status": "OutOfSync", "requiresPruning": true })),
            with(named("SecretStore", "odoo"), &json!({ "status": other })),
        ],
        "operationState": {
            "operation": { "sync": { "revision": revision } },
            "syncResult": { "resources": [
                with(smtp(), &json!({ "status": "PruneSkipped", "message": message })),
            ] },
        },
    } })
}

#[test]
fn what_is_kept_is_named_with_the_way() {
    let one = smtp();
    assert_eq!(
        crate::kept::words(std::slice::from_ref(&one)),
        "ExternalSecret n/odoo-smtp is no longer wanted, and its own option Prune=false keeps it: delete it by hand, or take the option off"
    );
    let many: Vec<ResourceStatus> = (0..5).map(|_| one.clone()).collect();
    let said = crate::kept::words(&many);
    assert!(said.contains(", 2 more are no longer wanted"), "{said}");
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
    let helm = "Failed to load target state: rpc error: code = Unknown desc = `helm template .` failed exit status 1: Error: parse error at (odoo/templates/a.yaml:3): unclosed action";
    let forbidden = "resource :PersistentVolume is not permitted in project acme. Retrying attempt #1 at 12:57AM.";
    let complaint = |nature, words: String| Verdict::Complaint(Complaint { nature, words });
    let script = "error setting app health: failed to get resource health for \"Cluster\" with name \"odoo-db\" in namespace \"n\": attempt to index a non-table object(nil) with key 'phaseReason'";
    let sentence = "MariaDB.k8s.mariadb.com \"db\" is invalid: spec.replication.initContainer.image: Required value";
    let rejected = |phase: &str| json!({ "status": { "operationState": { "phase": phase, "message": "one or more objects failed to apply. Retrying attempt #1 at 1:02AM.", "syncResult": { "resources": [{ "kind": "MariaDB", "namespace": "n", "name": "db", "status": "SyncFailed", "message": sentence }] } } } });
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
            complaint(Nature::Manifest, format!("ComparisonError: {helm}")),
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
            complaint(
                Nature::Away,
                "ComparisonError: rpc error: code = Unavailable desc = dial".to_owned(),
            ),
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
            complaint(
                Nature::Manifest,
                "InvalidSpecError: not permitted".to_owned(),
            ),
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
            Verdict::Rejected(forbidden.to_owned()),
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
            Verdict::Wait,
        ),
        (
            "nothing known yet",
            app("", "", "", None, &none),
            false,
            Verdict::Refresh,
        ),
        (
            "an operation waits for a wave, without end",
            app(
                "OutOfSync",
                NEW,
                "Progressing",
                Some("Running"),
                &json!({ "operation": { "sync": { "revision": NEW } }, "status": { "operationState": { "message": "waiting for healthy state of postgresql.cnpg.io/Cluster/odoo-db" } } }),
            ),
            true,
            Verdict::Wait,
        ),
        (
            "an operation is being ended",
            app("Synced", NEW, "Healthy", Some("Terminating"), &pending(NEW)),
            true,
            Verdict::Wait,
        ),
        (
            "a self-heal sync of some resources after the first sync",
            app(
                "Synced",
                NEW,
                "Healthy",
                Some("Running"),
                &json!({ "operation": { "sync": { "revision": NEW, "autoHealAttemptsCount": 1, "resources": [{ "kind": "ConfigMap", "name": "x" }] } } }),
            ),
            true,
            Verdict::Wait,
        ),
        (
            "a health script stumbles over a resource without status",
            app(
                "Synced",
                NEW,
                "Healthy",
                Some("Succeeded"),
                &condition("ComparisonError", script),
            ),
            true,
            complaint(Nature::Open, format!("ComparisonError: {script}")),
        ),
        (
            "the API server rejects an object, and the sync is tried again",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Running"),
                &rejected("Running"),
            ),
            true,
            Verdict::Rejected(format!("MariaDB n/db: {sentence}")),
        ),
        (
            "the API server rejected an object, and Argo CD has given up",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Failed"),
                &rejected("Failed"),
            ),
            true,
            Verdict::Rejected(format!("MariaDB n/db: {sentence}")),
        ),
        (
            "an earlier commit's rejected object is no longer this one's",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Failed"),
                &json!({ "status": { "operationState": { "operation": { "sync": { "revision": OLD } }, "syncResult": { "resources": [{ "kind": "MariaDB", "namespace": "n", "name": "db", "status": "SyncFailed", "message": sentence }] } } } }),
            ),
            true,
            Verdict::Unsynced { failed: true },
        ),
        (
            "what isn't wanted any more is kept by its own option",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Succeeded"),
                &unwanted(NEW, "ignored (no prune)", "Synced"),
            ),
            true,
            Verdict::Kept(vec![smtp()]),
        ),
        (
            "it was kept by an earlier commit's sync: this one's is still to come",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Succeeded"),
                &unwanted(OLD, "ignored (no prune)", "Synced"),
            ),
            true,
            Verdict::Unsynced { failed: false },
        ),
        (
            "a sync that didn't prune says nothing of the option",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Succeeded"),
                &unwanted(NEW, "ignored (requires pruning)", "Synced"),
            ),
            true,
            Verdict::Unsynced { failed: false },
        ),
        (
            "something else is out of sync too",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Succeeded"),
                &unwanted(NEW, "ignored (no prune)", "OutOfSync"),
            ),
            true,
            Verdict::Unsynced { failed: false },
        ),
        (
            "a sync that failed has its own words",
            app(
                "OutOfSync",
                NEW,
                "Healthy",
                Some("Failed"),
                &unwanted(NEW, "ignored (no prune)", "Synced"),
            ),
            true,
            Verdict::Unsynced { failed: true },
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
        assert_eq!(judge(&app, at_tree, Level::Healthy), verdict, "{what}");
    }
}

#[test]
fn health_is_not_asked_for_when_only_the_manifests_matter() {
    for health in ["Healthy", "Progressing", "Degraded", "Missing"] {
        let app = app("Synced", NEW, health, Some("Succeeded"), &json!({}));
        assert_eq!(judge(&app, true, Level::Synced), Verdict::Done, "{health}");
    }
    let app = app("OutOfSync", NEW, "Degraded", Some("Running"), &json!({}));
    assert_eq!(judge(&app, true, Level::Synced), Verdict::Wait);
}
