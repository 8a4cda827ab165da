//! The resource tree (with the replica sets and pods that no manifest names) and the managed
//! resources.

use serde_json::{Value, json};

use super::ArgoCd;
use super::answer::Answer;
use super::filter::items;
use super::health::{Clusters, Pods, has_pods, replicas};
use super::json::{digest, time, uid};
use super::manifest::images;
use super::state::{Application, LiveObject, ObjectKey};
use super::view::object_health;
use crate::service::{Millis, Request};

impl ArgoCd {
    /// `GET /api/v1/applications/{name}/resource-tree`.
    pub(crate) fn resource_tree(&self, name: &str, request: &Request, now: Millis) -> Answer {
        self.find(name, request)?;
        let clusters = self.clusters(now);
        let mut nodes = Vec::new();
        if let Some(application) = self.state.applications.get(name) {
            for resource in application
                .compared
                .iter()
                .flat_map(|compared| &compared.resources)
            {
                if let Some(live) = self.state.live.get(&resource.key) {
                    clusters.add_nodes(
                        application,
                        &resource.key,
                        &resource.version,
                        live,
                        &mut nodes,
                    );
                }
            }
        }
        Ok(json!({"nodes": items(nodes)}))
    }

    /// `GET /api/v1/applications/{name}/managed-resources`: the states are JSON in texts.
    pub(crate) fn managed_resources(
        &mut self,
        name: &str,
        request: &Request,
        now: Millis,
    ) -> Answer {
        self.find(name, request)?;
        let Some(application) = self.state.applications.get(name).cloned() else {
            return Ok(json!({"items": null}));
        };
        let spec = &application.spec;
        let wanted = application.known_revision.as_ref().and_then(|revision| {
            self.sources
                .load(&self.config.git, name, spec, revision)
                .ok()
        });
        let clusters = self.clusters(now);
        let resources = application
            .compared
            .iter()
            .flat_map(|compared| &compared.resources)
            .filter(|resource| !resource.hook);
        let found = resources
            .map(|resource| {
                let key = &resource.key;
                let target =
                    wanted
                        .iter()
                        .flat_map(|rendered| &rendered.manifests)
                        .find(|manifest| {
                            manifest.group == key.group
                                && manifest.kind == key.kind
                                && manifest.namespace == key.namespace
                                && manifest.name == key.name
                        });
                let target = target.map_or("null".to_owned(), |manifest| {
                    track(&manifest.object, name, key).to_string()
                });
                let live = clusters.live(&application, key).unwrap_or_default();
                let live = live.to_string();
                let mut line = json!({
                    "kind": key.kind,
                    "namespace": key.namespace,
                    "name": key.name,
                    "targetState": target,
                    "liveState": live,
                    "normalizedLiveState": live,
                    "predictedLiveState": target,
                });
                if !key.group.is_empty() {
                    line["group"] = key.group.as_str().into();
                }
                line
            })
            .collect();
        Ok(json!({"items": items(found)}))
    }
}

/// An object with the annotation by which Argo CD knows whose it is.
pub(crate) fn track(object: &Value, application: &str, key: &ObjectKey) -> Value {
    let mut object = object.clone();
    object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] = format!(
        "{application}:{}/{}:{}/{}",
        key.group, key.kind, key.namespace, key.name
    )
    .into();
    object
}

/// What a node is made of, beside its kind.
struct Node<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    uid: String,
    created: Millis,
}

impl Node<'_> {
    fn view(&self, parent: Option<&Node<'_>>) -> Value {
        let mut view = json!({
            "version": self.version,
            "kind": self.kind,
            "name": self.name,
            "uid": self.uid,
            "resourceVersion": self.created.to_string(),
            "createdAt": time(self.created),
        });
        for (field, value) in [("group", self.group), ("namespace", self.namespace)] {
            if !value.is_empty() {
                view[field] = value.into();
            }
        }
        if let Some(parent) = parent {
            view["parentRefs"] = json!([{
                "group": parent.group,
                "kind": parent.kind,
                "namespace": parent.namespace,
                "name": parent.name,
                "uid": parent.uid,
            }]);
        }
        view
    }
}

impl Clusters<'_> {
    /// Adds an object, and what runs below it.
    fn add_nodes(
        &self,
        application: &Application,
        key: &ObjectKey,
        version: &str,
        live: &LiveObject,
        nodes: &mut Vec<Value>,
    ) {
        let root = Node {
            group: &key.group,
            version,
            kind: &key.kind,
            namespace: &key.namespace,
            name: &key.name,
            uid: live.uid.clone(),
            created: live.created,
        };
        let mut view = root.view(None);
        if let Some(health) = self.object(application, key) {
            view["health"] = object_health(&health);
        }
        let images_now = images(&live.object);
        if !images_now.is_empty() {
            view["images"] = json!(images_now);
        }
        if !has_pods(&key.group, &key.kind) || key.kind == "Pod" {
            nodes.push(view);
            return;
        }
        if key.kind != "Deployment" {
            nodes.push(view);
            let pods = self.pods(application, key, live);
            add_pods(
                &root,
                &pods,
                &images_now,
                replicas(&live.object),
                live.rolled,
                nodes,
            );
            return;
        }
        view["info"] = json!([{"name": "Revision", "value": format!("Rev:{}", live.rollout)}]);
        nodes.push(view);
        let pods = self.pods(application, key, live);
        // The old pods run until the new ones are ready; a sick rollout never ends.
        if live.rollout > 1 && !matches!(pods, Pods::Ready(_)) {
            let before = Pods::Ready(live.created);
            add_replica_set(
                &root,
                live,
                live.rollout - 1,
                &before,
                &live.images_before,
                nodes,
            );
        }
        add_replica_set(&root, live, live.rollout, &pods, &images_now, nodes);
    }
}

fn add_replica_set(
    deployment: &Node<'_>,
    live: &LiveObject,
    rollout: u64,
    pods: &Pods<'_>,
    images: &[String],
    nodes: &mut Vec<Value>,
) {
    let hash = digest(&format!("{} {rollout}", live.uid));
    let name = format!("{}-{}", deployment.name, &hash[..10]);
    let set = Node {
        group: "apps",
        version: "v1",
        kind: "ReplicaSet",
        namespace: deployment.namespace,
        name: &name,
        uid: uid(&hash),
        created: live.rolled,
    };
    let mut view = set.view(Some(deployment));
    view["info"] = json!([{"name": "Revision", "value": format!("Rev:{rollout}")}]);
    view["images"] = json!(images);
    let status = if matches!(pods, Pods::Ready(_)) {
        "Healthy"
    } else {
        "Progressing"
    };
    view["health"] = json!({"status": status});
    nodes.push(view);
    add_pods(
        &set,
        pods,
        images,
        replicas(&live.object),
        live.rolled,
        nodes,
    );
}

fn add_pods(
    parent: &Node<'_>,
    pods: &Pods<'_>,
    images: &[String],
    count: u64,
    created: Millis,
    nodes: &mut Vec<Value>,
) {
    // More are of no use to anybody who reads a tree.
    for index in 0..count.min(100) {
        let hash = digest(&format!("{} {index}", parent.uid));
        let name = match parent.kind {
            "StatefulSet" => format!("{}-{index}", parent.name),
            "Cluster" => format!("{}-{}", parent.name, index + 1),
            _ => format!("{}-{}", parent.name, &hash[..5]),
        };
        let pod = Node {
            group: "",
            version: "v1",
            kind: "Pod",
            namespace: parent.namespace,
            name: &name,
            uid: uid(&hash),
            created,
        };
        let (reason, ready, health) = match pods {
            Pods::Unwritten | Pods::Starting(_) => {
                ("Pending", "0/1", json!({"status": "Progressing"}))
            }
            Pods::Ready(_) | Pods::Stale(_) => ("Running", "1/1", json!({"status": "Healthy"})),
            Pods::Troubled(..) => ("Running", "0/1", json!({"status": "Progressing"})),
            Pods::Sick(sickness, _) => (
                sickness.reason.as_str(),
                "0/1",
                json!({"status": "Degraded", "message": sickness.message}),
            ),
        };
        let mut view = pod.view(Some(parent));
        view["info"] = json!([
            {"name": "Status Reason", "value": reason},
            {"name": "Node", "value": "node-1"},
            {"name": "Containers", "value": ready},
        ]);
        view["images"] = json!(images);
        view["health"] = health;
        nodes.push(view);
    }
}
