//! What an installation has, from lists alone.

use deploycenter_domain::name::RegionName;
use deploycenter_domain::remedy::Remedy;
use deploycenter_domain::resource::{Owner, Record, Resource, Secret};
use deploycenter_ports::{
    InventoryItem, InventorySource, Marker, ProvidedOwner, ProvidedSecrets as _, Provider,
    ProviderErrorKind, Step,
};

use crate::backend::Backend;
use crate::raw;
use crate::steps::*;

/// The holdings of the test's own installation; moto serves other tests' too.
async fn held(system: &dyn InventorySource, installation: &str) -> Vec<InventoryItem> {
    let all = system.inventory(&installation.parse().unwrap()).await;
    let all = all.unwrap();
    assert!(all.is_sorted_by(|a, b| a.id < b.id), "{all:?}");
    all
}

fn of(installation: &str, step: Step) -> Step {
    Step {
        owner: Owner {
            installation: installation.parse().unwrap(),
            ..step.owner
        },
        ..step
    }
}

pub(crate) async fn all_of_efs_is_listed_and_nothing_foreign(backend: Backend) {
    let efs = backend.aws().efs();
    let (mine, other) = ("held-efs", "held-efs-2");
    let make = |token: &str| {
        of(
            mine,
            create("efs.file-system/data", &file_system(&backend, token)),
        )
    };
    let steps = ["held-1", "held-2"].map(make);
    let mut ids = Vec::new();
    for step in &steps {
        ids.push(id(&ensured(&efs, step).await));
    }
    let point = access_point(&backend, &ids[0], "held");
    let point = of(mine, create("efs.access-point/data", &point));
    let mount = mount_target(&backend, &ids[0], 0);
    let mount = of(mine, create("efs.mount-target/data-a", &mount));
    for step in [&point, &mount] {
        ids.push(id(&ensured(&efs, step).await));
    }
    let neighbour = of(
        other,
        create("efs.file-system/data", &file_system(&backend, "held-3")),
    );
    ensured(&efs, &neighbour).await;
    raw::file_system(&backend, "nobodys", "elastic", &Default::default()).await;
    let odd = [("deploycenter:installation".to_owned(), mine.to_owned())].into();
    let odd = raw::file_system(&backend, "odd", "elastic", &odd).await;

    let all = held(&efs, mine).await;
    let mut expected = ids.clone();
    expected.push(odd.clone());
    expected.sort();
    let found: Vec<&str> = all.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(found, expected);
    for one in &all {
        assert_eq!(one.system, "efs");
        let whose = steps
            .iter()
            .chain([&point])
            .find(|step| step.after.as_ref() == Some(&one.state));
        match (&one.state, &one.holder) {
            (Resource::MountTarget(_), Marker::Effect(owner)) => {
                assert_eq!(Some(&one.state), mount.after.as_ref());
                assert_eq!(*owner, steps[0].owner, "its file system's");
            }
            (_, Marker::Effect(owner)) => assert_eq!(*owner, whose.unwrap().owner),
            (_, Marker::Unknown(why)) => {
                assert_eq!(one.id, odd);
                assert!(why.contains("tags"), "{why}");
            }
            other => panic!("{other:?}"),
        }
        let dated = matches!(one.state, Resource::FileSystem(_));
        assert_eq!(one.since.is_some(), dated, "{one:?}");
    }
    assert_eq!(held(&efs, other).await.len(), 1);

    // Each state is what a removal starts from.
    for kind in ["access-point", "mount-target", "file-system"] {
        for one in &all {
            let Marker::Effect(owner) = &one.holder else {
                continue;
            };
            let state = serde_json::to_value(&one.state).unwrap();
            if state["type"] == kind {
                let removal = Step {
                    owner: owner.clone(),
                    ..removal(&owner.effect.to_string(), &one.state)
                };
                assert!(ensured(&efs, &removal).await.changed);
            }
        }
    }
    let left = held(&efs, mine).await;
    assert_eq!(left.iter().map(|one| &one.id).collect::<Vec<_>>(), [&odd]);
}

pub(crate) async fn all_records_are_listed_and_nothing_foreign(backend: Backend) {
    let dns = backend.aws().route53();
    let with = |name: &str, identifier: &str| {
        let Resource::Record(plain) = record(&backend, name, 10) else {
            unreachable!()
        };
        Resource::Record(Record {
            set_identifier: identifier.to_owned(),
            ..plain
        })
    };
    let names = [
        ("held-a", "deploycenter/held-dns/acme/eu-west-3"),
        ("held-b", "deploycenter/held-dns/globex/us"),
        ("held-b", "deploycenter/held-dns-2/globex/us"),
        ("held-c", "deploycenter/held-dns/odd"),
        ("held-c", "someone-else"),
    ];
    let mut records = names.map(|(name, identifier)| with(name, identifier));
    // Both of a name and set-identifier are one.
    records[0] = dual(&records[0]);
    for one in &records {
        ensured(&dns, &create("dns.record/web", one)).await;
    }
    raw::simple_record(&backend, "held-d.apps.example.com").await;
    let all = held(&dns, "held-dns").await;
    let states: Vec<&Resource> = all.iter().map(|one| &one.state).collect();
    assert_eq!(states, [&records[0], &records[1], &records[3]]);
    let customer = |customer: &str, region: &str| Marker::Customer {
        customer: customer.parse().unwrap(),
        region: region.parse().unwrap(),
    };
    assert_eq!(all[0].holder, customer("acme", "eu-west-3"));
    assert_eq!(all[1].holder, customer("globex", "us"));
    assert!(matches!(all[2].holder, Marker::Unknown(_)));
    let id = format!("{} held-a.apps.example.com {}", backend.zone, names[0].1);
    assert_eq!(
        (all[0].id.as_str(), all[0].system),
        (id.as_str(), "route53")
    );
    for one in &all {
        assert!(
            ensured(&dns, &removal("dns.record/web", &one.state))
                .await
                .changed
        );
    }
    assert_eq!(held(&dns, "held-dns").await, []);
}

pub(crate) async fn all_secrets_are_listed_and_a_given_one_can_go(backend: Backend) {
    let aws = backend.aws();
    let (secrets, given) = (aws.secrets(), aws.provided_secrets());
    let region: RegionName = backend.region.parse().unwrap();
    let mine = "held-secrets";
    let named = |name: &str| {
        let Resource::Secret(plain) = secret(&backend, "x") else {
            unreachable!()
        };
        Resource::Secret(Secret {
            name: format!("deploycenter/{mine}/acme/odoo/i1/{name}"),
            ..plain
        })
    };
    let drawn = of(mine, create("secrets.entry/db", &named("db")));
    ensured(&secrets, &drawn).await;
    let neighbour = of(
        "held-secrets-2",
        create("secrets.entry/db", &named("theirs")),
    );
    ensured(&secrets, &neighbour).await;
    let smtp = format!("deploycenter/{mine}/acme/odoo/i1/smtp");
    let owner = ProvidedOwner {
        installation: mine.parse().unwrap(),
        target: "acme/odoo".parse().unwrap(),
    };
    given
        .set(&region, &smtp, "password", "x", &owner)
        .await
        .unwrap();

    let all = held(&secrets, mine).await;
    let found: Vec<(&str, &Marker)> = all
        .iter()
        .map(|one| (one.id.as_str(), &one.holder))
        .collect();
    let name = format!("deploycenter/{mine}/acme/odoo/i1/db");
    assert_eq!(
        found,
        [
            (name.as_str(), &Marker::Effect(drawn.owner.clone())),
            (smtp.as_str(), &Marker::Given(owner.target.clone())),
        ]
    );
    assert_eq!(Some(&all[0].state), drawn.after.as_ref());
    assert!(all.iter().all(|one| one.since.is_some()));

    // It can't be adopted, and only its own target removes it.
    let failure = secrets
        .observe_foreign(&all[1].state, &Default::default())
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    let gift = of(mine, removal("secrets.entry/smtp", &all[1].state));
    let mut stranger = gift.clone();
    stranger.owner.target = "globex/odoo".parse().unwrap();
    assert_eq!(
        refusal(&secrets, &stranger).await,
        ProviderErrorKind::Foreign
    );
    let elsewhere = of("held-secrets-2", gift.clone());
    assert_eq!(
        refusal(&secrets, &elsewhere).await,
        ProviderErrorKind::Foreign
    );
    let as_drawn = of(mine, removal("secrets.entry/db", &named("smtp")));
    assert_eq!(
        refusal(&secrets, &as_drawn).await,
        ProviderErrorKind::Foreign
    );
    assert!(ensured(&secrets, &gift).await.changed);
    assert!(
        !ensured(&secrets, &gift).await.changed,
        "it is gone already"
    );
    let failure = secrets.undo(&gift).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused);
    let set = Remedy::SecretSet {
        target: Some("acme/odoo".parse().unwrap()),
        name: None,
    };
    assert!(failure.help.unwrap().remedies().eq([&set]));
    assert_eq!(held(&secrets, mine).await.len(), 1);
    ensured(
        &secrets,
        &of(mine, removal("secrets.entry/db", &named("db"))),
    )
    .await;
    assert_eq!(held(&secrets, mine).await, []);
}
