//! An application as the API shows it.

use serde_json::{Map, Value, json};

use super::health::Clusters;
use super::json::time;
use super::manifest::images;
use super::state::{
    Application, Comparison, Condition, Deployed, Health, Operation, OperationState,
};

impl Clusters<'_> {
    /// The whole application: metadata, spec, status, and the operation while there is one.
    pub(crate) fn view(&self, application: &Application) -> Value {
        let mut view = json!({
            "metadata": metadata(application),
            "spec": application.spec,
            "status": self.status(application),
        });
        if let Some(operation) = &application.operation {
            view["operation"] = operation_view(operation);
        }
        view
    }

    fn status(&self, application: &Application) -> Value {
        let spec = &application.spec;
        let compared_to =
            json!({"source": spec.get("source"), "destination": spec.get("destination")});
        let Some(compared) = &application.compared else {
            return json!({
                "sync": {"status": "", "comparedTo": compared_to},
                "health": {},
                "summary": {},
            });
        };
        let mut status = Map::from_iter([
            (
                "sync".to_owned(),
                json!({
                    "status": compared.sync,
                    "revision": compared.revision,
                    "comparedTo": compared_to,
                }),
            ),
            (
                "health".to_owned(),
                self.application(application)
                    .map_or(json!({}), |health| application_health(&health)),
            ),
            ("summary".to_owned(), self.summary(application, compared)),
            ("reconciledAt".to_owned(), time(compared.at).into()),
            ("controllerNamespace".to_owned(), "argocd".into()),
        ]);
        if !compared.source_type.is_empty() {
            status.insert(
                "sourceType".to_owned(),
                compared.source_type.as_str().into(),
            );
        }
        if !compared.resources.is_empty() {
            status.insert(
                "resources".to_owned(),
                self.resources(application, compared),
            );
        }
        let mut conditions: Vec<Condition> = compared.conditions.clone();
        if let Some(message) = self.health_error(application) {
            conditions.push(Condition {
                kind: "ComparisonError".to_owned(),
                message,
                since: compared.at,
            });
        }
        if let Some(deleting) = &application.deleting
            && let Some(message) = &deleting.error
            && !deleting.waits
        {
            conditions.push(Condition {
                kind: "DeletionError".to_owned(),
                message: message.clone(),
                since: deleting.since,
            });
        }
        if !conditions.is_empty() {
            let lines = conditions.iter().map(|condition| {
                json!({
                    "type": condition.kind,
                    "message": condition.message,
                    "lastTransitionTime": time(condition.since),
                })
            });
            status.insert("conditions".to_owned(), lines.collect());
        }
        if !application.history.is_empty() {
            let entries = application.history.iter().map(deployed);
            status.insert("history".to_owned(), entries.collect());
        }
        if let Some(state) = &application.operation_state {
            status.insert("operationState".to_owned(), operation_state(state));
        }
        Value::Object(status)
    }

    fn resources(&self, application: &Application, compared: &Comparison) -> Value {
        let line = |resource: &super::state::ResourceStatus| {
            let key = &resource.key;
            let mut line = json!({
                "version": resource.version,
                "kind": key.kind,
                "name": key.name,
            });
            // A hook has no sync status, and nothing in git as far as a comparison goes.
            if resource.hook {
                line["hook"] = true.into();
            } else {
                line["status"] = resource.sync.as_str().into();
            }
            if resource.wave != 0 {
                line["syncWave"] = resource.wave.into();
            }
            for (field, value) in [("group", &key.group), ("namespace", &key.namespace)] {
                if !value.is_empty() {
                    line[field] = value.as_str().into();
                }
            }
            if resource.requires_pruning {
                line["requiresPruning"] = true.into();
            }
            if !self.state.live.contains_key(key) {
                line["health"] = json!({"status": "Missing"});
            } else if let Some(health) = self.object(application, key) {
                line["health"] = object_health(&health);
            }
            line
        };
        compared.resources.iter().map(line).collect()
    }

    /// The images that run: during a rollout, the old ones as well.
    fn summary(&self, application: &Application, compared: &Comparison) -> Value {
        let mut found: Vec<String> = Vec::new();
        for resource in &compared.resources {
            let Some(live) = self.state.live.get(&resource.key) else {
                continue;
            };
            found.extend(images(&live.object));
            if live.rollout > 1
                && !matches!(
                    self.pods(application, &resource.key, live),
                    super::health::Pods::Ready(_)
                )
            {
                found.extend(live.images_before.iter().cloned());
            }
        }
        found.sort();
        found.dedup();
        if found.is_empty() {
            json!({})
        } else {
            json!({"images": found})
        }
    }
}

fn metadata(application: &Application) -> Value {
    let mut metadata = json!({
        "name": application.name,
        "namespace": "argocd",
        "uid": application.uid,
        "resourceVersion": application.resource_version.to_string(),
        "generation": application.generation,
        "creationTimestamp": time(application.created),
        "managedFields": [{
            "manager": "argocd-server",
            "operation": "Update",
            "apiVersion": "argoproj.io/v1alpha1",
            "time": time(application.created),
        }],
    });
    for (field, map) in [
        ("labels", &application.labels),
        ("annotations", &application.annotations),
    ] {
        if !map.is_empty() {
            metadata[field] = json!(map);
        }
    }
    if !application.finalizers.is_empty() {
        metadata["finalizers"] = json!(application.finalizers);
    }
    if let Some(deleting) = &application.deleting {
        metadata["deletionTimestamp"] = time(deleting.since).into();
        metadata["deletionGracePeriodSeconds"] = 0.into();
    }
    metadata
}

fn application_health(health: &Health) -> Value {
    let mut view = object_health(health);
    view["lastTransitionTime"] = time(health.since).into();
    view
}

/// An object's health: its status, and a message if there is one.
pub(crate) fn object_health(health: &Health) -> Value {
    let mut view = json!({"status": health.status});
    if !health.message.is_empty() {
        view["message"] = health.message.as_str().into();
    }
    view
}

/// `operation`, as it is asked for.
pub(crate) fn operation_view(operation: &Operation) -> Value {
    let mut sync = json!({"revision": operation.revision, "source": operation.source});
    if operation.prune {
        sync["prune"] = true.into();
    }
    if operation.dry_run {
        sync["dryRun"] = true.into();
    }
    if !operation.sync_options.is_empty() {
        sync["syncOptions"] = json!(operation.sync_options);
    }
    if let Some(only) = &operation.only {
        sync["resources"] = json!(only);
    }
    if operation.heals > 0 {
        sync["autoHealAttemptsCount"] = operation.heals.into();
    }
    let mut retry = json!({});
    if let Some(limit @ 1..) = operation.retry.limit {
        retry["limit"] = limit.into();
    }
    json!({
        "sync": sync,
        "initiatedBy": initiated_by(operation.username.as_deref()),
        "retry": retry,
    })
}

fn initiated_by(username: Option<&str>) -> Value {
    match username {
        Some(username) => json!({"username": username}),
        None => json!({"automated": true}),
    }
}

fn operation_state(state: &OperationState) -> Value {
    let mut view = json!({
        "operation": operation_view(&state.operation),
        "phase": state.phase,
        "startedAt": time(state.started),
    });
    if !state.message.is_empty() {
        view["message"] = state.message.as_str().into();
    }
    if let Some(finished) = state.finished {
        view["finishedAt"] = time(finished).into();
    }
    if state.operation.retries > 0 {
        view["retryCount"] = state.operation.retries.into();
    }
    if let Some(result) = &state.result {
        view["syncResult"] = json!({
            "revision": state.operation.revision,
            "source": state.operation.source,
        });
        if !result.is_empty() {
            view["syncResult"]["resources"] = json!(result);
        }
    }
    view
}

fn deployed(entry: &Deployed) -> Value {
    json!({
        "id": entry.id,
        "revision": entry.revision,
        "source": entry.source,
        "deployStartedAt": time(entry.started),
        "deployedAt": time(entry.at),
        "initiatedBy": initiated_by(entry.username.as_deref()),
    })
}
