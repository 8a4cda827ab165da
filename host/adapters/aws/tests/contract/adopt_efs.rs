//! File systems that someone else made, taken over and given back.

use std::collections::BTreeMap;

use deploycenter_domain::effect::OutputName;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::resource::{Adoption, FileSystem, Observed, Owner, Ownership, Resource};
use deploycenter_ports::{Provider, ProviderErrorKind, Step};
use deploycenter_sandbox::{Effect, Fault, InjectedError};

use crate::backend::{self, Backend};
use crate::raw;
use crate::steps::*;

const FS: &str = "efs.file-system/data";

fn adoption(id: &str) -> Adoption {
    Adoption {
        id: Some(id.to_owned()),
        former: None,
    }
}

/// The operator's tags.
fn tags() -> BTreeMap<String, String> {
    [("Name", "legacy"), ("team", "x")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

/// The throughput mode of what is to be adopted: moto can't change it.
fn theirs(backend: &Backend) -> &'static str {
    if backend.sandbox.is_some() {
        "bursting"
    } else {
        "elastic"
    }
}

async fn seen(backend: &Backend, wanted: &Resource, adoption: &Adoption) -> Observed {
    let efs = backend.aws().efs();
    let seen = efs.observe_foreign(wanted, adoption).await.unwrap();
    seen.unwrap()
}

fn taking(seen: &Observed, wanted: &Resource, adoption: Adoption) -> Step {
    Step {
        adopt: Some(adoption),
        ..update(FS, &seen.state, wanted)
    }
}

pub(crate) async fn a_file_system_is_adopted_and_given_back(backend: Backend) {
    let efs = backend.aws().efs();
    let wanted = file_system(&backend, "adopting");
    let id = raw::file_system(&backend, "operators", theirs(&backend), &tags()).await;
    let there = seen(&backend, &wanted, &adoption(&id)).await;
    assert!(
        matches!(there.ownership, Ownership::Foreign(_)),
        "{there:?}"
    );
    assert_eq!(there.outputs[&OutputName::Id], id);
    let Resource::FileSystem(state) = &there.state else {
        unreachable!()
    };
    assert_eq!(
        (state.name.as_str(), state.creation_token.as_str()),
        ("legacy", "operators")
    );

    // It becomes ours, once, and is found as if we had made it.
    let step = taking(&there, &wanted, adoption(&id));
    let taken = ensured(&efs, &step).await;
    assert_eq!((taken.changed, &taken.outputs), (true, &there.outputs));
    assert_eq!(ensured(&efs, &step).await, taken);
    assert_eq!(ensured(&efs, &uncertain(&step)).await, taken);
    assert!(!ensured(&efs, &by("d2", &step)).await.changed);
    for found in [
        efs.snapshot().observe(&wanted).await,
        efs.observe(&wanted).await,
    ] {
        let found = found.unwrap().unwrap();
        assert_eq!(found.state, wanted);
        assert_eq!(found.ownership, Ownership::Owned(owner(FS, "d1")));
        assert_eq!(found.outputs, taken.outputs);
    }
    assert_eq!(raw::file_system_tags(&backend, &id).await["team"], "x");
    let again = seen(&backend, &wanted, &adoption(&id)).await;
    assert_eq!(again.ownership, Ownership::Owned(owner(FS, "d1")));

    // A mount target of ours leaves its note there, which goes when it is given back.
    let mount = create("efs.mount-target/data-a", &mount_target(&backend, &id, 0));
    ensured(&efs, &mount).await;

    let failure = efs.undo(&by("d2", &step)).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    for _ in 0..2 {
        efs.undo(&step).await.unwrap();
        assert_eq!(raw::file_system_tags(&backend, &id).await, tags());
        assert_eq!(fresh(&efs, &wanted).await, None);
        assert_eq!(seen(&backend, &wanted, &adoption(&id)).await, there);
    }

    // Once it is ours it also goes as ours do.
    efs.undo(&mount).await.unwrap();
    ensured(&efs, &step).await;
    assert!(ensured(&efs, &removal(FS, &wanted)).await.changed);
    let gone = efs.observe_foreign(&wanted, &adoption(&id)).await.unwrap();
    assert_eq!(gone, None);
}

pub(crate) async fn a_file_system_of_an_earlier_incarnation_is_adopted_and_given_back(
    backend: Backend,
) {
    let efs = backend.aws().efs();
    let (earlier, wanted) = (
        file_system(&backend, "life-1"),
        file_system(&backend, "life-2"),
    );
    let id = id(&ensured(&efs, &create(FS, &earlier)).await);
    let before = raw::file_system_tags(&backend, &id).await;
    let there = seen(&backend, &wanted, &adoption(&id)).await;
    let former = owner(FS, "d1");
    assert_eq!(there.ownership, Ownership::Owned(former.clone()));

    let mut step = taking(&there, &wanted, adoption(&id));
    step.owner = Owner {
        incarnation: Incarnation(2),
        ..owner(FS, "d2")
    };
    assert_eq!(refusal(&efs, &step).await, ProviderErrorKind::Foreign);
    step.adopt = Some(Adoption {
        former: Some(former),
        ..adoption(&id)
    });
    for _ in 0..2 {
        assert!(ensured(&efs, &step).await.changed);
        assert_eq!(fresh(&efs, &wanted).await.unwrap().state, wanted);
    }
    for _ in 0..2 {
        efs.undo(&step).await.unwrap();
        assert_eq!(raw::file_system_tags(&backend, &id).await, before);
        assert_eq!(fresh(&efs, &wanted).await, None);
    }
    efs.undo(&create(FS, &earlier)).await.unwrap();
}

pub(crate) async fn what_cannot_become_ours_is_refused(backend: Backend) {
    let efs = backend.aws().efs();
    let wanted = file_system(&backend, "choosy");
    let refused = async |wanted: &Resource, adoption: Adoption, part: &str| {
        let failure = efs.observe_foreign(wanted, &adoption).await.unwrap_err();
        assert_eq!(failure.kind, ProviderErrorKind::Refused);
        assert!(failure.message.contains(part), "{failure}");
        assert!(failure.help.is_some(), "{failure}");
    };
    refused(&wanted, Adoption::default(), "by its id").await;
    let id = raw::file_system(&backend, "choosy-theirs", "elastic", &tags()).await;
    let Resource::FileSystem(plain) = wanted.clone() else {
        unreachable!()
    };
    let other = FileSystem {
        performance_mode: "maxIO".into(),
        kms_key_id: Some("arn:aws:kms:eu-west-3:222233334444:key/other".into()),
        ..plain
    };
    let other = Resource::FileSystem(other);
    refused(
        &other,
        adoption(&id),
        "performance mode is generalPurpose, not maxIO",
    )
    .await;
    refused(&other, adoption(&id), "its key is").await;
    let open = raw::unencrypted_file_system(&backend, "open").await;
    refused(&wanted, adoption(&open), "isn't encrypted").await;
    let point = access_point(&backend, &id, "point");
    refused(&point, adoption("fsap-1"), "access point").await;
    let mount = mount_target(&backend, &id, 0);
    refused(&mount, adoption("fsmt-1"), "mount target").await;
    let none = adoption("fs-0123456789abcdef0");
    assert_eq!(efs.observe_foreign(&wanted, &none).await.unwrap(), None);
    ensured(&efs, &create(FS, &wanted)).await;
    refused(&wanted, adoption(&id), "is there already").await;
    efs.undo(&create(FS, &wanted)).await.unwrap();
}

/// Whatever call fails, what was begun is ended or taken back.
#[tokio::test]
async fn an_adoption_that_was_cut_off_goes_on_or_back() {
    for (operation, after) in [("TagResource", 0), ("UpdateFileSystem", 0)] {
        let backend = backend::sandbox().await.unwrap();
        let efs = backend.aws().efs();
        let wanted = file_system(&backend, "cut");
        let id = raw::file_system(&backend, "operators", "bursting", &tags()).await;
        let there = seen(&backend, &wanted, &adoption(&id)).await;
        let step = taking(&there, &wanted, adoption(&id));
        let cut = || {
            backend.sandbox.as_ref().unwrap().set_faults(vec![Fault {
                service: Some("efs".into()),
                operation: Some(operation.into()),
                subject: None,
                write: None,
                after,
                times: Some(1),
                effect: Effect::Error(InjectedError {
                    status: 400,
                    code: "BadRequest".into(),
                    message: "not now".into(),
                    retry_after: None,
                }),
            }]);
        };
        cut();
        assert_eq!(refusal(&efs, &step).await, ProviderErrorKind::Refused);
        efs.undo(&step).await.unwrap();
        assert_eq!(raw::file_system_tags(&backend, &id).await, tags());
        assert_eq!(seen(&backend, &wanted, &adoption(&id)).await, there);

        cut();
        assert_eq!(refusal(&efs, &step).await, ProviderErrorKind::Refused);
        assert!(ensured(&efs, &uncertain(&step)).await.changed);
        assert_eq!(fresh(&efs, &wanted).await.unwrap().state, wanted);

        // The way back is cut off too.
        cut();
        efs.undo(&step).await.unwrap_err();
        efs.undo(&step).await.unwrap();
        assert_eq!(raw::file_system_tags(&backend, &id).await, tags());
        assert_eq!(seen(&backend, &wanted, &adoption(&id)).await, there);
    }
}

#[tokio::test]
async fn what_changed_before_it_was_adopted_is_left() {
    let backend = backend::sandbox().await.unwrap();
    let efs = backend.aws().efs();
    let wanted = file_system(&backend, "late");
    let id = raw::file_system(&backend, "operators", "bursting", &tags()).await;
    let there = seen(&backend, &wanted, &adoption(&id)).await;
    let step = taking(&there, &wanted, adoption(&id));
    raw::tag_file_system(&backend, &id, "Name", "renamed").await;
    let failure = efs.ensure(&step).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("name is \"renamed\""), "{failure}");
    efs.undo(&step).await.unwrap();
    let tags = raw::file_system_tags(&backend, &id).await;
    assert_eq!(tags["Name"], "renamed");
    raw::delete_file_system(&backend, &id).await;
    assert_eq!(refusal(&efs, &step).await, ProviderErrorKind::Moved);
}
