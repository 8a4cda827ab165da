//! From a declaration to the graph of effects.

use std::collections::BTreeSet;

use deploycenter_domain::application::{ApplicationOptions, IgnoredDifference, SyncOption};
use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::resource::Resource;
use deploycenter_domain::wanted::{self, WantedEffect};
use serde_json::{Value, json};

use crate::scene::{REPOSITORY, Scene, volume, volume_manifest};
use crate::support::{id, token};

fn edges(wanted: &[WantedEffect], effect: &str) -> Vec<String> {
    let found = wanted
        .iter()
        .find(|wanted| wanted.id == id(effect))
        .unwrap();
    found.depends_on.iter().map(ToString::to_string).collect()
}

fn after<'a>(wanted: &'a [WantedEffect], effect: &str) -> &'a Resource {
    &wanted
        .iter()
        .find(|wanted| wanted.id == id(effect))
        .unwrap()
        .after
}

#[test]
fn the_order_of_a_whole_instance() {
    let wanted = Scene::new().wanted().unwrap();
    let order: Vec<String> = wanted.iter().map(|effect| effect.id.to_string()).collect();
    assert_eq!(
        order,
        [
            "efs.file-system/data",
            "efs.mount-target/data.subnet-0a10000000000a",
            "efs.mount-target/data.subnet-0a10000000000b",
            "efs.mount-target/data.subnet-0a10000000000c",
            "efs.access-point/data",
            "secrets.entry/app",
            "dns.record/domain",
            "git.file/application.json",
            "git.file/base.json",
            "git.file/chart/Chart.yaml",
            "git.file/dependencies/guardrails.yaml",
            "git.file/dependencies/namespace.yaml",
            "git.file/dependencies/network.yaml",
            "git.file/dependencies/secrets.yaml",
            "git.file/dependencies/volumes.yaml",
            "git.file/deployment.lock.json",
            "git.file/values.yaml",
            "git.commit/folder",
            "argocd.application/base",
            "argocd.sync/base",
            "argocd.application/workload",
            "argocd.sync/workload",
        ]
    );
    let mut placed: BTreeSet<&EffectId> = BTreeSet::new();
    for effect in &wanted {
        assert!(
            effect.depends_on.iter().all(|on| placed.contains(on)),
            "{} comes too early",
            effect.id
        );
        placed.insert(&effect.id);
    }
}

#[test]
fn edges_are_tokens_and_nothing_else() {
    let wanted = Scene::new().wanted().unwrap();
    assert_eq!(edges(&wanted, "efs.file-system/data"), Vec::<String>::new());
    assert_eq!(edges(&wanted, "dns.record/domain"), Vec::<String>::new());
    assert_eq!(edges(&wanted, "secrets.entry/app"), Vec::<String>::new());
    assert_eq!(
        edges(&wanted, "efs.access-point/data"),
        ["efs.file-system/data"]
    );
    assert_eq!(
        edges(&wanted, "efs.mount-target/data.subnet-0a10000000000a"),
        ["efs.file-system/data"]
    );
    assert_eq!(edges(&wanted, "git.file/values.yaml"), Vec::<String>::new());
    let both = ["efs.file-system/data", "efs.access-point/data"];
    assert_eq!(edges(&wanted, "git.file/dependencies/volumes.yaml"), both);
    // The lock tells the values that tokens took.
    assert_eq!(edges(&wanted, "git.file/deployment.lock.json"), both);
    let files = wanted
        .iter()
        .filter(|effect| effect.id.kind() == EffectKind::File)
        .count();
    assert_eq!(edges(&wanted, "git.commit/folder").len(), files);
    let base = edges(&wanted, "argocd.application/base");
    assert!(
        base.contains(&"git.commit/folder".to_owned())
            && base.contains(&"secrets.entry/app".to_owned()),
        "{base:?}"
    );
    assert_eq!(
        base.iter()
            .filter(|on| on.starts_with("efs.mount-target/"))
            .count(),
        3,
        "{base:?}"
    );
    assert_eq!(
        edges(&wanted, "argocd.sync/base"),
        ["git.commit/folder", "argocd.application/base"]
    );
    assert_eq!(
        edges(&wanted, "argocd.application/workload"),
        ["argocd.sync/base"]
    );
    assert_eq!(
        edges(&wanted, "argocd.sync/workload"),
        ["argocd.application/workload"]
    );
}

#[test]
fn names_and_places_are_the_hosts() {
    let wanted = Scene::new().wanted().unwrap();
    let Resource::Record(record) = after(&wanted, "dns.record/domain") else {
        panic!()
    };
    assert_eq!(
        (record.zone.as_str(), record.name.as_str(), record.weight),
        ("Z04444444APPSEXAMPLE", "chat.acme.apps.example.com", 100)
    );
    assert_eq!(record.set_identifier, "deploycenter/testing/acme/us-west-2");
    let Resource::Secret(secret) = after(&wanted, "secrets.entry/app") else {
        panic!()
    };
    assert_eq!(secret.name, "deploycenter/testing/acme/chat/i1/app");
    assert_eq!(
        secret
            .keys
            .iter()
            .map(|key| key.key.as_str())
            .collect::<Vec<_>>(),
        ["password", "salt"]
    );
    let Resource::AccessPoint(point) = after(&wanted, "efs.access-point/data") else {
        panic!()
    };
    assert_eq!(
        (point.path.as_str(), point.file_system.clone()),
        ("/data", token("efs.file-system/data"))
    );
    let Resource::File(file) = after(&wanted, "git.file/application.json") else {
        panic!()
    };
    assert_eq!(file.path, "us-west-2/chat/application.json");
    let committed: Value = serde_json::from_str(&file.content).unwrap();
    assert_eq!(
        (&committed["kind"], &committed["metadata"]["namespace"]),
        (&json!("Application"), &json!("argocd"))
    );
    assert_eq!(
        committed["metadata"]["labels"]["deploycenter.dev/instance"],
        "chat"
    );
}

#[test]
fn a_volume_on_the_operators_file_system() {
    let mut scene = Scene::new();
    scene
        .declaration
        .volumes
        .insert("data".to_owned(), volume("efs-shared"));
    scene.declaration.files.insert(
        "dependencies/volumes.yaml".to_owned(),
        volume_manifest("fs-0a1000000000005e2", &token("efs.access-point/data")),
    );
    let wanted = scene.wanted().unwrap();
    assert!(
        !wanted.iter().any(|effect| matches!(
            effect.id.kind(),
            EffectKind::FileSystem | EffectKind::MountTarget
        )),
        "{wanted:?}"
    );
    let Resource::AccessPoint(point) = after(&wanted, "efs.access-point/data") else {
        panic!()
    };
    assert_eq!(
        (point.file_system.as_str(), point.path.as_str()),
        (
            "fs-0a1000000000005e2",
            "/deploycenter/testing/acme--chat--i1/data"
        )
    );
    assert_eq!(
        edges(&wanted, "efs.access-point/data"),
        Vec::<String>::new()
    );
}

#[test]
fn an_explicit_edge_holds() {
    let mut scene = Scene::new();
    scene
        .declaration
        .depends_on
        .push((id("dns.record/domain"), id("argocd.sync/workload")));
    let wanted = scene.wanted().unwrap();
    assert_eq!(
        edges(&wanted, "dns.record/domain"),
        ["argocd.sync/workload"]
    );
    assert_eq!(wanted.last().unwrap().id, id("dns.record/domain"));
}

#[test]
fn an_application_is_the_hosts_with_the_options_that_were_chosen() {
    let mut scene = Scene::new();
    let workload =
        |scene: &Scene| match after(&scene.wanted().unwrap(), "argocd.application/workload") {
            Resource::Application(application) => application.spec.clone(),
            other => panic!("{other:?}"),
        };
    let plain = workload(&scene);
    assert_eq!(
        plain["source"],
        json!({
            "repoURL": REPOSITORY,
            "targetRevision": "customer/acme",
            "path": "us-west-2/chat/chart",
            "helm": { "releaseName": "mattermost", "valueFiles": ["../values.yaml"] },
        })
    );
    scene.declaration.applications.insert(
        ApplicationRole::Workload,
        ApplicationOptions {
            sync_options: vec![SyncOption::ServerSideApply, SyncOption::PruneLast],
            ignored_differences: vec![IgnoredDifference {
                group: "apps".to_owned(),
                kind: "Deployment".to_owned(),
                name: None,
                json_pointers: vec!["/spec/replicas".to_owned()],
            }],
        },
    );
    let mut chosen = plain;
    chosen["syncPolicy"]["syncOptions"] = json!([
        "CreateNamespace=false",
        "PruneLast=true",
        "ServerSideApply=true"
    ]);
    chosen["ignoreDifferences"] =
        json!([{ "group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"] }]);
    assert_eq!(workload(&scene), chosen);
}

#[test]
fn what_customers_share() {
    let destinations = BTreeSet::from([
        (
            "https://usw2.k8s.example.com".to_owned(),
            "acme--chat".to_owned(),
        ),
        (
            "https://euw3.k8s.example.com".to_owned(),
            "acme--odoo".to_owned(),
        ),
    ]);
    let shared = wanted::shared(
        &"testing".parse().unwrap(),
        &"acme".parse().unwrap(),
        &destinations,
        &BTreeSet::from([REPOSITORY.to_owned()]),
    );
    let order: Vec<String> = shared.iter().map(|effect| effect.id.to_string()).collect();
    assert_eq!(
        order,
        [
            "argocd.project/acme",
            "argocd.project/acme--base",
            "git.file/base-project.json",
            "git.file/project.json",
            "git.commit/folder"
        ]
    );
    let Resource::Project(project) = &shared[0].after else {
        panic!()
    };
    let listed = project.spec["destinations"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(
        !project.spec["destinations"].to_string().contains('*'),
        "{listed:?}"
    );
    assert_eq!(project.spec["clusterResourceWhitelist"], json!([]));
    let permitted = project.spec["namespaceResourceWhitelist"]
        .as_array()
        .unwrap();
    assert!(permitted.contains(&json!({ "group": "apps", "kind": "Deployment" })));
    for kind in [
        "ResourceQuota",
        "LimitRange",
        "ServiceAccount",
        "Secret",
        "NetworkPolicy",
        "CiliumNetworkPolicy",
        "Role",
        "ExternalSecret",
        "Certificate",
        "*",
    ] {
        assert!(permitted.iter().all(|it| it["kind"] != *kind), "{kind}");
    }
    let Resource::Project(base) = &shared[1].after else {
        panic!()
    };
    assert_eq!(base.name, "acme--base");
    assert_eq!(base.spec["destinations"], project.spec["destinations"]);
    assert_eq!(base.spec["sourceRepos"], json!([REPOSITORY]));
    assert_eq!(
        base.spec["clusterResourceWhitelist"],
        json!([
            { "group": "", "kind": "Namespace" },
            { "group": "", "kind": "PersistentVolume" },
        ])
    );
    let Resource::Folder(folder) = &shared[4].after else {
        panic!()
    };
    for (file, project) in [("project.json", project), ("base-project.json", base)] {
        let committed: Value = serde_json::from_str(&folder.files[file]).unwrap();
        assert_eq!(committed["metadata"]["name"], *project.name);
        assert_eq!(committed["spec"], project.spec);
    }
    assert_eq!(
        (folder.branch.as_str(), folder.path.as_str()),
        ("customer/acme", "")
    );
}
