//! What a customer's instances share: two projects of Argo CD that list each namespace
//! exactly, one for the workloads and one for the bases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{WantedEffect, id};
use crate::effect::EffectKind;
use crate::lock;
use crate::name::{CustomerName, InstallationId, TargetId};
use crate::naming;
use crate::resource::{File, Folder, Project, Resource};

/// The file of the customer's project at the root of its branch.
pub const PROJECT_FILE: &str = "project.json";
/// The file of the customer's project for bases, beside it.
pub const BASE_PROJECT_FILE: &str = "base-project.json";

/// Where applications of a project may deploy to: URL of an API server, and namespace.
pub type Destinations = BTreeSet<(String, String)>;

/// The effects of what a customer's instances share.
#[must_use]
pub fn shared(
    installation: &InstallationId,
    customer: &CustomerName,
    destinations: &Destinations,
    repositories: &BTreeSet<String>,
) -> Vec<WantedEffect> {
    let target = TargetId::shared_of(customer.clone());
    let base = base_project(
        installation,
        customer,
        &naming::base_project(customer),
        destinations,
        repositories,
    );
    let project = project(installation, customer, destinations, repositories);
    let files = BTreeMap::from([
        (BASE_PROJECT_FILE.to_owned(), manifest(&base)),
        (PROJECT_FILE.to_owned(), manifest(&project)),
    ]);
    let mut wanted: Vec<WantedEffect> = [project, base]
        .into_iter()
        .map(|project| WantedEffect {
            id: id(EffectKind::Project, &project.name),
            depends_on: Vec::new(),
            after: Resource::Project(project),
        })
        .collect();
    let mut committed = Vec::new();
    for (path, content) in &files {
        let file = id(EffectKind::File, path);
        committed.push(file.clone());
        wanted.push(WantedEffect {
            id: file,
            depends_on: Vec::new(),
            after: Resource::File(File {
                path: path.clone(),
                content: content.clone(),
            }),
        });
    }
    wanted.push(WantedEffect {
        id: id(EffectKind::Commit, "folder"),
        depends_on: committed,
        after: Resource::Folder(Folder {
            branch: target.branch(),
            path: String::new(),
            tree: None,
            files,
        }),
    });
    wanted
}

/// A project for bases, which alone may make namespaces and volumes, and only in these
/// places from these repositories.
#[must_use]
pub fn base_project(
    installation: &InstallationId,
    customer: &CustomerName,
    name: &str,
    destinations: &Destinations,
    repositories: &BTreeSet<String>,
) -> Project {
    Project {
        name: name.to_owned(),
        labels: naming::customer_labels(installation, customer),
        spec: json!({
            "description": format!("Bases of the instances of {customer}, managed by DeployCenter"),
            "destinations": listed(destinations),
            "sourceRepos": repositories,
            "clusterResourceWhitelist": [
                { "group": "", "kind": "Namespace" },
                { "group": "", "kind": "PersistentVolume" },
            ],
        }),
    }
}

fn project(
    installation: &InstallationId,
    customer: &CustomerName,
    destinations: &Destinations,
    repositories: &BTreeSet<String>,
) -> Project {
    Project {
        name: naming::project(customer),
        labels: naming::customer_labels(installation, customer),
        spec: json!({
            "description": format!("Instances of {customer}, managed by DeployCenter"),
            "destinations": listed(destinations),
            "sourceRepos": repositories,
            "clusterResourceWhitelist": [],
            // What a workload is made of, and nothing else: kinds of network policies,
            // certificates or secret stores that a cluster may have are more than anyone
            // could list.
            "namespaceResourceWhitelist": [
                { "group": "", "kind": "ConfigMap" },
                { "group": "", "kind": "Service" },
                { "group": "apps", "kind": "Deployment" },
                { "group": "apps", "kind": "StatefulSet" },
                { "group": "autoscaling", "kind": "HorizontalPodAutoscaler" },
                { "group": "autoscaling.k8s.io", "kind": "VerticalPodAutoscaler" },
                { "group": "batch", "kind": "CronJob" },
                { "group": "batch", "kind": "Job" },
                { "group": "monitoring.coreos.com", "kind": "ServiceMonitor" },
                { "group": "networking.k8s.io", "kind": "Ingress" },
                { "group": "policy", "kind": "PodDisruptionBudget" },
            ],
        }),
    }
}

fn listed(destinations: &Destinations) -> Vec<Value> {
    destinations
        .iter()
        .map(|(server, namespace)| json!({ "namespace": namespace, "server": server }))
        .collect()
}

/// A project as it is committed.
fn manifest(project: &Project) -> String {
    lock::pretty(&json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": { "name": project.name, "namespace": "argocd", "labels": project.labels },
        "spec": project.spec,
    }))
}
