//! An operation that runs: how it begins, waits for its waves, is told to end, and ends.

use serde_json::{Value, json};

use super::ArgoCd;
use super::automatic::automatic;
use super::health::has_pods;
use super::json::text;
use super::state::{
    Application, COMPARED_AFTER, Deployed, ObjectKey, Operation, OperationState, Step,
};
use crate::service::Millis;

/// From an attempt that starts pods to the second automatic sync, and to the comparison that
/// sees the new pods. In between, health is the stale one.
pub(crate) const AGAIN_AFTER: Millis = 60;
pub(crate) const STALE_FOR: Millis = 150;
/// How often an operation looks whether it can go on: first, and after long.
const WAITS_FROM: Millis = 100;
const WAITS_TO: Millis = 30_000;
/// After an operation was ended, what is due next starts within this time.
const NEXT_AFTER: Millis = 80;
/// How long a deletion takes that had to wait for an operation.
const DELETED_AFTER_OPERATION: Millis = 600;
/// Argo CD's default `revisionHistoryLimit`.
const HISTORY_LIMIT: usize = 10;

impl ArgoCd {
    /// Goes on with an operation once what it has applied is well. Nobody gives up waiting.
    pub(super) fn wait(
        &self,
        application: &mut Application,
        mut operation: Operation,
        message: String,
        at: Millis,
    ) {
        let since = *operation.waits_since.get_or_insert(at);
        if let Some(state) = &mut application.operation_state {
            state.message = message;
            state.result = Some(operation.results.clone());
        }
        if since == at {
            application.schedule(at + COMPARED_AFTER, Step::Publish);
        }
        let pause = ((at - since) / 10).clamp(WAITS_FROM, WAITS_TO);
        application.schedule(at + pause, Step::Attempt);
        application.operation = Some(operation);
    }

    /// The operation that was ended has ended. A hook that still runs is taken down.
    pub(super) fn terminated(&mut self, application: &mut Application, at: Millis) {
        let Some(operation) = application.operation.take() else {
            return;
        };
        let resources = application.compared.iter().flat_map(|it| &it.resources);
        let clusters = self.clusters(at);
        let running: Vec<ObjectKey> = resources
            .filter(|resource| resource.hook)
            .map(|resource| resource.key.clone())
            .filter(|key| {
                let health = clusters.object(application, key);
                health.is_some_and(|health| health.status != "Healthy")
            })
            .collect();
        for key in &running {
            self.remove_live(key, at);
        }
        let result = application
            .operation_state
            .as_mut()
            .and_then(|state| state.result.take());
        let message = format!("Operation terminated{}", retried(operation.retries));
        end(application, operation, "Failed", &message, result, at);
        if application.deleting.is_none() {
            application.schedule(at + NEXT_AFTER, Step::Compare);
        }
    }
}

/// What an operation says that went well.
pub(crate) const ALL_RUN: &str = "successfully synced (all tasks run)";

/// ` (retried n times).`, or a full stop's absence where there was no retry.
pub(crate) fn retried(retries: u32) -> String {
    if retries == 0 {
        String::new()
    } else {
        format!(" (retried {retries} times).")
    }
}

/// The steps of an operation.
pub(crate) const OPERATION: [Step; 5] = [
    Step::Begin,
    Step::Attempt,
    Step::Again,
    Step::Finish,
    Step::Terminated,
];

/// The pending operation runs.
pub(crate) fn begin(application: &mut Application, at: Millis) {
    if let Some(operation) = &application.operation {
        application.operation_state = Some(OperationState {
            operation: operation.clone(),
            phase: "Running".to_owned(),
            message: String::new(),
            started: at,
            finished: None,
            result: None,
        });
    }
}

/// The second automatic sync of the same commit, which starts by itself before the first one's
/// outcome was compared. Its results overwrite the first one's. After the very first sync it heals
/// what seems to have drifted: what runs pods, and claims.
pub(crate) fn again(application: &mut Application, at: Millis) {
    let outdated = application
        .compared
        .as_ref()
        .is_none_or(|compared| compared.sync != "OutOfSync");
    if outdated || application.operation.is_some() || application.deleting.is_some() {
        return;
    }
    let Some(last) = application.operation_state.take() else {
        return;
    };
    let mut operation = automatic(&application.spec, last.operation.revision);
    let heals = application.history.len() == 1
        && application.spec.pointer("/syncPolicy/automated/selfHeal") == Some(&json!(true));
    let drifts = |line: &Value| {
        let kind = text(line, "/kind");
        has_pods(text(line, "/group"), kind) || kind == "PersistentVolumeClaim"
    };
    operation.results = last
        .result
        .unwrap_or_default()
        .into_iter()
        .filter(|line| text(line, "/status") != "Pruned" && (!heals || drifts(line)))
        .map(|mut line| {
            let message = text(&line, "/message")
                .split(' ')
                .next()
                .unwrap_or_default();
            line["message"] = json!(format!("{message} unchanged"));
            line
        })
        .collect();
    if heals {
        let only = operation.results.iter().map(|line| {
            json!({
                "group": line["group"], "kind": line["kind"],
                "namespace": line["namespace"], "name": line["name"],
            })
        });
        operation.only = Some(only.collect());
        operation.heals = 1;
    }
    application.operation = Some(operation);
    application.schedule(at + 40, Step::Begin);
    application.schedule(at + STALE_FOR - AGAIN_AFTER, Step::Publish);
    application.schedule(at + STALE_FOR - AGAIN_AFTER + 50, Step::Finish);
}

/// Ends an operation, and remembers a sync that went well.
pub(crate) fn end(
    application: &mut Application,
    operation: Operation,
    phase: &str,
    message: &str,
    result: Option<Vec<Value>>,
    at: Millis,
) {
    let started = application
        .operation_state
        .as_ref()
        .map_or(at, |state| state.started);
    if phase == "Succeeded" && !operation.dry_run && operation.only.is_none() {
        let id = application.history.last().map_or(0, |last| last.id + 1);
        application.history.push(Deployed {
            id,
            revision: operation.revision.clone(),
            source: operation.source.clone(),
            started,
            at,
            username: operation.username.clone(),
        });
        let limit = application
            .spec
            .get("revisionHistoryLimit")
            .and_then(Value::as_u64)
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(HISTORY_LIMIT);
        let excess = application.history.len().saturating_sub(limit);
        application.history.drain(..excess);
    }
    application.operation = None;
    application.cancel(&OPERATION);
    if let Some(deleting) = &mut application.deleting {
        // It was left alone until now.
        deleting.waits = false;
        application.schedule(at + DELETED_AFTER_OPERATION, Step::Vanish);
    }
    application.operation_state = Some(OperationState {
        operation,
        phase: phase.to_owned(),
        message: message.to_owned(),
        started,
        finished: Some(at),
        result,
    });
}
