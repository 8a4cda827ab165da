//! One attempt of a sync: what it applies to the clusters, and what it reports.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::admission::{qualified_name, stored};
use super::habits::WaitsFor;
use super::health::has_pods;
use super::json::{text, texts};
use super::live::namespace_object;
use super::manifest::{Manifest, images};
use super::source::Rendered;
use super::spec::{rpc_error, server};
use super::state::{Application, Operation};
use super::waves::{Phase, Task, Wave, waits_for, waves};
use super::{ArgoCd, fields, permit};
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
    /// What is applied so far has to get well, or done, first.
    Waiting(String),
    Done {
        message: &'static str,
        results: Vec<Value>,
        /// Whether pods start anew, or a claim is made.
        rolled: bool,
    },
}

/// Where a sync applies to, and what.
struct Work<'a> {
    server: &'a str,
    rendered: &'a Arc<Rendered>,
    at: Millis,
}

impl ArgoCd {
    /// Does one attempt of an operation, or goes on with one. The application is out of the
    /// state meanwhile.
    pub(crate) fn apply(
        &mut self,
        application: &mut Application,
        operation: &mut Operation,
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
        application.synced_text.clone_from(&rendered.text);
        if makes_namespace {
            self.create_namespace(&server, &namespace, at);
        }
        let work = Work {
            server: &server,
            rendered: &rendered,
            at,
        };
        self.apply_waves(application, operation, &chosen, &work)
    }

    /// Applies wave by wave, as far as it gets.
    fn apply_waves(
        &mut self,
        application: &Application,
        operation: &mut Operation,
        chosen: &[&Manifest],
        work: &Work<'_>,
    ) -> Applied {
        let waves = waves(chosen, operation.only.is_none());
        let mut rolled = false;
        if waves.is_empty() {
            self.prune(application, operation, work.rendered, work.server, work.at);
        }
        if operation.waves > 0
            && let Some(problem) = self.clusters(work.at).health_error(application)
        {
            return Applied::Error(format!("ComparisonError: {problem}"));
        }
        loop {
            let applied = operation
                .waves
                .checked_sub(1)
                .and_then(|last| waves.get(last));
            let is_last = operation.waves == waves.len();
            // What is applied last isn't waited for, unless it is a hook.
            if let Some(wave) = applied
                && (!is_last || wave.iter().any(|task| task.is_hook))
            {
                match self.wave_state(application, wave, work.at) {
                    Wave::Well => {}
                    Wave::Waiting(message) => return Applied::Waiting(message),
                    Wave::Failed => {
                        return Applied::Refused {
                            message: "one or more synchronization tasks completed unsuccessfully"
                                .to_owned(),
                            results: std::mem::take(&mut operation.results),
                        };
                    }
                }
            }
            let Some(wave) = waves.get(operation.waves) else {
                break;
            };
            let failures = self.apply_wave(application, operation, wave, work, &mut rolled);
            operation.waves += 1;
            if operation.waves == waves.len() {
                self.prune(application, operation, work.rendered, work.server, work.at);
            }
            if !failures.is_empty() {
                let reasons: Vec<String> = failures.into_iter().collect();
                return Applied::Refused {
                    message: format!(
                        "one or more objects failed to apply, reason: {}",
                        reasons.join(",")
                    ),
                    results: std::mem::take(&mut operation.results),
                };
            }
        }
        let habits = &self.state.habits;
        match habits.endless(&application.name, &application.synced_text) {
            None => Applied::Done {
                message: "successfully synced (all tasks run)",
                results: std::mem::take(&mut operation.results),
                rolled,
            },
            Some(WaitsFor::Hook) => Applied::Waiting(format!(
                "waiting for completion of hook batch/Job/{}-setup",
                application.name
            )),
            Some(WaitsFor::Wave) => {
                let tasks = || waves.iter().flatten();
                let pods = tasks().find(|t| has_pods(&t.manifest.group, &t.manifest.kind));
                let first = pods.or_else(|| tasks().next());
                Applied::Waiting(first.map_or_else(String::new, |first| waits_for(first, 0)))
            }
        }
    }

    /// Applies one wave; what was refused.
    fn apply_wave(
        &mut self,
        application: &Application,
        operation: &mut Operation,
        wave: &[Task<'_>],
        work: &Work<'_>,
        rolled: &mut bool,
    ) -> BTreeSet<String> {
        let mut failures = BTreeSet::new();
        for task in wave {
            let key = task.manifest.key(work.server);
            if task.is_hook {
                // `BeforeHookCreation`, which is the default.
                self.remove_live(&key, work.at);
            }
            let before = self.state.live.get(&key);
            let (spec, options) = (&application.spec, &operation.sync_options);
            let manifest = &fields::applied(spec, options, task.manifest, before);
            let refused = self
                .rejection(application, manifest)
                .or_else(|| self.objection(manifest, &key, work.at))
                .or_else(|| {
                    (!manifest.namespace.is_empty()
                        && !self.has_namespace(work.server, &manifest.namespace))
                    .then(|| format!("namespaces \"{}\" not found", manifest.namespace))
                });
            if let Some(reason) = refused {
                operation.results.push(result(task, "SyncFailed", &reason));
                failures.insert(reason);
                continue;
            }
            let starts = has_pods(&manifest.group, &manifest.kind);
            let stored = stored(manifest);
            let verb = match before {
                Some(live) if live.object == stored => "unchanged",
                Some(_) => "configured",
                None => "created",
            };
            let spec_changed =
                before.is_none_or(|live| live.object.get("spec") != stored.get("spec"));
            *rolled |= starts && spec_changed && !task.is_hook;
            *rolled |= verb == "created" && manifest.kind == "PersistentVolumeClaim";
            self.put_live(key.clone(), manifest, application, work.at);
            if let Some(live) = self.state.live.get_mut(&key) {
                live.says_replicas = fields::says_replicas(task.manifest);
            }
            let message = format!("{} {verb}", resource_name(manifest));
            let mut line = result(task, "Synced", &message);
            let images = images(&manifest.object);
            if !images.is_empty() {
                line["images"] = json!(images);
            }
            operation.results.push(line);
        }
        failures
    }

    /// Why the world's habits have the API server reject an object.
    pub(crate) fn rejection(
        &self,
        application: &Application,
        manifest: &Manifest,
    ) -> Option<String> {
        let Manifest {
            kind, name, object, ..
        } = manifest;
        let text = &application.synced_text;
        let habits = &self.state.habits;
        let sentence = habits.rejection(&application.name, text, kind, name, object)?;
        Some(format!(
            "{} is invalid: {sentence}",
            qualified_name(manifest)
        ))
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
                results.push(line(manifest, Phase::Sync, "SyncFailed", &reason));
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
fn result(task: &Task<'_>, status: &str, message: &str) -> Value {
    let mut line = line(task.manifest, task.phase, status, message);
    if task.is_hook {
        line["hookType"] = task.phase.name().into();
    }
    line
}

fn line(manifest: &Manifest, phase: Phase, status: &str, message: &str) -> Value {
    json!({
        "group": manifest.group, "version": manifest.version, "kind": manifest.kind,
        "namespace": manifest.namespace, "name": manifest.name, "status": status,
        "message": message, "syncPhase": phase.name(),
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
