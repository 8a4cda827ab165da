//! Laws of plans and journals that hold for every input.

use std::collections::BTreeSet;

use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::journal::{DeploymentState, EffectState, Event, Outline, Status};
use deploycenter_domain::plan::{TargetPlan, changes};
use deploycenter_domain::resource::{Outputs, Resource};
use deploycenter_domain::stale::{Verdict, compare};
use deploycenter_domain::undo_step::UndoStep;
use deploycenter_domain::unwind::steps;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{
    access_point, acting, application, done, effect, file, file_system, first, folder, intent,
    mount_target, plan, record, secret, sync, update,
};

const NAMES: [&str; 12] = [
    "efs.file-system/data",
    "efs.mount-target/data.a",
    "efs.mount-target/data.b",
    "efs.access-point/data",
    "secrets.entry/app",
    "dns.record/domain",
    "git.file/values.yaml",
    "git.commit/folder",
    "argocd.application/base",
    "argocd.application/workload",
    "argocd.sync/base",
    "argocd.sync/workload",
];

/// An image of the kind of that name; `state` tells two of them apart.
fn image(name: &str, state: u8) -> Resource {
    let text = format!("s{state}");
    let role = name.rsplit('/').next().unwrap();
    match name.split_once('/').unwrap().0 {
        "efs.file-system" => {
            let mut image = file_system();
            if let Resource::FileSystem(file_system) = &mut image {
                file_system.throughput_mode = text;
            }
            image
        }
        "efs.mount-target" => mount_target(&text),
        "efs.access-point" => access_point(&text),
        "secrets.entry" => secret(),
        "dns.record" => record(state),
        "git.file" => file(role, &text),
        "git.commit" => folder(Some(&text)),
        "argocd.application" => application(&text),
        _ => sync(role, Some(&text)),
    }
}

/// Any subset of the effects of an instance, each with any before and after.
fn any_plan() -> impl Strategy<Value = TargetPlan> {
    let side = || prop::option::of(0..3u8);
    prop::collection::vec((any::<bool>(), side(), side()), NAMES.len()).prop_map(|sides| {
        let chosen = NAMES.iter().zip(sides).filter(|(_, (there, ..))| *there);
        plan(
            chosen
                .map(|(name, (_, before, after))| {
                    effect(
                        name,
                        before.map(|state| image(name, state)),
                        after.map(|state| image(name, state)),
                    )
                })
                .collect(),
        )
    })
}

/// An effect of the plan whose image has more than one state here, where there is one.
fn one_of(
    plan: &TargetPlan,
    at: prop::sample::Index,
    fits: impl Fn(EffectKind) -> bool,
) -> Option<(usize, String)> {
    let effects = plan.effects.iter().enumerate();
    let fitting: Vec<_> = effects
        .filter(|(_, effect)| effect.kind != EffectKind::Secret && fits(effect.kind))
        .collect();
    if fitting.is_empty() {
        return None;
    }
    let (at, effect) = fitting[at.index(fitting.len())];
    Some((at, effect.id.to_string()))
}

/// A forward run that stops anywhere: how far each acting effect got.
fn any_run(plan: &TargetPlan, fates: &[u8]) -> Vec<Event> {
    let mut events = vec![Event::Started];
    for (effect, fate) in acting(plan).zip(fates.iter().cycle()) {
        match fate % 5 {
            0 => {}
            1 => events.push(intent(effect)),
            2 => events.extend([intent(effect), done(&effect.id, true)]),
            3 => events.extend([intent(effect), done(&effect.id, false)]),
            _ => events.extend([
                intent(effect),
                Event::Failed {
                    effect: effect.id.clone(),
                    message: "refused".to_owned(),
                    untouched: false,
                },
            ]),
        }
    }
    events
}

/// Any event about an effect of [`NAMES`].
fn any_event() -> impl Strategy<Value = Event> {
    let effect =
        || prop::sample::select(&NAMES[..4]).prop_map(|name| name.parse::<EffectId>().unwrap());
    let step = || {
        prop_oneof![
            Just(UndoStep::Unprotect),
            effect().prop_map(UndoStep::Undo),
            effect().prop_map(UndoStep::Settle),
        ]
    };
    let system = || prop::sample::select(vec!["efs".to_owned(), "argocd".to_owned()]);
    prop_oneof![
        Just(Event::Queued),
        Just(Event::Started),
        effect().prop_map(|effect| Event::Intent {
            effect,
            before: None,
            after: None
        }),
        (effect(), any::<bool>()).prop_map(|(effect, changed)| Event::Done {
            effect,
            changed,
            outputs: Outputs::new()
        }),
        (effect(), any::<bool>()).prop_map(|(effect, untouched)| Event::Failed {
            effect,
            message: "refused".to_owned(),
            untouched
        }),
        Just(Event::UnwindStarted {
            reason: "refused".to_owned()
        }),
        step().prop_map(|step| Event::UndoIntent { step }),
        step().prop_map(|step| Event::Undone { step }),
        step().prop_map(|step| Event::UndoFailed {
            step,
            message: "busy".to_owned()
        }),
        Just(Event::NeedsAttention {
            reason: "stuck".to_owned(),
            leftovers: vec![]
        }),
        system().prop_map(|system| Event::Waiting {
            system,
            message: "connection refused".to_owned()
        }),
        system().prop_map(|system| Event::Answered { system }),
        Just(Event::Resumed),
        Just(Event::Succeeded),
        Just(Event::Unwound),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_way_back_has_each_begun_effect_once(plan in any_plan(), fates in vec(any::<u8>(), 1..12)) {
        let events = any_run(&plan, &fates);
        let progress = DeploymentState::read(&events).unwrap();
        let way = steps(&plan, &progress);
        let undone: Vec<&EffectId> = way.iter().filter_map(|step| match step {
            UndoStep::Undo(id) => Some(id),
            _ => None,
        }).collect();
        let begun: BTreeSet<&EffectId> = acting(&plan)
            // A sync makes nothing: what it waited for is settled, or deleted.
            .filter(|effect| effect.kind != EffectKind::Sync)
            .filter(|effect| match progress.effects.get(&effect.id) {
                None => false,
                Some(EffectState::Done { changed, .. }) => *changed,
                Some(_) => true,
            })
            .map(|effect| &effect.id)
            .collect();
        prop_assert_eq!(undone.len(), begun.len(), "{:?}", way);
        prop_assert_eq!(undone.into_iter().collect::<BTreeSet<_>>(), begun);
        let distinct: BTreeSet<&UndoStep> = way.iter().collect();
        prop_assert_eq!(distinct.len(), way.len());
        // Nothing goes before what was made on top of it.
        let at = |kind: EffectKind| way.iter().position(|step| matches!(step, UndoStep::Undo(id) if id.kind() == kind));
        for (later, earlier) in [
            (EffectKind::FileSystem, EffectKind::MountTarget),
            (EffectKind::FileSystem, EffectKind::AccessPoint),
            (EffectKind::Record, EffectKind::Commit),
            (EffectKind::AccessPoint, EffectKind::Commit),
            (EffectKind::AccessPoint, EffectKind::Application),
        ] {
            if let (Some(later), Some(earlier)) = (at(later), at(earlier)) {
                prop_assert!(earlier < later, "{:?}", way);
            }
        }
    }

    #[test]
    fn a_run_can_be_stopped_anywhere_and_taken_back(plan in any_plan(), fates in vec(any::<u8>(), 1..12), cut in any::<prop::sample::Index>()) {
        let mut events = any_run(&plan, &fates);
        events.truncate(1 + cut.index(events.len()));
        let before = DeploymentState::read(&events).unwrap();
        prop_assert_eq!(before.status(), Status::Running);
        events.extend([Event::Resumed, Event::UnwindStarted { reason: "refused".to_owned() }]);
        for step in steps(&plan, &before) {
            events.extend([Event::UndoIntent { step: step.clone() }, Event::Undone { step }]);
        }
        events.push(Event::Unwound);
        for count in 1..=events.len() {
            DeploymentState::read(&events[..count]).unwrap();
        }
        prop_assert_eq!(DeploymentState::read(&events).unwrap().status(), Status::Unwound);
    }

    #[test]
    fn no_journal_makes_the_reader_panic(events in vec(any_event(), 0..40)) {
        let read = DeploymentState::read(&events);
        // Step by step as at once; what is refused leaves no trace.
        let mut progress = DeploymentState::default();
        let mut valid = Vec::new();
        let mut refused = None;
        for (entry, event) in events.iter().enumerate() {
            let before = progress.clone();
            match progress.apply(event) {
                Ok(()) => valid.push(event.clone()),
                Err(_) => {
                    refused.get_or_insert(entry);
                    prop_assert_eq!(&progress, &before);
                }
            }
            prop_assert!(!before.status().is_final() || progress == before);
        }
        match (read, refused) {
            (Ok(whole), None) => prop_assert_eq!(&whole, &progress),
            (Err(error), Some(entry)) => prop_assert_eq!(error.entry, entry),
            (Err(error), None) => prop_assert!(events.is_empty(), "{error}"),
            (Ok(_), Some(entry)) => prop_assert!(false, "entry {entry} was read"),
        }
        // What lists show follows without the effects, and survives being stored.
        let mut outline = Outline::default();
        for event in &valid {
            outline.apply(event).unwrap();
            let stored = serde_json::to_string(&outline).unwrap();
            outline = serde_json::from_str(&stored).unwrap();
        }
        prop_assert_eq!(&outline, &progress.outline);
        // Every beginning of a valid journal is one.
        for count in 1..=valid.len() {
            prop_assert!(DeploymentState::read(&valid[..count]).is_ok());
        }
    }

    #[test]
    fn a_plan_holds_against_itself(plan in any_plan()) {
        prop_assert_eq!(compare(&plan, &plan), Verdict::Same);
    }

    #[test]
    fn another_before_is_never_the_same(plan in any_plan(), at in any::<prop::sample::Index>(), state in 5..9u8) {
        // A folder is held to by its files, not by its tree.
        let Some((at, name)) = one_of(&plan, at, |kind| !matches!(kind, EffectKind::File | EffectKind::Commit | EffectKind::Sync)) else {
            return Ok(());
        };
        let mut fresh = plan.clone();
        fresh.effects[at] = effect(&name, Some(image(&name, state)), plan.effects[at].after.clone());
        let verdict = compare(&plan, &fresh);
        prop_assert!(verdict != Verdict::Same, "{name}: {verdict:?}");
    }

    #[test]
    fn an_edited_after_is_never_the_same(plan in any_plan(), at in any::<prop::sample::Index>(), state in 5..9u8) {
        let Some((at, name)) = one_of(&plan, at, |_| true) else {
            return Ok(());
        };
        let mut reviewed = plan.clone();
        reviewed.effects[at] = effect(&name, plan.effects[at].before.clone(), Some(image(&name, state)));
        let verdict = compare(&reviewed, &plan);
        prop_assert!(verdict != Verdict::Same, "{name}: {verdict:?}");
    }

    #[test]
    fn changes_lead_from_one_image_to_the_other(name in prop::sample::select(&NAMES[..]), one in 0..3u8, other in 0..3u8) {
        let (one, other) = (image(name, one), image(name, other));
        prop_assert_eq!(changes(Some(&one), Some(&one)), vec![]);
        let there = changes(Some(&one), Some(&other));
        let back = changes(Some(&other), Some(&one));
        prop_assert_eq!(there.is_empty(), one == other);
        prop_assert_eq!(there.len(), back.len());
        for (there, back) in there.iter().zip(&back) {
            prop_assert_eq!((&there.path, &there.before, &there.after), (&back.path, &back.after, &back.before));
        }
        let made = effect(name, None, Some(one.clone()));
        prop_assert_eq!(made.action, Action::Create);
        prop_assert_eq!(made.changes.len(), changes(Some(&one), None).len());
    }
}

#[test]
fn the_plans_of_the_other_tests_are_ones_that_act() {
    assert!(acting(&first()).count() > 8 && acting(&update()).count() == 4);
}
