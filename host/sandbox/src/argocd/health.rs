//! Health of objects and applications at an instant, as Argo CD's health checks would find it.

use serde_json::Value;

use super::Sickness;
use super::json::{list, text, texts};
use super::state::{Application, Health, LiveObject, ObjectKey, State};
use crate::service::Millis;

/// How long a claim takes to bind once its volume is there.
const BINDS_AFTER: Millis = 100;

/// The clusters at an instant.
#[derive(Clone, Copy)]
pub(crate) struct Clusters<'a> {
    pub(crate) state: &'a State,
    pub(crate) pods_ready_after: Millis,
    pub(crate) now: Millis,
}

/// How the pods of an object do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pods<'a> {
    /// Not ready yet.
    Starting,
    /// Ready since.
    Ready(Millis),
    /// They never get ready; this is known since.
    Sick(&'a Sickness, Millis),
}

impl<'a> Clusters<'a> {
    /// The health of an application; `None` before its first comparison.
    pub(crate) fn application(&self, application: &Application) -> Option<Health> {
        let compared = application.compared.as_ref()?;
        if let Some(stale) = &application.stale_health {
            return Some(stale.clone());
        }
        let mut worst = Health {
            status: "Healthy".to_owned(),
            message: String::new(),
            since: application.created,
        };
        for resource in &compared.resources {
            // What isn't there counts for nothing: an application is Healthy before its first sync.
            let Some(health) = self.object(application, &resource.key) else {
                continue;
            };
            let (rank, worst_rank) = (rank(&health.status), rank(&worst.status));
            if rank > worst_rank {
                worst = Health {
                    message: caused_by(&resource.key),
                    ..health
                };
            } else if rank == worst_rank && worst.status == "Healthy" {
                worst.since = worst.since.max(health.since);
            }
        }
        Some(worst)
    }

    /// The health of a live object as its application sees it; `None` if it isn't there or its
    /// kind has no health.
    pub(crate) fn object(&self, application: &Application, key: &ObjectKey) -> Option<Health> {
        let live = self.state.live.get(key)?;
        let health = |status: &str, message: String, since| {
            Some(Health {
                status: status.to_owned(),
                message,
                since,
            })
        };
        match key.kind.as_str() {
            "PersistentVolumeClaim" => match self.bound_at(key, live) {
                Some(at) if at <= self.now => health("Healthy", String::new(), at),
                _ => health("Progressing", String::new(), live.created),
            },
            _ if has_pods(&key.group, &key.kind) => match self.pods(application, live) {
                Pods::Starting => health("Progressing", self.waiting(key, live), live.rolled),
                Pods::Ready(at) => health("Healthy", String::new(), at),
                Pods::Sick(sickness, at) => {
                    let message = if key.kind == "Deployment" {
                        format!("Deployment \"{}\" exceeded its progress deadline", key.name)
                    } else {
                        sickness.message.clone()
                    };
                    health("Degraded", message, at)
                }
            },
            "Service"
            | "Ingress"
            | "HorizontalPodAutoscaler"
            | "PodDisruptionBudget"
            | "ExternalSecret"
            | "SecretStore"
            | "Certificate"
            | "ScheduledBackup"
            | "Database" => health("Healthy", String::new(), live.created),
            _ => None,
        }
    }

    /// How the pods of a live object do.
    pub(crate) fn pods(&self, application: &Application, live: &LiveObject) -> Pods<'a> {
        let decided_at = live.rolled.saturating_add(self.pods_ready_after);
        let sickness = self.state.sick.get(&application.name).filter(|sickness| {
            sickness
                .only_revision_containing
                .as_ref()
                .is_none_or(|marker| application.synced_text.contains(marker))
        });
        match sickness {
            _ if decided_at > self.now => Pods::Starting,
            Some(sickness) => Pods::Sick(sickness, decided_at),
            None => Pods::Ready(decided_at),
        }
    }

    fn waiting(&self, key: &ObjectKey, live: &LiveObject) -> String {
        match key.kind.as_str() {
            "Deployment" => format!(
                "Waiting for rollout to finish: 0 of {} updated replicas are available...",
                replicas(&live.object)
            ),
            "StatefulSet" => format!("Waiting for {} pods to be ready...", replicas(&live.object)),
            "Cluster" => "Setting up primary".to_owned(),
            _ => String::new(),
        }
    }

    /// When a claim is bound, if it ever will be.
    fn bound_at(&self, key: &ObjectKey, claim: &LiveObject) -> Option<Millis> {
        let wanted = text(&claim.object, "/spec/volumeName");
        let class = claim
            .object
            .pointer("/spec/storageClassName")
            .and_then(Value::as_str);
        let first = ObjectKey {
            kind: "PersistentVolume".to_owned(),
            group: String::new(),
            namespace: String::new(),
            name: String::new(),
            ..key.clone()
        };
        let volumes = self.state.live.range(first..).take_while(|(volume, _)| {
            volume.server == key.server && volume.kind == "PersistentVolume"
        });
        let mut claimed = false;
        for (volume_key, volume) in volumes {
            let for_claim = text(&volume.object, "/spec/claimRef/name") == key.name
                && text(&volume.object, "/spec/claimRef/namespace") == key.namespace;
            let free = volume.object.pointer("/spec/claimRef").is_none();
            let named = !wanted.is_empty() && volume_key.name == wanted;
            claimed |= for_claim || named;
            let fits = text(&volume.object, "/spec/storageClassName") == class.unwrap_or_default()
                && texts(&claim.object, "/spec/accessModes").all(|mode| {
                    list(&volume.object, "/spec/accessModes")
                        .iter()
                        .any(|has| has == mode)
                });
            if (for_claim && (wanted.is_empty() || named) || free && named) && fits {
                return Some(claim.created.max(volume.created) + BINDS_AFTER);
            }
        }
        // Without a volume made for it, a claim with a storage class is provisioned; the empty
        // class means that it mustn't be.
        let provisioned = !claimed && wanted.is_empty() && class != Some("");
        provisioned.then(|| claim.created + BINDS_AFTER)
    }
}

/// `0` is best. Argo CD's own order.
fn rank(status: &str) -> usize {
    [
        "Healthy",
        "Suspended",
        "Progressing",
        "Missing",
        "Degraded",
        "Unknown",
    ]
    .iter()
    .position(|known| *known == status)
    .unwrap_or(usize::MAX)
}

fn caused_by(key: &ObjectKey) -> String {
    let slash = if key.group.is_empty() { "" } else { "/" };
    format!(
        "Caused by {}{slash}{}:{}/{}",
        key.group, key.kind, key.namespace, key.name
    )
}

/// Kinds that run pods, or stand for something that does.
pub(crate) fn has_pods(group: &str, kind: &str) -> bool {
    match kind {
        "Deployment" | "StatefulSet" | "DaemonSet" => group == "apps",
        "Job" => group == "batch",
        "Pod" => group.is_empty(),
        "Cluster" | "Pooler" => group == "postgresql.cnpg.io",
        "MariaDB" => group == "k8s.mariadb.com",
        "Redis" | "RedisReplication" | "RedisFailover" | "RedisCluster" | "Valkey" => true,
        _ => false,
    }
}

/// How many pods an object asks for.
pub(crate) fn replicas(object: &Value) -> u64 {
    ["/spec/replicas", "/spec/instances"]
        .iter()
        .find_map(|at| object.pointer(at)?.as_u64())
        .unwrap_or(1)
}
