#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
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

/// Code and pointer of each violation.
fn found(over: Value) -> Vec<(String, String)> {
    kit().found::<Moodle>(over)
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
        json!({ "features": { "selfRegistration": true }, "smtp": { "host": "smtp.acme.example", "port": 25, "from": "learn@acme.example" } }),
        json!({ "features": { "selfRegistration": false } }),
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
            json!({ "backgroundResources": { "requests": { "cpu": "1", "memory": "64Mi" }, "limits": { "memory": "128Mi" } } }),
            "run-above-memory",
            "/backgroundResources/limits/memory",
        ),
        (
            json!({ "database": { "instances": 1, "size": "1Gi", "resources": resources("1", "100Mi") } }),
            "database-memory",
            "/database/resources/requests/memory",
        ),
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
        (
            json!({ "features": { "selfRegistration": true } }),
            "registration-needs-mail",
            "/features/selfRegistration",
        ),
    ] {
        assert_eq!(found(over.clone()), one(code, pointer), "{over}");
    }
    // As much as the ingress lets through is fine, and so are processes that just fit.
    assert_eq!(found(json!({ "maxUploadSize": "2Gi", "workers": 32 })), []);
    let nameless = kit().at(|context| context["domain"] = Value::Null);
    assert_eq!(nameless.found::<Moodle>(json!({})), one("needs-domain", ""));
}

#[test]
fn a_missing_addon_is_said_before_a_pod_hangs() {
    let lacking = |over: Value, addons: Option<&[&str]>, issuer: Option<&str>| {
        kit().lacking::<Moodle>(over, addons, issuer)
    };
    let (nothing, issuer) = (json!({}), Some("letsencrypt"));
    let three: &[&str] = &["mariadb-operator", "external-secrets", "efs-csi"];
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
        json!({ "serviceMonitor": { "enabled": true } }),
        Some(three),
        None,
    );
    assert!(
        option.len() == 1 && option[0].starts_with("/serviceMonitor/enabled the cluster"),
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
    let kit = kit();
    for over in [
        json!({ "replica": 2 }),
        json!({ "replicas": 0 }),
        json!({ "replicas": "2" }),
        json!({ "version": "latest" }),
        json!({ "version": "4.1" }),
        json!({ "imageRepository": "moodle" }),
        json!({ "imageRepository": "registry.acme.example/moodle:4.5" }),
        json!({ "imageRepository": "registry.acme.example:5000/moodle:4.5" }),
        json!({ "imageRepository": "registry.acme.example:5000" }),
        json!({ "imagePullSecret": "smtp" }),
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
        assert!(!kit.fits(over.clone()), "{over}");
    }
}

/// The default that a form shows is the one that applies.
#[test]
fn defaults_of_the_schema_are_the_base_values() {
    kit().check_form();
}

/// A version is offered, has an image and a data-version, or it is none of the three.
#[test]
fn versions_agree() {
    for (version, tag) in kit().images("tags") {
        assert!(
            tag.starts_with(&format!("{version}.")) && tag.ends_with("-2"),
            "{version} is no line of {tag}"
        );
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

#[test]
fn an_autoscaler_takes_over_where_it_stands() {
    kit().check_autoscaled::<Moodle>("moodle", &json!({}));
}

#[test]
fn it_declares_what_an_instance_needs() {
    let declared = kit().plan::<Moodle>(json!({})).unwrap();
    let files: Vec<&str> = declared.files.keys().map(String::as_str).collect();
    assert_eq!(
        files,
        [
            "dependencies/mariadb.yaml",
            "dependencies/redis.yaml",
            "dependencies/volumes.yaml",
            "values.yaml"
        ]
    );
    assert_eq!(declared.volumes["data"].0, "efs", "the region's default");
    assert_eq!(declared.records["domain"], "moodle.acme.apps.example.com");
    assert_eq!(declared.applications.len(), 2);
    assert_eq!((declared.given.len(), declared.warnings.len()), (0, 0));
    let volume = &declared.yaml("dependencies/volumes.yaml")[0];
    assert_eq!(
        volume["spec"]["csi"]["volumeHandle"],
        "<efs.file-system/data>::<efs.access-point/data>"
    );
    let own = json!({
        "imageRepository": "registry.acme.example:5000/x/moodle",
        "imagePullSecret": "registry",
    });
    let declared = kit().plan::<Moodle>(own).unwrap();
    assert_eq!(declared.given["registry"].0, ".dockerconfigjson");
    let image = declared.yaml("values.yaml")[0]["image"].to_string();
    assert!(
        image.contains("registry.acme.example:5000/x/moodle:4.5"),
        "{image}"
    );
    let smtp = json!({ "host": "smtp.acme.example", "port": 587, "user": "moodle", "from": "moodle@acme.example" });
    let declared = kit().plan::<Moodle>(json!({ "smtp": smtp })).unwrap();
    assert_eq!(declared.given["smtp"].0, "password");
}

#[test]
fn an_autoscaler_that_nobody_feeds_is_warned_of() {
    let scaled = json!({ "autoscaling": { "enabled": true } });
    kit().check_warns_without::<Moodle>("metrics-server", &scaled);
}

#[test]
fn a_tight_database_stands_in_the_plan_and_in_the_file() {
    let many = json!({ "autoscaling": { "enabled": true, "minReplicas": 6, "maxReplicas": 100 } });
    let declared = kit().plan::<Moodle>(many).unwrap();
    assert_eq!(declared.warnings.len(), 1);
    let comment = format!("# {}\n", declared.warnings[0]);
    assert!(declared.files["values.yaml"].contains(&comment));
}

#[test]
fn the_network_lets_through_what_the_values_ask_for() {
    let open = |over| kit().plan::<Moodle>(over).unwrap().openings;
    assert_eq!(
        open(json!({ "webAccess": false })),
        [
            Opening::Http {
                port: 8080,
                more: vec![]
            },
            Opening::Mariadb(1),
            Opening::Redis
        ]
    );
    let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
    let all = open(json!({ "smtp": smtp, "serviceMonitor": { "enabled": true } }));
    assert_eq!(
        all[3..],
        [Opening::Metrics(9117), Opening::Smtp(2525), Opening::Web]
    );
}
