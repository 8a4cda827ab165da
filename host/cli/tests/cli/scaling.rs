//! Autoscaling, switched on and off while an instance runs.

use serde_json::Value;

use crate::place::Place;

fn customers(autoscaling: &str) -> String {
    format!(
        "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - {{ app: odoo, domain: erp.acme.apps.example.com, values: {{ replicas: 4, autoscaling: {autoscaling} }} }}
"
    )
}

/// How many servers the cluster was told of.
fn servers(place: &Place) -> u64 {
    let snapshot = place.sandbox().snapshot();
    let live = snapshot["argocd"]["live"].as_object().unwrap();
    let mut deployments = live
        .iter()
        .filter(|(key, _)| key.contains(" apps Deployment "));
    let (_, deployment) = deployments.next().unwrap();
    deployment["object"]["spec"]["replicas"].as_u64().unwrap()
}

fn workload(place: &Place) -> Value {
    place.sandbox().snapshot()["argocd"]["applications"]["acme--odoo"]["spec"].clone()
}

#[test]
fn an_autoscaler_takes_over_the_servers_that_run() {
    let place = Place::new(&customers("{ enabled: false }"));
    place.deploy();
    assert_eq!(servers(&place), 4);
    assert_eq!(workload(&place)["ignoreDifferences"], Value::Null);

    place.change(
        "customers.yaml",
        customers("{ enabled: true, minReplicas: 2, maxReplicas: 6 }"),
    );
    place.run(&["apply", "--yes"]).succeeded();
    assert_eq!(servers(&place), 4, "and not one, until it comes");
    assert_eq!(
        workload(&place)["ignoreDifferences"][0]["jsonPointers"][0],
        "/spec/replicas"
    );

    place.change(
        "customers.yaml",
        customers("{ enabled: false }").replace("replicas: 4", "replicas: 3"),
    );
    place.run(&["apply", "--yes"]).succeeded();
    assert_eq!(servers(&place), 3, "what is said counts again");
    assert_eq!(workload(&place)["ignoreDifferences"], Value::Null);
}
