//! A reviewed plan against one made now.

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectKind, OutputName};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{Owner, Resource};
use deploycenter_domain::stale::{OWN_FOLDER, Verdict, compare};

use crate::support::{
    access_point, application, effect, file, file_system, first, folder, id, known, mount_target,
    plan, record, sync, update, values,
};

/// The same plan after an edit that keeps it whole: the digest follows its inputs.
fn changed(mut plan: TargetPlan, edit: impl FnOnce(&mut TargetPlan)) -> TargetPlan {
    edit(&mut plan);
    plan.digest = Digest::of_json(&plan.inputs);
    plan
}

fn stale(what: &str) -> Verdict {
    Verdict::Stale(vec![what.to_owned()])
}

fn edited(what: &str) -> Verdict {
    Verdict::Edited(vec![what.to_owned()])
}

#[test]
fn a_plan_is_the_same_as_itself() {
    assert_eq!(compare(&first(), &first()), Verdict::Same);
    assert_eq!(compare(&update(), &update()), Verdict::Same);
}

#[test]
fn each_input_is_named() {
    for name in ["desired state", "plugin", OWN_FOLDER] {
        let fresh = changed(update(), |plan| {
            plan.inputs.insert(name.to_owned(), Digest::of(b"moved"));
        });
        assert_eq!(compare(&update(), &fresh), stale(&format!("the {name}")));
    }
    let fresh = changed(update(), |plan| {
        plan.inputs
            .insert("templates".to_owned(), Digest::of(b"new"));
    });
    assert_eq!(compare(&update(), &fresh), stale("the templates"));
    assert_eq!(compare(&fresh, &update()), stale("the templates"));
}

#[test]
fn an_observed_field_is_named() {
    let fresh = changed(update(), |plan| {
        let name = "dns.record/domain";
        let at = plan
            .effects
            .iter()
            .position(|effect| effect.id == id(name))
            .unwrap();
        plan.effects[at] = effect(name, Some(record(70)), Some(record(50)));
    });
    assert_eq!(
        compare(&update(), &fresh),
        stale("dns.record/domain: weight")
    );
}

#[test]
fn something_that_appeared_is_named() {
    let fresh = changed(first(), |plan| {
        plan.effects[4] = effect("dns.record/domain", Some(record(7)), Some(record(100)));
    });
    let Verdict::Stale(what) = compare(&first(), &fresh) else {
        panic!("{:?}", compare(&first(), &fresh));
    };
    assert_eq!(what.len(), 1);
    assert!(
        what[0].starts_with("dns.record/domain: ") && what[0].contains("weight"),
        "{what:?}"
    );
}

#[test]
fn another_incarnation_of_the_target() {
    let fresh = changed(update(), |plan| plan.incarnation = Incarnation(2));
    assert_eq!(
        compare(&update(), &fresh),
        stale("the target was removed and made anew")
    );
}

#[test]
fn an_edit_is_an_edit() {
    let edit = |edit: fn(&mut TargetPlan)| {
        let mut reviewed = update();
        edit(&mut reviewed);
        compare(&reviewed, &update())
    };
    let weight = edit(|plan| {
        plan.effects[4] = effect("dns.record/domain", Some(record(100)), Some(record(255)))
    });
    assert_eq!(weight, edited("dns.record/domain"));
    let removed = edit(|plan| drop(plan.effects.remove(4)));
    assert_eq!(removed, edited("dns.record/domain"));
    let added = edit(|plan| {
        plan.effects
            .push(effect("dns.record/other", None, Some(record(1))))
    });
    assert_eq!(added, edited("dns.record/other"));
    let unhooked = edit(|plan| plan.effects[8].depends_on.push(id("dns.record/domain")));
    assert_eq!(unhooked, edited("argocd.application/base"));
    let digest = edit(|plan| plan.digest = Digest::of(b"another"));
    assert_eq!(digest, edited("digest"));
    let values = edit(|plan| {
        plan.effects[6] = effect(
            "git.file/values.yaml",
            Some(file("values.yaml", "old: 1\n")),
            Some(file("values.yaml", "evil: 1\n")),
        )
    });
    assert_eq!(values, edited("git.file/values.yaml"));
    let moved = edit(|plan| plan.region = "eu-west-3".parse().unwrap());
    assert_eq!(moved, edited("region"));
    let renamed = edit(|plan| plan.app = None);
    assert_eq!(renamed, edited("app"));
}

#[test]
fn what_a_person_was_shown_is_held_to_as_well() {
    let record = |edit: fn(&mut PlannedEffect)| {
        let mut reviewed = update();
        edit(&mut reviewed.effects[4]);
        compare(&reviewed, &update())
    };
    assert_eq!(record(|_| {}), Verdict::Same);
    for verdict in [
        record(|effect| effect.changes[0].after = 70.into()),
        record(|effect| effect.changes.clear()),
        record(|effect| effect.action = Action::None),
        record(|effect| effect.name = "other".to_owned()),
        record(|effect| effect.kind = EffectKind::Secret),
        record(|effect| effect.outputs.extend([(OutputName::Id, "x".to_owned())])),
    ] {
        assert_eq!(verdict, edited("dns.record/domain"));
    }
}

#[test]
fn who_last_touched_a_thing_doesnt_matter_but_whose_it_is_does() {
    let owned = |deployment: &str, incarnation: u32| {
        changed(update(), |plan| {
            plan.effects[0].owner = Some(Owner {
                installation: "testing".parse().unwrap(),
                target: plan.target.clone(),
                effect: plan.effects[0].id.clone(),
                incarnation: Incarnation(incarnation),
                deployment: deployment.parse().unwrap(),
            });
        })
    };
    assert_eq!(compare(&owned("d-1", 1), &owned("d-2", 1)), Verdict::Same);
    assert_eq!(
        compare(&owned("d-1", 1), &owned("d-1", 2)),
        edited("efs.file-system/data")
    );
    assert_eq!(
        compare(&owned("d-1", 1), &update()),
        edited("efs.file-system/data")
    );
}

#[test]
fn a_sync_for_an_application_that_is_changed_by_now() {
    // Only the application changes: its sync acts on the tree that stands.
    let tree = "a".repeat(40);
    let reviewed = changed(update(), |plan| {
        plan.effects.truncate(6);
        plan.effects.push(effect(
            "argocd.application/base",
            Some(application("old")),
            Some(application("base")),
        ));
        let stands = Some(sync("base", Some(&tree)));
        plan.effects
            .push(effect("argocd.sync/base", stands.clone(), stands));
        plan.effects[7].action = Action::Update;
    });
    assert_eq!(compare(&reviewed, &reviewed), Verdict::Same);
    let fresh = changed(reviewed.clone(), |plan| {
        plan.effects[6] = effect(
            "argocd.application/base",
            Some(application("base")),
            Some(application("base")),
        );
        plan.effects[7].action = Action::None;
    });
    assert_eq!(compare(&reviewed, &fresh), Verdict::Same);
}

#[test]
fn a_commit_that_stands_while_its_sync_is_still_to_come() {
    let fresh = changed(applied(), |plan| {
        plan.effects[8] = effect("argocd.application/base", None, Some(application("base")));
        plan.effects[10].action = Action::Update;
    });
    assert_eq!(compare(&first(), &fresh), Verdict::Same);
}

#[test]
fn what_stands_already_is_done_and_not_moved() {
    // The reviewed apply was stopped after the file system and the record.
    let fresh = changed(first(), |plan| {
        plan.effects[0] = known(
            effect(
                "efs.file-system/data",
                Some(file_system()),
                Some(file_system()),
            ),
            OutputName::Id,
            "fs-1",
        );
        plan.effects[1] = effect("efs.mount-target/data.a", None, Some(mount_target("fs-1")));
        plan.effects[2] = effect("efs.access-point/data", None, Some(access_point("fs-1")));
        plan.effects[4] = effect("dns.record/domain", Some(record(100)), Some(record(100)));
        plan.effects[6] = effect(
            "git.file/values.yaml",
            None,
            Some(file("values.yaml", &values("fs-1"))),
        );
    });
    assert_eq!(compare(&first(), &fresh), Verdict::Same);
    // Made, but otherwise: that is a move.
    let fresh = changed(fresh, |plan| {
        plan.effects[4] = effect("dns.record/domain", Some(record(1)), Some(record(100)));
    });
    assert!(matches!(compare(&first(), &fresh), Verdict::Stale(_)));
}

/// Everything of [`first`], as a plan reads it after it was applied.
fn applied() -> TargetPlan {
    let tree = "b".repeat(40);
    changed(first(), |plan| {
        let stays = |name: &str, image: Resource| effect(name, Some(image.clone()), Some(image));
        for effect in &mut plan.effects {
            let name = effect.id.to_string();
            *effect = match name.as_str() {
                "efs.file-system/data" => {
                    known(stays(&name, file_system()), OutputName::Id, "fs-1")
                }
                "efs.mount-target/data.a" => stays(&name, mount_target("fs-1")),
                "efs.access-point/data" => {
                    known(stays(&name, access_point("fs-1")), OutputName::Id, "fsap-1")
                }
                "git.file/values.yaml" => stays(&name, file("values.yaml", &values("fs-1"))),
                "git.commit/folder" => stays(&name, folder(Some(&tree))),
                "argocd.sync/base" => stays(&name, sync("base", Some(&tree))),
                "argocd.sync/workload" => stays(&name, sync("workload", Some(&tree))),
                _ => stays(&name, effect.after.clone().unwrap()),
            };
        }
        plan.inputs
            .insert(OWN_FOLDER.to_owned(), Digest::of(tree.as_bytes()));
    })
}

#[test]
fn a_plan_that_was_applied_is_done() {
    assert_eq!(compare(&first(), &applied()), Verdict::Same);
}

#[test]
fn somebody_elses_commit_is_not_ours() {
    let fresh = changed(applied(), |plan| {
        plan.effects[6] = effect(
            "git.file/values.yaml",
            Some(file("values.yaml", "by: hand\n")),
            Some(file("values.yaml", &values("fs-1"))),
        );
    });
    let Verdict::Stale(what) = compare(&first(), &fresh) else {
        panic!("{:?}", compare(&first(), &fresh));
    };
    assert!(what.contains(&"the own folder".to_owned()), "{what:?}");
}

#[test]
fn a_removal_that_is_done_is_done() {
    let with_removal = changed(update(), |plan| {
        plan.effects.insert(
            7,
            effect(
                "git.file/old.yaml",
                Some(file("old.yaml", "old: 1\n")),
                None,
            ),
        );
    });
    assert_eq!(compare(&with_removal, &update()), Verdict::Same);
    // And one that nobody reviewed is none.
    assert_eq!(
        compare(&update(), &with_removal),
        edited("git.file/old.yaml")
    );
}

#[test]
fn an_empty_plan_says_nothing() {
    assert_eq!(compare(&plan(vec![]), &plan(vec![])), Verdict::Same);
}
