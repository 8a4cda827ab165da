//! What a base may hold: every object of `dependencies/` is read and checked, because
//! the project that it is applied through may make namespaces and volumes.

use serde::Deserialize;
use serde_json::Value;

use crate::guardrails;
use crate::token;
use crate::unwind::PROTECTION;

/// Kinds that a base may hold beside those that the host makes itself
/// ([`guardrails`](crate::guardrails)), by API group, and whether each keeps data or guards it and
/// so carries [`PROTECTION`].
const KINDS: &[(&str, &str, bool)] = &[
    ("", "PersistentVolume", true),
    ("", "PersistentVolumeClaim", true),
    ("", "ConfigMap", false),
    ("", "Service", false),
    ("apps", "Deployment", false),
    ("apps", "StatefulSet", false),
    ("policy", "PodDisruptionBudget", false),
    ("external-secrets.io", "ExternalSecret", true),
    ("postgresql.cnpg.io", "Cluster", true),
    ("postgresql.cnpg.io", "ScheduledBackup", false),
    ("k8s.mariadb.com", "MariaDB", true),
    ("k8s.mariadb.com", "Database", true),
    ("k8s.mariadb.com", "User", true),
    ("k8s.mariadb.com", "Grant", true),
];

/// The base of one target, as far as a check needs it.
#[derive(Debug, Clone, Copy)]
pub struct Bounds<'a> {
    /// The only namespace.
    pub namespace: &'a str,
    /// The volumes that are the target's own: `fs::fsap`, with tokens.
    pub handles: &'a [String],
}

/// Everything in one file of `dependencies/` that a base may not hold, each a sentence
/// that names the object.
#[must_use]
pub fn check(path: &str, text: &str, bounds: Bounds<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let plain = match token::substitute(text, |reference| Some(placeholder(&reference.key()))) {
        Ok(plain) => plain,
        Err(broken) => return vec![format!("{path}: {broken}")],
    };
    let handles: Vec<String> = bounds
        .handles
        .iter()
        .filter_map(|handle| {
            token::substitute(handle, |reference| Some(placeholder(&reference.key()))).ok()
        })
        .collect();
    let mut protected = 0;
    for document in serde_norway::Deserializer::from_str(&plain) {
        let object = match Value::deserialize(document) {
            Ok(Value::Null) => continue,
            Ok(object) => object,
            Err(error) => {
                found.push(format!(
                    "{path} isn't YAML that Kubernetes would take: {error}"
                ));
                return found;
            }
        };
        check_object(
            path,
            &object,
            bounds.namespace,
            &handles,
            &mut protected,
            &mut found,
        );
    }
    let lines = plain
        .lines()
        .filter(|line| line.trim() == PROTECTION)
        .count();
    if found.is_empty() && lines != protected {
        found.push(format!("{path}: the annotation that protects data has to stand on a line of its own, exactly: {PROTECTION}"));
    }
    found
}

/// What stands for a token while YAML is read: plain, and no other text.
fn placeholder(key: &str) -> String {
    key.replace(['/', ':', '.'], "-")
}

fn check_object(
    path: &str,
    object: &Value,
    namespace: &str,
    handles: &[String],
    protected: &mut usize,
    found: &mut Vec<String>,
) {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let mut say = |what: String| found.push(format!("{path}: {kind} \"{name}\" {what}"));
    if guardrails::is_own_kind(group, kind) {
        say("is of a kind that the host makes itself, from what the plugin declares".to_owned());
        return;
    }
    let Some((_, _, protects)) = KINDS.iter().find(|(g, k, _)| *g == group && *k == kind) else {
        say(format!("({version}) is of a kind that a base may not hold"));
        return;
    };
    if name.is_empty() {
        say("has no name".to_owned());
    }
    let given = object
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    match kind {
        "PersistentVolume" => {
            let own = name == namespace
                || name
                    .strip_prefix(namespace)
                    .is_some_and(|rest| rest.starts_with("--"));
            if !own {
                say(format!(
                    "has to be named \"{namespace}\" or \"{namespace}--…\""
                ));
            }
            let handle = text("/spec/csi/volumeHandle");
            if !handles.iter().any(|own| own == handle) {
                say("mounts a volume that the target didn't ask for".to_owned());
            }
            if text("/spec/claimRef/namespace") != namespace {
                say(format!(
                    "isn't bound to a claim in the namespace \"{namespace}\""
                ));
            }
        }
        _ if given != Some(namespace) => say(format!("isn't in the namespace \"{namespace}\"")),
        _ => {}
    }
    let options = object
        .pointer("/metadata/annotations/argocd.argoproj.io~1sync-options")
        .and_then(Value::as_str);
    if options == Some("Delete=false,Prune=false") {
        *protected += 1;
    } else if *protects {
        say("keeps or guards data and has to carry the annotation that protects it".to_owned());
    }
}
