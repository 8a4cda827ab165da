#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
use deploycenter_plugin_testkit::suite::Cases;
use deploycenter_plugin_testkit::usual::Usual;
use deploycenter_sdk::argocd::Role;
use deploycenter_sdk::network::{Opening, Port};
use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::serde_json::{Value, json};

use crate::Mattermost;
use crate::sizing::Sizing;
use crate::values::Values;

fn kit() -> Kit {
    Kit::of(env!("CARGO_MANIFEST_DIR"))
}

fn values(over: Value) -> Values {
    kit().values(over)
}

impl Cases for Mattermost {
    fn kit() -> Kit {
        kit()
    }

    fn fine() -> Vec<Value> {
        vec![
            json!({ "maxUsers": 400 }),
            json!({ "replicas": 2, "maxUsers": 1200 }),
            json!({ "language": "es" }),
            json!({ "features": { "calls": true, "boards": false } }),
            json!({ "storage": { "class": "efs-shared", "size": "2Ti" } }),
            json!({ "smtp": { "host": "smtp.acme.example", "port": 587, "user": "chat", "from": "chat@acme.example", "tls": true } }),
            json!({ "note": "multi-line\n  {{ .Values.untouched }} and [[ not a template ]]\n" }),
            json!({ "autoscaling": { "enabled": true, "minReplicas": 2, "maxReplicas": 6, "targetCPU": 60 } }),
            json!({ "maxFileSize": "2Gi", "database": { "instances": 1, "size": "5Gi", "storageClass": "gp3", "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "2", "memory": "1Gi" } } } }),
        ]
    }

    fn refused() -> Vec<(Value, &'static str, &'static str)> {
        vec![
            (
                json!({ "serviceMonitor": { "enabled": true } }),
                "metrics-need-license",
                "/serviceMonitor/enabled",
            ),
            (
                json!({ "resources": { "requests": { "cpu": "1", "memory": "2Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } } }),
                "requests-above-limits",
                "/resources/requests/memory",
            ),
        ]
    }

    fn unfit() -> Vec<Value> {
        vec![
            json!({ "version": "9.11" }),
            json!({ "imageDigest": "11.7.10" }),
            json!({ "admin": { "email": "a\"b@c" } }),
            json!({ "language": "xx" }),
        ]
    }

    fn openings() -> Vec<(Value, Vec<Opening>)> {
        let always = |more: &[Opening]| {
            let http = Opening::Http {
                port: 8065,
                more: vec![],
            };
            [&[http, Opening::Postgres][..], more].concat()
        };
        let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
        vec![
            (json!({ "webAccess": false }), always(&[])),
            (
                json!({ "license": { "enabled": true }, "features": { "calls": true }, "smtp": smtp, "serviceMonitor": { "enabled": true } }),
                always(&[
                    Opening::Peers(vec![Port::tcp(8074), Port::udp(8074)]),
                    Opening::Metrics(8067),
                    Opening::Public(vec![Port::udp(8443), Port::tcp(8443)]),
                    Opening::Smtp(2525),
                    Opening::Web,
                ]),
            ),
        ]
    }
}

impl Usual for Mattermost {
    const UPLOAD: &'static str = "maxFileSize";
    const DATABASE_ADDON: &'static str = "cloudnative-pg";
    const FILES: &'static [&'static str] = &[
        "dependencies/postgres.yaml",
        "dependencies/volumes.yaml",
        "values.yaml",
    ];
    const IMAGES: &'static str = "tags";

    fn is_image_of(version: &str, tag: &str) -> bool {
        tag.starts_with(&format!("{version}."))
    }

    fn own_image() -> (Value, &'static str) {
        (
            json!({ "imageRegistry": "registry.acme.example:5000/mirror" }),
            "registry.acme.example:5000/mirror/mattermost/mattermost-team-edition:11.7",
        )
    }

    fn scalable() -> Value {
        json!({ "license": { "enabled": true } })
    }

    /// What waits for a licence.
    fn warned() -> Vec<(Value, usize)> {
        vec![(json!({ "replicas": 2, "maxUsers": 1200 }), 2)]
    }
}

deploycenter_plugin_testkit::suite!(Mattermost);
deploycenter_plugin_testkit::usual_suite!(Mattermost);

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
        values(json!({ "replicas": 2, "maxUsers": 1200, "features": { "calls": true, "playbooks": true } }))
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
        Quota {
            cpu_millicores: 1750,
            memory: 5632 << 20,
            memory_limit: 9216 << 20,
            storage: 112640 << 20,
            pods: 13,
            claims: 4,
        }
    );
    assert_eq!((sizing.connections, sizing.max_file_size), (150, 100 << 20));
    let cluster = Sizing::of(&values(
        json!({ "license": { "enabled": true }, "replicas": 3 }),
    ))
    .unwrap();
    assert_eq!(cluster.connections, 350);
}

#[test]
fn playbooks_take_a_licence() {
    for (over, on, warnings) in [
        (json!({}), false, 0),
        (
            json!({ "features": { "calls": false, "boards": true } }),
            false,
            0,
        ),
        (json!({ "features": { "playbooks": false } }), false, 0),
        (json!({ "features": { "playbooks": true } }), false, 1),
        (json!({ "license": { "enabled": true } }), true, 0),
        (
            json!({ "license": { "enabled": true }, "features": { "playbooks": true } }),
            true,
            0,
        ),
        (
            json!({ "license": { "enabled": true }, "features": { "playbooks": false } }),
            false,
            0,
        ),
    ] {
        let declared = kit().plan::<Mattermost>(over.clone()).unwrap();
        let plugins = &declared.yaml("values.yaml")[0]["plugins"];
        assert_eq!(plugins["playbooks"], on, "{over}");
        assert_eq!(declared.warnings.len(), warnings, "{over}");
    }
}

/// Two people may call each other; more of them take a licence.
#[test]
fn calls_of_many_take_a_licence() {
    let held = |over: Value| values(over).held_back();
    assert_eq!(held(json!({ "features": { "calls": true } })).len(), 1);
    assert_eq!(
        held(json!({ "license": { "enabled": true }, "features": { "calls": true } })),
        [""; 0]
    );
}

/// The header that the ingress writes, whatever the client sent.
#[test]
fn logs_and_limits_know_the_client() {
    let env = include_str!("../chart/templates/configmap.yaml");
    assert!(env.contains("\n  MM_SERVICESETTINGS_TRUSTEDPROXYIPHEADER: X-Real-IP\n"));
}

/// Argo CD keeps the one server.
#[test]
fn without_a_licence_no_autoscaler_takes_over() {
    let waits = json!({ "replicas": 4, "autoscaling": { "enabled": true } });
    let declared = kit().plan::<Mattermost>(waits).unwrap();
    assert_eq!(
        declared.applications[&Role::Workload],
        deploycenter_sdk::argocd::Options::default()
    );
}

/// CloudNativePG refuses more than is requested.
#[test]
fn a_database_keeps_no_more_than_it_requests() {
    let small = json!({ "database": { "instances": 1, "size": "1Gi", "resources": { "requests": { "cpu": "1", "memory": "256Mi" }, "limits": { "memory": "2Gi" } } } });
    let declared = kit().plan::<Mattermost>(small).unwrap();
    let cluster = &declared.yaml("dependencies/postgres.yaml")[0];
    assert_eq!(
        cluster["spec"]["postgresql"]["parameters"]["shared_buffers"],
        "128MB"
    );
}

#[test]
fn the_version_of_a_licence_that_is_not_used_is_not_named() {
    let smtp = json!({ "host": "smtp.acme.example", "port": 587, "user": "mattermost", "from": "mattermost@acme.example" });
    let kit = kit().at(|context| {
        context["secretVersions"] =
            json!({ "smtp": "0123456789abcdef", "license": "fedcba9876543210" });
    });
    let declared = kit.plan::<Mattermost>(json!({ "smtp": smtp })).unwrap();
    assert_eq!(
        declared.yaml("values.yaml")[0]["secretKeys"],
        json!({ "smtp": "password.0123456789abcdef" })
    );
}

#[test]
fn without_a_licence_the_chart_is_told_so() {
    let two = json!({ "replicas": 2, "maxUsers": 1200 });
    let declared = kit().plan::<Mattermost>(two).unwrap();
    assert_eq!(declared.yaml("values.yaml")[0]["license"]["enabled"], false);
}
