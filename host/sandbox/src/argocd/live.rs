//! The objects in the clusters: applied, pruned, deleted.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::ArgoCd;
use super::admission::stored;
use super::health::has_pods;
use super::json::uid;
use super::manifest::{Manifest, images};
use super::source::Rendered;
use super::state::{Application, LiveObject, ObjectKey, Operation, Step};
use crate::service::Millis;

/// Namespaces that every cluster has.
const BUILT_IN: [&str; 5] = [
    "argocd",
    "default",
    "kube-node-lease",
    "kube-public",
    "kube-system",
];

/// Other applications notice within this time that a namespace took their objects along.
const NOTICED_AFTER: Millis = 300;

impl ArgoCd {
    pub(crate) fn has_namespace(&self, server: &str, namespace: &str) -> bool {
        BUILT_IN.contains(&namespace)
            || self
                .state
                .live
                .contains_key(&namespace_key(server, namespace))
    }

    /// What `CreateNamespace=true` makes belongs to no application, and stays.
    pub(crate) fn create_namespace(&mut self, server: &str, namespace: &str, at: Millis) {
        let key = namespace_key(server, namespace);
        let live = LiveObject {
            object: namespace_object(namespace),
            application: String::new(),
            uid: uid(&format!("{} {at}", String::from(key.clone()))),
            created: at,
            rolled: at,
            rollout: 1,
            images_before: Vec::new(),
            generation: 1,
            changed: at,
            before: None,
            says_replicas: false,
        };
        self.state.live.insert(key, live);
    }

    /// Makes or changes an object. A changed spec starts its pods anew.
    pub(crate) fn put_live(
        &mut self,
        key: ObjectKey,
        manifest: &Manifest,
        application: &Application,
        at: Millis,
    ) {
        let starts = has_pods(&key.group, &key.kind);
        let object = stored(manifest);
        let Some(standing) = self.state.live.get(&key) else {
            let live = LiveObject {
                object,
                application: application.name.clone(),
                uid: uid(&format!("{} {at}", String::from(key.clone()))),
                created: at,
                rolled: at,
                rollout: u64::from(starts),
                images_before: Vec::new(),
                generation: 1,
                changed: at,
                before: None,
                says_replicas: false,
            };
            self.state.live.insert(key, live);
            return;
        };
        let mut live = standing.clone();
        if live.object.get("spec") != object.get("spec") {
            live.before = self.clusters(at).written(application, &key);
            live.generation += 1;
            live.changed = at;
            if starts {
                live.images_before = images(&live.object);
                live.rolled = at;
                live.rollout += 1;
            }
        }
        live.object = object;
        live.application.clone_from(&application.name);
        self.state.live.insert(key, live);
    }

    /// Deletes what an application has applied and no longer wants, or says why not; nothing
    /// where only some objects are synced.
    pub(crate) fn prune(
        &mut self,
        application: &Application,
        operation: &mut Operation,
        rendered: &Arc<Rendered>,
        server: &str,
        at: Millis,
    ) {
        if operation.only.is_some() {
            return;
        }
        let wanted: BTreeSet<ObjectKey> =
            rendered.manifests.iter().map(|m| m.key(server)).collect();
        let extra: Vec<ObjectKey> = self
            .state
            .live
            .iter()
            .filter(|(key, live)| {
                live.application == application.name
                    && key.server == server
                    && !wanted.contains(key)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in extra {
            let kept = self
                .state
                .live
                .get(&key)
                .is_none_or(|live| live.has_sync_option("Prune=false"));
            let (status, message) = match (operation.prune, kept) {
                (false, _) => ("PruneSkipped", "ignored (requires pruning)"),
                (true, true) => ("PruneSkipped", "ignored (no prune)"),
                (true, false) => ("Pruned", "pruned"),
            };
            operation.results.push(json!({
                "group": key.group, "version": "v1", "kind": key.kind, "namespace": key.namespace,
                "name": key.name, "status": status, "message": message, "syncPhase": "Sync",
                "hookPhase": "Succeeded",
            }));
            if status == "Pruned" {
                self.remove_live(&key, at);
            }
        }
    }

    /// Deletes what a cascading deletion deletes: all that the application applied to its
    /// cluster, but what carries `Delete=false` *there*.
    pub(crate) fn delete_objects(&mut self, application: &str, server: &str, at: Millis) {
        let doomed: Vec<ObjectKey> = self
            .state
            .live
            .iter()
            .filter(|(key, live)| {
                live.application == application
                    && key.server == server
                    && !live.has_sync_option("Delete=false")
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in doomed {
            self.remove_live(&key, at);
        }
    }

    /// Deletes a live object; a namespace takes all that is in it along, whoever applied it.
    pub(crate) fn remove_live(&mut self, key: &ObjectKey, at: Millis) {
        let Some(gone) = self.state.live.remove(key) else {
            return;
        };
        if key.kind != "Namespace" || !key.group.is_empty() {
            return;
        }
        let inside: Vec<ObjectKey> = self
            .state
            .live
            .keys()
            .filter(|other| other.server == key.server && other.namespace == key.name)
            .cloned()
            .collect();
        for other in inside {
            if let Some(live) = self.state.live.remove(&other)
                && live.application != gone.application
                && let Some(owner) = self.state.applications.get_mut(&live.application)
                && owner.deleting.is_none()
            {
                owner.schedule(at + NOTICED_AFTER, Step::Compare);
            }
        }
    }
}

fn namespace_key(server: &str, namespace: &str) -> ObjectKey {
    ObjectKey {
        server: server.to_owned(),
        group: String::new(),
        kind: "Namespace".to_owned(),
        namespace: String::new(),
        name: namespace.to_owned(),
    }
}

pub(crate) fn namespace_object(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}
