//! What templates see of a target, beside its values.

use serde_json::{Value, json};

use crate::desired::{Instance, Region, StorageKind};
use crate::name::InstallationId;
use crate::naming::Names;
use crate::resource::Routing;
use crate::secret_version::SecretVersions;

/// The context of one instance: plain data with camel-case keys, the same for every app.
#[must_use]
pub fn context(
    installation: &InstallationId,
    instance: &Instance,
    region: &Region,
    names: &Names,
    repository: &str,
    secrets: &SecretVersions,
) -> Value {
    let storage: serde_json::Map<String, Value> = region
        .storage
        .iter()
        .map(|(name, class)| {
            let kind = match class.kind {
                StorageKind::Dedicated => "dedicated",
                StorageKind::Existing { .. } => "existing",
            };
            (
                name.clone(),
                json!({ "kind": kind, "default": class.default }),
            )
        })
        .collect();
    let versions: serde_json::Map<String, Value> = secrets
        .iter()
        .filter_map(|(name, versions)| Some((name.clone(), json!(versions.first()?))))
        .collect();
    let balanced = matches!(region.ingress.routing, Routing::Alias { .. });
    json!({
        "installation": installation,
        "customer": instance.target.customer(),
        "instance": instance.target.instance(),
        "app": instance.app,
        "environment": instance.environment,
        "incarnation": names.incarnation(),
        "region": {
            "name": region.name,
            "awsRegion": region.aws_region,
            "account": region.account,
            "cluster": { "name": region.cluster.name, "server": region.cluster.server },
            "ingress": {
                "class": region.ingress.class,
                "clusterIssuer": region.ingress.cluster_issuer,
                "maxBodySize": region.ingress.max_body_size,
                "loadBalancer": balanced,
            },
            "addons": region.addons,
            "storageClasses": storage,
            "defaultStorageClass": region.default_storage_class(),
        },
        "domain": instance.domain,
        "aliases": instance.aliases,
        "weight": instance.weight,
        "names": {
            "namespace": names.namespace(),
            "application": names.application(),
            "baseApplication": names.base_application(),
            "project": names.project(),
            "baseProject": names.base_project(),
        },
        "labels": names.labels(),
        "repository": { "url": repository, "branch": names.branch(), "folder": names.folder() },
        "secretVersions": versions,
        "protect": "Delete=false,Prune=false",
    })
}
