#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use deploycenter_sdk::Context;
use deploycenter_sdk::serde_json::{self, Value, json};

use crate::sizing::Sizing;
use crate::validation::violations;
use crate::values::Values;

fn schema() -> Value {
    serde_json::from_str(include_str!("../schema.json")).unwrap()
}

/// The base values with first-level keys replaced, as the host merges them.
fn merged(over: Value) -> Value {
    let mut values: Value = serde_norway::from_str(include_str!("../values.yaml")).unwrap();
    values
        .as_object_mut()
        .unwrap()
        .extend(over.as_object().unwrap().clone());
    values
}

fn values(over: Value) -> Values {
    let merged = merged(over);
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&merged)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    serde_json::from_value(merged).unwrap()
}

fn context(domain: Option<&str>) -> Context {
    serde_json::from_value(json!({
        "installation": "i", "customer": "acme", "instance": "chat", "app": "mattermost",
        "environment": "prod", "incarnation": 1,
        "region": {
            "name": "us-west-2", "awsRegion": "us-west-2", "account": "111122223333",
            "cluster": { "name": "c", "server": "https://c.example.com" },
            "ingress": { "class": "nginx", "clusterIssuer": null, "maxBodySize": "2Gi" },
            "addons": null,
            "storageClasses": { "efs": { "kind": "dedicated", "default": true }, "efs-shared": { "kind": "existing" } },
            "defaultStorageClass": "efs",
        },
        "domain": domain, "aliases": [], "weight": null,
        "names": { "namespace": "n", "application": "n", "baseApplication": "n--base", "project": "acme", "baseProject": "deploycenter-base" },
        "labels": {}, "repository": { "url": "u", "branch": "b", "folder": "f" }, "protect": "p",
    }))
    .unwrap()
}

/// Code and pointer of each violation.
fn found(over: Value) -> Vec<(String, String)> {
    violations(&values(over), &context(Some("chat.example.com")))
        .into_iter()
        .map(|found| (found.code, found.pointer))
        .collect()
}

fn one(code: &str, pointer: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), pointer.to_owned())]
}

#[test]
fn what_customers_write_is_fine() {
    for over in [
        json!({}),
        json!({ "maxUsers": 400 }),
        json!({ "replicas": 2, "maxUsers": 1200 }),
        json!({ "language": "es" }),
        json!({ "features": { "calls": true, "boards": false } }),
        json!({ "storage": { "class": "efs-shared", "size": "2Ti" } }),
        json!({ "smtp": { "host": "smtp.acme.example", "port": 587, "user": "chat", "from": "chat@acme.example", "tls": true } }),
        json!({ "note": "multi-line\n  {{ .Values.untouched }} and [[ not a template ]]\n" }),
        json!({ "autoscaling": { "enabled": true, "minReplicas": 2, "maxReplicas": 6, "targetCPU": 60 } }),
        json!({ "maxFileSize": "2Gi", "database": { "instances": 1, "size": "5Gi", "storageClass": "gp3", "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "2", "memory": "1Gi" } } } }),
    ] {
        assert_eq!(found(over.clone()), [], "{over}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_refused_at_its_key() {
    let resources = |cpu: &str, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "cpu": "1", "memory": "1Gi" } });
    let database = |class: &str| json!({ "instances": 1, "size": "1Gi", "storageClass": class, "resources": resources("1", "1Gi") });
    for (over, code, pointer) in [
        (
            json!({ "autoscaling": { "enabled": true, "minReplicas": 5, "maxReplicas": 2 } }),
            "autoscaling-min-above-max",
            "/autoscaling/minReplicas",
        ),
        // The default of what isn't said counts: maxReplicas is 4.
        (
            json!({ "autoscaling": { "enabled": true, "minReplicas": 5 } }),
            "autoscaling-min-above-max",
            "/autoscaling/minReplicas",
        ),
        (
            json!({ "autoscaling": { "enabled": true }, "verticalPodAutoscaler": { "enabled": true, "mode": "Recreate" } }),
            "two-autoscalers",
            "/verticalPodAutoscaler/mode",
        ),
        (
            json!({ "serviceMonitor": { "enabled": true } }),
            "metrics-need-license",
            "/serviceMonitor/enabled",
        ),
        (
            json!({ "resources": resources("1100m", "1Gi") }),
            "requests-above-limits",
            "/resources/requests/cpu",
        ),
        (
            json!({ "resources": resources("1", "2Gi") }),
            "requests-above-limits",
            "/resources/requests/memory",
        ),
        (
            json!({ "storage": { "class": "efs-fast", "size": "1Gi" } }),
            "unknown-storage-class",
            "/storage/class",
        ),
        (
            json!({ "database": database("efs") }),
            "database-on-efs",
            "/database/storageClass",
        ),
        (
            json!({ "database": database("efs-sc") }),
            "database-on-efs",
            "/database/storageClass",
        ),
        (
            json!({ "maxFileSize": "3Gi" }),
            "upload-above-ingress",
            "/maxFileSize",
        ),
    ] {
        assert_eq!(found(over.clone()), one(code, pointer), "{over}");
    }
    let nameless = violations(&values(json!({})), &context(None));
    assert_eq!(nameless.len(), 1);
    assert_eq!(nameless[0].code, "needs-domain");
}

#[test]
fn a_missing_addon_is_said_before_a_pod_hangs() {
    let mut context = context(Some("chat.example.com"));
    let lacking = |over: Value, context: &Context| -> Vec<String> {
        violations(&values(over), context)
            .into_iter()
            .filter(|found| found.code == "missing-addon")
            .map(|found| found.pointer)
            .collect()
    };
    assert_eq!(
        lacking(json!({}), &context),
        [""; 0],
        "where nobody said what there is, nothing is checked"
    );
    context.region.addons = Some(
        ["cloudnative-pg", "external-secrets", "efs-csi"]
            .map(str::to_owned)
            .to_vec(),
    );
    assert_eq!(lacking(json!({}), &context), [""; 0]);
    assert_eq!(
        lacking(
            json!({ "verticalPodAutoscaler": { "enabled": true } }),
            &context
        ),
        ["/verticalPodAutoscaler/enabled"]
    );
    context.region.ingress.cluster_issuer = Some("letsencrypt".to_owned());
    assert_eq!(lacking(json!({}), &context), [""]);
    context.region.addons = Some(Vec::new());
    assert_eq!(lacking(json!({}), &context).len(), 4);
}

#[test]
fn a_switched_off_autoscaler_is_not_looked_at() {
    assert_eq!(
        found(json!({ "autoscaling": { "enabled": false, "minReplicas": 5, "maxReplicas": 2 } })),
        []
    );
}

#[test]
fn without_a_licence_one_server_runs_and_the_plan_says_so() {
    let plain = values(json!({}));
    assert_eq!((plain.most_servers(), plain.held_back().len()), (1, 0));
    let two = values(json!({ "replicas": 2, "maxUsers": 1200 }));
    assert_eq!((two.most_servers(), two.held_back().len()), (1, 2));
    let scaled = values(json!({ "autoscaling": { "enabled": true } }));
    assert_eq!((scaled.most_servers(), scaled.held_back().len()), (1, 1));
    let licensed = |over: Value| {
        let mut over = over;
        over["license"] = json!({ "enabled": true });
        values(over)
    };
    let two = licensed(json!({ "replicas": 2, "maxUsers": 1200 }));
    assert_eq!((two.most_servers(), two.held_back().len()), (2, 0));
    let scaled = licensed(json!({ "autoscaling": { "enabled": true } }));
    assert_eq!((scaled.most_servers(), scaled.held_back().len()), (4, 0));
    // They become comments of a YAML file.
    assert!(
        values(json!({ "replicas": 2, "maxUsers": 1200 }))
            .held_back()
            .iter()
            .all(|line| !line.contains('\n'))
    );
}

#[test]
fn the_quota_holds_what_runs_and_one_more_of_each() {
    let sizing = Sizing::of(&values(json!({}))).unwrap();
    assert_eq!(
        sizing.quota(),
        json!({ "cpu": "1750m", "memory": "5632Mi", "memoryLimit": "9216Mi", "storage": "112640Mi", "pods": 13, "claims": 4 })
    );
    assert_eq!((sizing.connections, sizing.max_file_size), (150, 100 << 20));
    let cluster = Sizing::of(&values(
        json!({ "license": { "enabled": true }, "replicas": 3 }),
    ))
    .unwrap();
    assert_eq!(cluster.connections, 350);
}

#[test]
fn a_user_of_the_mail_server_takes_a_password() {
    let smtp = |user: Option<&str>| {
        let mut smtp = json!({ "host": "h", "port": 25, "from": "a@b" });
        if let Some(user) = user {
            smtp["user"] = json!(user);
        }
        values(json!({ "smtp": smtp }))
    };
    assert_eq!(smtp(Some("chat")).smtp_user(), Some("chat"));
    assert_eq!(smtp(None).smtp_user(), None);
    assert_eq!(values(json!({})).smtp_user(), None);
}

#[test]
fn the_schema_refuses() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    for over in [
        json!({ "replica": 2 }),
        json!({ "replicas": 0 }),
        json!({ "replicas": "2" }),
        json!({ "version": "latest" }),
        json!({ "version": "9.11" }),
        json!({ "smtp": { "host": "h", "port": 25, "from": "a@b", "password": "x" } }),
        json!({ "storage": { "class": "efs" } }),
        json!({ "maxFileSize": "lots" }),
        json!({ "imageDigest": "11.7.10" }),
        json!({ "admin": { "email": "a\"b@c" } }),
        json!({ "language": "xx" }),
        json!({ "timezone": "../../etc/passwd" }),
        json!({ "note": "one\u{2028}two" }),
    ] {
        assert!(!validator.is_valid(&merged(over.clone())), "{over}");
    }
}

/// The default that a form shows is the one that applies.
#[test]
fn defaults_of_the_schema_are_the_base_values() {
    let base = merged(json!({}));
    for (key, property) in schema()["properties"].as_object().unwrap() {
        for wanted in ["title", "description", "x-group"] {
            // What a `$ref` brings counts, but a form wants these beside it.
            assert!(
                property.get(wanted).is_some()
                    || wanted == "description" && property.get("$ref").is_some(),
                "{key} has no {wanted}"
            );
        }
        if let (Some(default), Some(value)) = (property.get("default"), base.get(key)) {
            let superset =
                value
                    .as_object()
                    .zip(default.as_object())
                    .is_some_and(|(value, default)| {
                        value
                            .iter()
                            .all(|(key, value)| default.get(key) == Some(value))
                    });
            assert!(
                value == default || superset,
                "{key}: {value} in values.yaml, {default} in schema.json"
            );
        }
    }
}

/// A version is offered, has an image and a data-version, or it is none of the three.
#[test]
fn versions_agree() {
    let offered: Vec<String> =
        serde_json::from_value(schema()["properties"]["version"]["enum"].clone()).unwrap();
    let manifest: BTreeMap<String, toml::Value> =
        toml::from_str(include_str!("../plugin.toml")).unwrap();
    let migrating: Vec<&String> = manifest["data-versions"]
        .as_table()
        .unwrap()
        .keys()
        .collect();
    let template = include_str!("../templates/values.yaml");
    let line = template
        .lines()
        .find(|line| line.contains("set tags"))
        .unwrap();
    let tags: BTreeMap<String, String> =
        serde_json::from_str(&line[line.find('{').unwrap()..=line.find('}').unwrap()]).unwrap();
    for version in &offered {
        assert!(
            migrating.contains(&version),
            "{version} has no data-version"
        );
        assert!(
            tags[version].starts_with(&format!("{version}.")),
            "{version} is no line of {}",
            tags[version]
        );
    }
    assert_eq!(
        (migrating.len(), tags.len()),
        (offered.len(), offered.len())
    );
}
