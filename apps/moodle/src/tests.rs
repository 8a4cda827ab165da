#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
use deploycenter_plugin_testkit::suite::Cases;
use deploycenter_plugin_testkit::usual::Usual;
use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::serde_json::{Value, json};

use crate::Moodle;
use crate::sizing::Sizing;
use crate::values::Values;

fn kit() -> Kit {
    Kit::of(env!("CARGO_MANIFEST_DIR"))
}

fn values(over: Value) -> Values {
    kit().values(over)
}

impl Cases for Moodle {
    fn kit() -> Kit {
        kit()
    }

    fn fine() -> Vec<Value> {
        vec![
            json!({ "version": "4.5", "maxUploadSize": "512Mi", "features": { "analytics": true } }),
            json!({ "replicas": 6, "storage": { "class": "efs-shared", "size": "2Ti" }, "autoscaling": { "enabled": true, "minReplicas": 6, "maxReplicas": 30, "targetCPU": 60 } }),
            json!({ "language": "eu", "timezone": "Europe/Madrid" }),
            json!({ "replicas": 3, "maxUploadSize": "1Gi", "cron": { "schedule": "*/5 * * * *" }, "smtp": { "host": "smtp.montblanc.example", "port": 587, "from": "aula@montblanc.example", "tls": true } }),
            json!({ "replicas": 2, "language": "fr" }),
            json!({ "replicas": 8, "storage": { "class": "efs-shared", "size": "4Ti" }, "maxUploadSize": "2Gi", "autoscaling": { "enabled": true, "minReplicas": 8, "maxReplicas": 40, "targetCPU": 55 } }),
            json!({ "replicas": 1, "cron": { "schedule": "*/10 * * * *" } }),
            json!({ "smtp": { "host": "smtp.acme.example", "port": 465, "user": "learn", "from": "learn@acme.example" } }),
            json!({ "features": { "selfRegistration": true }, "smtp": { "host": "smtp.acme.example", "port": 25, "from": "learn@acme.example" } }),
            json!({ "features": { "selfRegistration": false } }),
            json!({ "note": "multi-line\n  {{ .Values.untouched }} and [[ not a template ]]\n" }),
            json!({ "version": "5.2", "imageRepository": "registry.acme.example/learning/moodle", "site": { "fullName": "Acme: \"Akademie\"", "shortName": "Acme" } }),
            json!({ "database": { "instances": 3, "size": "50Gi", "storageClass": "gp3", "resources": { "requests": { "cpu": "1", "memory": "4Gi" }, "limits": { "cpu": "2", "memory": "4Gi" } } } }),
            // As much as the ingress lets through, and processes that just fit.
            json!({ "maxUploadSize": "2Gi", "workers": 32 }),
        ]
    }

    fn refused() -> Vec<(Value, &'static str, &'static str)> {
        vec![
            (
                json!({ "backgroundResources": { "requests": { "cpu": "1", "memory": "64Mi" }, "limits": { "memory": "128Mi" } } }),
                "run-above-memory",
                "/backgroundResources/limits/memory",
            ),
            (
                json!({ "backgroundResources": { "requests": { "cpu": "1", "memory": "2Gi" }, "limits": { "cpu": "1", "memory": "1Gi" } } }),
                "requests-above-limits",
                "/backgroundResources/requests/memory",
            ),
            (json!({ "workers": 33 }), "workers-above-memory", "/workers"),
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
                json!({ "features": { "selfRegistration": true } }),
                "registration-needs-mail",
                "/features/selfRegistration",
            ),
        ]
    }

    fn unfit() -> Vec<Value> {
        vec![
            json!({ "version": "4.1" }),
            json!({ "imageRepository": "moodle" }),
            json!({ "imageRepository": "registry.acme.example/moodle:4.5" }),
            json!({ "imageRepository": "registry.acme.example:5000/moodle:4.5" }),
            json!({ "imageRepository": "registry.acme.example:5000" }),
            json!({ "imagePullSecret": "smtp" }),
            json!({ "imageDigest": "4.5.12" }),
            json!({ "admin": { "email": "a\"b@c" } }),
            json!({ "language": "ES" }),
            json!({ "language": "../en" }),
            json!({ "cron": { "schedule": "@hourly" } }),
            json!({ "cron": {} }),
            json!({ "site": { "fullName": "a\nb" } }),
            json!({ "database": { "instances": 2, "size": "1Gi" } }),
        ]
    }

    fn openings() -> Vec<(Value, Vec<Opening>)> {
        let always = |more: &[Opening]| {
            let http = Opening::Http {
                port: 8080,
                more: vec![],
            };
            [&[http, Opening::Mariadb(1), Opening::Redis][..], more].concat()
        };
        let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
        vec![
            (json!({ "webAccess": false }), always(&[])),
            (
                json!({ "smtp": smtp, "serviceMonitor": { "enabled": true } }),
                always(&[Opening::Metrics(9117), Opening::Smtp(2525), Opening::Web]),
            ),
        ]
    }
}

impl Usual for Moodle {
    const UPLOAD: &'static str = "maxUploadSize";
    const DATABASE_ADDON: &'static str = "mariadb-operator";
    const FILES: &'static [&'static str] = &[
        "dependencies/mariadb.yaml",
        "dependencies/redis.yaml",
        "dependencies/volumes.yaml",
        "values.yaml",
    ];
    const IMAGES: &'static str = "tags";

    /// A tag is Moodle's exact version and the count of our recipe.
    fn is_image_of(version: &str, tag: &str) -> bool {
        tag.starts_with(&format!("{version}.")) && tag.ends_with("-2")
    }

    fn own_image() -> (Value, &'static str) {
        (
            json!({ "imageRepository": "registry.acme.example:5000/x/moodle" }),
            "registry.acme.example:5000/x/moodle:4.5",
        )
    }

    /// A database that is tight.
    fn warned() -> Vec<(Value, usize)> {
        vec![(
            json!({ "autoscaling": { "enabled": true, "minReplicas": 6, "maxReplicas": 100 } }),
            1,
        )]
    }
}

deploycenter_plugin_testkit::suite!(Moodle);
deploycenter_plugin_testkit::usual_suite!(Moodle);

#[test]
fn the_quota_holds_what_runs_and_an_update_beside_it() {
    let sizing = Sizing::of(&values(json!({}))).unwrap();
    assert_eq!(
        sizing.quota(),
        // 3 web pods, 2 of the database, 7 background runs and jobs, 4 of Redis, 8 others.
        Quota {
            cpu_millicores: 3900,
            memory: 13184 << 20,
            memory_limit: 21632 << 20,
            storage: 92160 << 20,
            pods: 24,
            claims: 3,
        }
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
    assert_eq!(monitored.quota().cpu_millicores, 3930);
    assert_eq!(monitored.quota().memory, 13376 << 20);
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
fn who_registers_without_mail_is_told_both_keys() {
    let found = kit().violations::<Moodle>(json!({ "features": { "selfRegistration": true } }));
    let message = &found[0].message;
    assert!(
        message.contains("`smtp`") && message.contains("`features.selfRegistration`"),
        "{message}"
    );
}

/// Ingress, Apache and PHP stop an upload at the same size. Apache has a limit of its own,
/// 1 GiB, where it is told none.
#[test]
fn all_that_an_upload_passes_has_one_limit() {
    for (file, line) in [
        (
            include_str!("../image/rootfs/etc/apache2/sites-available/moodle.conf"),
            "LimitRequestBody ${MOODLE_MAX_REQUEST_BYTES}",
        ),
        (
            include_str!("../image/rootfs/usr/local/etc/php/conf.d/zz-moodle.ini"),
            "post_max_size = ${MOODLE_MAX_REQUEST_BYTES}",
        ),
        (
            include_str!("../chart/templates/configmap.yaml"),
            "MOODLE_MAX_REQUEST_BYTES: {{ .Values.maxRequestBytes | quote }}",
        ),
        (
            include_str!("../chart/templates/ingress.yaml"),
            "nginx.ingress.kubernetes.io/proxy-body-size: {{ .Values.maxRequestBytes | quote }}",
        ),
    ] {
        assert!(file.lines().any(|it| it.trim() == line), "{line}");
    }
    let limits = Sizing::of(&values(json!({ "maxUploadSize": "2Gi" })))
        .unwrap()
        .limits();
    // More than 31 bits hold, and exact.
    assert_eq!(limits["maxUploadBytes"], "2147483648");
    assert_eq!(limits["maxRequestBytes"], "2148532224");
}

/// The first host of a port answers whatever no other is named for.
#[test]
fn other_names_are_sent_on_before_moodle_sees_them() {
    let conf = include_str!("../image/rootfs/etc/apache2/sites-available/moodle.conf");
    let hosts: Vec<&str> = conf.split("<VirtualHost *:8080>").collect();
    assert_eq!(hosts.len(), 3, "what is before, and two hosts");
    assert!(hosts[1].contains("    Redirect 308 / ${MOODLE_URL}/\n"));
    assert!(!hosts[1].contains("DocumentRoot"));
    assert!(hosts[2].contains("    ServerName ${MOODLE_HOST}\n"));
    let env = include_str!("../chart/templates/configmap.yaml");
    for line in [
        "MOODLE_URL: {{ printf \"https://%s\" .Values.domain | quote }}",
        "MOODLE_HOST: {{ .Values.domain | quote }}",
    ] {
        assert!(env.lines().any(|it| it.trim() == line), "{line}");
    }
}
