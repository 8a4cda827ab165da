//! What deployments left, and what differs.

use deploycenter_domain::effect::{Action, EffectKind, OutputName};
use deploycenter_domain::history::{Difference, Left, differences};
use deploycenter_domain::journal::{DeploymentState, Event};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::resource::{Outputs, Resource};
use deploycenter_domain::undo_step::UndoStep;
use serde_json::json;

use crate::support::{effect, file, first, folder, forward, id, plan, record, update};

/// The journal of a whole apply, whose commit made that tree.
fn journal(plan: &TargetPlan, tree: &str) -> Vec<Event> {
    let mut events = forward(plan);
    for event in &mut events {
        if let Event::Done {
            effect, outputs, ..
        } = event
            && effect.to_string() == "git.commit/folder"
        {
            *outputs = Outputs::from([(OutputName::Tree, tree.repeat(40))]);
        }
    }
    events
}

fn succeeded(plan: &TargetPlan, tree: &str) -> DeploymentState {
    let mut events = journal(plan, tree);
    events.push(Event::Succeeded);
    DeploymentState::read(&events).unwrap()
}

fn left(deployments: &[(&TargetPlan, &DeploymentState)]) -> Left {
    let mut left = Left::default();
    for (plan, progress) in deployments {
        left.take_in(plan, progress);
    }
    left
}

fn brief(found: &[Difference]) -> Vec<String> {
    found
        .iter()
        .map(|difference| format!("{:?} {}", difference.action, difference.id))
        .collect()
}

#[test]
fn a_first_deployment_leaves_everything_bound() {
    let plan = first();
    let left = left(&[(&plan, &succeeded(&plan, "a"))]);
    let states = left.states();
    assert_eq!(
        states[&id("git.file/values.yaml")],
        file("values.yaml", "volume: fs-1\n")
    );
    assert_eq!(
        states[&id("git.commit/folder")],
        folder(Some(&"a".repeat(40)))
    );
    assert!(states.keys().all(|id| id.kind().as_str() != "argocd.sync"));
    assert!(left.uncertain().is_empty());
    let found = differences(&Left::default(), &left);
    assert_eq!(found.len(), states.len());
    assert!(found.iter().all(|one| one.action == Action::Create));
}

#[test]
fn an_update_differs_in_what_it_changed() {
    let (one, two) = (first(), update());
    let (at_one, at_two) = (succeeded(&one, "a"), succeeded(&two, "b"));
    let before = left(&[(&one, &at_one)]);
    let after = left(&[(&one, &at_one), (&two, &at_two)]);
    let found = differences(&before, &after);
    // The fixture's second plan has the same values.yaml as the first, once bound.
    assert_eq!(
        brief(&found),
        ["Update dns.record/domain", "Update git.commit/folder"]
    );
    assert_eq!(
        serde_json::to_value(&found[0]).unwrap(),
        json!({
            "id": "dns.record/domain", "kind": "dns.record", "name": "domain", "action": "update",
            "changes": [{ "path": "weight", "before": 100, "after": 50 }],
        })
    );
    assert_eq!(found[1].changes[0].after, json!("b".repeat(40)));
    let back = differences(&after, &before);
    assert_eq!(back[0].changes[0].after, json!(100));
    assert!(differences(&after, &after).is_empty());
}

#[test]
fn what_was_taken_back_leaves_what_was_there() {
    let (one, mut two) = (first(), update());
    two.effects.push(effect(
        "git.file/extra.yaml",
        None,
        Some(file("extra.yaml", "more: true\n")),
    ));
    let at_one = succeeded(&one, "a");
    let mut events = journal(&two, "b");
    events.push(Event::UnwindStarted {
        reason: "a pod is sick".to_owned(),
    });
    events.push(Event::Unwound);
    let back = DeploymentState::read(&events).unwrap();
    let before = left(&[(&one, &at_one)]);
    let after = left(&[(&one, &at_one), (&two, &back)]);
    // The fixture says that another values.yaml stood there: that is what is left.
    assert_eq!(
        brief(&differences(&before, &after)),
        ["Update git.file/values.yaml"]
    );
    assert_eq!(
        after.states()[&id("git.file/values.yaml")],
        file("values.yaml", "old: 1\n")
    );
    let nothing = left(&[(&one, &back_from(&one))]);
    assert!(nothing.states().is_empty());
}

/// The journal of a whole apply that was taken back.
fn back_from(plan: &TargetPlan) -> DeploymentState {
    let mut events = journal(plan, "a");
    events.push(Event::UnwindStarted {
        reason: "a pod is sick".to_owned(),
    });
    events.push(Event::Unwound);
    DeploymentState::read(&events).unwrap()
}

#[test]
fn an_unfinished_one_leaves_what_is_done() {
    let (one, two) = (first(), update());
    let at_one = succeeded(&one, "a");
    let before = left(&[(&one, &at_one)]);
    let mut events = journal(&two, "b");
    // The record is done; of the commit nobody knows.
    events.truncate(4);
    let half = DeploymentState::read(&events).unwrap();
    let after = left(&[(&one, &at_one), (&two, &half)]);
    assert!(brief(&differences(&before, &after)).contains(&"Update dns.record/domain".to_owned()));
    assert_eq!(
        after.states()[&id("git.commit/folder")],
        folder(Some(&"a".repeat(40))),
        "as it was before"
    );
    assert_eq!(
        after.uncertain().iter().collect::<Vec<_>>(),
        [&id("git.commit/folder")]
    );

    // On the way back the commit is undone, the record not yet.
    let mut events = journal(&two, "b");
    let undo = |name: &str| UndoStep::Undo(id(name));
    events.extend([
        Event::UnwindStarted {
            reason: "a pod is sick".to_owned(),
        },
        Event::UndoIntent {
            step: undo("git.commit/folder"),
        },
        Event::Undone {
            step: undo("git.commit/folder"),
        },
        Event::UndoIntent {
            step: undo("dns.record/domain"),
        },
    ]);
    let half = DeploymentState::read(&events).unwrap();
    let after = left(&[(&one, &at_one), (&two, &half)]);
    assert_eq!(
        after.states()[&id("git.commit/folder")],
        folder(Some(&"a".repeat(40)))
    );
    assert_eq!(after.states()[&id("dns.record/domain")], record(50));
    assert_eq!(
        after.uncertain().iter().collect::<Vec<_>>(),
        [&id("dns.record/domain")]
    );
}

#[test]
fn a_removal_leaves_what_it_doesnt_delete() {
    let one = first();
    let at_one = succeeded(&one, "a");
    let before = left(&[(&one, &at_one)]);
    let deployed_now = before.states();
    let mut gone = plan(vec![
        effect("dns.record/domain", Some(record(100)), None),
        effect(
            "git.commit/folder",
            Some(folder(Some(&"a".repeat(40)))),
            None,
        ),
    ]);
    let retained = deployed_now.iter().filter(|(id, _)| {
        use EffectKind::{AccessPoint, FileSystem, MountTarget, Secret};
        matches!(id.kind(), FileSystem | MountTarget | AccessPoint | Secret)
    });
    gone.effects.extend(
        retained
            .map(|(id, image)| effect(&id.to_string(), Some(image.clone()), Some(image.clone()))),
    );
    gone.operation = Operation::Destroy;
    let after = left(&[(&one, &at_one), (&gone, &succeeded(&gone, "b"))]);
    assert_eq!(
        brief(&differences(&before, &after)),
        [
            "Delete dns.record/domain",
            "Delete git.file/dependencies/namespace.yaml",
            "Delete git.file/values.yaml",
            "Delete git.commit/folder",
            "Delete argocd.application/base",
            "Delete argocd.application/workload",
        ]
    );
    assert!(
        after
            .states()
            .values()
            .any(|image| matches!(image, Resource::FileSystem(_)))
    );

    // Another incarnation of the name has none of it.
    let mut again = first();
    again.incarnation = Incarnation(2);
    let back = back_from(&again);
    let after = left(&[(&one, &at_one), (&again, &back)]);
    assert!(after.states().is_empty());
}
