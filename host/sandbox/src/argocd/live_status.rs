//! A live object as the API server gives it: with what it adds to the metadata, and with the
//! status that the object's controller or operator has written.

use serde_json::{Value, json};

use super::health::{Clusters, FIRST_PRIMARY, Pods, phase_reason, replicas};
use super::json::time;
use super::state::{Application, Before, LiveObject, ObjectKey};
use super::tree::track;
use crate::service::Millis;

/// The phase of a CloudNativePG cluster that is well.
const WELL: &str = "Cluster in healthy state";

impl Clusters<'_> {
    /// The whole object; `None` if it isn't there.
    pub(crate) fn live(&self, application: &Application, key: &ObjectKey) -> Option<Value> {
        let live = self.state.live.get(key)?;
        let mut object = track(&live.object, &live.application, key);
        let metadata = &mut object["metadata"];
        metadata["uid"] = live.uid.as_str().into();
        metadata["creationTimestamp"] = time(live.created).into();
        metadata["generation"] = live.generation.into();
        metadata["resourceVersion"] = live.changed.to_string().into();
        let status = self.status_of(application, key, live);
        metadata["managedFields"] = json!([{
            "manager": "argocd-controller",
            "operation": "Update",
            "time": time(live.changed),
        }]);
        // Where a status has no times of its own, only this tells when it was written.
        let wrote = match self.pods(application, key, live) {
            Pods::Stale(before) => Some(before.health.since),
            pods => condition(&pods).map(|(since, ..)| since),
        };
        if let (Some(at), Some(fields), false) = (
            wrote,
            metadata["managedFields"].as_array_mut(),
            status.is_null(),
        ) {
            fields.push(json!({
                "manager": "manager",
                "operation": "Update",
                "subresource": "status",
                "time": time(at),
            }));
        }
        if !status.is_null() {
            object["status"] = status;
        }
        Some(object)
    }

    /// An object's state as its operator has written it last, to be shown as long as it
    /// doesn't notice a change.
    pub(crate) fn written(&self, application: &Application, key: &ObjectKey) -> Option<Before> {
        let live = self.state.live.get(key)?;
        Some(Before {
            health: self.object(application, key)?,
            status: self.status_of(application, key, live),
            keys: self.made_keys(application, key, live),
        })
    }

    /// The status, as the latest writing left it; null where there is none.
    fn status_of(&self, application: &Application, key: &ObjectKey, live: &LiveObject) -> Value {
        let pods = self.pods(application, key, live);
        if let Pods::Stale(before) = pods {
            return before.status.clone();
        }
        let name = key.name.as_str();
        match (key.group.as_str(), key.kind.as_str()) {
            ("postgresql.cnpg.io", "Cluster") => cluster(&pods, name, live),
            ("apps", "Deployment" | "StatefulSet") => workload(&pods, live),
            ("autoscaling", "HorizontalPodAutoscaler") => {
                conditions(&pods, "ScalingActive", "", live)
            }
            ("external-secrets.io", "ExternalSecret") => {
                let mut status = conditions(&pods, "Ready", "SecretSynced", live);
                if matches!(pods, Pods::Ready(_)) {
                    let version = format!("{}-{}", live.generation, &live.uid[..8]);
                    status["syncedResourceVersion"] = version.into();
                }
                status
            }
            ("external-secrets.io", "SecretStore") => conditions(&pods, "Ready", "Valid", live),
            ("k8s.mariadb.com", "MariaDB") => conditions(&pods, "Ready", "StatefulSetReady", live),
            ("k8s.mariadb.com", _) => conditions(&pods, "Ready", "Created", live),
            ("networking.k8s.io", "Ingress") => match pods {
                Pods::Ready(_) => json!({"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}),
                _ => json!({"loadBalancer": {}}),
            },
            ("", "Namespace") => json!({"phase": "Active"}),
            _ => Value::Null,
        }
    }
}

/// When a status was written, whether it says ready, and what is wrong; none: it isn't written.
fn condition(pods: &Pods<'_>) -> Option<(Millis, bool, String)> {
    Some(match pods {
        Pods::Unwritten | Pods::Stale(_) => return None,
        Pods::Starting(since) => (*since, false, String::new()),
        Pods::Troubled(trouble, since) => (*since, false, trouble.phase.clone()),
        Pods::Ready(since) => (*since, true, String::new()),
        Pods::Sick(sickness, since) => (*since, false, sickness.message.clone()),
    })
}

/// A status of one condition.
fn conditions(pods: &Pods<'_>, kind: &str, reason: &str, live: &LiveObject) -> Value {
    let Some((since, ready, message)) = condition(pods) else {
        return Value::Null;
    };
    // An autoscaler has no conditions before its first look, an external secret none before
    // its first fetch.
    if matches!(pods, Pods::Starting(_)) && live.generation == 1 && kind == "ScalingActive" {
        return json!({});
    }
    let reason = match (kind, ready) {
        ("ScalingActive", true) => "ValidMetricFound",
        ("ScalingActive", false) => "FailedGetResourceMetric",
        (_, true) => reason,
        (_, false) => "NotReady",
    };
    json!({"conditions": [{
        "type": kind,
        "status": if ready { "True" } else { "False" },
        "reason": reason,
        "message": message,
        "lastTransitionTime": time(since),
    }]})
}

/// A CloudNativePG cluster's status. It tells no generation: only its times say whether the
/// operator has written since a change.
fn cluster(pods: &Pods<'_>, name: &str, live: &LiveObject) -> Value {
    let Some((since, ready, _)) = condition(pods) else {
        return Value::Null;
    };
    let phase = match pods {
        Pods::Ready(_) => WELL,
        Pods::Troubled(trouble, _) => trouble.phase.as_str(),
        Pods::Sick(..) | Pods::Starting(_) if live.generation == 1 => FIRST_PRIMARY,
        _ => "Waiting for the instances to become active",
    };
    let instances = replicas(&live.object);
    json!({
        "phase": phase,
        "phaseReason": phase_reason(phase, name),
        "instances": instances,
        "readyInstances": if ready { instances } else { 0 },
        "currentPrimary": format!("{name}-1"),
        "conditions": [{
            "type": "Ready",
            "status": if ready { "True" } else { "False" },
            "reason": if ready { "ClusterIsReady" } else { "ClusterIsNotReady" },
            "message": if ready { "Cluster is Ready" } else { "Cluster Is Not Ready" },
            "lastTransitionTime": time(since),
        }],
    })
}

/// A Deployment's or a StatefulSet's status.
fn workload(pods: &Pods<'_>, live: &LiveObject) -> Value {
    let Some((since, ready, message)) = condition(pods) else {
        return Value::Null;
    };
    let wanted = replicas(&live.object);
    let available = if ready { wanted } else { 0 };
    json!({
        "observedGeneration": live.generation,
        "replicas": wanted,
        "updatedReplicas": wanted,
        "readyReplicas": available,
        "availableReplicas": available,
        "conditions": [{
            "type": "Available",
            "status": if ready { "True" } else { "False" },
            "reason": if ready { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" },
            "message": message,
            "lastTransitionTime": time(since),
        }],
    })
}
