//! What can be adopted, and how a plan says that it is.

use deploycenter_domain::effect::{Action, OutputName};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Observed, Ownership, Record, Resource, Routing};

use crate::support::{
    access_point, application, effect, file_system, folder, id, mount_target, record, secret, sync,
};

fn way(state: Resource, effect: &str) -> Option<Remedy> {
    let there = Observed {
        outputs: [(OutputName::Id, "fs-1".to_owned())].into(),
        ownership: Ownership::Foreign("is someone's".to_owned()),
        state,
    };
    there.way_to_adopt(&"acme/chat".parse().unwrap(), &id(effect))
}

#[test]
fn the_way_is_said_where_there_is_one() {
    let said = |image, effect: &str, named: Option<&str>| {
        let what = Adopted::Effect {
            effect: id(effect),
            id: named.map(str::to_owned),
        };
        let targets = Targets::One("acme/chat".parse().unwrap());
        let expected = Remedy::Adopt { targets, what };
        assert_eq!(way(image, effect), Some(expected));
    };
    said(file_system(), "efs.file-system/data", Some("fs-1"));
    said(application("workload"), "argocd.application/workload", None);
    let Resource::Record(weighted) = record(1) else {
        unreachable!()
    };
    let simple = |routing| {
        Resource::Record(Record {
            set_identifier: String::new(),
            routing,
            ..weighted.clone()
        })
    };
    let to = |value: &str| Routing::Addresses {
        ipv4: vec![value.to_owned()],
        ttl: 60,
    };
    said(simple(to("192.0.2.1")), "dns.record/web", None);

    // A record of another policy, one of another type, and what has no place of its own.
    for (image, effect) in [
        (record(1), "dns.record/web"),
        (simple(to("elsewhere.example.net")), "dns.record/web"),
        (mount_target("fs-1"), "efs.mount-target/a"),
        (access_point("fs-1"), "efs.access-point/data"),
        (secret(), "secrets.entry/db"),
        (folder(None), "git.commit/folder"),
        (sync("workload", None), "argocd.sync/workload"),
    ] {
        assert_eq!(way(image, effect), None, "{effect}");
    }
}

#[test]
fn an_adoption_is_an_update_even_if_only_the_marks_change() {
    let plain = effect("dns.record/web", Some(record(1)), Some(record(1)));
    assert_eq!(plain.action, Action::None);
    let text = serde_json::to_string(&plain).unwrap();
    assert!(!text.contains("adopt"), "{text}");
    let adoption = Adoption {
        id: Some("legacy".to_owned()),
        former: None,
    };
    let adopting = plain.adopting(adoption);
    assert_eq!(adopting.action, Action::Update);
    let value = serde_json::to_value(&adopting).unwrap();
    assert_eq!(value["adopt"], serde_json::json!({ "id": "legacy" }));
    let back: PlannedEffect = serde_json::from_value(value).unwrap();
    assert_eq!(back, adopting);
}

#[test]
fn a_simple_record_has_no_set_identifier_in_json() {
    let Resource::Record(weighted) = record(1) else {
        unreachable!()
    };
    let simple = Resource::Record(Record {
        set_identifier: String::new(),
        ..weighted
    });
    let value = serde_json::to_value(&simple).unwrap();
    assert_eq!(value.get("setIdentifier"), None);
    assert_eq!(serde_json::from_value::<Resource>(value).unwrap(), simple);
}
