//! The objects that the host makes of a declaration, and what stands in their way.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::declaration::{
    Declaration, GivenSecret, Http, Openings, Port, Protocol, Quota,
};
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::guardrails::{FILES, quota, reach};
use deploycenter_domain::resource::Resource;
use deploycenter_domain::secret_version::SecretVersion;
use deploycenter_domain::sync_options::{PROTECTED, SYNC_OPTIONS, UNDELETED};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::scene::Scene;

fn files(scene: &Scene) -> BTreeMap<String, String> {
    scene
        .wanted()
        .unwrap()
        .into_iter()
        .filter(|effect| effect.id.kind() == EffectKind::File)
        .filter_map(|effect| match effect.after {
            Resource::File(file) => Some((effect.id.name().to_owned(), file.content)),
            _ => None,
        })
        .filter(|(path, _)| FILES.contains(&path.as_str()))
        .collect()
}

/// The objects of all files by kind and name.
fn objects(scene: &Scene) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for text in files(scene).values() {
        for document in serde_norway::Deserializer::from_str(text) {
            let object = Value::deserialize(document).unwrap();
            let label = format!(
                "{}/{}",
                object["kind"].as_str().unwrap(),
                object["metadata"]["name"].as_str().unwrap()
            );
            assert_eq!(found.insert(label, object), None);
        }
    }
    found
}

fn with(edit: impl FnOnce(&mut Declaration)) -> Scene {
    let mut scene = Scene::new();
    edit(&mut scene.declaration);
    scene
}

fn opened(openings: Openings) -> Scene {
    with(|declaration| declaration.openings = openings)
}

fn spec(objects: &BTreeMap<String, Value>, label: &str) -> Value {
    objects[label]["spec"].clone()
}

/// Labels of the policies.
fn policies(objects: &BTreeMap<String, Value>) -> Vec<&str> {
    objects
        .keys()
        .filter_map(|label| label.strip_prefix("NetworkPolicy/"))
        .collect()
}

#[test]
fn who_declares_nothing_gets_the_tightest_bounds() {
    let scene = with(|declaration| declaration.generated.clear());
    let made = objects(&scene);
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        [
            "LimitRange/limits",
            "Namespace/acme--chat",
            "NetworkPolicy/allow-dns",
            "NetworkPolicy/default-deny",
            "ResourceQuota/quota",
            "Role/mattermost",
            "RoleBinding/mattermost",
            "ServiceAccount/mattermost",
        ]
    );
    assert_eq!(
        spec(&made, "NetworkPolicy/default-deny"),
        json!({ "podSelector": {}, "policyTypes": ["Ingress", "Egress"] })
    );
    assert_eq!(
        spec(&made, "ResourceQuota/quota")["hard"],
        json!({
            "limits.memory": "2Gi",
            "persistentvolumeclaims": "2",
            "pods": "10",
            "requests.cpu": "1",
            "requests.memory": "1Gi",
            "requests.storage": "10Gi",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        })
    );
    assert_eq!(made["Role/mattermost"]["rules"], json!([]));
    assert_eq!(
        made["ServiceAccount/mattermost"]["automountServiceAccountToken"],
        false
    );
}

#[test]
fn every_object_is_the_targets_own_and_kept_from_deletion() {
    let scene = opened(everything());
    for (label, object) in objects(&scene) {
        let metadata = &object["metadata"];
        match object["kind"].as_str() {
            Some("Namespace") => {
                assert_eq!(metadata["name"], "acme--chat");
                for mode in ["audit", "enforce", "warn"] {
                    let key = format!("pod-security.kubernetes.io/{mode}");
                    assert_eq!(metadata["labels"][key], "restricted");
                }
            }
            _ => assert_eq!(metadata["namespace"], "acme--chat", "{label}"),
        }
        assert_eq!(
            metadata["labels"]["deploycenter.dev/instance"], "chat",
            "{label}"
        );
        assert_eq!(
            metadata["annotations"],
            json!({
                "argocd.argoproj.io/sync-options": if object["kind"] == "Namespace" { PROTECTED } else { UNDELETED },
                "deploycenter.dev/target": "acme/chat",
            }),
            "{label}"
        );
    }
    // Purging takes the line out, so it is a line.
    for (path, text) in files(&scene) {
        let objects = text.matches("apiVersion:").count();
        let lines = text
            .lines()
            .filter(|line| line.trim().starts_with(SYNC_OPTIONS))
            .count();
        assert_eq!(lines, objects, "{path}");
    }
}

fn everything() -> Openings {
    let port = |number, protocol| Port { number, protocol };
    Openings {
        http: Some(Http {
            port: 8065,
            more: vec![8066],
        }),
        peers: vec![port(8074, Protocol::Tcp), port(8074, Protocol::Udp)],
        metrics: Some(8067),
        public: vec![port(8443, Protocol::Udp)],
        smtp: Some(587),
        web: true,
        postgres: true,
        mariadb: Some(3),
        redis: true,
    }
}

#[test]
fn a_declared_quota_is_what_is_written() {
    let declared = Quota {
        cpu_millicores: 1750,
        memory: (5 << 30) + 1,
        memory_limit: 9 << 30,
        storage: 110 << 30,
        pods: 13,
        claims: 4,
    };
    let mut scene = with(|declaration| declaration.quota = Some(declared));
    let hard = |scene: &Scene| spec(&objects(scene), "ResourceQuota/quota")["hard"].clone();
    let written = hard(&scene);
    // A part of a mebibyte is one.
    assert_eq!(
        (&written["requests.memory"], &written["limits.memory"]),
        (&json!("5121Mi"), &json!("9Gi"))
    );
    assert_eq!(
        (&written["requests.cpu"], &written["pods"]),
        (&json!("1750m"), &json!("13"))
    );

    // What the operator adds comes on top.
    let extra = &mut scene.region().cluster.quota.extra;
    (extra.cpu_millicores, extra.pods) = (Some(250), Some(2));
    let written = hard(&scene);
    assert_eq!(
        (&written["requests.cpu"], &written["pods"]),
        (&json!("2"), &json!("15"))
    );

    // What the operator allows at most is held against what the app declares.
    let most = &mut scene.region().cluster.quota.most;
    (most.cpu_millicores, most.storage, most.pods) = (Some(1750), Some(100 << 30), Some(12));
    assert_eq!(
        scene.wanted().unwrap_err(),
        [
            "it asks for a quota of 112640Mi (storage), and the region us-west-2 allows an instance 102400Mi; lower the instance's resources, or raise `cluster.quota.most.storage` in regions.yaml",
            "it asks for a quota of 13 (pods), and the region us-west-2 allows an instance 12; lower the instance's resources, or raise `cluster.quota.most.pods` in regions.yaml",
        ]
    );
    // So is the default.
    scene.declaration.quota = None;
    assert!(quota::SMALL.pods < 12 && scene.wanted().is_ok());
    scene.region().cluster.quota.most.pods = Some(9);
    assert!(scene.wanted().unwrap_err()[0].contains("10 (pods)"));
}

#[test]
fn each_opening_opens_what_its_purpose_needs() {
    const NONE: Openings = Openings {
        http: None,
        peers: Vec::new(),
        metrics: None,
        public: Vec::new(),
        smtp: None,
        web: false,
        postgres: false,
        mariadb: None,
        redis: false,
    };
    let own =
        json!({ "podSelector": { "matchLabels": { "app.kubernetes.io/name": "mattermost" } } });
    let namespace = |name: &str| json!({ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": name } } });
    let tcp = |port: u16| json!({ "port": port, "protocol": "TCP" });
    let private = json!([
        "10.0.0.0/8",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16"
    ]);
    let table: [(Openings, &[&str], Value, Value); 6] = [
        (
            Openings {
                http: Some(Http {
                    port: 80,
                    more: vec![81],
                }),
                ..NONE
            },
            &["allow-certificate-challenge", "allow-mattermost"],
            json!([{ "from": [namespace("ingress-nginx"), own], "ports": [tcp(80), tcp(81)] }]),
            json!([{ "to": [own], "ports": [tcp(80)] }]),
        ),
        (
            Openings {
                peers: vec![Port {
                    number: 9,
                    protocol: Protocol::Udp,
                }],
                ..NONE
            },
            &["allow-mattermost"],
            json!([{ "from": [own], "ports": [{ "port": 9, "protocol": "UDP" }] }]),
            json!([{ "to": [own], "ports": [{ "port": 9, "protocol": "UDP" }] }]),
        ),
        (
            Openings {
                metrics: Some(9),
                ..NONE
            },
            &["allow-mattermost"],
            json!([{ "from": [namespace("monitoring")], "ports": [tcp(9)] }]),
            json!([]),
        ),
        (
            Openings {
                public: vec![Port {
                    number: 9,
                    protocol: Protocol::Tcp,
                }],
                ..NONE
            },
            &["allow-mattermost"],
            json!([{ "ports": [tcp(9)] }]),
            json!([]),
        ),
        (
            Openings {
                smtp: Some(25),
                ..NONE
            },
            &["allow-mattermost"],
            json!([]),
            json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"] } }], "ports": [tcp(25)] }]),
        ),
        (
            Openings { web: true, ..NONE },
            &["allow-mattermost"],
            json!([]),
            json!([{ "to": [{ "ipBlock": { "cidr": "0.0.0.0/0", "except": private } }], "ports": [tcp(443)] }]),
        ),
    ];
    for (openings, names, ingress, egress) in table {
        let made = objects(&opened(openings));
        let all: Vec<&str> = names
            .iter()
            .copied()
            .chain(["allow-dns", "default-deny"])
            .collect();
        assert_eq!(
            policies(&made).into_iter().collect::<BTreeSet<_>>(),
            all.into_iter().collect()
        );
        let app = spec(&made, "NetworkPolicy/allow-mattermost");
        assert_eq!(app["podSelector"], own["podSelector"]);
        assert_eq!(app["policyTypes"], json!(["Ingress", "Egress"]));
        assert_eq!((&app["ingress"], &app["egress"]), (&ingress, &egress));
    }
    for (openings, names) in [
        (
            Openings {
                postgres: true,
                ..NONE
            },
            &["allow-mattermost", "allow-postgres"],
        ),
        (
            Openings {
                mariadb: Some(1),
                ..NONE
            },
            &["allow-mariadb", "allow-mattermost-to-mariadb"],
        ),
        (
            Openings {
                redis: true,
                ..NONE
            },
            &["allow-mattermost-to-redis", "allow-redis"],
        ),
    ] {
        let made = objects(&opened(openings));
        let found: Vec<&str> = policies(&made)
            .into_iter()
            .filter(|name| !["allow-dns", "default-deny"].contains(name))
            .collect();
        assert_eq!(found, names);
    }
}

#[test]
fn what_reaches_beyond_the_cluster_is_said() {
    const PATH: &str = "dependencies/network.yaml";
    let said = |openings| reach(PATH, &files(&opened(openings))[PATH]);
    assert_eq!(
        said(everything()).as_deref(),
        Some(
            "any address reaches mattermost at 8443/UDP, mattermost reaches any address at 587, mattermost reaches public addresses at 443, postgres reaches any address at 443 and 6443, mariadb reaches any address at 443 and 6443"
        )
    );
    let near = Openings {
        public: Vec::new(),
        smtp: None,
        web: false,
        postgres: false,
        mariadb: Some(1),
        ..everything()
    };
    assert_eq!(said(near), None);
    assert_eq!(said(Openings::default()), None);
    let network = &files(&opened(everything()))[PATH];
    assert_eq!(reach("dependencies/other.yaml", network), None);
    for odd in ["a: [", "- 1\n", "kind: x\nspec: 3\n", ""] {
        assert_eq!(reach(PATH, odd), None);
    }
    let all = "metadata: { name: x }\nspec: { ingress: [{}] }\n";
    assert_eq!(
        reach(PATH, all).as_deref(),
        Some("any address reaches x at all ports")
    );
}

#[test]
fn servers_beside_an_app_are_reached_by_it_and_their_operator() {
    let made = objects(&opened(everything()));
    let ports = |rule: &Value| -> Vec<u64> {
        let ports = rule["ports"].as_array().unwrap().iter();
        ports.map(|port| port["port"].as_u64().unwrap()).collect()
    };
    let postgres = spec(&made, "NetworkPolicy/allow-postgres");
    assert_eq!(
        postgres["ingress"]
            .as_array()
            .unwrap()
            .iter()
            .map(ports)
            .collect::<Vec<_>>(),
        [vec![5432], vec![5432, 8000], vec![9187]]
    );
    let several = spec(&made, "NetworkPolicy/allow-mariadb");
    assert_eq!(ports(&several["ingress"][1]), [3306, 5555, 5566]);
    assert_eq!(ports(&several["egress"][1]), [443, 6443]);
    // One instance has no helpers, and asks nobody.
    let one = opened(Openings {
        mariadb: Some(1),
        ..everything()
    });
    let one = spec(&objects(&one), "NetworkPolicy/allow-mariadb");
    assert_eq!(ports(&one["ingress"][1]), [3306]);
    assert_eq!(one["egress"], json!([]));
    assert_eq!(
        spec(&made, "NetworkPolicy/allow-redis")["egress"],
        json!([])
    );
}

#[test]
fn add_ons_live_where_the_region_says() {
    let mut scene = opened(everything());
    let namespaces = &mut scene.region().cluster.namespaces;
    namespaces.ingress = "edge".to_owned();
    namespaces.monitoring = "metrics".to_owned();
    namespaces.postgres_operator = "pg".to_owned();
    namespaces.mariadb_operator = "maria".to_owned();
    let text = &files(&scene)["dependencies/network.yaml"];
    for name in ["edge", "metrics", "pg", "maria"] {
        assert!(
            text.contains(&format!("kubernetes.io/metadata.name: {name}\n")),
            "{name}"
        );
    }
    for name in ["ingress-nginx", "monitoring", "cnpg-system"] {
        assert!(
            !text.contains(&format!("metadata.name: {name}\n")),
            "{name}"
        );
    }
}

#[test]
fn a_login_at_a_registry_is_what_all_pods_of_the_account_pull_with() {
    let scene = with(|declaration| {
        let given = GivenSecret {
            key: ".dockerconfigjson".to_owned(),
            purpose: "the registry".to_owned(),
        };
        declaration.given.insert("registry".to_owned(), given);
    });
    let made = objects(&scene);
    assert_eq!(
        made["ServiceAccount/mattermost"]["imagePullSecrets"],
        json!([{ "name": "mattermost-registry" }])
    );
    let external = spec(&made, "ExternalSecret/mattermost-registry");
    assert_eq!(
        external["target"],
        json!({
            "name": "mattermost-registry",
            "creationPolicy": "Owner",
            "deletionPolicy": "Retain",
            "template": {
                "engineVersion": "v2",
                "mergePolicy": "Replace",
                "type": "kubernetes.io/dockerconfigjson",
            },
        })
    );
    assert_eq!(external["data"][0]["secretKey"], ".dockerconfigjson");
    let without = objects(&Scene::new());
    assert_eq!(
        without["ServiceAccount/mattermost"].get("imagePullSecrets"),
        None
    );
}

#[test]
fn each_entry_becomes_a_secret_by_the_hosts_own_store() {
    let scene = with(|declaration| {
        let given = GivenSecret {
            key: "password".to_owned(),
            purpose: "mail".to_owned(),
        };
        declaration.given.insert("smtp".to_owned(), given);
    });
    let made = objects(&scene);
    assert_eq!(
        spec(&made, "SecretStore/secrets-manager"),
        json!({ "provider": { "aws": { "service": "SecretsManager", "region": "us-west-2" } } })
    );
    let app = spec(&made, "ExternalSecret/mattermost-app");
    assert_eq!(
        app["secretStoreRef"],
        json!({ "kind": "SecretStore", "name": "secrets-manager" })
    );
    assert_eq!(
        app["target"],
        json!({ "name": "mattermost-app", "creationPolicy": "Owner", "deletionPolicy": "Retain" })
    );
    let keys: Vec<(&Value, &Value)> = app["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["secretKey"], &item["remoteRef"]["key"]))
        .collect();
    let entry = json!("deploycenter/testing/acme/chat/i1/app");
    assert_eq!(
        keys,
        [(&json!("password"), &entry), (&json!("salt"), &entry)]
    );
    let smtp = spec(&made, "ExternalSecret/mattermost-smtp");
    assert_eq!(
        smtp["data"][0]["remoteRef"],
        json!({
            "key": "deploycenter/testing/acme/chat/i1/smtp", "property": "password",
            "conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None",
        })
    );
    // A cluster without External Secrets doesn't know the kinds.
    let none = with(|declaration| declaration.generated.clear());
    assert!(!files(&none).contains_key("dependencies/secrets.yaml"));
}

#[test]
fn what_a_person_gave_is_there_by_its_version_too() {
    let mut scene = with(|declaration| {
        let given = GivenSecret {
            key: "password".to_owned(),
            purpose: "mail".to_owned(),
        };
        declaration.given.insert("smtp".to_owned(), given);
    });
    let keys = |scene: &Scene| -> Vec<(String, String)> {
        let smtp = spec(&objects(scene), "ExternalSecret/mattermost-smtp");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let data = smtp["data"].as_array().unwrap().iter();
        data.map(|item| {
            (
                text(&item["secretKey"]),
                text(&item["remoteRef"]["property"]),
            )
        })
        .collect()
    };
    let key = |key: &str| (key.to_owned(), "password".to_owned());
    assert_eq!(keys(&scene), [key("password")]);
    let [old, new] = ["a", "b"].map(SecretVersion::of);
    let versions = vec![new.clone(), old.clone()];
    scene.lock.secret_versions = BTreeMap::from([("smtp".to_owned(), versions)]);
    assert_eq!(
        keys(&scene),
        [
            key("password"),
            key(&format!("password.{new}")),
            key(&format!("password.{old}"))
        ]
    );
}

#[test]
fn no_file_of_the_hosts_own_is_taken_from_a_plugin() {
    for path in FILES {
        let file = |declaration: &mut Declaration| {
            declaration
                .files
                .insert(path.to_owned(), "a: 1\n".to_owned());
        };
        Scene::refused(file, &format!("{path} is the host's own"));
    }
}
