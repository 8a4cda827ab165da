//! Records.

use deploycenter_domain::resource::{Ownership, Resource};
use deploycenter_ports::{Provider, ProviderErrorKind};
use futures::future::join_all;

use crate::backend::Backend;
use crate::raw;
use crate::steps::*;

const RECORD: &str = "dns.record/web";

pub(crate) async fn a_record_is_made_once_changed_and_removed(backend: Backend) {
    let dns = backend.aws().route53();
    let (first, second) = (record(&backend, "life", 10), record(&backend, "life", 20));
    let step = create(RECORD, &first);
    assert_eq!(fresh(&dns, &first).await, None);
    assert!(ensured(&dns, &step).await.changed);
    let there = fresh(&dns, &first).await.unwrap();
    assert_eq!(
        (&there.state, &there.ownership),
        (&first, &Ownership::ByPlace)
    );
    let listed = backend
        .aws()
        .route53()
        .snapshot()
        .observe(&first)
        .await
        .unwrap();
    assert_eq!(listed, Some(there));
    assert!(
        !ensured(&dns, &step).await.changed,
        "it stood there already"
    );
    assert!(
        ensured(&dns, &uncertain(&step)).await.changed,
        "an uncertain attempt is ours"
    );

    let change = update(RECORD, &first, &second);
    assert!(ensured(&dns, &change).await.changed);
    assert_eq!(fresh(&dns, &first).await.unwrap().state, second);
    assert!(!ensured(&dns, &change).await.changed);
    assert!(ensured(&dns, &uncertain(&change)).await.changed);
    assert_eq!(
        refusal(&dns, &create(RECORD, &first)).await,
        ProviderErrorKind::Moved
    );

    let there = if backend.sandbox.is_some() {
        dns.undo(&change).await.unwrap();
        assert_eq!(fresh(&dns, &first).await.unwrap().state, first);
        dns.undo(&change).await.unwrap();
        first.clone()
    } else {
        // moto never makes a record a second time that it made once.
        second
    };
    let step = create(RECORD, &there);
    dns.undo(&step).await.unwrap();
    assert_eq!(fresh(&dns, &first).await, None);
    dns.undo(&step).await.unwrap();
    assert_eq!(
        refusal(&dns, &change).await,
        ProviderErrorKind::Moved,
        "there is nothing to change"
    );
    assert!(!ensured(&dns, &removal(RECORD, &first)).await.changed);
}

pub(crate) async fn an_alias_and_a_wildcard_are_seen_as_they_were_made(backend: Backend) {
    let dns = backend.aws().route53();
    let Resource::Record(mut wildcard) = record(&backend, "any", 1) else {
        unreachable!()
    };
    wildcard.name = "*.any.apps.example.com".into();
    for wanted in [alias(&backend, "alias"), Resource::Record(wildcard)] {
        ensured(&dns, &create(RECORD, &wanted)).await;
        assert_eq!(fresh(&dns, &wanted).await.unwrap().state, wanted);
        dns.undo(&create(RECORD, &wanted)).await.unwrap();
        assert_eq!(fresh(&dns, &wanted).await, None);
    }
}

pub(crate) async fn an_a_and_its_aaaa_are_one(backend: Backend) {
    let dns = backend.aws().route53();
    for (name, single) in [
        ("dual", alias(&backend, "dual")),
        ("dual-ip", record(&backend, "dual-ip", 10)),
    ] {
        let both = dual(&single);
        backend.calls.take();
        ensured(&dns, &create(RECORD, &both)).await;
        let calls = backend.calls.take();
        let batches = calls
            .iter()
            .filter(|call| *call == "ChangeResourceRecordSets");
        assert_eq!(batches.count(), 1, "{calls:?}");
        // Both are seen, whatever is wanted.
        for wanted in [&single, &both] {
            let there = fresh(&dns, wanted).await.unwrap();
            assert_eq!(
                (there.state, there.ownership),
                (both.clone(), Ownership::ByPlace)
            );
        }
        let listed = backend.aws().route53();
        let listed = listed.snapshot().observe(&single).await.unwrap();
        assert_eq!(listed.unwrap().state, both);

        // moto never makes a record a second time that it made once.
        if backend.sandbox.is_some() {
            let off = update(RECORD, &both, &single);
            assert!(ensured(&dns, &off).await.changed);
            assert_eq!(raw::records(&backend, name).await.len(), 1);
            dns.undo(&off).await.unwrap();
            assert_eq!(fresh(&dns, &single).await.unwrap().state, both);

            // Half of it in someone's hands is no longer what was made.
            let sets = raw::records(&backend, name).await;
            raw::remove_record(&backend, sets[1].clone()).await;
            assert_eq!(fresh(&dns, &both).await.unwrap().state, single);
            let failure = dns.ensure(&removal(RECORD, &both)).await.unwrap_err();
            assert_eq!(failure.kind, ProviderErrorKind::Moved);
            assert!(failure.message.contains("aaaa is null"), "{failure}");
            raw::put_record(&backend, sets[1].clone()).await;
            raw::remove_record(&backend, sets[0].clone()).await;
            let Resource::Record(left) = fresh(&dns, &both).await.unwrap().state else {
                unreachable!()
            };
            assert!(!left.has_a() && left.aaaa.is_some());
            let mend = update(RECORD, &Resource::Record(left), &both);
            assert!(ensured(&dns, &mend).await.changed);
            assert_eq!(raw::records(&backend, name).await, sets);
        }
        dns.undo(&create(RECORD, &both)).await.unwrap();
        assert_eq!(fresh(&dns, &both).await, None);
        assert_eq!(raw::records(&backend, name).await, []);
    }
}

pub(crate) async fn a_record_that_someone_edited_is_left_alone(backend: Backend) {
    let dns = backend.aws().route53();
    let (planned, edited) = (
        record(&backend, "edited", 10),
        record(&backend, "edited", 99),
    );
    ensured(&dns, &create(RECORD, &edited)).await;
    let wanted = record(&backend, "edited", 20);
    let failure = dns
        .ensure(&update(RECORD, &planned, &wanted))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(
        failure.message.contains("weight is 99, not 10"),
        "{failure}"
    );
    assert_eq!(
        refusal(&dns, &removal(RECORD, &planned)).await,
        ProviderErrorKind::Moved
    );
    let failure = dns.undo(&create(RECORD, &planned)).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert_eq!(fresh(&dns, &planned).await.unwrap().state, edited);
    dns.undo(&create(RECORD, &edited)).await.unwrap();
}

pub(crate) async fn a_simple_record_is_foreign_and_a_neighbour_is_not(backend: Backend) {
    let dns = backend.aws().route53();
    raw::simple_record(&backend, "simple.apps.example.com").await;
    let wanted = record(&backend, "simple", 10);
    for seen in [
        dns.snapshot().observe(&wanted).await,
        dns.observe(&wanted).await,
    ] {
        let seen = seen.unwrap().unwrap();
        assert!(matches!(seen.ownership, Ownership::Foreign(_)), "{seen:?}");
    }
    let failure = dns
        .ensure(&uncertain(&create(RECORD, &wanted)))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    assert!(
        failure
            .help
            .unwrap()
            .to_string()
            .contains("give acme/odoo another name")
    );
    if backend.sandbox.is_some() {
        assert_eq!(
            refusal(&dns, &create(RECORD, &wanted)).await,
            ProviderErrorKind::Foreign
        );
    }

    let Resource::Record(mut theirs) = record(&backend, "shared", 1) else {
        unreachable!()
    };
    theirs.set_identifier = "deploycenter/other/acme/us-west-2".into();
    ensured(&dns, &create(RECORD, &Resource::Record(theirs.clone()))).await;
    let ours = record(&backend, "shared", 3);
    assert_eq!(fresh(&dns, &ours).await, None);
    ensured(&dns, &create(RECORD, &ours)).await;
    dns.undo(&create(RECORD, &ours)).await.unwrap();
    assert!(fresh(&dns, &Resource::Record(theirs)).await.is_some());
}

/// Fifty records at once are a few batches, and one that can't be made fails alone.
pub(crate) async fn one_bad_record_of_fifty_fails_alone(backend: Backend) {
    let dns = backend.aws().route53();
    let records: Vec<Resource> = (0..50)
        .map(|n| record(&backend, &format!("many-{n}"), 10))
        .collect();
    backend.calls.take();
    let steps: Vec<_> = records.iter().map(|one| create(RECORD, one)).collect();
    let outcomes = join_all(steps.iter().map(|step| dns.ensure(step))).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.as_ref().unwrap().changed)
    );
    let calls = backend.calls.take();
    let batches = calls
        .iter()
        .filter(|call| *call == "ChangeResourceRecordSets")
        .count();
    assert_eq!(batches, 1, "{calls:?}");

    let undone = join_all(steps.iter().map(|step| dns.undo(step))).await;
    assert!(undone.into_iter().all(|outcome| outcome.is_ok()));

    let mut records: Vec<Resource> = (50..100)
        .map(|n| record(&backend, &format!("many-{n}"), 10))
        .collect();
    let Resource::Record(bad) = &mut records[17] else {
        unreachable!()
    };
    bad.name = "elsewhere.example.org".into();
    let steps: Vec<_> = records.iter().map(|one| create(RECORD, one)).collect();
    let outcomes = join_all(steps.iter().map(|step| dns.ensure(step))).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Err(failure) => {
                assert_eq!(n, 17, "{failure}");
                assert_eq!(failure.kind, ProviderErrorKind::Refused);
                assert!(
                    failure.message.contains("elsewhere.example.org"),
                    "{failure}"
                );
            }
            Ok(_) => assert_ne!(n, 17),
        }
    }
    for (n, one) in records.iter().enumerate() {
        if n != 17 {
            assert_eq!(fresh(&dns, one).await.unwrap().state, *one);
        }
    }
}
