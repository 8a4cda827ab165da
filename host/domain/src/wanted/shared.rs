//! What a customer's instances share: the project that lists each namespace exactly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{WantedEffect, id};
use crate::effect::EffectKind;
use crate::lock;
use crate::name::{CustomerName, InstallationId, TargetId};
use crate::naming;
use crate::resource::{File, Folder, Project, Resource};

/// The effects of what a customer's instances share: the project that lists each
/// namespace exactly.
#[must_use]
pub fn shared(
    installation: &InstallationId,
    customer: &CustomerName,
    destinations: &BTreeSet<(String, String)>,
    repository: &str,
) -> Vec<WantedEffect> {
    let target = TargetId::shared_of(customer.clone());
    let labels = naming::customer_labels(installation, customer);
    let destinations: Vec<Value> = destinations
        .iter()
        .map(|(server, namespace)| json!({ "namespace": namespace, "server": server }))
        .collect();
    let spec = json!({
        "description": format!("Instances of {customer}, managed by DeployCenter"),
        "destinations": destinations,
        "sourceRepos": [repository],
        "clusterResourceWhitelist": [],
        "namespaceResourceBlacklist": [
            { "group": "", "kind": "LimitRange" },
            { "group": "", "kind": "ResourceQuota" },
            { "group": "", "kind": "ServiceAccount" },
            // A store acts as the operator's own identity: who could make one could
            // read a neighbour's entries. Databases belong to the base.
            { "group": "external-secrets.io", "kind": "*" },
            { "group": "k8s.mariadb.com", "kind": "*" },
            { "group": "networking.k8s.io", "kind": "NetworkPolicy" },
            { "group": "postgresql.cnpg.io", "kind": "*" },
            { "group": "rbac.authorization.k8s.io", "kind": "*" },
        ],
    });
    let manifest = json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": { "name": customer, "namespace": "argocd", "labels": labels },
        "spec": spec,
    });
    let content = lock::pretty(&manifest);
    let path = "project.json".to_owned();
    let file = id(EffectKind::File, &path);
    let files = BTreeMap::from([(path.clone(), content.clone())]);
    vec![
        WantedEffect {
            id: id(EffectKind::Project, customer.as_str()),
            depends_on: Vec::new(),
            after: Resource::Project(Project {
                name: customer.to_string(),
                labels,
                spec,
            }),
        },
        WantedEffect {
            id: file.clone(),
            depends_on: Vec::new(),
            after: Resource::File(File { path, content }),
        },
        WantedEffect {
            id: id(EffectKind::Commit, "folder"),
            depends_on: vec![file],
            after: Resource::Folder(Folder {
                branch: target.branch(),
                path: String::new(),
                tree: None,
                files,
            }),
        },
    ]
}
