//! What a declaration may not ask for.

use deploycenter_domain::application::IgnoredDifference;
use deploycenter_domain::declaration::ApplicationRole;

use crate::scene::{Scene, volume, volume_manifest};
use crate::support::{id, token};

#[test]
fn a_cycle_is_refused() {
    let around = (id("efs.file-system/data"), id("argocd.sync/workload"));
    Scene::refused(
        |declared| declared.depends_on.push(around),
        "these effects wait for each other",
    );
    Scene::refused(
        |declared| {
            declared
                .depends_on
                .push((id("dns.record/domain"), id("dns.record/domain")))
        },
        "these effects wait for each other",
    );
}

#[test]
fn edges_to_nothing_are_refused() {
    Scene::refused(
        |declared| {
            declared
                .depends_on
                .push((id("dns.record/domain"), id("dns.record/other")))
        },
        "dns.record/domain is to wait for dns.record/other, which isn't declared",
    );
    Scene::refused(
        |declared| {
            declared
                .depends_on
                .push((id("dns.record/other"), id("dns.record/domain")))
        },
        "dns.record/other is to wait for dns.record/domain, but isn't declared",
    );
    // A token of something that nobody makes.
    let stray = format!("a: {}\n", token("efs.file-system/other"));
    Scene::refused(
        |declared| drop(declared.files.insert("values.yaml".to_owned(), stray)),
        "or for one that isn't declared",
    );
}

#[test]
fn foreign_volumes_are_refused() {
    for (file_system, access_point) in [
        (
            "fs-0a1000000000005e2".to_owned(),
            "fsap-00000000000000001".to_owned(),
        ),
        (
            "fs-0a1000000000005e2".to_owned(),
            token("efs.access-point/data"),
        ),
        (
            token("efs.file-system/data"),
            "fsap-00000000000000001".to_owned(),
        ),
    ] {
        let manifest = volume_manifest(&file_system, &access_point);
        Scene::refused(
            |declared| {
                drop(
                    declared
                        .files
                        .insert("dependencies/volumes.yaml".to_owned(), manifest),
                )
            },
            "which has to be a volume that the target asked for",
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
        |declared| {
            drop(
                declared
                    .records
                    .insert("domain".to_owned(), "chat.example.net".to_owned()),
            )
        },
        "the record \"domain\" is for chat.example.net, which lies in no hosted zone",
    );
}

#[test]
fn a_broken_token_is_refused() {
    let cut: String = token("efs.file-system/data").chars().skip(1).collect();
    Scene::refused(
        |declared| {
            drop(
                declared
                    .files
                    .insert("values.yaml".to_owned(), format!("a: 1\nb: {cut}\n")),
            )
        },
        "git.file/values.yaml: line 2 holds what is left of a value",
    );
}

#[test]
fn an_application_is_declared_and_ignores_nothing_that_guards() {
    use ApplicationRole::{Base, Workload};
    Scene::refused(
        |declared| drop(declared.applications.remove(&Base)),
        "the plugin declares no base application",
    );
    Scene::refused(
        |declared| {
            let options = declared.applications.get_mut(&Workload).unwrap();
            options.ignored_differences.push(IgnoredDifference {
                group: "networking.k8s.io".to_owned(),
                kind: "NetworkPolicy".to_owned(),
                name: None,
                json_pointers: vec!["/spec".to_owned()],
            });
        },
        "the workload application ignores differences of the kind \"NetworkPolicy\": it guards",
    );
}

#[test]
fn every_problem_is_told_at_once() {
    let mut scene = Scene::new();
    scene.declaration.applications.clear();
    scene
        .declaration
        .volumes
        .insert("more".to_owned(), volume("fast"));
    assert_eq!(scene.wanted().unwrap_err().len(), 3);
}
