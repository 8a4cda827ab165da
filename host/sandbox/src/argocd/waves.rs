//! The order in which a sync applies its objects: phases, waves, and kinds within a wave; and
//! what an operation waits for between two waves.

use serde_json::Value;

use super::ArgoCd;
use super::json::text;
use super::manifest::Manifest;
use super::spec::server;
use super::state::Application;
use crate::service::Millis;

/// The part of a sync in which an object's turn comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    PreSync,
    Sync,
    PostSync,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::PreSync => "PreSync",
            Phase::Sync => "Sync",
            Phase::PostSync => "PostSync",
        }
    }
}

/// One object's place in a sync.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Task<'a> {
    pub(crate) manifest: &'a Manifest,
    pub(crate) phase: Phase,
    wave: i64,
    pub(crate) is_hook: bool,
}

/// The phases in which a hook runs; none: it isn't one.
fn hook_phases(object: &Value) -> Option<Vec<Phase>> {
    let types = text(object, "/metadata/annotations/argocd.argoproj.io~1hook");
    let phases = types.split(',').filter_map(|name| match name.trim() {
        "PreSync" => Some(Phase::PreSync),
        "Sync" => Some(Phase::Sync),
        "PostSync" => Some(Phase::PostSync),
        // `Skip`, and what runs after a failure only.
        _ => None,
    });
    (!types.is_empty()).then(|| phases.collect())
}

/// Whether an object is a hook, which is no part of what is compared.
pub(crate) fn is_hook(object: &Value) -> bool {
    hook_phases(object).is_some()
}

/// An object's wave; 0 where it names none.
pub(crate) fn wave(object: &Value) -> i64 {
    let at = "/metadata/annotations/argocd.argoproj.io~1sync-wave";
    text(object, at).parse().unwrap_or_default()
}

/// The waves of a sync, in order. Hooks run in none where only some objects are synced.
pub(crate) fn waves<'a>(chosen: &[&'a Manifest], hooks: bool) -> Vec<Vec<Task<'a>>> {
    let mut tasks = Vec::new();
    for manifest in chosen {
        let task = |phase, is_hook| Task {
            manifest,
            phase,
            wave: wave(&manifest.object),
            is_hook,
        };
        match hook_phases(&manifest.object) {
            None => tasks.push(task(Phase::Sync, false)),
            Some(phases) if hooks => {
                tasks.extend(phases.into_iter().map(|phase| task(phase, true)))
            }
            Some(_) => {}
        }
    }
    // Argo CD's order of kinds, as far as it matters.
    tasks.sort_by_key(|task| {
        let rank = match task.manifest.kind.as_str() {
            "Namespace" => 0,
            "ResourceQuota" | "LimitRange" | "NetworkPolicy" => 1,
            "PersistentVolume" => 2,
            "PersistentVolumeClaim" => 3,
            _ => 4,
        };
        (task.phase, task.wave, rank)
    });
    let mut waves: Vec<Vec<Task<'a>>> = Vec::new();
    for task in tasks {
        match waves.last_mut() {
            Some(last) if last[0].phase == task.phase && last[0].wave == task.wave => {
                last.push(task)
            }
            _ => waves.push(vec![task]),
        }
    }
    waves
}

/// How a wave does that was applied.
pub(crate) enum Wave {
    Well,
    /// It isn't well yet, in the words of an operation's message.
    Waiting(String),
    /// Something in it is degraded, which fails the operation.
    Failed,
}

impl ArgoCd {
    /// How an applied wave does.
    pub(crate) fn wave_state(
        &self,
        application: &Application,
        wave: &[Task<'_>],
        at: Millis,
    ) -> Wave {
        let server = server(&application.spec);
        let clusters = self.clusters(at);
        let mut waiting = Vec::new();
        for task in wave {
            let health = clusters.object(application, &task.manifest.key(server));
            match health.as_ref().map(|health| health.status.as_str()) {
                None | Some("Healthy" | "Suspended") => {}
                Some("Degraded") => return Wave::Failed,
                Some(_) => waiting.push(task),
            }
        }
        match waiting.split_first() {
            None => Wave::Well,
            Some((first, rest)) => Wave::Waiting(waits_for(first, rest.len())),
        }
    }
}

/// What an operation says while it waits for a task, and for some more.
pub(crate) fn waits_for(first: &Task<'_>, more: usize) -> String {
    let Manifest {
        group, kind, name, ..
    } = first.manifest;
    let (what, others) = if first.is_hook {
        ("completion of hook", "hooks")
    } else {
        ("healthy state of", "resources")
    };
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more {others}"),
    };
    format!("waiting for {what} {group}/{kind}/{name}{more}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    fn manifest(kind: &str, annotations: Value) -> Manifest {
        let object = json!({"apiVersion": "v1", "kind": kind,
            "metadata": {"name": kind.to_lowercase(), "annotations": annotations}});
        Manifest::new(object, "n").unwrap()
    }

    #[test]
    fn phases_come_before_waves_and_waves_before_kinds() {
        let all = [
            manifest("ConfigMap", json!({})),
            manifest("Namespace", json!({})),
            manifest("Service", json!({"argocd.argoproj.io/sync-wave": "-1"})),
            manifest(
                "Job",
                json!({"argocd.argoproj.io/hook": "PostSync, PreSync"}),
            ),
            manifest("Pod", json!({"argocd.argoproj.io/hook": "Skip"})),
        ];
        let all: Vec<&Manifest> = all.iter().collect();
        let kinds = |hooks| -> Vec<Vec<String>> {
            let names =
                |wave: &Vec<Task<'_>>| wave.iter().map(|t| t.manifest.kind.clone()).collect();
            waves(&all, hooks).iter().map(names).collect()
        };
        let applied = [vec!["Service"], vec!["Namespace", "ConfigMap"]];
        assert_eq!(kinds(false), applied);
        assert_eq!(
            kinds(true),
            [&[vec!["Job"]][..], &applied, &[vec!["Job"]]].concat()
        );
    }
}
