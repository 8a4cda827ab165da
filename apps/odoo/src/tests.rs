#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
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

/// Code and pointer of each violation.
fn found(over: Value) -> Vec<(String, String)> {
    kit().found::<Odoo>(over)
}

fn one(code: &str, pointer: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), pointer.to_owned())]
}

#[test]
fn what_customers_write_is_fine() {
    for over in [
        json!({}),
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
    ] {
        assert_eq!(found(over.clone()), [], "{over}");
    }
}

#[test]
fn what_a_schema_cannot_say_is_refused_at_its_key() {
    let resources = |cpu: &str, memory: &str| json!({ "requests": { "cpu": cpu, "memory": memory }, "limits": { "cpu": "1", "memory": "2Gi" } });
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
            "metrics-need-image",
            "/serviceMonitor/enabled",
        ),
        (
            json!({ "resources": resources("1100m", "1Gi") }),
            "requests-above-limits",
            "/resources/requests/cpu",
        ),
        (
            json!({ "cron": { "workers": 1, "resources": resources("1", "3Gi") } }),
            "requests-above-limits",
            "/cron/resources/requests/memory",
        ),
        // 16 workers, one for HTTP and the process for web sockets take 18 × 256Mi.
        (
            json!({ "cron": { "workers": 16, "resources": resources("1", "1Gi") } }),
            "workers-above-memory",
            "/cron/workers",
        ),
        (
            json!({ "cron": { "workers": 16, "resources": { "requests": { "cpu": "1", "memory": "128Mi" }, "limits": { "memory": "256Mi" } } } }),
            "setup-above-memory",
            "/cron/resources/limits/memory",
        ),
        (
            json!({ "database": { "instances": 1, "size": "1Gi", "resources": resources("1", "64Mi") } }),
            "database-memory",
            "/database/resources/requests/memory",
        ),
        // 16 workers and the process for web sockets take 17 × 256Mi, and 4Gi is the limit.
        (json!({ "workers": 16 }), "workers-above-memory", "/workers"),
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
        // 8 processes of 256Mi leave 2Gi of 4Gi, and no more.
        (
            json!({ "workers": 9, "maxUploadSize": "2Gi" }),
            "upload-above-memory",
            "/maxUploadSize",
        ),
    ] {
        assert_eq!(found(over.clone()), one(code, pointer), "{over}");
    }
    assert_eq!(found(json!({ "workers": 15 })), []);
    assert_eq!(found(json!({ "workers": 8, "maxUploadSize": "2Gi" })), []);
    let nameless = kit().at(|context| context["domain"] = Value::Null);
    assert_eq!(nameless.found::<Odoo>(json!({})), one("needs-domain", ""));
}

#[test]
fn a_missing_addon_is_said_before_a_pod_hangs() {
    let lacking = |over: Value, addons: Option<&[&str]>, issuer: Option<&str>| {
        kit().lacking::<Odoo>(over, addons, issuer)
    };
    let (nothing, issuer) = (json!({}), Some("letsencrypt"));
    let three: &[&str] = &["cloudnative-pg", "external-secrets", "efs-csi"];
    assert_eq!(
        lacking(nothing.clone(), None, issuer),
        [""; 0],
        "where nobody said what there is, nothing is checked"
    );
    assert_eq!(lacking(nothing.clone(), Some(three), None), [""; 0]);
    assert_eq!(
        lacking(nothing.clone(), Some(three), issuer),
        [
            " the cluster of the region us-west-2 lacks the add-on cert-manager, which gets the certificates; install it there and list it under `addons` in regions.yaml"
        ]
    );
    let option = lacking(
        json!({ "verticalPodAutoscaler": { "enabled": true } }),
        Some(three),
        None,
    );
    assert!(
        option.len() == 1 && option[0].starts_with("/verticalPodAutoscaler/enabled the cluster"),
        "{option:?}"
    );
    assert_eq!(lacking(nothing, Some(&[]), issuer).len(), 4);
}

#[test]
fn a_switched_off_autoscaler_is_not_looked_at() {
    assert_eq!(
        found(json!({ "autoscaling": { "enabled": false, "minReplicas": 5, "maxReplicas": 2 } })),
        []
    );
}

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
    let kit = kit();
    let image =
        |tag: &str| json!({ "image": { "repository": "registry.example.com/odoo", "tag": tag } });
    for over in [
        json!({ "replica": 2 }),
        json!({ "replicas": 0 }),
        json!({ "replicas": "2" }),
        json!({ "workers": 1 }),
        json!({ "version": "latest" }),
        json!({ "version": "18" }),
        json!({ "smtp": { "host": "h", "port": 25, "from": "a@b", "password": "x" } }),
        json!({ "smtp": { "host": "h", "port": 25, "from": "a@b\nadmin_passwd = x" } }),
        json!({ "storage": { "class": "efs" } }),
        json!({ "maxUploadSize": "lots" }),
        json!({ "addons": ["sale", "sale"] }),
        json!({ "addons": ["--config=/etc/passwd"] }),
        json!({ "addons": ["sale,base"] }),
        image("latest"),
        image("18.0"),
        json!({ "image": { "repository": "odoo", "tag": "18.0-1" } }),
        json!({ "image": { "repository": "registry.example.com:port/odoo", "tag": "18.0-1" } }),
        json!({ "image": { "repository": "registry.example.com:123456/odoo", "tag": "18.0-1" } }),
        json!({ "image": { "repository": "registry.example.com:5000", "tag": "18.0-1" } }),
        json!({ "imagePullSecret": "app" }),
        json!({ "imagePullSecret": "Registry" }),
        json!({ "language": "es" }),
        json!({ "language": "xx_XX" }),
        json!({ "timezone": "../../etc/passwd" }),
        json!({ "note": "one\u{2028}two" }),
    ] {
        assert!(!kit.fits(over.clone()), "{over}");
    }
}

/// The default that a form shows is the one that applies.
#[test]
fn defaults_of_the_schema_are_the_base_values() {
    kit().check_form();
}

/// A version is offered, has an image of its series by digest and a data-version, or it is
/// none of the three.
#[test]
fn versions_agree() {
    for (version, image) in kit().images("images") {
        let (tag, digest) = image.split_once("@sha256:").unwrap();
        assert!(
            tag.starts_with(&format!("{version}-")),
            "{version} is no series of {tag}"
        );
        assert_eq!(digest.len(), 64, "{tag}");
    }
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

#[test]
fn an_autoscaler_takes_over_where_it_stands() {
    kit().check_autoscaled::<Odoo>("odoo", &json!({}));
}

#[test]
fn it_declares_what_an_instance_needs() {
    let declared = kit().plan::<Odoo>(json!({})).unwrap();
    let files: Vec<&str> = declared.files.keys().map(String::as_str).collect();
    assert_eq!(
        files,
        [
            "dependencies/postgres.yaml",
            "dependencies/volumes.yaml",
            "values.yaml"
        ]
    );
    assert_eq!(declared.volumes["data"].0, "efs", "the region's default");
    assert_eq!(declared.records["domain"], "odoo.acme.apps.example.com");
    assert_eq!(declared.applications.len(), 2);
    assert_eq!((declared.given.len(), declared.warnings.len()), (0, 0));
    let volume = &declared.yaml("dependencies/volumes.yaml")[0];
    assert_eq!(
        volume["spec"]["csi"]["volumeHandle"],
        "<efs.file-system/data>::<efs.access-point/data>"
    );
    let own = json!({
        "image": { "repository": "registry.acme.example:5000/x/odoo", "tag": "18.0-3" },
        "imagePullSecret": "registry",
    });
    let declared = kit().plan::<Odoo>(own).unwrap();
    assert_eq!(declared.given["registry"].0, ".dockerconfigjson");
    assert_eq!(
        declared.yaml("values.yaml")[0]["image"],
        "registry.acme.example:5000/x/odoo:18.0-3"
    );
    let smtp = json!({ "host": "smtp.acme.example", "port": 587, "user": "odoo", "from": "odoo@acme.example" });
    let declared = kit().plan::<Odoo>(json!({ "smtp": smtp })).unwrap();
    assert_eq!(declared.given["smtp"].0, "password");
}

#[test]
fn an_autoscaler_that_nobody_feeds_is_warned_of() {
    let scaled = json!({ "autoscaling": { "enabled": true } });
    kit().check_warns_without::<Odoo>("metrics-server", &scaled);
}

#[test]
fn the_network_lets_through_what_the_values_ask_for() {
    let open = |over| kit().plan::<Odoo>(over).unwrap().openings;
    assert_eq!(
        open(json!({ "webAccess": false })),
        [
            Opening::Http {
                port: 8069,
                more: vec![8072]
            },
            Opening::Postgres
        ]
    );
    let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
    let all = open(json!({ "smtp": smtp, "serviceMonitor": { "enabled": true } }));
    assert_eq!(
        all[2..],
        [Opening::Metrics(8069), Opening::Smtp(2525), Opening::Web]
    );
}
