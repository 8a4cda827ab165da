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
        "installation": "i", "customer": "acme", "instance": "learn", "app": "moodle",
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
    violations(&values(over), &context(Some("learn.example.com")))
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
        json!({ "version": "4.5", "maxUploadSize": "512Mi", "features": { "analytics": true } }),
        json!({ "replicas": 6, "storage": { "class": "efs-shared", "size": "2Ti" }, "autoscaling": { "enabled": true, "minReplicas": 6, "maxReplicas": 30, "targetCPU": 60 } }),
        json!({ "language": "eu", "timezone": "Europe/Madrid" }),
        json!({ "replicas": 3, "maxUploadSize": "1Gi", "cron": { "schedule": "*/5 * * * *" }, "smtp": { "host": "smtp.montblanc.example", "port": 587, "from": "aula@montblanc.example", "tls": true } }),
        json!({ "replicas": 2, "language": "fr" }),
        json!({ "replicas": 8, "storage": { "class": "efs-shared", "size": "4Ti" }, "maxUploadSize": "2Gi", "autoscaling": { "enabled": true, "minReplicas": 8, "maxReplicas": 40, "targetCPU": 55 } }),
        json!({ "replicas": 1, "cron": { "schedule": "*/10 * * * *" } }),
        json!({ "smtp": { "host": "smtp.acme.example", "port": 465, "user": "learn", "from": "learn@acme.example" } }),
        json!({ "note": "multi-line\n  {{ .Values.untouched }} and [[ not a template ]]\n" }),
        json!({ "version": "5.2", "imageRepository": "registry.acme.example/learning/moodle", "site": { "fullName": "Acme: \"Akademie\"", "shortName": "Acme" } }),
        json!({ "database": { "instances": 3, "size": "50Gi", "storageClass": "gp3", "resources": { "requests": { "cpu": "1", "memory": "4Gi" }, "limits": { "cpu": "2", "memory": "4Gi" } } } }),
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
        (json!({ "workers": 33 }), "workers-above-memory", "/workers"),
        (
            json!({ "resources": resources("1100m", "1Gi") }),
            "requests-above-limits",
            "/resources/requests/cpu",
        ),
        (
            json!({ "backgroundResources": resources("1", "2Gi") }),
            "requests-above-limits",
            "/backgroundResources/requests/memory",
        ),
        (
            json!({ "cron": { "schedule": "60 * * * *" } }),
            "no-schedule",
            "/cron/schedule",
        ),
        (
            json!({ "language": "es", "webAccess": false }),
            "language-needs-web",
            "/language",
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
            json!({ "maxUploadSize": "3Gi" }),
            "upload-above-ingress",
            "/maxUploadSize",
        ),
    ] {
        assert_eq!(found(over.clone()), one(code, pointer), "{over}");
    }
    // As much as the ingress lets through is fine, and so are processes that just fit.
    assert_eq!(found(json!({ "maxUploadSize": "2Gi", "workers": 32 })), []);
    let nameless = violations(&values(json!({})), &context(None));
    assert_eq!(nameless.len(), 1);
    assert_eq!(nameless[0].code, "needs-domain");
}

#[test]
fn a_missing_addon_is_said_before_a_pod_hangs() {
    let mut context = context(Some("learn.example.com"));
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
        ["mariadb-operator", "external-secrets", "efs-csi"]
            .map(str::to_owned)
            .to_vec(),
    );
    assert_eq!(lacking(json!({}), &context), [""; 0]);
    assert_eq!(
        lacking(json!({ "serviceMonitor": { "enabled": true } }), &context),
        ["/serviceMonitor/enabled"]
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
fn the_quota_holds_what_runs_and_an_update_beside_it() {
    let sizing = Sizing::of(&values(json!({}))).unwrap();
    assert_eq!(
        sizing.quota(),
        // 3 web pods, 2 of the database, 7 background runs and jobs, 4 of Redis, 8 others.
        json!({ "cpu": "3900m", "memory": "13184Mi", "memoryLimit": "21632Mi", "storage": "92160Mi", "pods": 24, "claims": 3 })
    );
    assert_eq!(
        sizing.server(),
        json!({ "max_connections": "85", "innodb_buffer_pool_size": "1024M" })
    );
    assert_eq!(
        sizing.limits(),
        json!({ "maxUploadBytes": "268435456", "maxRequestBytes": "269484032", "scratch": "3072Mi" })
    );
    // Of the exporter in each web pod, 10m and 64Mi.
    let monitored = Sizing::of(&values(json!({ "serviceMonitor": { "enabled": true } }))).unwrap();
    assert_eq!(monitored.quota()["cpu"], "3930m");
    assert_eq!(monitored.quota()["memory"], "13376Mi");
}

#[test]
fn redis_gets_what_it_holds_and_room_to_work() {
    let servers = Sizing::of(&values(json!({}))).unwrap().redis_servers();
    let told: Vec<_> = servers
        .as_array()
        .unwrap()
        .iter()
        .map(|server| {
            (
                &server["name"],
                &server["maxmemory"],
                &server["policy"],
                &server["memory"],
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                &json!("redis-sessions"),
                &json!("134217728"),
                &json!("noeviction"),
                &json!("256Mi")
            ),
            (
                &json!("redis-cache"),
                &json!("536870912"),
                &json!("allkeys-lru"),
                &json!("832Mi")
            ),
        ]
    );
}

#[test]
fn a_database_too_small_for_its_clients_is_said() {
    assert_eq!(Sizing::of(&values(json!({}))).unwrap().tight().len(), 0);
    let many = json!({ "autoscaling": { "enabled": true, "minReplicas": 6, "maxReplicas": 100 } });
    let tight = Sizing::of(&values(many)).unwrap().tight();
    assert_eq!(tight.len(), 1);
    assert!(
        tight[0].contains("2037 connections") && tight[0].contains("4074Mi"),
        "{tight:?}"
    );
    // It becomes a comment of a YAML file.
    assert!(!tight[0].contains('\n'));
}

#[test]
fn sizes_that_no_cluster_has_are_an_error() {
    for over in [
        json!({ "maxUploadSize": "999999Ti" }),
        json!({ "redis": { "sessionMemory": "999999Ti", "cacheMemory": "999999Ti" } }),
        json!({ "storage": { "size": "999999Ti" }, "database": { "instances": 3, "size": "999999Ti", "resources": { "requests": { "cpu": "999", "memory": "999999Ti" }, "limits": { "memory": "999999Ti" } } } }),
    ] {
        // No panic is all that is asked: 64 bits hold most of them.
        let _ = Sizing::of(&values(over.clone())).map(|sizing| {
            (
                sizing.quota(),
                sizing.limits(),
                sizing.tight(),
                sizing.redis_servers(),
            )
        });
    }
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
    assert_eq!(smtp(Some("learn")).smtp_user(), Some("learn"));
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
        json!({ "version": "4.1" }),
        json!({ "imageRepository": "moodle" }),
        json!({ "imageRepository": "registry.acme.example/moodle:4.5" }),
        json!({ "smtp": { "host": "h", "port": 25, "from": "a@b", "password": "x" } }),
        json!({ "storage": { "class": "efs" } }),
        json!({ "maxUploadSize": "lots" }),
        json!({ "imageDigest": "4.5.12" }),
        json!({ "admin": { "email": "a\"b@c" } }),
        json!({ "language": "ES" }),
        json!({ "language": "../en" }),
        json!({ "timezone": "../../etc/passwd" }),
        json!({ "cron": { "schedule": "@hourly" } }),
        json!({ "cron": {} }),
        json!({ "site": { "fullName": "a\nb" } }),
        json!({ "database": { "instances": 2, "size": "1Gi" } }),
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
            tags[version].starts_with(&format!("{version}.")) && tags[version].ends_with("-1"),
            "{version} is no line of {}",
            tags[version]
        );
    }
    assert_eq!(
        (migrating.len(), tags.len()),
        (offered.len(), offered.len())
    );
}
