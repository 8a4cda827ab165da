//! Comparing what git wants with what is live, and making that an application's status.

use std::collections::BTreeSet;

use super::automatic::Due;
use super::git::SourceError;
use super::health::Clusters;
use super::json::text;
use super::source::Sources;
use super::spec::{rpc_error, server};
use super::state::{Application, Comparison, Condition, Health, ResourceStatus};
use super::waves::{is_hook, wave};
use super::{ArgoCd, fields};
use crate::service::Millis;

impl ArgoCd {
    /// Compares the commit that is known (it is looked up if none is) with the cluster.
    pub(crate) fn compare(&mut self, application: &mut Application, at: Millis) -> Comparison {
        let before = application.compared.as_ref();
        let unknown = |revision: String, kind: &str, message: String| Comparison {
            sync: "Unknown".to_owned(),
            revision,
            at,
            source_type: before.map_or_else(String::new, |before| before.source_type.clone()),
            resources: before.map_or_else(Vec::new, |before| {
                let mut resources = before.resources.clone();
                for resource in &mut resources {
                    "Unknown".clone_into(&mut resource.sync);
                }
                resources
            }),
            conditions: vec![Condition {
                kind: kind.to_owned(),
                message,
                since: at,
            }],
        };
        if let Some(reason) = self.project_refusal(&application.spec) {
            let revision = before.map_or_else(String::new, |before| before.revision.clone());
            return unknown(revision, "InvalidSpecError", reason);
        }
        let target = text(&application.spec, "/source/targetRevision").to_owned();
        let error = |error: &SourceError| {
            unknown(
                target.clone(),
                "ComparisonError",
                format!(
                    "Failed to load target state: failed to generate manifest for source 1 of 1: {}",
                    rpc_error(error)
                ),
            )
        };
        let url = text(&application.spec, "/source/repoURL");
        let revision = match &application.known_revision {
            Some(revision) => revision.clone(),
            None => match Sources::resolve(&self.config.git, url, &target) {
                Ok(revision) => revision,
                Err(reason) => return error(&reason),
            },
        };
        let loaded = self.sources.load(
            &self.config.git,
            &application.name,
            &application.spec,
            &revision,
        );
        let rendered = match loaded {
            Ok(rendered) => rendered,
            Err(reason) => {
                let compared = error(&reason);
                application.known_revision = Some(revision);
                return compared;
            }
        };
        application.known_revision = Some(revision.clone());

        let server = server(&application.spec);
        let mut resources = Vec::new();
        let mut wanted = BTreeSet::new();
        let project = self.state.projects.get(application.project());
        for manifest in &rendered.manifests {
            let key = manifest.key(server);
            let live = self.state.live.get(&key);
            let hook = is_hook(&manifest.object);
            if hook && live.is_none() {
                wanted.insert(key);
                continue;
            }
            let spec = &application.spec;
            let synced = live.is_some_and(|live| fields::same(spec, manifest, live));
            wanted.insert(key.clone());
            resources.push(ResourceStatus {
                key,
                version: manifest.version.clone(),
                sync: if hook {
                    String::new()
                } else {
                    sync_code(synced)
                },
                requires_pruning: hook,
                hook,
                wave: wave(&manifest.object),
            });
        }
        for kind in &rendered.template_kinds {
            let namespace = text(&application.spec, "/destination/namespace");
            let forbidden = project.is_some_and(|project| {
                super::permit::refusal(project, server, &kind.group, &kind.kind, namespace)
                    .is_some()
            });
            if forbidden {
                let cluster_scoped = super::manifest::is_cluster_scoped(&kind.kind);
                resources.push(ResourceStatus {
                    key: super::state::ObjectKey {
                        server: server.to_owned(),
                        group: kind.group.clone(),
                        kind: kind.kind.clone(),
                        namespace: if cluster_scoped { "" } else { namespace }.to_owned(),
                        name: application.name.clone(),
                    },
                    version: kind.version.clone(),
                    sync: sync_code(false),
                    requires_pruning: false,
                    hook: false,
                    wave: 0,
                });
            }
        }
        for (key, live) in &self.state.live {
            if live.application == application.name && key.server == server && !wanted.contains(key)
            {
                resources.push(ResourceStatus {
                    key: key.clone(),
                    version: "v1".to_owned(),
                    sync: sync_code(false),
                    requires_pruning: true,
                    hook: is_hook(&live.object),
                    wave: wave(&live.object),
                });
            }
        }
        Comparison {
            sync: sync_code(
                resources
                    .iter()
                    .all(|resource| resource.hook || resource.sync == "Synced"),
            ),
            revision,
            at,
            source_type: rendered.source_type.to_owned(),
            resources,
            conditions: Vec::new(),
        }
    }

    /// Makes a comparison the application's status.
    pub(crate) fn publish(
        &self,
        application: &mut Application,
        mut compared: Comparison,
        due: &Due,
        at: Millis,
    ) {
        let health_before = self.health(application, at);
        if let Due::Blocked(message) = due {
            compared.conditions.push(Condition {
                kind: "SyncError".to_owned(),
                message: message.clone(),
                since: at,
            });
        }
        if let Some(before) = &application.compared {
            for condition in &mut compared.conditions {
                let same = |old: &&Condition| {
                    old.kind == condition.kind && old.message == condition.message
                };
                if let Some(old) = before.conditions.iter().find(same) {
                    condition.since = old.since;
                }
            }
        }
        let illegal = compared
            .conditions
            .iter()
            .any(|c| c.kind == "InvalidSpecError");
        application.stale_health = match compared.sync.as_str() {
            "Unknown" if illegal => Some(Health {
                status: "Unknown".to_owned(),
                message: String::new(),
                since: at,
            }),
            // The most misleading of all: whatever it was before, Healthy if it was nothing.
            "Unknown" => Some(health_before.unwrap_or(Health {
                status: "Healthy".to_owned(),
                message: String::new(),
                since: at,
            })),
            _ => None,
        };
        application.compared = Some(compared);
        self.plan_resync(application, at);
    }

    pub(crate) fn health(&self, application: &Application, now: Millis) -> Option<Health> {
        Clusters {
            state: &self.state,
            pods_ready_after: self.config.pods_ready_after,
            now,
        }
        .application(application)
    }
}

fn sync_code(synced: bool) -> String {
    if synced { "Synced" } else { "OutOfSync" }.to_owned()
}
