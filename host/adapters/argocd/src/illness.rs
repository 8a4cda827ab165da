//! What of an application isn't well, since when, and whether it has had its time. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::health::reason;
use crate::live::Live;
use crate::model::{App, Node, ResourceTree};
use crate::patience::{Heals, Patience, heals};

/// A crashing container is running now and then: so long it has to be well to count as
/// healed.
const HEALED: Duration = Duration::from_secs(45);

/// Pods that are only left over, which nothing waits for.
const LEFT_OVER: [&str; 5] = [
    "Evicted",
    "NodeShutdown",
    "NodeAffinity",
    "Terminating",
    "Completed",
];

/// A thing in Kubernetes: group, kind, namespace, name.
type Place = (String, String, String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    since: Timestamp,
    last: Timestamp,
    heals: Heals,
}

/// What isn't well, over the readings of one takeover.
#[derive(Debug, Default)]
pub(crate) struct Illness(BTreeMap<Place, Case>);

impl Illness {
    /// Takes in a reading, with the live objects of the kinds that tell their state by a
    /// phase; what has been degraded for longer than its kind heals in.
    pub(crate) fn take_in(
        &mut self,
        app: &App,
        tree: &ResourceTree,
        objects: &[Live],
        now: Timestamp,
        patience: &Patience,
    ) -> Vec<String> {
        let sick = sick(app, tree, objects);
        self.0.retain(|place, case| {
            let there = tree.nodes.is_empty() || is_there(tree, app, place);
            sick.contains_key(place) || (there && since(case.last, now) < HEALED)
        });
        for (place, heals) in sick {
            let case = self.0.entry(place).or_insert(Case {
                since: now,
                last: now,
                heals,
            });
            case.last = now;
            // Another state of it may be past help, or need longer.
            case.heals = heals;
        }
        let over = self.0.iter().filter(|(_, case)| {
            case.last == now && since(case.since, now) >= patience.of(case.heals)
        });
        over.map(|((_, kind, _, name), _)| format!("{kind} {name}"))
            .collect()
    }
}

fn since(then: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(then)).unwrap_or_default()
}

fn is_there(tree: &ResourceTree, app: &App, place: &Place) -> bool {
    tree.nodes.iter().any(|node| self::place(node) == *place) || place.3 == app.metadata.name
}

fn place(node: &Node) -> Place {
    (
        node.group.clone(),
        node.kind.clone(),
        node.namespace.clone(),
        node.name.clone(),
    )
}

/// What an object's status gives as its phase.
fn phase<'a>(objects: &'a [Live], place: &Place) -> &'a str {
    let (group, kind, namespace, name) = place;
    let mut objects = objects.iter();
    let found = objects.find(|it| {
        it.group == *group && it.kind == *kind && it.namespace == *namespace && it.name == *name
    });
    let phase = found.and_then(|it| it.object.pointer("/status/phase"));
    phase.and_then(Value::as_str).unwrap_or_default()
}

/// What is degraded, and how it heals.
fn sick(app: &App, tree: &ResourceTree, objects: &[Live]) -> BTreeMap<Place, Heals> {
    let mut sick = BTreeMap::new();
    for it in &app.status.resources {
        if it.health.status == "Degraded" {
            let place = (
                it.group.clone(),
                it.kind.clone(),
                it.namespace.clone(),
                it.name.clone(),
            );
            let words = format!("{} {}", it.health.message, phase(objects, &place));
            sick.insert(place, heals(&it.group, &it.kind, &words));
        }
    }
    for node in &tree.nodes {
        let reason = reason(node).unwrap_or_default();
        let counts = node.kind == "Pod"
            // The job's own health says whether it has given up.
            && node.parent_refs.iter().all(|it| it.kind != "Job")
            && !LEFT_OVER.contains(&reason);
        if node.health.status == "Degraded" && counts {
            let words = format!("{reason} {}", node.health.message);
            sick.insert(place(node), heals(&node.group, &node.kind, &words));
        }
    }
    if sick.is_empty() && app.status.health.status == "Degraded" {
        let itself = (
            "argoproj.io".to_owned(),
            "Application".to_owned(),
            String::new(),
            app.metadata.name.clone(),
        );
        sick.insert(itself, Heals::Degraded);
    }
    sick
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use serde_json::json;

    use super::*;

    fn app(health: &str, resources: &Value) -> App {
        serde_json::from_value(json!({
            "metadata": { "name": "acme--odoo" },
            "status": { "health": { "status": health }, "resources": resources },
        }))
        .unwrap()
    }

    fn tree(nodes: &Value) -> ResourceTree {
        serde_json::from_value(json!({ "nodes": nodes })).unwrap()
    }

    fn pod(reason: &str, health: &str) -> Value {
        json!({ "kind": "Pod", "namespace": "n", "name": "p", "health": { "status": health }, "info": [{ "name": "Status Reason", "value": reason }], "parentRefs": [{ "kind": "ReplicaSet", "name": "r" }] })
    }

    fn over(illness: &mut Illness, second: i64, app: &App, tree: &ResourceTree) -> bool {
        let now = Timestamp::from_second(second).unwrap();
        !illness
            .take_in(app, tree, &[], now, &Patience::default())
            .is_empty()
    }

    #[test]
    fn each_kind_has_its_own_time() {
        let degraded = |group: &str, kind: &str, message: &str| json!([{ "group": group, "kind": kind, "namespace": "n", "name": "x", "health": { "status": "Degraded", "message": message } }]);
        for (resources, last_fine, first_over) in [
            (
                degraded("postgresql.cnpg.io", "Cluster", "Switchover in progress"),
                599,
                600,
            ),
            (
                degraded(
                    "postgresql.cnpg.io",
                    "Cluster",
                    "Cluster is unrecoverable and needs manual intervention",
                ),
                14,
                15,
            ),
            (
                degraded("autoscaling", "HorizontalPodAutoscaler", "no metrics"),
                89,
                90,
            ),
            (
                degraded("apps", "Deployment", "exceeded its progress deadline"),
                14,
                15,
            ),
            (json!([]), 89, 90),
        ] {
            let app = app("Degraded", &resources);
            let mut illness = Illness::default();
            let none = ResourceTree::default();
            assert!(!over(&mut illness, 0, &app, &none), "{resources}");
            assert!(!over(&mut illness, last_fine, &app, &none), "{resources}");
            assert!(over(&mut illness, first_over, &app, &none), "{resources}");
        }
        let job = degraded(
            "batch",
            "Job",
            "Job has reached the specified backoff limit",
        );
        assert!(over(
            &mut Illness::default(),
            0,
            &app("Degraded", &job),
            &ResourceTree::default()
        ));
    }

    #[test]
    fn a_pod_is_told_of_while_its_deployment_only_progresses() {
        let waiting = app("Progressing", &json!([]));
        let mut illness = Illness::default();
        let tree_of = |pod: Value| tree(&json!([pod]));
        let (sick, running) = (
            pod("CrashLoopBackOff", "Degraded"),
            pod("Running", "Progressing"),
        );
        assert!(!over(&mut illness, 0, &waiting, &tree_of(sick.clone())));
        // It runs for a moment now and then.
        assert!(!over(&mut illness, 100, &waiting, &tree_of(sick.clone())));
        assert!(!over(
            &mut illness,
            120,
            &waiting,
            &tree_of(running.clone())
        ));
        assert!(!over(&mut illness, 179, &waiting, &tree_of(sick.clone())));
        assert!(over(&mut illness, 180, &waiting, &tree_of(sick.clone())));
        // Well for a while: it begins anew.
        assert!(!over(&mut illness, 230, &waiting, &tree_of(running)));
        assert!(!over(&mut illness, 231, &waiting, &tree_of(sick)));
    }

    #[test]
    fn a_cluster_of_cloudnative_pg_tells_its_state_by_its_phase() {
        let (group, kind) = ("postgresql.cnpg.io", "Cluster");
        let resources = json!([{ "group": group, "kind": kind, "namespace": "n", "name": "x", "health": { "status": "Degraded", "message": "the reason" } }]);
        let app = app("Degraded", &resources);
        let over = |phase: &str, second: i64| {
            let live = Live {
                group: group.to_owned(),
                kind: kind.to_owned(),
                namespace: "n".to_owned(),
                name: "x".to_owned(),
                object: json!({ "status": { "phase": phase } }),
            };
            let mut illness = Illness::default();
            let mut at = |second: i64| {
                let now = Timestamp::from_second(second).unwrap();
                let tree = ResourceTree::default();
                illness.take_in(
                    &app,
                    &tree,
                    std::slice::from_ref(&live),
                    now,
                    &Patience::default(),
                )
            };
            at(0);
            !at(second).is_empty()
        };
        assert!(!over("Applying configuration", 599));
        assert!(over("Cluster has incomplete or invalid image catalog", 15));
    }

    #[test]
    fn what_is_left_over_or_gone_does_not_count() {
        let waiting = app("Progressing", &json!([]));
        let mut of_job = pod("Error", "Degraded");
        of_job["parentRefs"] = json!([{ "kind": "Job", "name": "j" }]);
        for pod in [pod("Evicted", "Degraded"), of_job] {
            let mut illness = Illness::default();
            let tree = tree(&json!([pod]));
            assert!(!over(&mut illness, 0, &waiting, &tree));
            assert!(!over(&mut illness, 1000, &waiting, &tree));
        }
        let mut illness = Illness::default();
        let sick = tree(&json!([pod("ImagePullBackOff", "Degraded")]));
        let other = tree(
            &json!([{ "kind": "Pod", "namespace": "n", "name": "q", "health": { "status": "Healthy" } }]),
        );
        assert!(!over(&mut illness, 0, &waiting, &sick));
        assert!(!over(&mut illness, 170, &waiting, &other), "replaced");
        assert!(!over(&mut illness, 190, &waiting, &sick), "it begins anew");
    }
}
