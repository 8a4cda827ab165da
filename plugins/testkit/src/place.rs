//! Where the instance of a test runs.

use serde_json::{Value, json};

/// The context of an instance `acme/<app>` in a region with two storage classes that says
/// nothing of its add-ons: what a plugin is told beside the values, to change as a test
/// needs it.
#[must_use]
pub fn place(app: &str) -> Value {
    let name = format!("acme--{app}");
    json!({
        "installation": "testing",
        "customer": "acme",
        "instance": app,
        "app": app,
        "environment": "prod",
        "incarnation": 1,
        "region": {
            "name": "us-west-2",
            "awsRegion": "us-west-2",
            "account": "111122223333",
            "cluster": { "name": "prod-usw2", "server": "https://usw2.k8s.example.com" },
            "ingress": { "class": "nginx", "clusterIssuer": null, "maxBodySize": "2Gi" },
            "addons": null,
            "storageClasses": {
                "efs": { "kind": "dedicated", "default": true },
                "efs-shared": { "kind": "existing" },
            },
            "defaultStorageClass": "efs",
        },
        "domain": format!("{app}.acme.apps.example.com"),
        "aliases": [],
        "weight": null,
        "names": {
            "namespace": name,
            "application": name,
            "baseApplication": format!("{name}--base"),
            "project": "acme",
            "baseProject": "acme--base",
        },
        "labels": {
            "deploycenter.io/installation": "testing",
            "deploycenter.io/customer": "acme",
            "deploycenter.io/app": app,
        },
        "repository": {
            "url": "https://git.example.com/deployments.git",
            "branch": "customer/acme",
            "folder": format!("us-west-2/{app}"),
        },
        "protect": "Delete=false,Prune=false",
    })
}
