//! File systems, mount targets, access points.

use deploycenter_domain::effect::{EffectId, OutputName};
use deploycenter_domain::resource::{FileSystem, Observed, Ownership, Resource};
use deploycenter_domain::token::Reference;
use deploycenter_ports::{Provider, ProviderErrorKind};

use crate::backend::Backend;
use crate::steps::*;

const FS: &str = "efs.file-system/data";
const MT: &str = "efs.mount-target/data-a";
const AP: &str = "efs.access-point/data";

pub(crate) async fn a_file_system_is_made_once_and_goes_again(backend: Backend) {
    let efs = backend.aws().efs();
    let wanted = file_system(&backend, "once");
    let step = create(FS, &wanted);
    assert_eq!(fresh(&efs, &wanted).await, None);
    let made = ensured(&efs, &step).await;
    assert!(made.changed);
    let there = fresh(&efs, &wanted).await.unwrap();
    assert_eq!(there.state, wanted);
    assert_eq!(there.ownership, Ownership::Owned(owner(FS, "d1")));
    assert_eq!(there.outputs, made.outputs);
    let listed = backend
        .aws()
        .efs()
        .snapshot()
        .observe(&wanted)
        .await
        .unwrap();
    assert_eq!(listed.as_ref(), Some(&there));

    // Again: by the same deployment (certain or not), and by another.
    assert_eq!(ensured(&efs, &step).await, made);
    assert_eq!(ensured(&efs, &uncertain(&step)).await, made);
    let other = ensured(&efs, &by("d2", &step)).await;
    assert_eq!(
        (other.changed, other.outputs),
        (false, made.outputs.clone())
    );

    // Only who made it takes it back, and only once.
    let failure = efs.undo(&by("d2", &step)).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert_eq!(fresh(&efs, &wanted).await, Some(there));
    efs.undo(&step).await.unwrap();
    assert_eq!(fresh(&efs, &wanted).await, None);
    efs.undo(&step).await.unwrap();

    // Its name is free again, also while the old one is still on its way out.
    let again = ensured(&efs, &step).await;
    assert!(again.changed);
    efs.undo(&step).await.unwrap();
}

pub(crate) async fn another_file_system_in_the_place_is_told_apart(backend: Backend) {
    let efs = backend.aws().efs();
    let wanted = file_system(&backend, "taken");
    let theirs = "efs.file-system/other";
    ensured(&efs, &create(theirs, &wanted)).await;
    assert_eq!(
        refusal(&efs, &create(FS, &wanted)).await,
        ProviderErrorKind::Foreign
    );
    assert_eq!(
        refusal(&efs, &removal(FS, &wanted)).await,
        ProviderErrorKind::Foreign
    );
    let Resource::FileSystem(mut renamed) = wanted.clone() else {
        unreachable!()
    };
    renamed.performance_mode = "maxIO".into();
    renamed.throughput_mode = "bursting".into();
    let failure = efs
        .ensure(&create(theirs, &Resource::FileSystem(renamed)))
        .await
        .unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    assert!(failure.message.contains("performanceMode is"), "{failure}");
    assert!(
        failure.message.contains("eu-west-3 (account 222233334444)"),
        "{failure}"
    );
    efs.undo(&create(theirs, &wanted)).await.unwrap();
}

pub(crate) async fn mount_targets_come_and_go_before_their_file_system(backend: Backend) {
    let efs = backend.aws().efs();
    let (file, step) = (
        file_system(&backend, "mounts"),
        create(FS, &file_system(&backend, "mounts")),
    );
    let fs = id(&ensured(&efs, &step).await);
    let targets = [
        mount_target(&backend, &fs, 0),
        mount_target(&backend, &fs, 1),
    ];
    for target in &targets {
        assert_eq!(fresh(&efs, target).await, None);
        let made = ensured(&efs, &create(MT, target)).await;
        assert!(made.changed);
        let there = fresh(&efs, target).await.unwrap();
        assert_eq!(
            (&there.state, &there.ownership),
            (target, &Ownership::ByPlace)
        );
        assert_eq!(there.outputs, made.outputs);
        let again = ensured(&efs, &uncertain(&create(MT, target))).await;
        assert_eq!(again, made, "an uncertain attempt is ours");
        let again = ensured(&efs, &create(MT, target)).await;
        assert_eq!(
            (again.changed, again.outputs),
            (false, made.outputs.clone())
        );
    }

    // A whole region is read by one list, mount targets included.
    backend.calls.take();
    let run = backend.aws().efs().snapshot();
    let readings = targets.iter().map(|target| run.observe(target));
    let listed: Vec<Option<Observed>> = futures::future::try_join_all(readings).await.unwrap();
    let states: Vec<_> = listed.into_iter().map(|one| one.unwrap().state).collect();
    assert_eq!(states, targets);
    assert_eq!(backend.calls.take(), ["AssumeRole", "DescribeFileSystems"]);

    // One whose groups the desired state changed, and back.
    let Resource::MountTarget(mut moved) = targets[0].clone() else {
        unreachable!()
    };
    moved.security_groups = backend.groups[1..].to_vec();
    let moved = Resource::MountTarget(moved);
    assert_eq!(
        refusal(&efs, &create(MT, &moved)).await,
        ProviderErrorKind::Moved
    );
    assert_eq!(
        refusal(&efs, &removal(MT, &moved)).await,
        ProviderErrorKind::Moved
    );

    let change = update(MT, &targets[0], &moved);
    for _ in 0..2 {
        ensured(&efs, &change).await;
        let listed = backend
            .aws()
            .efs()
            .snapshot()
            .observe(&moved)
            .await
            .unwrap();
        assert_eq!(listed.unwrap().state, moved);
        assert_eq!(fresh(&efs, &moved).await.unwrap().state, moved);
    }
    efs.undo(&change).await.unwrap();
    assert_eq!(fresh(&efs, &moved).await.unwrap().state, targets[0]);

    // A file system whose mount targets are there isn't deleted.
    assert_eq!(
        refusal(&efs, &removal(FS, &file)).await,
        ProviderErrorKind::Refused
    );
    for target in &targets {
        efs.undo(&create(MT, target)).await.unwrap();
        assert_eq!(fresh(&efs, target).await, None);
        efs.undo(&create(MT, target)).await.unwrap();
    }
    let rest = backend
        .aws()
        .efs()
        .snapshot()
        .observe(&targets[0])
        .await
        .unwrap();
    assert_eq!(rest, None);
    efs.undo(&step).await.unwrap();
}

pub(crate) async fn an_access_point_is_made_once_and_goes_again(backend: Backend) {
    let efs = backend.aws().efs();
    let step = create(FS, &file_system(&backend, "points"));
    let fs = id(&ensured(&efs, &step).await);
    let wanted = access_point(&backend, &fs, "point");
    let point = create(AP, &wanted);
    let made = ensured(&efs, &point).await;
    assert!(made.changed);
    let there = fresh(&efs, &wanted).await.unwrap();
    assert_eq!((&there.state, &there.outputs), (&wanted, &made.outputs));
    assert_eq!(there.ownership, Ownership::Owned(owner(AP, "d1")));
    assert_eq!(ensured(&efs, &uncertain(&point)).await, made);

    // While planning, the file system is known by a token only.
    let effect: EffectId = FS.parse().unwrap();
    let token = Reference {
        effect,
        output: OutputName::Id,
    }
    .token();
    let planned = access_point(&backend, &token, "point");
    for seen in [
        efs.snapshot().observe(&planned).await,
        efs.observe(&planned).await,
    ] {
        assert_eq!(seen.unwrap().unwrap().state, wanted);
    }
    let nowhere = mount_target(&backend, &token, 0);
    assert_eq!(fresh(&efs, &nowhere).await, None);

    let failure = efs.undo(&by("d2", &point)).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Moved);
    efs.undo(&point).await.unwrap();
    assert_eq!(fresh(&efs, &wanted).await, None);
    efs.undo(&point).await.unwrap();
    efs.undo(&step).await.unwrap();
    assert_eq!(
        fresh(&efs, &wanted).await,
        None,
        "nor on a file system that is gone"
    );
}

pub(crate) async fn an_access_point_cannot_change(backend: Backend) {
    let efs = backend.aws().efs();
    let step = create(FS, &file_system(&backend, "fixed"));
    let fs = id(&ensured(&efs, &step).await);
    let wanted = access_point(&backend, &fs, "fixed");
    ensured(&efs, &create(AP, &wanted)).await;
    let Resource::AccessPoint(mut other) = wanted.clone() else {
        unreachable!()
    };
    other.uid = 7;
    let other = Resource::AccessPoint(other);
    assert_eq!(
        refusal(&efs, &update(AP, &wanted, &other)).await,
        ProviderErrorKind::Refused
    );
    assert_eq!(
        refusal(&efs, &update(AP, &other, &other)).await,
        ProviderErrorKind::Moved
    );
    efs.undo(&create(AP, &wanted)).await.unwrap();
    efs.undo(&step).await.unwrap();
}

/// On the stand-in alone: moto doesn't serve the call.
#[tokio::test]
async fn a_file_system_changes_its_throughput_mode_only() {
    let backend = crate::backend::sandbox().await.unwrap();
    let efs = backend.aws().efs();
    let elastic = file_system(&backend, "changing");
    let Resource::FileSystem(plain) = elastic.clone() else {
        unreachable!()
    };
    let bursting = Resource::FileSystem(FileSystem {
        throughput_mode: "bursting".into(),
        ..plain.clone()
    });
    let made = ensured(&efs, &create(FS, &bursting)).await;

    let updates = || {
        let calls = backend.calls.take().into_iter();
        calls.filter(|call| call == "UpdateFileSystem").count()
    };
    let change = by("d2", &update(FS, &bursting, &elastic));
    let changed = ensured(&efs, &change).await;
    assert_eq!((changed.changed, &changed.outputs), (true, &made.outputs));
    assert_eq!(fresh(&efs, &elastic).await.unwrap().state, elastic);
    assert!(!ensured(&efs, &change).await.changed);
    assert!(ensured(&efs, &uncertain(&change)).await.changed);
    assert_eq!(updates(), 1);
    efs.undo(&change).await.unwrap();
    assert_eq!(fresh(&efs, &elastic).await.unwrap().state, bursting);
    assert_eq!(updates(), 1);

    let renamed = Resource::FileSystem(FileSystem {
        name: "other".into(),
        ..plain
    });
    let renaming = update(FS, &bursting, &renamed);
    assert_eq!(refusal(&efs, &renaming).await, ProviderErrorKind::Refused);
    assert_eq!(updates(), 0);
}
