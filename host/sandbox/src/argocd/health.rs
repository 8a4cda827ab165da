//! Health of objects and applications at an instant, as Argo CD's health checks would find it.

use std::sync::LazyLock;

use serde_json::Value;

use super::Sickness;
use super::habits::{Troubled, WaitsFor, Which};
use super::json::{list, text, texts};
use super::state::{Application, Before, Health, LiveObject, ObjectKey, State};
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

/// How an object does that something works at: a controller, an operator.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Pods<'a> {
    /// Its operator hasn't written a status yet.
    Unwritten,
    /// Not ready yet; since.
    Starting(Millis),
    /// In trouble that passes; since.
    Troubled(&'a Troubled, Millis),
    /// As before a change that its operator hasn't noticed.
    Stale(&'a Before),
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

    /// The health of a live object as its application sees it; `None` if it isn't there, its
    /// kind has no health, or the script that looks for it fails.
    pub(crate) fn object(&self, application: &Application, key: &ObjectKey) -> Option<Health> {
        let live = self.state.live.get(key)?;
        let health = |status: &str, message: String, since| {
            Some(Health {
                status: status.to_owned(),
                message,
                since,
            })
        };
        if key.kind == "PersistentVolumeClaim" {
            return match self.bound_at(key, live) {
                Some(at) if at <= self.now => health("Healthy", String::new(), at),
                _ => health("Progressing", String::new(), live.created),
            };
        }
        if !has_health(&key.group, &key.kind) {
            return None;
        }
        match self.pods(application, key, live) {
            Pods::Unwritten if script_fails(key) => None,
            Pods::Unwritten => health("Progressing", unwritten(&key.kind), live.created),
            Pods::Starting(since) => health("Progressing", self.waiting(key, live), since),
            Pods::Troubled(trouble, since) => {
                let message = match key.kind.as_str() {
                    "Cluster" => phase_reason(&trouble.phase, &key.name),
                    _ => trouble.phase.clone(),
                };
                health("Degraded", message, since)
            }
            Pods::Stale(before) => Some(before.health.clone()),
            Pods::Ready(at) => health("Healthy", String::new(), at),
            Pods::Sick(sickness, at) => {
                let message = if key.kind == "Deployment" {
                    format!("Deployment \"{}\" exceeded its progress deadline", key.name)
                } else {
                    sickness.message.clone()
                };
                health("Degraded", message, at)
            }
        }
    }

    /// Why the health of one of the application's objects can't be told, as the condition says it.
    pub(crate) fn health_error(&self, application: &Application) -> Option<String> {
        let resources = &application.compared.as_ref()?.resources;
        let failing = resources.iter().map(|resource| &resource.key).find(|key| {
            let live = self.state.live.get(key);
            script_fails(key)
                && live.is_some_and(|live| self.pods(application, key, live) == Pods::Unwritten)
        })?;
        Some(format!(
            "error setting app health: failed to get resource health for \"{}\" with name \"{}\" \
             in namespace \"{}\": <string>:62: attempt to index a non-table object(nil) with key \
             'phaseReason'\nstack traceback:\n\t[G]: in main chunk\n\t[G]: ?",
            failing.kind, failing.name, failing.namespace
        ))
    }

    /// How a live object does.
    pub(crate) fn pods(
        &self,
        application: &Application,
        key: &ObjectKey,
        live: &LiveObject,
    ) -> Pods<'a> {
        let habits = &self.state.habits;
        let first = live.generation <= 1;
        let (since, silent) = if first {
            (live.created, habits.first_status_after(application, key))
        } else {
            (live.changed, habits.stale_for(application, key))
        };
        let written = since.saturating_add(silent);
        if written > self.now {
            // What its operator will write next is what it had written last.
            let before = self
                .state
                .live
                .get(key)
                .and_then(|live| live.before.as_ref());
            return match before {
                Some(before) if !first => Pods::Stale(before),
                _ => Pods::Unwritten,
            };
        }
        let trouble = habits.trouble(application, key, first).or_else(|| {
            (first && key.kind == "HorizontalPodAutoscaler").then_some(&*WITHOUT_METRICS)
        });
        let mut begun = written;
        if let Some(trouble) = trouble {
            let troubled = written.saturating_add(starts_after(key));
            begun = troubled.saturating_add(trouble.lasts);
            if troubled <= self.now && self.now < begun {
                return Pods::Troubled(trouble, troubled);
            }
        }
        let decided = match habits.endless(&application.name, &application.synced_text) {
            Some(WaitsFor::Wave) if has_pods(&key.group, &key.kind) => Millis::MAX,
            _ => {
                let secrets = self.secrets_there(application, key, live);
                begun
                    .max(secrets.unwrap_or(Millis::MAX))
                    .saturating_add(self.ready_after(key, first))
            }
        };
        if decided > self.now {
            return Pods::Starting(written);
        }
        let sickness = self.state.sick.get(&application.name).filter(|sickness| {
            let marker = sickness.only_revision_containing.as_ref();
            has_pods(&key.group, &key.kind)
                && marker.is_none_or(|marker| application.synced_text.contains(marker))
        });
        match sickness {
            Some(sickness) => Pods::Sick(sickness, decided),
            None => Pods::Ready(decided),
        }
    }

    /// How long an object takes until it is ready, once its operator has begun.
    fn ready_after(&self, key: &ObjectKey, first: bool) -> Millis {
        match key.kind.as_str() {
            _ if has_pods(&key.group, &key.kind) => self.pods_ready_after,
            // An address, a first fetch: what stands keeps it when it changes.
            "Ingress" | "ExternalSecret" | "SecretStore" | "Certificate" if first => {
                self.pods_ready_after / 2
            }
            _ => 0,
        }
    }

    fn waiting(&self, key: &ObjectKey, live: &LiveObject) -> String {
        match key.kind.as_str() {
            "Deployment" => format!(
                "Waiting for rollout to finish: 0 of {} updated replicas are available...",
                replicas(&live.object)
            ),
            "StatefulSet" => format!("Waiting for {} pods to be ready...", replicas(&live.object)),
            "Cluster" => phase_reason(FIRST_PRIMARY, &key.name),
            "HorizontalPodAutoscaler" => "Waiting to Autoscale".to_owned(),
            kind => unwritten(kind),
        }
    }

    /// Whether a claim is bound by now.
    pub(crate) fn is_bound(&self, key: &ObjectKey, claim: &LiveObject) -> bool {
        self.bound_at(key, claim).is_some_and(|at| at <= self.now)
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

/// The phase of a CloudNativePG cluster that is being made.
pub(crate) const FIRST_PRIMARY: &str = "Setting up primary";

/// How a new autoscaler does until its pods have metrics.
static WITHOUT_METRICS: LazyLock<Troubled> = LazyLock::new(|| Troubled {
    of: Which::kind("HorizontalPodAutoscaler"),
    phase:
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable \
            to get metrics for resource cpu: no metrics returned from resource metrics API"
            .to_owned(),
    lasts: 20_000,
    at_first: true,
});

/// After what time an object's controller first finds it in trouble.
fn starts_after(key: &ObjectKey) -> Millis {
    match key.kind.as_str() {
        "HorizontalPodAutoscaler" => 15_000,
        _ => 0,
    }
}

/// Whether the kind's health script fails where there is no status.
fn script_fails(key: &ObjectKey) -> bool {
    key.kind == "Cluster" && key.group == "postgresql.cnpg.io"
}

/// What a health script says of an object without status.
fn unwritten(kind: &str) -> String {
    match kind {
        "ExternalSecret" | "SecretStore" => format!("Waiting for {kind}"),
        "MariaDB" => "No status info available".to_owned(),
        _ => String::new(),
    }
}

/// What CloudNativePG writes beside a phase, and what Argo CD shows as the health's message.
pub(crate) fn phase_reason(phase: &str, name: &str) -> String {
    match phase {
        FIRST_PRIMARY => format!("Creating primary instance {name}-1"),
        "Switchover in progress" => format!("Switching over to {name}-2"),
        "Failing over" => format!("Failing over from {name}-1 to {name}-2"),
        "Cluster in healthy state" => String::new(),
        other => other.to_owned(),
    }
}

/// Kinds that have a health, claims aside.
fn has_health(group: &str, kind: &str) -> bool {
    has_pods(group, kind)
        || matches!(
            kind,
            "Service"
                | "Ingress"
                | "HorizontalPodAutoscaler"
                | "PodDisruptionBudget"
                | "ExternalSecret"
                | "SecretStore"
                | "Certificate"
                | "ScheduledBackup"
                | "Database"
                | "User"
                | "Grant"
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
