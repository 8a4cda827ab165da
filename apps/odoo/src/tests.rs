#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
use deploycenter_plugin_testkit::suite::Cases;
use deploycenter_plugin_testkit::usual::Usual;
use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quota::Quota;
use deploycenter_sdk::serde_json::{Value, json};

use crate::Odoo;
use crate::sizing::Sizing;
use crate::values::Values;

fn kit() -> Kit {
    Kit::of(env!("CARGO_MANIFEST_DIR"))
}

fn values(over: Value) -> Values {
    kit().values(over)
}

impl Cases for Odoo {
    fn kit() -> Kit {
        kit()
    }

    fn fine() -> Vec<Value> {
        vec![
            json!({ "version": "18.0", "replicas": 3, "workers": 6 }),
            json!({ "features": { "website": true, "pointOfSale": false } }),
            json!({ "features": { "website": true, "ecommerce": true } }),
            json!({ "storage": { "class": "efs", "size": "100Gi" } }),
            json!({ "smtp": { "host": "correo.huerta.example", "port": 465, "from": "ventas@huerta.example", "tls": true } }),
            json!({ "language": "ca_ES", "addons": ["account", "sale", "stock", "l10n_es"] }),
            json!({ "timezone": "America/Los_Angeles", "language": "sr@latin" }),
            json!({ "note": "multi-line\n  {{ .Values.untouched }} and [[ not a template ]]\n" }),
            json!({
                "replicas": 4, "workers": 8,
                "resources": { "requests": { "cpu": "2", "memory": "4Gi" }, "limits": { "memory": "8Gi" } },
                "autoscaling": { "enabled": true, "minReplicas": 4, "maxReplicas": 12, "targetCPU": 65 },
            }),
            // The environment staging.
            json!({ "replicas": 1, "workers": 2, "resources": { "requests": { "cpu": "250m", "memory": "512Mi" }, "limits": { "memory": "1Gi" } } }),
            json!({ "image": { "repository": "registry.example.com/acme/odoo", "tag": "18.0-20261102-3" }, "serviceMonitor": { "enabled": true } }),
            json!({ "maxUploadSize": "2Gi", "database": { "instances": 1, "size": "5Gi", "storageClass": "gp3", "resources": { "requests": { "cpu": "1", "memory": "1Gi" }, "limits": { "cpu": "2", "memory": "1Gi" } } } }),
            // What just fits into the memory.
            json!({ "workers": 15 }),
            json!({ "workers": 8, "maxUploadSize": "2Gi" }),
        ]
    }

    fn refused() -> Vec<(Value, &'static str, &'static str)> {
        let cron = |workers: u32, requested: &str, limit: &str| json!({ "cron": { "workers": workers, "resources": { "requests": { "cpu": "1", "memory": requested }, "limits": { "cpu": "1", "memory": limit } } } });
        vec![
            (
                json!({ "serviceMonitor": { "enabled": true } }),
                "metrics-need-image",
                "/serviceMonitor/enabled",
            ),
            (
                cron(1, "3Gi", "2Gi"),
                "requests-above-limits",
                "/cron/resources/requests/memory",
            ),
            // 16 workers, one for HTTP and the process for web sockets take 18 × 256Mi.
            (
                cron(16, "1Gi", "2Gi"),
                "workers-above-memory",
                "/cron/workers",
            ),
            (
                cron(16, "128Mi", "256Mi"),
                "setup-above-memory",
                "/cron/resources/limits/memory",
            ),
            // 16 workers and the process for web sockets take 17 × 256Mi, and 4Gi is the limit.
            (json!({ "workers": 16 }), "workers-above-memory", "/workers"),
            // 8 processes of 256Mi leave 2Gi of 4Gi, and no more.
            (
                json!({ "workers": 9, "maxUploadSize": "2Gi" }),
                "upload-above-memory",
                "/maxUploadSize",
            ),
        ]
    }

    fn unfit() -> Vec<Value> {
        let image = |repository: &str, tag: &str| json!({ "image": { "repository": repository, "tag": tag } });
        vec![
            json!({ "workers": 1 }),
            json!({ "version": "18" }),
            json!({ "smtp": { "host": "h", "port": 25, "from": "a@b\nadmin_passwd = x" } }),
            json!({ "addons": ["sale", "sale"] }),
            json!({ "addons": ["--config=/etc/passwd"] }),
            json!({ "addons": ["sale,base"] }),
            image("registry.example.com/odoo", "latest"),
            image("registry.example.com/odoo", "18.0"),
            image("odoo", "18.0-1"),
            image("registry.example.com:port/odoo", "18.0-1"),
            image("registry.example.com:123456/odoo", "18.0-1"),
            image("registry.example.com:5000", "18.0-1"),
            json!({ "imagePullSecret": "app" }),
            json!({ "imagePullSecret": "Registry" }),
            json!({ "language": "es" }),
            json!({ "language": "xx_XX" }),
        ]
    }

    fn openings() -> Vec<(Value, Vec<Opening>)> {
        let always = |more: &[Opening]| {
            let http = Opening::Http {
                port: 8069,
                more: vec![8072],
            };
            [&[http, Opening::Postgres][..], more].concat()
        };
        let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
        vec![
            (json!({ "webAccess": false }), always(&[])),
            (
                json!({ "smtp": smtp, "serviceMonitor": { "enabled": true } }),
                always(&[Opening::Metrics(8069), Opening::Smtp(2525), Opening::Web]),
            ),
        ]
    }
}

impl Usual for Odoo {
    const UPLOAD: &'static str = "maxUploadSize";
    const DATABASE_ADDON: &'static str = "cloudnative-pg";
    const FILES: &'static [&'static str] = &[
        "dependencies/postgres.yaml",
        "dependencies/volumes.yaml",
        "values.yaml",
    ];
    const IMAGES: &'static str = "images";

    /// An image is of a series, by digest.
    fn is_image_of(version: &str, image: &str) -> bool {
        image.split_once("@sha256:").is_some_and(|(tag, digest)| {
            tag.starts_with(&format!("{version}-")) && digest.len() == 64
        })
    }

    fn own_image() -> (Value, &'static str) {
        (
            json!({ "image": { "repository": "registry.acme.example:5000/x/odoo", "tag": "18.0-3" } }),
            "\"registry.acme.example:5000/x/odoo:18.0-3\"",
        )
    }
}

deploycenter_plugin_testkit::suite!(Odoo);
deploycenter_plugin_testkit::usual_suite!(Odoo);

#[test]
fn features_are_modules_beside_the_named_ones() {
    let modules = |over: Value| values(over).modules();
    assert_eq!(modules(json!({})), ["contacts"]);
    assert_eq!(
        modules(
            json!({ "addons": ["website", "account"], "features": { "website": true, "ecommerce": true, "pointOfSale": true } })
        ),
        ["account", "point_of_sale", "website", "website_sale"],
        "sorted, each once"
    );
    assert_eq!(
        modules(json!({ "addons": [], "features": { "website": false } })),
        [""; 0]
    );
}

#[test]
fn the_quota_holds_what_runs_and_one_more_of_each() {
    let sizing = Sizing::of(&values(json!({}))).unwrap();
    // Two servers, two pods for actions and two for the job, three databases.
    assert_eq!(
        sizing.quota(),
        Quota {
            cpu_millicores: 3400,
            memory: 9216 << 20,
            memory_limit: 24576 << 20,
            storage: 81920 << 20,
            pods: 17,
            claims: 4,
        }
    );
    assert_eq!(sizing.shared_buffers, "512MB");
    assert_eq!(sizing.max_upload, 128 << 20);
    // 2 × (4 × 8 + 16) for servers, 2 × (3 × 8 + 16) for actions, 50 for others.
    assert_eq!(sizing.connections, 226);
    let scaled = Sizing::of(&values(
        json!({ "replicas": 4, "autoscaling": { "enabled": true, "maxReplicas": 12 } }),
    ))
    .unwrap();
    assert_eq!(scaled.connections, 13 * 48 + 80 + 50);
}

/// What sizes the database is what the processes are told.
#[test]
fn pools_are_as_large_as_the_sizing_says() {
    let conf = include_str!("../chart/templates/config.yaml");
    for line in ["db_maxconn = 8", "db_maxconn_gevent = 16"] {
        assert!(conf.contains(&format!("    {line}\n")), "{line}");
    }
}

/// What a worker may hold is more than the largest upload.
#[test]
fn a_worker_has_room_for_an_upload() {
    let conf = include_str!("../chart/templates/config.yaml");
    let limit = "limit_memory_hard = {{ max 2684354560 (add 2147483648 (.Values.maxUploadBytes | int64)) }}";
    assert!(conf.contains(limit));
}
