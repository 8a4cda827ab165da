//! A reviewed plan against one made now.

use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::OutputName;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::stale::{OWN_FOLDER, Verdict, compare};

use crate::support::{access_point, effect, file, file_system, first, folder, id, known, mount_target, plan, record, sync, update, values};

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
        plan.inputs.insert("templates".to_owned(), Digest::of(b"new"));
    });
    assert_eq!(compare(&update(), &fresh), stale("the templates"));
    assert_eq!(compare(&fresh, &update()), stale("the templates"));
}

#[test]
fn an_observed_field_is_named() {
    let fresh = changed(update(), |plan| {
        let name = "dns.record/domain";
        let at = plan.effects.iter().position(|effect| effect.id == id(name)).unwrap();
        plan.effects[at] = effect(name, Some(record(70)), Some(record(50)));
    });
    assert_eq!(compare(&update(), &fresh), stale("dns.record/domain: weight"));
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
    assert!(what[0].starts_with("dns.record/domain: ") && what[0].contains("weight"), "{what:?}");
}

#[test]
fn another_life_of_the_target() {
    let fresh = changed(update(), |plan| plan.incarnation = Incarnation(2));
    assert_eq!(compare(&update(), &fresh), stale("the target was removed and made anew"));
}

#[test]
fn an_edit_is_an_edit() {
    let edit = |edit: fn(&mut TargetPlan)| {
        let mut reviewed = update();
        edit(&mut reviewed);
        compare(&reviewed, &update())
    };
    let weight = edit(|plan| plan.effects[4] = effect("dns.record/domain", Some(record(100)), Some(record(255))));
    assert_eq!(weight, edited("dns.record/domain"));
    let removed = edit(|plan| drop(plan.effects.remove(4)));
    assert_eq!(removed, edited("dns.record/domain"));
    let added = edit(|plan| plan.effects.push(effect("dns.record/other", None, Some(record(1)))));
    assert_eq!(added, edited("dns.record/other"));
    let unhooked = edit(|plan| plan.effects[8].depends_on.push(id("dns.record/domain")));
    assert_eq!(unhooked, edited("argocd.application/base"));
    let digest = edit(|plan| plan.digest = Digest::of(b"another"));
    assert_eq!(digest, edited("digest"));
    let values = edit(|plan| plan.effects[6] = effect("git.file/values.yaml", Some(file("values.yaml", "old: 1\n")), Some(file("values.yaml", "evil: 1\n"))));
    assert_eq!(values, edited("git.file/values.yaml"));
}

#[test]
fn what_stands_already_is_done_and_not_moved() {
    // The reviewed apply was stopped after the file system and the record.
    let fresh = changed(first(), |plan| {
        plan.effects[0] = known(effect("efs.file-system/data", Some(file_system()), Some(file_system())), OutputName::Id, "fs-1");
        plan.effects[1] = effect("efs.mount-target/data.a", None, Some(mount_target("fs-1")));
        plan.effects[2] = effect("efs.access-point/data", None, Some(access_point("fs-1")));
        plan.effects[4] = effect("dns.record/domain", Some(record(100)), Some(record(100)));
        plan.effects[6] = effect("git.file/values.yaml", None, Some(file("values.yaml", &values("fs-1"))));
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
        let stays = |name: &str, image: deploycenter_domain::resource::Resource| effect(name, Some(image.clone()), Some(image));
        for effect in &mut plan.effects {
            let name = effect.id.to_string();
            *effect = match name.as_str() {
                "efs.file-system/data" => known(stays(&name, file_system()), OutputName::Id, "fs-1"),
                "efs.mount-target/data.a" => stays(&name, mount_target("fs-1")),
                "efs.access-point/data" => known(stays(&name, access_point("fs-1")), OutputName::Id, "fsap-1"),
                "git.file/values.yaml" => stays(&name, file("values.yaml", &values("fs-1"))),
                "git.commit/folder" => stays(&name, folder(Some(&tree))),
                "argocd.sync/base" => stays(&name, sync("base", Some(&tree))),
                "argocd.sync/workload" => stays(&name, sync("workload", Some(&tree))),
                _ => stays(&name, effect.after.clone().unwrap()),
            };
        }
        plan.inputs.insert(OWN_FOLDER.to_owned(), Digest::of(tree.as_bytes()));
    })
}

#[test]
fn a_plan_that_was_applied_is_done() {
    assert_eq!(compare(&first(), &applied()), Verdict::Same);
}

#[test]
fn somebody_elses_commit_is_not_ours() {
    let fresh = changed(applied(), |plan| {
        plan.effects[6] = effect("git.file/values.yaml", Some(file("values.yaml", "by: hand\n")), Some(file("values.yaml", &values("fs-1"))));
    });
    let Verdict::Stale(what) = compare(&first(), &fresh) else {
        panic!("{:?}", compare(&first(), &fresh));
    };
    assert!(what.contains(&"the own folder".to_owned()), "{what:?}");
}

#[test]
fn a_removal_that_is_done_is_done() {
    let with_removal = changed(update(), |plan| {
        plan.effects.insert(7, effect("git.file/old.yaml", Some(file("old.yaml", "old: 1\n")), None));
    });
    assert_eq!(compare(&with_removal, &update()), Verdict::Same);
    // And one that nobody reviewed is none.
    assert_eq!(compare(&update(), &with_removal), edited("git.file/old.yaml"));
}

#[test]
fn an_empty_plan_says_nothing() {
    assert_eq!(compare(&plan(vec![]), &plan(vec![])), Verdict::Same);
}
