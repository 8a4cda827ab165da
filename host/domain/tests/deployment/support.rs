//! Small plans and images by hand.

use std::collections::BTreeMap;

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind, OutputName};
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{
    AccessPoint, Application, File, FileSystem, Folder, MountTarget, Outputs, Record, Resource,
    Routing, Secret, Sync,
};
use deploycenter_domain::token::Reference;
use serde_json::json;

pub(crate) fn id(text: &str) -> EffectId {
    text.parse().unwrap()
}

/// The token of an effect's id.
pub(crate) fn token(effect: &str) -> String {
    Reference {
        effect: id(effect),
        output: OutputName::Id,
    }
    .token()
}

pub(crate) fn file_system() -> Resource {
    Resource::FileSystem(FileSystem {
        region: "us-west-2".parse().unwrap(),
        creation_token: "dc-1".to_owned(),
        name: "acme--chat/data".to_owned(),
        performance_mode: "generalPurpose".to_owned(),
        throughput_mode: "elastic".to_owned(),
        kms_key_id: None,
    })
}

pub(crate) fn mount_target(file_system: &str) -> Resource {
    Resource::MountTarget(MountTarget {
        region: "us-west-2".parse().unwrap(),
        file_system: file_system.to_owned(),
        subnet: "subnet-1".to_owned(),
        security_groups: vec!["sg-1".to_owned()],
    })
}

pub(crate) fn access_point(file_system: &str) -> Resource {
    Resource::AccessPoint(AccessPoint {
        region: "us-west-2".parse().unwrap(),
        file_system: file_system.to_owned(),
        client_token: "dc-2".to_owned(),
        name: "acme--chat/data".to_owned(),
        path: "/data".to_owned(),
        uid: 2000,
        gid: 2000,
        permissions: "0750".to_owned(),
    })
}

pub(crate) fn record(weight: u8) -> Resource {
    Resource::Record(Record {
        zone: "Z1".to_owned(),
        name: "chat.example.com".to_owned(),
        set_identifier: "deploycenter/testing/acme/us-west-2".to_owned(),
        weight,
        routing: Routing::Addresses {
            ipv4: vec!["192.0.2.1".to_owned()],
            ttl: 60,
        },
        aaaa: None,
    })
}

pub(crate) fn secret() -> Resource {
    Resource::Secret(Secret {
        region: "us-west-2".parse().unwrap(),
        name: "deploycenter/app".to_owned(),
        keys: vec![],
    })
}

pub(crate) fn file(path: &str, content: &str) -> Resource {
    Resource::File(File {
        path: format!("us-west-2/chat/{path}"),
        content: content.to_owned(),
    })
}

pub(crate) fn folder(tree: Option<&str>) -> Resource {
    Resource::Folder(Folder {
        branch: "customer/acme".to_owned(),
        path: "us-west-2/chat".to_owned(),
        tree: tree.map(str::to_owned),
        files: BTreeMap::new(),
    })
}

pub(crate) fn application(role: &str) -> Resource {
    Resource::Application(Application {
        name: format!("acme--chat--{role}"),
        project: "acme".to_owned(),
        labels: BTreeMap::new(),
        spec: json!({ "source": { "path": "us-west-2/chat/chart" } }),
    })
}

pub(crate) fn sync(role: &str, tree: Option<&str>) -> Resource {
    Resource::Sync(Sync {
        application: format!("acme--chat--{role}"),
        project: "acme".to_owned(),
        branch: "customer/acme".to_owned(),
        path: "us-west-2/chat".to_owned(),
        tree: tree.map(str::to_owned),
        ailing: false,
    })
}

pub(crate) fn effect(
    name: &str,
    before: Option<Resource>,
    after: Option<Resource>,
) -> PlannedEffect {
    PlannedEffect::new(id(name), Vec::new(), before, after)
}

/// The effect with the id that it is known by outside.
pub(crate) fn known(mut effect: PlannedEffect, output: OutputName, value: &str) -> PlannedEffect {
    effect.outputs.insert(output, value.to_owned());
    effect
}

pub(crate) fn plan(effects: Vec<PlannedEffect>) -> TargetPlan {
    let inputs = BTreeMap::from([
        ("desired state".to_owned(), Digest::of(b"desired")),
        ("plugin".to_owned(), Digest::of(b"plugin")),
        ("own folder".to_owned(), Digest::of(b"nothing")),
    ]);
    TargetPlan {
        target: "acme/chat".parse().unwrap(),
        region: "us-west-2".parse().unwrap(),
        app: Some("mattermost".parse().unwrap()),
        incarnation: Incarnation::FIRST,
        operation: Operation::Deploy,
        digest: Digest::of_json(&inputs),
        inputs,
        data_version: None,
        remarks: Vec::new(),
        effects,
    }
}

/// The text of `values.yaml` with the file system's id in it.
pub(crate) fn values(file_system: &str) -> String {
    format!("volume: {file_system}\n")
}

/// A first deployment: one of each kind that an instance has.
pub(crate) fn first() -> TargetPlan {
    let file_system_token = token("efs.file-system/data");
    plan(vec![
        effect("efs.file-system/data", None, Some(file_system())),
        effect(
            "efs.mount-target/data.a",
            None,
            Some(mount_target(&file_system_token)),
        ),
        effect(
            "efs.access-point/data",
            None,
            Some(access_point(&file_system_token)),
        ),
        effect("secrets.entry/app", None, Some(secret())),
        effect("dns.record/domain", None, Some(record(100))),
        effect(
            "git.file/dependencies/namespace.yaml",
            None,
            Some(file("dependencies/namespace.yaml", "kind: Namespace\n")),
        ),
        effect(
            "git.file/values.yaml",
            None,
            Some(file("values.yaml", &values(&file_system_token))),
        ),
        effect("git.commit/folder", None, Some(folder(None))),
        effect("argocd.application/base", None, Some(application("base"))),
        effect(
            "argocd.application/workload",
            None,
            Some(application("workload")),
        ),
        effect("argocd.sync/base", None, Some(sync("base", None))),
        effect("argocd.sync/workload", None, Some(sync("workload", None))),
    ])
}

/// An update of it: the record's weight and `values.yaml` change, nothing else.
pub(crate) fn update() -> TargetPlan {
    let old = "a".repeat(40);
    let stays = |name: &str, image: Resource| effect(name, Some(image.clone()), Some(image));
    plan(vec![
        known(
            stays("efs.file-system/data", file_system()),
            OutputName::Id,
            "fs-1",
        ),
        stays("efs.mount-target/data.a", mount_target("fs-1")),
        known(
            stays("efs.access-point/data", access_point("fs-1")),
            OutputName::Id,
            "fsap-1",
        ),
        stays("secrets.entry/app", secret()),
        effect("dns.record/domain", Some(record(100)), Some(record(50))),
        stays(
            "git.file/dependencies/namespace.yaml",
            file("dependencies/namespace.yaml", "kind: Namespace\n"),
        ),
        effect(
            "git.file/values.yaml",
            Some(file("values.yaml", "old: 1\n")),
            Some(file("values.yaml", &values("fs-1"))),
        ),
        effect(
            "git.commit/folder",
            Some(folder(Some(&old))),
            Some(folder(None)),
        ),
        stays("argocd.application/base", application("base")),
        stays("argocd.application/workload", application("workload")),
        effect(
            "argocd.sync/base",
            Some(sync("base", Some(&old))),
            Some(sync("base", None)),
        ),
        effect(
            "argocd.sync/workload",
            Some(sync("workload", Some(&old))),
            Some(sync("workload", None)),
        ),
    ])
}

/// What an apply of the plan journals, up to the end of the last effect; the folder's
/// files go out with its commit and have no entries.
pub(crate) fn forward(plan: &TargetPlan) -> Vec<Event> {
    let mut events = vec![Event::Started];
    for effect in acting(plan) {
        events.push(intent(effect));
        events.push(done(&effect.id, true));
    }
    events
}

/// The effects of a plan that are called: those that change something, but files.
pub(crate) fn acting(plan: &TargetPlan) -> impl Iterator<Item = &PlannedEffect> {
    plan.effects
        .iter()
        .filter(|effect| effect.action != Action::None && effect.kind != EffectKind::File)
}

pub(crate) fn intent(effect: &PlannedEffect) -> Event {
    Event::Intent {
        effect: effect.id.clone(),
        before: effect.before.clone(),
        after: effect.after.clone(),
    }
}

pub(crate) fn done(effect: &EffectId, changed: bool) -> Event {
    let outputs = match effect.kind() {
        EffectKind::FileSystem => Outputs::from([(OutputName::Id, "fs-1".to_owned())]),
        _ => Outputs::new(),
    };
    Event::Done {
        effect: effect.clone(),
        changed,
        outputs,
    }
}
