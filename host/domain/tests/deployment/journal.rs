//! The one total function that reads a journal.

use deploycenter_domain::effect::OutputName;
use deploycenter_domain::journal::{DeploymentState, EffectState, Event, Status, UndoState};
use deploycenter_domain::resource::Outputs;
use deploycenter_domain::undo_step::UndoStep;

use crate::support::{done, effect, file_system, first, forward, id, intent, update};

const EFFECT: &str = "efs.file-system/data";

fn step() -> UndoStep {
    UndoStep::Undo(id(EFFECT))
}

/// One of each event, all about the same effect.
fn every_event() -> Vec<Event> {
    vec![
        Event::Queued,
        Event::Started,
        intent(&effect(EFFECT, None, Some(file_system()))),
        done(&id(EFFECT), true),
        Event::Failed {
            effect: id(EFFECT),
            message: "refused".to_owned(),
            untouched: true,
        },
        Event::UnwindStarted {
            reason: "refused".to_owned(),
        },
        Event::UndoIntent { step: step() },
        Event::Undone { step: step() },
        Event::UndoFailed {
            step: step(),
            message: "busy".to_owned(),
        },
        Event::NeedsAttention {
            reason: "stuck".to_owned(),
            leftovers: vec!["fs-1".to_owned()],
        },
        Event::Waiting {
            system: "efs".to_owned(),
            message: "connection refused".to_owned(),
        },
        Event::Answered {
            system: "efs".to_owned(),
        },
        Event::Resumed,
        Event::Succeeded,
        Event::Unwound,
    ]
}

fn short(event: &Event) -> &'static str {
    match event {
        Event::Queued => "queued",
        Event::Started => "started",
        Event::Intent { .. } => "intent",
        Event::Done { .. } => "done",
        Event::Failed { .. } => "failed",
        Event::UnwindStarted { .. } => "unwind-started",
        Event::UndoIntent { .. } => "undo-intent",
        Event::Undone { .. } => "undone",
        Event::UndoFailed { .. } => "undo-failed",
        Event::NeedsAttention { .. } => "needs-attention",
        Event::Waiting { .. } => "waiting",
        Event::Answered { .. } => "answered",
        Event::Resumed => "resumed",
        Event::Succeeded => "succeeded",
        Event::Unwound => "unwound",
    }
}

/// A journal that begins with those events; `needs-attention` and the others by their
/// short names.
fn after(names: &[&str]) -> DeploymentState {
    let mut progress = DeploymentState::default();
    for name in names {
        let event = every_event()
            .into_iter()
            .find(|event| short(event) == *name)
            .unwrap();
        progress.apply(&event).unwrap();
    }
    progress
}

#[test]
fn what_may_follow_what() {
    use Status::{NeedsAttention, Queued, Running, Succeeded, Unwinding, Unwound};
    type Follows = &'static [(&'static str, Status)];
    let table: &[(&[&str], Follows)] = &[
        (&[], &[("queued", Queued), ("started", Running)]),
        (&["queued"], &[("started", Running)]),
        (
            &["queued", "started"],
            &[
                ("intent", Running),
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Running),
                ("succeeded", Succeeded),
            ],
        ),
        (
            &["started"],
            &[
                ("intent", Running),
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Running),
                ("succeeded", Succeeded),
            ],
        ),
        (
            // Success wants every effect that was begun to be done.
            &["started", "intent"],
            &[
                ("intent", Running),
                ("done", Running),
                ("failed", Running),
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("waiting", Running),
                ("resumed", Running),
            ],
        ),
        (
            // A wait turns nothing round, and ends nothing.
            &["started", "intent", "waiting"],
            &[
                ("intent", Running),
                ("done", Running),
                ("failed", Running),
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("answered", Running),
                ("resumed", Running),
            ],
        ),
        (
            &["started", "intent", "failed"],
            &[
                ("intent", Running),
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Running),
            ],
        ),
        (
            &["started", "intent", "done"],
            &[
                ("unwind-started", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Running),
                ("succeeded", Succeeded),
            ],
        ),
        (
            &["started", "unwind-started"],
            &[
                ("undo-intent", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Unwinding),
                ("unwound", Unwound),
            ],
        ),
        (
            &["started", "unwind-started", "undo-intent"],
            &[
                ("undo-intent", Unwinding),
                ("undone", Unwinding),
                ("undo-failed", Unwinding),
                ("needs-attention", NeedsAttention),
                ("waiting", Unwinding),
                ("resumed", Unwinding),
            ],
        ),
        (
            &["started", "unwind-started", "undo-intent", "waiting"],
            &[
                ("undo-intent", Unwinding),
                ("undone", Unwinding),
                ("undo-failed", Unwinding),
                ("needs-attention", NeedsAttention),
                ("answered", Unwinding),
                ("resumed", Unwinding),
            ],
        ),
        (
            &["started", "unwind-started", "undo-intent", "undo-failed"],
            &[
                ("undo-intent", Unwinding),
                ("needs-attention", NeedsAttention),
                ("resumed", Unwinding),
            ],
        ),
        (
            &["started", "unwind-started", "undo-intent", "undone"],
            &[
                ("needs-attention", NeedsAttention),
                ("resumed", Unwinding),
                ("unwound", Unwound),
            ],
        ),
        (&["started", "needs-attention"], &[("resumed", Running)]),
        (
            &["started", "unwind-started", "needs-attention"],
            &[("resumed", Unwinding)],
        ),
        (&["started", "succeeded"], &[]),
        (&["started", "unwind-started", "unwound"], &[]),
    ];
    for (before, follows) in table {
        for event in every_event() {
            let mut progress = after(before);
            let untouched = progress.clone();
            let taken = progress.apply(&event);
            let expected = follows.iter().find(|(name, _)| *name == short(&event));
            match (&taken, expected) {
                (Ok(()), Some((_, status))) => assert_eq!(
                    progress.status(),
                    *status,
                    "{before:?}, then {}",
                    short(&event)
                ),
                (Err(_), None) => assert_eq!(
                    progress,
                    untouched,
                    "{before:?}: a refused {} left a trace",
                    short(&event)
                ),
                (taken, _) => panic!("{before:?}, then {}: {taken:?}", short(&event)),
            }
        }
    }
}

#[test]
fn what_is_known_adds_up() {
    let plan = first();
    let mut events = forward(&plan);
    events.push(Event::Succeeded);
    let progress = DeploymentState::read(&events).unwrap();
    assert_eq!(progress.status(), Status::Succeeded);
    assert!(progress.status().is_final());
    assert_eq!(
        progress
            .bindings
            .get("efs.file-system/data:id")
            .map(String::as_str),
        Some("fs-1")
    );
    assert!(
        progress
            .effects
            .values()
            .all(|state| matches!(state, EffectState::Done { changed: true, .. }))
    );
    // As many as were called: neither of the two files.
    assert_eq!(progress.effects.len(), plan.effects.len() - 2);
    let Some(EffectState::Done { before, after, .. }) =
        progress.effects.get(&id("dns.record/domain"))
    else {
        panic!("{progress:?}");
    };
    assert_eq!(
        (before, after),
        (&None, &plan.effect(&id("dns.record/domain")).unwrap().after)
    );
}

#[test]
fn a_second_attempt_replaces_what_failed() {
    let created = effect(EFFECT, None, Some(file_system()));
    let events = [
        Event::Started,
        intent(&created),
        Event::Failed {
            effect: id(EFFECT),
            message: "busy".to_owned(),
            untouched: false,
        },
        Event::Resumed,
        intent(&created),
        Event::Done {
            effect: id(EFFECT),
            changed: false,
            outputs: Outputs::from([(OutputName::Id, "fs-2".to_owned())]),
        },
    ];
    let at = |count: usize| {
        DeploymentState::read(&events[..count]).unwrap().effects[&id(EFFECT)].clone()
    };
    assert!(matches!(at(2), EffectState::Uncertain { .. }));
    assert!(matches!(at(3), EffectState::Failed { message, .. } if message == "busy"));
    assert!(matches!(at(5), EffectState::Uncertain { .. }));
    assert!(matches!(at(6), EffectState::Done { changed: false, .. }));
}

#[test]
fn what_it_waits_for_is_told_before_why_it_goes_back() {
    let progress = after(&[
        "started",
        "unwind-started",
        "undo-intent",
        "undo-failed",
        "needs-attention",
    ]);
    assert_eq!(progress.outline.reason.as_deref(), Some("refused"));
    assert_eq!(progress.why(), Some("stuck"));
    assert_eq!(progress.outline.leftovers, ["fs-1"]);
    let mut resumed = progress.clone();
    resumed.apply(&Event::Resumed).unwrap();
    assert_eq!(
        (resumed.why(), resumed.outline.leftovers.len()),
        (Some("refused"), 0)
    );
    assert_eq!(
        progress.undo.get(&step()),
        Some(&UndoState::Failed("busy".to_owned()))
    );
    assert!(progress.is_unwinding());
    // Forward, the call for attention is all there is to say why.
    let parked = after(&["started", "needs-attention"]);
    assert_eq!(parked.outline.reason, None);
    assert_eq!(parked.why(), Some("stuck"));
    assert!(!parked.is_unwinding());
}

#[test]
fn what_is_away_is_waited_for_until_it_answers_or_nobody_asks_it_any_more() {
    let waits = |names: &[&str]| after(names).outline.waiting;
    let waiting = waits(&["started", "intent", "waiting"]);
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting["efs"].entry, 2, "its time is since when");
    assert_eq!(waiting["efs"].message, "connection refused");
    for then in ["answered", "resumed", "unwind-started", "needs-attention"] {
        let names = ["started", "intent", "waiting", then];
        assert!(waits(&names).is_empty(), "{then}");
    }
    let again = waits(&[
        "started", "intent", "waiting", "answered", "intent", "waiting",
    ]);
    assert_eq!(again["efs"].entry, 5);
    let back = ["started", "unwind-started", "undo-intent", "waiting"];
    assert_eq!(waits(&back)["efs"].entry, 3);
    assert_eq!(after(&back).why(), Some("refused"));
}

#[test]
fn a_journal_is_the_same_after_it_was_stored() {
    for event in every_event().into_iter().chain(forward(&update())) {
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            serde_json::from_str::<Event>(&text).unwrap(),
            event,
            "{text}"
        );
    }
    for status in [
        Status::Queued,
        Status::Running,
        Status::Unwinding,
        Status::NeedsAttention,
        Status::Succeeded,
        Status::Unwound,
    ] {
        // A status reads the same wherever it is shown.
        assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
    }
}

#[test]
fn the_impossible_names_its_place() {
    let error = DeploymentState::read(&[Event::Started, Event::Unwound]).unwrap_err();
    assert_eq!(error.entry, 1);
    assert_eq!(
        error.to_string(),
        "the journal is impossible at entry 1: the end of the unwinding before the unwinding began"
    );
    assert_eq!(DeploymentState::read(&[]).unwrap_err().what, "it is empty");
    let error = DeploymentState::read(&[Event::Started, done(&id(EFFECT), true)]).unwrap_err();
    assert_eq!(
        error.what,
        "a result of efs.file-system/data without an intent"
    );
}
