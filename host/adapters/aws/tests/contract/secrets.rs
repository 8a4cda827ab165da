//! Entries of Secrets Manager.

use std::collections::BTreeMap;

use deploycenter_domain::declaration::GeneratedKey;
use deploycenter_domain::name::RegionName;
use deploycenter_domain::resource::{Ownership, Resource};
use deploycenter_ports::{ProvidedOwner, ProvidedSecrets as _, Provider, ProviderErrorKind};

use crate::backend::Backend;
use crate::raw;
use crate::steps::*;

const SECRET: &str = "secrets.entry/db";

pub(crate) async fn an_entry_is_drawn_once_and_goes_again(backend: Backend) {
    let secrets = backend.aws().secrets();
    let wanted = secret(&backend, "once");
    let step = create(SECRET, &wanted);
    assert_eq!(fresh(&secrets, &wanted).await, None);
    assert!(ensured(&secrets, &step).await.changed);
    let there = fresh(&secrets, &wanted).await.unwrap();
    assert_eq!(there.state, wanted);
    assert_eq!(there.ownership, Ownership::Owned(owner(SECRET, "d1")));
    let listed = backend
        .aws()
        .secrets()
        .snapshot()
        .observe(&wanted)
        .await
        .unwrap();
    assert_eq!(listed, Some(there));

    let Resource::Secret(named) = &wanted else {
        unreachable!()
    };
    let value = raw::secret_value(&backend, &named.name).await;
    let drawn: BTreeMap<String, String> = serde_json::from_str(&value).unwrap();
    let lengths: Vec<_> = drawn
        .iter()
        .map(|(key, value)| (key.as_str(), value.len()))
        .collect();
    assert_eq!(lengths, [("password", 32), ("salt", 64)]);

    assert!(ensured(&secrets, &step).await.changed);
    assert!(ensured(&secrets, &uncertain(&step)).await.changed);
    assert!(!ensured(&secrets, &by("d2", &step)).await.changed);
    assert_eq!(
        raw::secret_value(&backend, &named.name).await,
        value,
        "it was drawn once"
    );

    let failure = secrets.undo(&by("d2", &step)).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    secrets.undo(&step).await.unwrap();
    assert_eq!(fresh(&secrets, &wanted).await, None);
    secrets.undo(&step).await.unwrap();
    assert!(
        ensured(&secrets, &step).await.changed,
        "its name is free again"
    );
    assert_ne!(raw::secret_value(&backend, &named.name).await, value);
    secrets.undo(&step).await.unwrap();
}

pub(crate) async fn an_entry_keeps_its_keys(backend: Backend) {
    let secrets = backend.aws().secrets();
    let wanted = secret(&backend, "keys");
    ensured(&secrets, &create(SECRET, &wanted)).await;
    let Resource::Secret(mut more) = wanted.clone() else {
        unreachable!()
    };
    more.keys.push(GeneratedKey {
        key: "token".into(),
        length: 40,
    });
    let more = Resource::Secret(more);
    assert_eq!(
        refusal(&secrets, &update(SECRET, &wanted, &more)).await,
        ProviderErrorKind::Refused
    );
    assert_eq!(
        refusal(&secrets, &create(SECRET, &more)).await,
        ProviderErrorKind::Moved
    );
    assert_eq!(
        refusal(&secrets, &removal(SECRET, &more)).await,
        ProviderErrorKind::Moved
    );
    assert!(ensured(&secrets, &removal(SECRET, &wanted)).await.changed);
}

pub(crate) async fn an_entry_on_its_way_out_is_foreign(backend: Backend) {
    let secrets = backend.aws().secrets();
    let wanted = secret(&backend, "leaving");
    ensured(&secrets, &create(SECRET, &wanted)).await;
    let Resource::Secret(named) = &wanted else {
        unreachable!()
    };
    raw::schedule_deletion(&backend, &named.name).await;
    let seen = fresh(&secrets, &wanted).await.unwrap();
    assert_eq!(
        seen.ownership,
        Ownership::Foreign("waits for its deletion".into())
    );
    assert_eq!(
        refusal(&secrets, &create(SECRET, &wanted)).await,
        ProviderErrorKind::Foreign
    );
}

pub(crate) async fn a_person_gives_an_entry_and_gives_it_anew(backend: Backend) {
    let aws = backend.aws();
    let given = aws.provided_secrets();
    let region: RegionName = backend.region.parse().unwrap();
    let owner = |target: &str| ProvidedOwner {
        installation: "inst-1".parse().unwrap(),
        target: target.parse().unwrap(),
    };
    let name = "deploycenter/inst-1/acme/odoo/given-smtp";
    let prefix = "deploycenter/inst-1/acme/odoo/given-";
    let early = given.entries();
    assert_eq!(early.list(&region, prefix).await.unwrap(), []);
    let mut versions = Vec::new();
    for value in ["first", "quo\"ted"] {
        given
            .set(&region, name, "password", value, &owner("acme/odoo"))
            .await
            .unwrap();
        let stored = raw::secret_value(&backend, name).await;
        assert_eq!(stored, serde_json::json!({ "password": value }).to_string());
        let [entry] = &given.entries().list(&region, prefix).await.unwrap()[..] else {
            panic!("there is one");
        };
        assert!(entry.changed.is_some(), "{entry:?}");
        versions.push(entry.version.clone().unwrap());
    }
    assert_ne!(versions[0], versions[1], "set anew is another version");
    assert_eq!(early.list(&region, prefix).await.unwrap(), []);
    let again = given.entries().list(&region, prefix).await.unwrap();
    assert_eq!(again[0].version.as_ref(), versions.last());
    let now = given.now(&region, name).await.unwrap();
    assert_eq!(now.as_ref(), again.first());
    assert_eq!(given.now(&region, &format!("{name}2")).await.unwrap(), None);
    let drawn = "deploycenter/inst-1/acme/odoo/given-beside";
    let Resource::Secret(mut beside) = secret(&backend, "x") else {
        unreachable!()
    };
    beside.name = drawn.into();
    ensured(&aws.secrets(), &create(SECRET, &Resource::Secret(beside))).await;
    let listed = given.entries().list(&region, prefix).await.unwrap();
    let listed: Vec<(&str, bool)> = listed
        .iter()
        .map(|entry| (entry.name.as_str(), entry.is_given))
        .collect();
    assert_eq!(listed, [(drawn, false), (name, true)]);

    let failure = given
        .set(&region, name, "password", "x", &owner("globex/odoo"))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    let Resource::Secret(mut wanted) = secret(&backend, "x") else {
        unreachable!()
    };
    wanted.name = name.into();
    let failure = aws
        .secrets()
        .ensure(&create(SECRET, &Resource::Secret(wanted)))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Foreign);
    assert!(
        failure.message.contains("was given by a person"),
        "{failure}"
    );
}
