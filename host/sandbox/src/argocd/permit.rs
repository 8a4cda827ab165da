//! What an AppProject lets its applications do.

use serde_json::Value;

use super::json::{glob, list, text, texts};
use super::manifest::is_cluster_scoped;

/// Whether a destination is among the project's.
pub(crate) fn destination(project: &Value, server: &str, namespace: &str) -> bool {
    let matching =
        |entry: &Value, pattern: &str, value: &str| glob(text(entry, pattern), value, false);
    list(project, "/spec/destinations")
        .iter()
        .any(|entry| matching(entry, "/server", server) && matching(entry, "/namespace", namespace))
}

/// Whether a repository is among the project's sources.
pub(crate) fn repository(project: &Value, url: &str) -> bool {
    texts(project, "/spec/sourceRepos").any(|pattern| glob(pattern, url, true))
}

/// Why an object isn't permitted, in the words of a sync's message.
pub(crate) fn refusal(
    project: &Value,
    server: &str,
    group: &str,
    kind: &str,
    namespace: &str,
) -> Option<String> {
    let project_name = text(project, "/metadata/name");
    let listed = |at: &str| {
        list(project, at).iter().any(|entry| {
            glob(text(entry, "/group"), group, false) && glob(text(entry, "/kind"), kind, false)
        })
    };
    let permitted = if is_cluster_scoped(kind) {
        listed("/spec/clusterResourceWhitelist") && !listed("/spec/clusterResourceBlacklist")
    } else {
        let only = list(project, "/spec/namespaceResourceWhitelist");
        !listed("/spec/namespaceResourceBlacklist")
            && (only.is_empty() || listed("/spec/namespaceResourceWhitelist"))
    };
    if !permitted {
        return Some(format!(
            "resource {group}:{kind} is not permitted in project {project_name}"
        ));
    }
    (!is_cluster_scoped(kind) && !destination(project, server, namespace))
        .then(|| format!("namespace {namespace} is not permitted in project '{project_name}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn kinds_and_namespaces() {
        let project = json!({"metadata": {"name": "acme"}, "spec": {
            "destinations": [{"server": "https://c", "namespace": "acme--odoo"}],
            "namespaceResourceBlacklist": [
                {"group": "", "kind": "ResourceQuota"},
                {"group": "rbac.authorization.k8s.io", "kind": "*"},
            ],
        }});
        let refused =
            |group, kind, namespace| refusal(&project, "https://c", group, kind, namespace);
        assert_eq!(refused("apps", "Deployment", "acme--odoo"), None);
        assert_eq!(
            refused("", "PersistentVolume", "").as_deref(),
            Some("resource :PersistentVolume is not permitted in project acme")
        );
        assert_eq!(
            refused("rbac.authorization.k8s.io", "Role", "acme--odoo").as_deref(),
            Some("resource rbac.authorization.k8s.io:Role is not permitted in project acme")
        );
        assert_eq!(
            refused("apps", "Deployment", "other").as_deref(),
            Some("namespace other is not permitted in project 'acme'")
        );
        let free = json!({"spec": {"destinations": [{"server": "*", "namespace": "*"}],
                                    "clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}});
        assert_eq!(refusal(&free, "https://x", "", "Namespace", ""), None);
    }
}
