//! One attempt of a sync: what it applies to the clusters, and what it reports.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::health::has_pods;
use super::json::{text, texts};
use super::live::namespace_object;
use super::manifest::{Manifest, images, refusal};
use super::source::Rendered;
use super::spec::{rpc_error, server};
use super::state::{Application, Operation};
use super::{ArgoCd, permit};
use crate::service::Millis;

/// How an attempt went.
pub(crate) enum Applied {
    /// It didn't get to applying anything; phase `Error`.
    Error(String),
    /// Something was refused, which may be tried again.
    Refused {
        message: String,
        results: Vec<Value>,
    },
    Done {
        message: &'static str,
        results: Vec<Value>,
        /// Whether pods start anew, or a claim is made.
        rolled: bool,
    },
}

impl ArgoCd {
    /// Does one attempt of an operation. The application is out of the state meanwhile.
    pub(crate) fn apply(
        &mut self,
        application: &mut Application,
        operation: &Operation,
        at: Millis,
    ) -> Applied {
        let spec = application.spec.clone();
        if let Some(reason) = self.project_refusal(&spec) {
            return Applied::Error(format!("InvalidSpecError: {reason}"));
        }
        let wanted = json!({
            "source": operation.source,
            "destination": spec.get("destination"),
        });
        let loaded = self.sources.load(
            &self.config.git,
            &application.name,
            &wanted,
            &operation.revision,
        );
        let rendered = match loaded {
            Ok(rendered) => rendered,
            Err(error) => {
                return Applied::Error(format!(
                    "ComparisonError: Failed to load target state: failed to generate manifest \
                     for source 1 of 1: {}",
                    rpc_error(&error)
                ));
            }
        };
        let chosen: Vec<&Manifest> = rendered
            .manifests
            .iter()
            .filter(|manifest| is_chosen(operation, manifest))
            .collect();
        if operation.dry_run || (operation.only.is_some() && chosen.is_empty()) {
            return Applied::Done {
                message: "successfully synced (no more tasks)",
                results: Vec::new(),
                rolled: false,
            };
        }
        let server = server(&spec).to_owned();
        let namespace = text(&spec, "/destination/namespace").to_owned();
        let makes_namespace = operation
            .sync_options
            .iter()
            .any(|o| o == "CreateNamespace=true")
            && !self.has_namespace(&server, &namespace)
            && !chosen
                .iter()
                .any(|m| m.kind == "Namespace" && m.name == namespace);
        if let Some(refused) = self.refused_tasks(application, &rendered, &chosen, makes_namespace)
        {
            return refused;
        }

        let mut results = Vec::new();
        let mut rolled = false;
        let mut failures = BTreeSet::new();
        if makes_namespace {
            self.create_namespace(&server, &namespace, at);
        }
        let mut ordered = chosen;
        // Argo CD's order of kinds, as far as it matters: namespaces, then volumes and claims, then the rest.
        ordered.sort_by_key(|manifest| match manifest.kind.as_str() {
            "Namespace" => 0,
            "ResourceQuota" | "LimitRange" | "NetworkPolicy" => 1,
            "PersistentVolume" => 2,
            "PersistentVolumeClaim" => 3,
            _ => 4,
        });
        for manifest in ordered {
            let key = manifest.key(&server);
            let before = self.state.live.get(&key);
            let refused = refusal(manifest, before.map(|live| &live.object)).or_else(|| {
                (!manifest.namespace.is_empty()
                    && !self.has_namespace(&server, &manifest.namespace))
                .then(|| format!("namespaces \"{}\" not found", manifest.namespace))
            });
            if let Some(reason) = refused {
                results.push(result(manifest, "SyncFailed", &reason));
                failures.insert(reason);
                continue;
            }
            let starts = has_pods(&manifest.group, &manifest.kind);
            let verb = match before {
                Some(live) if live.object == manifest.object => "unchanged",
                Some(_) => "configured",
                None => "created",
            };
            let spec_changed =
                before.is_none_or(|live| live.object.get("spec") != manifest.object.get("spec"));
            rolled |= starts && spec_changed;
            rolled |= verb == "created" && manifest.kind == "PersistentVolumeClaim";
            self.put_live(key, manifest, application, starts && spec_changed, at);
            let mut line = result(
                manifest,
                "Synced",
                &format!("{} {verb}", resource_name(manifest)),
            );
            let images = images(&manifest.object);
            if !images.is_empty() {
                line["images"] = json!(images);
            }
            results.push(line);
        }
        if operation.only.is_none() {
            self.prune(application, operation, &rendered, &server, &mut results, at);
        }
        if !failures.is_empty() {
            let reasons: Vec<String> = failures.into_iter().collect();
            return Applied::Refused {
                message: format!(
                    "one or more objects failed to apply, reason: {}",
                    reasons.join(",")
                ),
                results,
            };
        }
        application.synced_text.clone_from(&rendered.text);
        Applied::Done {
            message: "successfully synced (all tasks run)",
            results,
            rolled,
        }
    }

    /// What the project forbids of a sync. Then nothing of that sync is applied.
    fn refused_tasks(
        &self,
        application: &Application,
        rendered: &Arc<Rendered>,
        chosen: &[&Manifest],
        makes_namespace: bool,
    ) -> Option<Applied> {
        let project = self.state.projects.get(application.project())?;
        let server = server(&application.spec);
        let namespace = text(&application.spec, "/destination/namespace");
        let mut reasons = Vec::new();
        let mut results = Vec::new();
        let mut check = |manifest: &Manifest| {
            let (group, kind) = (&manifest.group, &manifest.kind);
            if let Some(reason) = permit::refusal(project, server, group, kind, &manifest.namespace)
            {
                results.push(result(manifest, "SyncFailed", &reason));
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            }
        };
        for manifest in chosen {
            check(manifest);
        }
        for kind in &rendered.template_kinds {
            let group = if kind.group.is_empty() {
                String::new()
            } else {
                format!("{}/", kind.group)
            };
            let stand_in = json!({
                "apiVersion": format!("{group}{}", kind.version),
                "kind": kind.kind,
                "metadata": {"name": application.name},
            });
            if let Ok(manifest) = Manifest::new(stand_in, namespace) {
                check(&manifest);
            }
        }
        if makes_namespace && let Ok(manifest) = Manifest::new(namespace_object(namespace), "") {
            check(&manifest);
        }
        (!reasons.is_empty()).then(|| Applied::Refused {
            message: format!(
                "one or more synchronization tasks are not valid: {}",
                reasons.join("; ")
            ),
            results,
        })
    }
}

fn is_chosen(operation: &Operation, manifest: &Manifest) -> bool {
    operation.only.as_ref().is_none_or(|only| {
        only.iter().any(|entry| {
            text(entry, "/group") == manifest.group
                && text(entry, "/kind") == manifest.kind
                && text(entry, "/name") == manifest.name
                && ["", manifest.namespace.as_str()].contains(&text(entry, "/namespace"))
        })
    })
}

/// One line of `syncResult.resources`.
fn result(manifest: &Manifest, status: &str, message: &str) -> Value {
    json!({
        "group": manifest.group, "version": manifest.version, "kind": manifest.kind,
        "namespace": manifest.namespace, "name": manifest.name, "status": status,
        "message": message, "syncPhase": "Sync",
        "hookPhase": if status == "Synced" { "Running" } else { "Failed" },
    })
}

/// An object as kubectl names it: `configmap/x`, `deployment.apps/x`.
fn resource_name(manifest: &Manifest) -> String {
    let kind = manifest.kind.to_lowercase();
    match manifest.group.as_str() {
        "" => format!("{kind}/{}", manifest.name),
        group => format!("{kind}.{group}/{}", manifest.name),
    }
}

/// The options of a spec's sync policy.
pub(crate) fn sync_options(spec: &Value) -> Vec<String> {
    texts(spec, "/syncPolicy/syncOptions")
        .map(str::to_owned)
        .collect()
}
