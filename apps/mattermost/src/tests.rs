#![expect(clippy::unwrap_used, reason = "tests")]

use deploycenter_plugin_testkit::Kit;
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

/// Code and pointer of each violation.
fn found(over: Value) -> Vec<(String, String)> {
    kit().found::<Mattermost>(over)
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
    let nameless = kit().at(|context| context["domain"] = Value::Null);
    assert_eq!(
        nameless.found::<Mattermost>(json!({})),
        one("needs-domain", "")
    );
}

#[test]
fn a_missing_addon_is_said_before_a_pod_hangs() {
    let lacking = |over: Value, addons: Option<&[&str]>, issuer: Option<&str>| {
        kit().lacking::<Mattermost>(over, addons, issuer)
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
            tag.starts_with(&format!("{version}.")),
            "{version} is no line of {tag}"
        );
    }
}

#[test]
fn an_autoscaler_takes_over_where_it_stands() {
    let licensed = json!({ "license": { "enabled": true } });
    kit().check_autoscaled::<Mattermost>("mattermost", &licensed);
    // Without a licence there is none, and Argo CD keeps the one server.
    let waits = json!({ "replicas": 4, "autoscaling": { "enabled": true } });
    let declared = kit().plan::<Mattermost>(waits).unwrap();
    assert_eq!(
        declared.applications[&Role::Workload],
        deploycenter_sdk::argocd::Options::default()
    );
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

#[test]
fn it_declares_what_an_instance_needs() {
    let declared = kit().plan::<Mattermost>(json!({})).unwrap();
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
    assert_eq!(
        declared.records["domain"],
        "mattermost.acme.apps.example.com"
    );
    assert_eq!(declared.applications.len(), 2);
    assert_eq!((declared.given.len(), declared.warnings.len()), (0, 0));
    let volume = &declared.yaml("dependencies/volumes.yaml")[0];
    assert_eq!(
        volume["spec"]["csi"]["volumeHandle"],
        "<efs.file-system/data>::<efs.access-point/data>"
    );
    let own = json!({
        "imageRegistry": "registry.acme.example:5000/mirror",
        "imagePullSecret": "registry",
        "database": { "instances": 1, "size": "1Gi", "resources": { "requests": { "cpu": "1", "memory": "256Mi" }, "limits": { "memory": "2Gi" } } },
    });
    let declared = kit().plan::<Mattermost>(own).unwrap();
    assert_eq!(declared.given["registry"].0, ".dockerconfigjson");
    let image = declared.yaml("values.yaml")[0]["image"].to_string();
    assert!(
        image.contains("registry.acme.example:5000/mirror/mattermost/mattermost-team-edition:11.7"),
        "{image}"
    );
    // CloudNativePG refuses more than is requested.
    let cluster = &declared.yaml("dependencies/postgres.yaml")[0];
    assert_eq!(
        cluster["spec"]["postgresql"]["parameters"]["shared_buffers"],
        "128MB"
    );
    let smtp = json!({ "host": "smtp.acme.example", "port": 587, "user": "mattermost", "from": "mattermost@acme.example" });
    let declared = kit().plan::<Mattermost>(json!({ "smtp": smtp })).unwrap();
    assert_eq!(declared.given["smtp"].0, "password");
}

#[test]
fn pods_name_the_version_of_a_secret_that_they_use() {
    let smtp = json!({ "host": "smtp.acme.example", "port": 587, "user": "mattermost", "from": "mattermost@acme.example" });
    let over = json!({ "smtp": smtp });
    let keys = |versions: Value| {
        let kit = kit().at(|context| context["secretVersions"] = versions);
        let declared = kit.plan::<Mattermost>(over.clone()).unwrap();
        declared.yaml("values.yaml")[0]["secretKeys"].clone()
    };
    // The licence isn't used.
    assert_eq!(
        keys(json!({ "smtp": "0123456789abcdef", "license": "fedcba9876543210" })),
        json!({ "smtp": "password.0123456789abcdef" })
    );
    assert_eq!(keys(json!({})), Value::Null);
}

#[test]
fn an_autoscaler_that_nobody_feeds_is_warned_of() {
    let scaled = json!({ "autoscaling": { "enabled": true }, "license": { "enabled": true } });
    kit().check_warns_without::<Mattermost>("metrics-server", &scaled);
}

#[test]
fn what_waits_for_a_licence_stands_in_the_plan_and_in_the_file() {
    let declared = kit()
        .plan::<Mattermost>(json!({ "replicas": 2, "maxUsers": 1200 }))
        .unwrap();
    assert_eq!(declared.warnings.len(), 2);
    for line in &declared.warnings {
        let comment = format!("# {line}\n");
        assert!(declared.files["values.yaml"].contains(&comment), "{line}");
    }
    // The chart lets one run without a licence.
    assert_eq!(declared.yaml("values.yaml")[0]["license"]["enabled"], false);
}

#[test]
fn the_network_lets_through_what_the_values_ask_for() {
    let open = |over| kit().plan::<Mattermost>(over).unwrap().openings;
    assert_eq!(
        open(json!({ "webAccess": false })),
        [
            Opening::Http {
                port: 8065,
                more: vec![]
            },
            Opening::Postgres
        ]
    );
    let smtp = json!({ "host": "relay.acme.example", "port": 2525, "from": "a@acme.example" });
    let all = open(
        json!({ "license": { "enabled": true }, "features": { "calls": true }, "smtp": smtp, "serviceMonitor": { "enabled": true } }),
    );
    assert_eq!(
        all[2..],
        [
            Opening::Peers(vec![Port::tcp(8074), Port::udp(8074)]),
            Opening::Metrics(8067),
            Opening::Public(vec![Port::udp(8443), Port::tcp(8443)]),
            Opening::Smtp(2525),
            Opening::Web
        ]
    );
}
