//! From a declaration to the graph of effects.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::declaration::{ApplicationRole, Declaration, GeneratedKey, Volume};
use deploycenter_domain::desired::{Desired, Instance, read};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::lock::{Lock, PinnedPlugin};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::naming::Names;
use deploycenter_domain::resource::Resource;
use deploycenter_domain::unwind::PROTECTION;
use deploycenter_domain::wanted::{self, Site, WantedEffect};
use serde_json::{Value, json};

use crate::support::{id, token};

const REGIONS: &str = include_str!("../../../sandbox/fleet/regions.yaml");
const REPOSITORY: &str = "https://git.example.com/fleet.git";

/// What an instance in us-west-2 is made from.
struct Scene {
    desired: Desired,
    names: Names,
    lock: Lock,
    chart: BTreeMap<String, String>,
    declaration: Declaration,
}

impl Scene {
    fn new() -> Self {
        let plugins = format!("version = 1\n[[plugin]]\napp = \"mattermost\"\nversion = \"0.1.0\"\ndigest = \"{}\"\nsource = \"plugins/x.wasm\"\ngrants = []\ndefault = true\n", Digest::of(b"x"));
        let customers = "version: 1\ncustomers:\n  - name: acme\n    region: us-west-2\n    apps:\n      - { app: mattermost, name: chat, domain: chat.acme.apps.example.com }\n";
        let settings = "version = 1\ninstallation = \"testing\"\n[argocd]\nserver = \"argocd.example.com\"\n";
        let files = [("customers.yaml", customers), ("regions.yaml", REGIONS), ("plugins.lock", &plugins), ("deploycenter.toml", settings)];
        let desired = read(&files.into_iter().map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).collect()).unwrap();
        let instance: &Instance = desired.instances().next().unwrap();
        let names = Names::new(&"testing".parse().unwrap(), instance, Incarnation::FIRST);
        let lock = Lock {
            format: 1,
            app: "mattermost".parse().unwrap(),
            incarnation: Incarnation::FIRST,
            plugin: PinnedPlugin { version: "0.1.0".to_owned(), digest: Digest::of(b"x") },
            overrides: None,
            data_version: None,
            bindings: BTreeMap::new(),
        };
        let chart = BTreeMap::from([("Chart.yaml".to_owned(), "name: mattermost\n".to_owned())]);
        Self { desired, names, lock, chart, declaration: declaration() }
    }

    fn wanted(&self) -> Result<Vec<WantedEffect>, Vec<String>> {
        let region = &self.desired.regions.regions[&"us-west-2".parse().unwrap()];
        let site = Site {
            names: &self.names,
            region,
            regions: &self.desired.regions,
            weight: 100,
            repository: REPOSITORY,
            chart: &self.chart,
            lock: &self.lock,
        };
        wanted::instance(site, &self.declaration)
    }

    fn refused(edit: impl FnOnce(&mut Declaration), what: &str) {
        let mut scene = Self::new();
        edit(&mut scene.declaration);
        let found = scene.wanted().unwrap_err();
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:#?}");
    }
}

fn volume_manifest(file_system: &str, access_point: &str) -> String {
    format!(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata:\n  name: acme--chat--data\n  annotations:\n    {PROTECTION}\nspec:\n  csi:\n    volumeHandle: \"{file_system}::{access_point}\"\n  claimRef: {{ name: data, namespace: acme--chat }}\n"
    )
}

fn application(role: ApplicationRole) -> Value {
    let (name, project, path) = match role {
        ApplicationRole::Base => ("acme--chat--base", "deploycenter-base", "dependencies"),
        ApplicationRole::Workload => ("acme--chat", "acme", "chart"),
    };
    let mut application = json!({
        "metadata": { "name": name },
        "spec": {
            "project": project,
            "destination": { "server": "https://usw2.k8s.example.com", "namespace": "acme--chat" },
            "source": { "repoURL": REPOSITORY, "targetRevision": "customer/acme", "path": format!("us-west-2/chat/{path}") },
            "syncPolicy": { "automated": {} },
        },
    });
    if role == ApplicationRole::Workload {
        application["spec"]["source"]["helm"] = json!({ "valueFiles": ["../values.yaml"] });
    }
    application
}

fn declaration() -> Declaration {
    let volumes = volume_manifest(&token("efs.file-system/data"), &token("efs.access-point/data"));
    Declaration {
        files: BTreeMap::from([
            ("values.yaml".to_owned(), "replicas: 1\n".to_owned()),
            ("dependencies/volumes.yaml".to_owned(), volumes),
        ]),
        volumes: BTreeMap::from([("data".to_owned(), volume("efs"))]),
        records: BTreeMap::from([("domain".to_owned(), "Chat.acme.apps.example.com".to_owned())]),
        generated: BTreeMap::from([(
            "app".to_owned(),
            ["salt", "password"].map(|key| GeneratedKey { key: key.to_owned(), length: 32 }).into(),
        )]),
        given: BTreeMap::new(),
        applications: [ApplicationRole::Base, ApplicationRole::Workload].map(|role| (role, application(role))).into(),
        depends_on: Vec::new(),
    }
}

fn volume(class: &str) -> Volume {
    Volume { class: class.to_owned(), uid: 2000, gid: 2000, permissions: "0750".to_owned() }
}

fn edges(wanted: &[WantedEffect], effect: &str) -> Vec<String> {
    let found = wanted.iter().find(|wanted| wanted.id == id(effect)).unwrap();
    found.depends_on.iter().map(ToString::to_string).collect()
}

fn after<'a>(wanted: &'a [WantedEffect], effect: &str) -> &'a Resource {
    &wanted.iter().find(|wanted| wanted.id == id(effect)).unwrap().after
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
        assert!(effect.depends_on.iter().all(|on| placed.contains(on)), "{} comes too early", effect.id);
        placed.insert(&effect.id);
    }
}

#[test]
fn edges_are_tokens_and_nothing_else() {
    let wanted = Scene::new().wanted().unwrap();
    assert_eq!(edges(&wanted, "efs.file-system/data"), Vec::<String>::new());
    assert_eq!(edges(&wanted, "dns.record/domain"), Vec::<String>::new());
    assert_eq!(edges(&wanted, "secrets.entry/app"), Vec::<String>::new());
    assert_eq!(edges(&wanted, "efs.access-point/data"), ["efs.file-system/data"]);
    assert_eq!(edges(&wanted, "efs.mount-target/data.subnet-0a10000000000a"), ["efs.file-system/data"]);
    assert_eq!(edges(&wanted, "git.file/values.yaml"), Vec::<String>::new());
    let both = ["efs.file-system/data", "efs.access-point/data"];
    assert_eq!(edges(&wanted, "git.file/dependencies/volumes.yaml"), both);
    // The lock tells the values that tokens took.
    assert_eq!(edges(&wanted, "git.file/deployment.lock.json"), both);
    let files = wanted.iter().filter(|effect| effect.id.kind() == EffectKind::File).count();
    assert_eq!(edges(&wanted, "git.commit/folder").len(), files);
    let base = edges(&wanted, "argocd.application/base");
    assert!(base.contains(&"git.commit/folder".to_owned()) && base.contains(&"secrets.entry/app".to_owned()), "{base:?}");
    assert_eq!(base.iter().filter(|on| on.starts_with("efs.mount-target/")).count(), 3, "{base:?}");
    assert_eq!(edges(&wanted, "argocd.sync/base"), ["git.commit/folder", "argocd.application/base"]);
    assert_eq!(edges(&wanted, "argocd.application/workload"), ["argocd.sync/base"]);
    assert_eq!(edges(&wanted, "argocd.sync/workload"), ["argocd.application/workload"]);
}

#[test]
fn names_and_places_are_the_hosts() {
    let wanted = Scene::new().wanted().unwrap();
    let Resource::Record(record) = after(&wanted, "dns.record/domain") else { panic!() };
    assert_eq!((record.zone.as_str(), record.name.as_str(), record.weight), ("Z04444444APPSEXAMPLE", "chat.acme.apps.example.com", 100));
    assert_eq!(record.set_identifier, "deploycenter/testing/acme/us-west-2");
    let Resource::Secret(secret) = after(&wanted, "secrets.entry/app") else { panic!() };
    assert_eq!(secret.name, "deploycenter/testing/acme/chat/i1/app");
    assert_eq!(secret.keys.iter().map(|key| key.key.as_str()).collect::<Vec<_>>(), ["password", "salt"]);
    let Resource::AccessPoint(point) = after(&wanted, "efs.access-point/data") else { panic!() };
    assert_eq!((point.path.as_str(), point.file_system.clone()), ("/data", token("efs.file-system/data")));
    let Resource::File(file) = after(&wanted, "git.file/application.json") else { panic!() };
    assert_eq!(file.path, "us-west-2/chat/application.json");
    let committed: Value = serde_json::from_str(&file.content).unwrap();
    assert_eq!((&committed["kind"], &committed["metadata"]["namespace"]), (&json!("Application"), &json!("argocd")));
    assert_eq!(committed["metadata"]["labels"]["deploycenter.dev/instance"], "chat");
}

#[test]
fn a_volume_on_the_operators_file_system() {
    let mut scene = Scene::new();
    scene.declaration.volumes.insert("data".to_owned(), volume("efs-shared"));
    scene.declaration.files.insert(
        "dependencies/volumes.yaml".to_owned(),
        volume_manifest("fs-0a1000000000005e2", &token("efs.access-point/data")),
    );
    let wanted = scene.wanted().unwrap();
    assert!(!wanted.iter().any(|effect| matches!(effect.id.kind(), EffectKind::FileSystem | EffectKind::MountTarget)), "{wanted:?}");
    let Resource::AccessPoint(point) = after(&wanted, "efs.access-point/data") else { panic!() };
    assert_eq!((point.file_system.as_str(), point.path.as_str()), ("fs-0a1000000000005e2", "/deploycenter/testing/acme--chat--i1/data"));
    assert_eq!(edges(&wanted, "efs.access-point/data"), Vec::<String>::new());
}

#[test]
fn an_explicit_edge_holds() {
    let mut scene = Scene::new();
    scene.declaration.depends_on.push((id("dns.record/domain"), id("argocd.sync/workload")));
    let wanted = scene.wanted().unwrap();
    assert_eq!(edges(&wanted, "dns.record/domain"), ["argocd.sync/workload"]);
    assert_eq!(wanted.last().unwrap().id, id("dns.record/domain"));
}

#[test]
fn a_cycle_is_refused() {
    let around = (id("efs.file-system/data"), id("argocd.sync/workload"));
    Scene::refused(|declared| declared.depends_on.push(around), "these effects wait for each other");
    Scene::refused(|declared| declared.depends_on.push((id("dns.record/domain"), id("dns.record/domain"))), "these effects wait for each other");
}

#[test]
fn edges_to_nothing_are_refused() {
    Scene::refused(
        |declared| declared.depends_on.push((id("dns.record/domain"), id("dns.record/other"))),
        "dns.record/domain is to wait for dns.record/other, which isn't declared",
    );
    Scene::refused(
        |declared| declared.depends_on.push((id("dns.record/other"), id("dns.record/domain"))),
        "dns.record/other is to wait for dns.record/domain, but isn't declared",
    );
    // A token of something that nobody makes.
    let stray = format!("a: {}\n", token("efs.file-system/other"));
    Scene::refused(|declared| drop(declared.files.insert("values.yaml".to_owned(), stray)), "or for one that isn't declared");
}

#[test]
fn foreign_volumes_are_refused() {
    for (file_system, access_point) in [
        ("fs-0a1000000000005e2".to_owned(), "fsap-00000000000000001".to_owned()),
        ("fs-0a1000000000005e2".to_owned(), token("efs.access-point/data")),
        (token("efs.file-system/data"), "fsap-00000000000000001".to_owned()),
    ] {
        let manifest = volume_manifest(&file_system, &access_point);
        Scene::refused(
            |declared| drop(declared.files.insert("dependencies/volumes.yaml".to_owned(), manifest)),
            "PersistentVolume \"acme--chat--data\" mounts a volume that the target didn't ask for",
        );
    }
}

#[test]
fn what_the_region_lacks_is_refused() {
    Scene::refused(
        |declared| drop(declared.volumes.insert("more".to_owned(), volume("fast"))),
        "the volume \"more\" asks for the storage class \"fast\", which us-west-2 doesn't have",
    );
    Scene::refused(
        |declared| drop(declared.records.insert("domain".to_owned(), "chat.example.net".to_owned())),
        "the record \"domain\" is for chat.example.net, which lies in no hosted zone",
    );
}

#[test]
fn a_broken_token_is_refused() {
    let cut: String = token("efs.file-system/data").chars().skip(1).collect();
    Scene::refused(
        |declared| drop(declared.files.insert("values.yaml".to_owned(), format!("a: 1\nb: {cut}\n"))),
        "git.file/values.yaml: line 2 holds what is left of a value",
    );
}

#[test]
fn an_application_cannot_point_elsewhere() {
    use ApplicationRole::{Base, Workload};
    for (role, pointer, value) in [
        (Workload, "/metadata/name", json!("argocd")),
        (Workload, "/spec/project", json!("deploycenter-base")),
        (Workload, "/spec/destination/server", json!("https://euw3.k8s.example.com")),
        (Workload, "/spec/destination/namespace", json!("kube-system")),
        (Base, "/spec/source/repoURL", json!("https://git.example.com/evil.git")),
        (Base, "/spec/source/targetRevision", json!("customer/acme-corp")),
        (Base, "/spec/source/path", json!("us-west-2/chat/chart")),
        (Workload, "/spec/source/helm/valueFiles", json!(["/etc/passwd"])),
        (Workload, "/spec/source/helm/valueFiles", json!(null)),
    ] {
        Scene::refused(
            |declared| *declared.applications.get_mut(&role).unwrap().pointer_mut(pointer).unwrap() = value.clone(),
            &format!("the {} application's {pointer} is {value}, and has to be ", role.as_str()),
        );
    }
    Scene::refused(
        |declared| declared.applications.get_mut(&Workload).unwrap()["spec"]["sources"] = json!([]),
        "the workload application's spec has \"sources\", which a plugin may not set",
    );
    Scene::refused(|declared| drop(declared.applications.remove(&Base)), "the plugin declares no base application");
}

#[test]
fn every_problem_is_told_at_once() {
    let mut scene = Scene::new();
    scene.declaration.applications.clear();
    scene.declaration.volumes.insert("more".to_owned(), volume("fast"));
    assert_eq!(scene.wanted().unwrap_err().len(), 3);
}

#[test]
fn what_customers_share() {
    let destinations = BTreeSet::from([
        ("https://usw2.k8s.example.com".to_owned(), "acme--chat".to_owned()),
        ("https://euw3.k8s.example.com".to_owned(), "acme--odoo".to_owned()),
    ]);
    let shared = wanted::shared(&"testing".parse().unwrap(), &"acme".parse().unwrap(), &destinations, REPOSITORY);
    let order: Vec<String> = shared.iter().map(|effect| effect.id.to_string()).collect();
    assert_eq!(order, ["argocd.project/acme", "git.file/project.json", "git.commit/folder"]);
    let Resource::Project(project) = &shared[0].after else { panic!() };
    let listed = project.spec["destinations"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(!project.spec["destinations"].to_string().contains('*'), "{listed:?}");
    assert_eq!(project.spec["clusterResourceWhitelist"], json!([]));
    for (group, kind) in [("", "ResourceQuota"), ("networking.k8s.io", "NetworkPolicy"), ("rbac.authorization.k8s.io", "*")] {
        let refused = project.spec["namespaceResourceBlacklist"].as_array().unwrap();
        assert!(refused.contains(&json!({ "group": group, "kind": kind })), "{kind}");
    }
    let Resource::Folder(folder) = &shared[2].after else { panic!() };
    assert_eq!((folder.branch.as_str(), folder.path.as_str()), ("customer/acme", ""));
}
