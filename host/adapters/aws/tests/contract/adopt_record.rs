//! Records that someone else made, taken over and given back.

use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Observed, Ownership, Record, Resource, Routing};
use deploycenter_ports::{Provider, ProviderErrorKind, Step};

use crate::backend::{self, Backend};
use crate::raw;
use crate::steps::*;

const RECORD: &str = "dns.record/web";

fn adoption(id: Option<&str>) -> Adoption {
    Adoption {
        id: id.map(str::to_owned),
        former: None,
    }
}

async fn seen(backend: &Backend, wanted: &Resource, id: Option<&str>) -> Observed {
    let dns = backend.aws().route53();
    let seen = dns.observe_foreign(wanted, &adoption(id)).await.unwrap();
    seen.unwrap()
}

fn taking(seen: &Observed, wanted: &Resource, id: Option<&str>) -> Step {
    Step {
        adopt: Some(adoption(id)),
        ..update(RECORD, &seen.state, wanted)
    }
}

/// A record as someone else would make it, with a set-identifier or without.
fn theirs(backend: &Backend, name: &str, set_identifier: &str) -> Record {
    let Resource::Record(plain) = record(backend, name, 10) else {
        unreachable!()
    };
    Record {
        set_identifier: set_identifier.to_owned(),
        weight: if set_identifier.is_empty() { 0 } else { 10 },
        routing: Routing::Addresses {
            ipv4: vec!["198.51.100.1".into(), "198.51.100.2".into()],
            ttl: 300,
        },
        ..plain
    }
}

/// Takes a record over, again, and gives it back; what else has its name stays.
async fn round(backend: &Backend, name: &str, set: ResourceRecordSet, id: Option<&str>) {
    let dns = backend.aws().route53();
    let wanted = record(backend, name, 10);
    raw::put_record(backend, set).await;
    let before = raw::records(backend, name).await;
    let there = seen(backend, &wanted, id).await;
    assert!(
        matches!(there.ownership, Ownership::Foreign(_)),
        "{there:?}"
    );

    let step = taking(&there, &wanted, id);
    assert!(ensured(&dns, &step).await.changed);
    assert!(ensured(&dns, &uncertain(&step)).await.changed);
    assert!(!ensured(&dns, &step).await.changed);
    for found in [
        dns.snapshot().observe(&wanted).await,
        dns.observe(&wanted).await,
    ] {
        let found = found.unwrap().unwrap();
        assert_eq!(
            (found.state, found.ownership),
            (wanted.clone(), Ownership::ByPlace)
        );
    }
    let after = raw::records(backend, name).await;
    assert_eq!(after.len(), before.len());
    let ours = seen(backend, &wanted, None).await;
    assert_eq!(
        (ours.state, ours.ownership),
        (wanted.clone(), Ownership::ByPlace)
    );

    // moto never makes a record a second time that it made once.
    if backend.sandbox.is_some() {
        for _ in 0..2 {
            dns.undo(&step).await.unwrap();
            assert_eq!(raw::records(backend, name).await, before);
        }
        assert!(ensured(&dns, &step).await.changed);
    }
    assert!(ensured(&dns, &removal(RECORD, &wanted)).await.changed);
}

pub(crate) async fn a_simple_record_is_adopted_and_given_back(backend: Backend) {
    let set = raw::a_record(&theirs(&backend, "adopt-simple", ""));
    round(&backend, "adopt-simple", set, None).await;
}

pub(crate) async fn a_simple_alias_is_adopted_and_given_back(backend: Backend) {
    let Resource::Record(alias) = alias(&backend, "adopt-alias") else {
        unreachable!()
    };
    let simple = Record {
        set_identifier: String::new(),
        weight: 0,
        ..alias
    };
    round(&backend, "adopt-alias", raw::a_record(&simple), None).await;
}

/// Whether ours is to have one too or not: theirs leads elsewhere.
pub(crate) async fn an_aaaa_is_adopted_with_its_a_and_given_back(backend: Backend) {
    let dns = backend.aws().route53();
    for (name, to_both) in [("adopt-six", false), ("adopt-dual", true)] {
        let single = record(&backend, name, 10);
        let wanted = if to_both { dual(&single) } else { single };
        let Resource::Record(simple) = dual(&Resource::Record(theirs(&backend, name, ""))) else {
            unreachable!()
        };
        raw::put_record(&backend, raw::a_record(&simple)).await;
        raw::put_record(&backend, raw::aaaa_record(&simple)).await;
        let before = raw::records(&backend, name).await;
        let there = seen(&backend, &wanted, None).await;
        assert_eq!(there.state, Resource::Record(simple));
        let text = "is a simple A record and a simple AAAA record";
        assert_eq!(there.ownership, Ownership::Foreign(text.into()));
        let step = taking(&there, &wanted, None);
        assert!(ensured(&dns, &step).await.changed);
        assert!(!ensured(&dns, &step).await.changed);
        assert_eq!(fresh(&dns, &wanted).await.unwrap().state, wanted);
        // moto never makes a record a second time that it made once.
        if backend.sandbox.is_some() {
            for _ in 0..2 {
                dns.undo(&step).await.unwrap();
                assert_eq!(raw::records(&backend, name).await, before);
            }
            assert!(ensured(&dns, &step).await.changed);
        }
        assert!(ensured(&dns, &removal(RECORD, &wanted)).await.changed);
        assert_eq!(raw::records(&backend, name).await, []);
    }
}

pub(crate) async fn a_weighted_record_is_adopted_and_its_neighbours_stay(backend: Backend) {
    let name = "adopt-weighted";
    let neighbour = theirs(&backend, name, "neighbour");
    raw::put_record(&backend, raw::a_record(&neighbour)).await;
    let set = raw::a_record(&theirs(&backend, name, "legacy"));
    round(&backend, name, set, Some("legacy")).await;
    let rest = raw::records(&backend, name).await;
    assert_eq!(rest[0].set_identifier.as_deref(), Some("neighbour"));
    assert_eq!(rest.len(), 1);
}

#[tokio::test]
async fn a_record_that_can_be_adopted_is_a_plan_error_that_says_so() {
    let backend = backend::sandbox().await.unwrap();
    let dns = backend.aws().route53();
    let wanted = record(&backend, "way", 10);
    raw::put_record(&backend, raw::a_record(&theirs(&backend, "way", ""))).await;
    let step = create(RECORD, &wanted);
    let (target, effect) = (&step.owner.target, &step.owner.effect);
    let adopt = Remedy::Adopt {
        targets: Targets::One(target.clone()),
        what: Adopted::Effect {
            effect: effect.clone(),
            id: None,
        },
    };
    for there in [
        dns.snapshot().observe(&wanted).await,
        dns.observe(&wanted).await,
    ] {
        let there = there.unwrap().unwrap();
        assert_eq!(
            there.ownership,
            Ownership::Foreign("is a simple A record".into())
        );
        assert_eq!(there.way_to_adopt(target, effect).as_ref(), Some(&adopt));
    }
    let failure = dns.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    assert!(failure.help.unwrap().remedies().eq([&adopt]));

    // A CNAME can't be adopted, so nothing says that it can.
    let wanted = record(&backend, "cname", 10);
    raw::put_record(&backend, raw::cname("cname", "elsewhere.example.net")).await;
    let failure = dns.ensure(&create(RECORD, &wanted)).await.unwrap_err();
    assert_eq!(failure.help.unwrap().remedies().count(), 0);
    let failure = dns.observe_foreign(&wanted, &adoption(None)).await;
    let failure = failure.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    assert!(failure.message.contains("isn't an A record"), "{failure}");
}

#[tokio::test]
async fn a_record_that_changed_before_it_was_adopted_is_left() {
    let backend = backend::sandbox().await.unwrap();
    let dns = backend.aws().route53();
    let wanted = record(&backend, "late", 10);
    assert_eq!(
        dns.observe_foreign(&wanted, &adoption(None)).await,
        Ok(None)
    );
    let simple = theirs(&backend, "late", "");
    raw::put_record(&backend, raw::a_record(&simple)).await;
    let step = taking(&seen(&backend, &wanted, None).await, &wanted, None);
    raw::remove_record(&backend, raw::a_record(&simple)).await;
    assert_eq!(refusal(&dns, &step).await, ProviderErrorKind::Moved);

    let mut edited = raw::a_record(&simple);
    edited.ttl = Some(77);
    raw::put_record(&backend, edited.clone()).await;
    let failure = dns.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("\"ttl\":77"), "{failure}");
    dns.undo(&step).await.unwrap();
    assert_eq!(raw::records(&backend, "late").await, [edited]);
}

/// When ours is edited, or theirs comes back beside it, nothing is done in silence.
#[tokio::test]
async fn an_adoption_that_someone_meddled_with_is_not_taken_back_blindly() {
    let backend = backend::sandbox().await.unwrap();
    let dns = backend.aws().route53();
    let wanted = record(&backend, "meddled", 10);
    let legacy = raw::a_record(&theirs(&backend, "meddled", "legacy"));
    raw::put_record(&backend, legacy.clone()).await;
    let step = taking(&seen(&backend, &wanted, None).await, &wanted, None);
    ensured(&dns, &step).await;
    raw::put_record(&backend, legacy.clone()).await;
    let failure = dns.undo(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("(legacy, weight 10)"), "{failure}");
    raw::remove_record(&backend, legacy).await;

    let edited = record(&backend, "meddled", 99);
    ensured(&dns, &update(RECORD, &wanted, &edited)).await;
    let failure = dns.undo(&step).await.unwrap_err();
    assert!(
        failure.message.contains("weight is 99, not 10"),
        "{failure}"
    );
}

/// Another type of record at the same name is nobody's business.
#[tokio::test]
async fn other_types_stay() {
    let backend = backend::sandbox().await.unwrap();
    let mut text = raw::a_record(&theirs(&backend, "text", ""));
    text.r#type = RrType::Txt;
    for value in text.resource_records.iter_mut().flatten() {
        value.value = format!("\"{}\"", value.value);
    }
    raw::put_record(&backend, text.clone()).await;
    let set = raw::a_record(&theirs(&backend, "text", ""));
    round(&backend, "text", set, None).await;
    assert_eq!(raw::records(&backend, "text").await, [text]);
}
