//! The way back.

use std::collections::BTreeMap;

use deploycenter_domain::journal::{DeploymentState, Event};
use deploycenter_domain::resource::Folder;
use deploycenter_domain::sync_options::PROTECTION;
use deploycenter_domain::undo_step::UndoStep;
use deploycenter_domain::unwind::{planned_folder, steps, unprotected};

use crate::support::{
    acting, done, effect, file, first, folder, forward, id, intent, plan, token, update, values,
};

fn texts(steps: &[UndoStep]) -> Vec<String> {
    steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_first_deployment_goes_from_the_workload_down() {
    let plan = first();
    let progress = DeploymentState::read(&forward(&plan)).unwrap();
    assert_eq!(
        texts(&steps(&plan, &progress)),
        [
            "unprotect",
            "unprotect-sync",
            "undo:argocd.application/workload",
            "undo:argocd.application/base",
            "undo:git.commit/folder",
            "undo:dns.record/domain",
            "undo:efs.access-point/data",
            "undo:efs.mount-target/data.a",
            "undo:efs.file-system/data",
            "undo:secrets.entry/app",
        ]
    );
}

#[test]
fn an_update_restores_the_folder_and_waits_before_the_cloud() {
    let plan = update();
    let progress = DeploymentState::read(&forward(&plan)).unwrap();
    assert_eq!(
        texts(&steps(&plan, &progress)),
        [
            "undo:git.commit/folder",
            "settle:argocd.sync/base",
            "settle:argocd.sync/workload",
            "undo:dns.record/domain"
        ]
    );
}

#[test]
fn only_what_was_begun_goes() {
    let plan = first();
    // The file system is there, the mount target perhaps, nothing else was begun.
    let mut events = vec![Event::Started];
    events.push(intent(plan.effect(&id("efs.file-system/data")).unwrap()));
    events.push(done(&id("efs.file-system/data"), true));
    events.push(intent(plan.effect(&id("efs.mount-target/data.a")).unwrap()));
    let progress = DeploymentState::read(&events).unwrap();
    assert_eq!(
        texts(&steps(&plan, &progress)),
        ["undo:efs.mount-target/data.a", "undo:efs.file-system/data"]
    );
    // What failed may have left something all the same.
    let failed = |untouched: bool| Event::Failed {
        effect: id("efs.mount-target/data.a"),
        message: "refused".to_owned(),
        untouched,
    };
    events.push(failed(false));
    let progress = DeploymentState::read(&events).unwrap();
    assert_eq!(steps(&plan, &progress).len(), 2);
    // Unless what someone else has there was left alone.
    *events.last_mut().unwrap() = failed(true);
    let progress = DeploymentState::read(&events).unwrap();
    assert_eq!(
        texts(&steps(&plan, &progress)),
        ["undo:efs.file-system/data"]
    );
}

#[test]
fn what_was_found_made_is_not_ours_to_take_back() {
    let plan = first();
    let record = plan.effect(&id("dns.record/domain")).unwrap();
    let events = [Event::Started, intent(record), done(&record.id, false)];
    assert_eq!(
        steps(&plan, &DeploymentState::read(&events).unwrap()),
        vec![]
    );
}

#[test]
fn without_a_base_there_is_nothing_to_unprotect() {
    let plan = first();
    let mut events = vec![Event::Started];
    let commit = plan.effect(&id("git.commit/folder")).unwrap();
    events.extend([intent(commit), done(&commit.id, true)]);
    let progress = DeploymentState::read(&events).unwrap();
    assert_eq!(texts(&steps(&plan, &progress)), ["undo:git.commit/folder"]);
}

#[test]
fn an_update_that_committed_nothing_waits_for_nothing() {
    let plan = update();
    let record = plan.effect(&id("dns.record/domain")).unwrap();
    let events = [Event::Started, intent(record), done(&record.id, true)];
    assert_eq!(
        texts(&steps(&plan, &DeploymentState::read(&events).unwrap())),
        ["undo:dns.record/domain"]
    );
}

#[test]
fn the_way_back_doesnt_change_on_the_way() {
    for plan in [first(), update()] {
        let mut events = forward(&plan);
        events.push(Event::UnwindStarted {
            reason: "sick".to_owned(),
        });
        let way = steps(&plan, &DeploymentState::read(&events).unwrap());
        for step in &way {
            events.push(Event::UndoIntent { step: step.clone() });
            assert_eq!(steps(&plan, &DeploymentState::read(&events).unwrap()), way);
            events.push(Event::Undone { step: step.clone() });
            assert_eq!(steps(&plan, &DeploymentState::read(&events).unwrap()), way);
        }
        events.push(Event::Unwound);
        assert!(DeploymentState::read(&events).is_ok());
    }
    assert!(acting(&update()).count() < update().effects.len());
}

#[test]
fn steps_are_read_back_as_written() {
    for text in [
        "unprotect",
        "unprotect-sync",
        "undo:efs.file-system/data",
        "settle:argocd.sync/base",
    ] {
        let step: UndoStep = text.parse().unwrap();
        assert_eq!(step.to_string(), text);
        assert_eq!(serde_json::to_value(&step).unwrap(), text);
    }
    for text in [
        "",
        "undo",
        "undo:",
        "undo:efs.file-system",
        "undo:no.kind/x",
        "settle",
        "redo:dns.record/x",
        "Unprotect",
    ] {
        assert!(text.parse::<UndoStep>().is_err(), "{text:?}");
    }
}

#[test]
fn only_the_base_loses_its_protection() {
    let guarded = format!("metadata:\n  annotations:\n    {PROTECTION}\n    other: x\n");
    let mut before = Folder {
        branch: "customer/acme".to_owned(),
        path: "us-west-2/chat".to_owned(),
        tree: Some("a".repeat(40)),
        files: BTreeMap::new(),
    };
    before
        .files
        .insert("dependencies/volumes.yaml".to_owned(), guarded.clone());
    // The chart may speak of the annotation as it likes: it protects nothing there.
    before
        .files
        .insert("chart/templates/notes.yaml".to_owned(), guarded.clone());
    // A line with something else on it isn't the annotation.
    before.files.insert(
        "dependencies/text.yaml".to_owned(),
        format!("# {PROTECTION}\r\n"),
    );
    let after = unprotected(&before);
    assert_eq!(after.tree, None);
    assert_eq!(
        after.files["dependencies/volumes.yaml"],
        "metadata:\n  annotations:\n    other: x\n"
    );
    assert_eq!(after.files["chart/templates/notes.yaml"], guarded);
    assert_eq!(
        after.files["dependencies/text.yaml"],
        before.files["dependencies/text.yaml"]
    );
    assert_eq!(unprotected(&after), after);
}

#[test]
fn a_base_is_opened_by_what_it_says() {
    let open = |text: &str| {
        let folder = Folder {
            branch: "customer/acme".to_owned(),
            path: "us-west-2/chat".to_owned(),
            tree: None,
            files: BTreeMap::from([("dependencies/x.yaml".to_owned(), text.to_owned())]),
        };
        unprotected(&folder).files["dependencies/x.yaml"].clone()
    };
    // In what the host wrote, it is the annotation; a text that looks like it stays.
    let written = format!(
        "metadata:\n  annotations:\n    {PROTECTION}\ndata:\n  text: |\n    {PROTECTION}\n    {PROTECTION}\n---\nmetadata:\n  annotations:\n    {PROTECTION}\n"
    );
    assert_eq!(
        open(&written),
        format!(
            "metadata:\n  annotations: {{}}\ndata:\n  text: |\n    {PROTECTION}\n    {PROTECTION}\n---\nmetadata:\n  annotations: {{}}\n"
        )
    );
    // So is the one of what may be pruned.
    assert_eq!(
        open(&written.replace(",Prune=false", "")),
        format!(
            "metadata:\n  annotations: {{}}\ndata:\n  text: |\n    {PROTECTION}\n    {PROTECTION}\n---\nmetadata:\n  annotations: {{}}\n"
        )
        .replace(",Prune=false", "")
    );
    // What an earlier version committed, in whatever form, loses the line.
    let earlier =
        format!("# why\nmetadata:\n    annotations:\n        {PROTECTION}\n        a: b\n");
    assert_eq!(
        open(&earlier),
        "# why\nmetadata:\n    annotations:\n        a: b\n"
    );
    assert_eq!(
        open(&earlier.replace(",Prune=false", "")),
        "# why\nmetadata:\n    annotations:\n        a: b\n"
    );
}

#[test]
fn the_planned_folder_holds_the_files_beside_it() {
    let planned = planned_folder(&first()).unwrap();
    assert_eq!(
        planned.files.keys().collect::<Vec<_>>(),
        ["dependencies/namespace.yaml", "values.yaml"]
    );
    assert_eq!(
        planned.files["values.yaml"],
        values(&token("efs.file-system/data"))
    );
    // A file that goes isn't in it.
    let mut with_removal = update().effects;
    with_removal.push(effect(
        "git.file/old.yaml",
        Some(file("old.yaml", "old: 1\n")),
        None,
    ));
    assert_eq!(planned_folder(&plan(with_removal)).unwrap().files.len(), 2);
    assert_eq!(planned_folder(&plan(vec![])), None);
    // Nor is there a folder where the commit only goes away.
    assert_eq!(
        planned_folder(&plan(vec![effect(
            "git.commit/folder",
            Some(folder(None)),
            None
        )])),
        None
    );
}
