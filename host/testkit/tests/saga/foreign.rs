//! Someone else changes something: between a plan and its apply, during it, and before a
//! rollback. It is reported by name, never overwritten in silence, and there is a way out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deploycenter_domain::journal::Status;
use deploycenter_domain::remedy::Remedy;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{Back, Engine, PlanOptions, RefusalCode};
use deploycenter_testkit::{Gate, Life, World, trials};

use crate::hands::{self, HANDS, Hand};
use crate::hold::{all_well, back, offers, planned, reclaimed, refused, rollback, rolled, updated};
use crate::scene::{apply, before_update, carried_out, deployed, resumed, sicken, undying};

/// Wants all that a hand did to be named.
#[track_caller]
fn names(hand: &Hand, said: &str) {
    for part in hand.named {
        assert!(said.contains(part), "{}: no {part:?} in {said}", hand.what);
    }
}

/// Wants the instance left out for what a hand did, and nothing else about it.
#[track_caller]
fn drifted(world: &World, hand: &Hand) {
    let planned = planned(world, false);
    assert!(!planned.plan.has_changes(), "{}", hand.what);
    let said = planned
        .blocked
        .iter()
        .find(|blocked| blocked.target.to_string() == "acme/mattermost" || hand.shared())
        .unwrap_or_else(|| panic!("{}: {planned:?}", hand.what));
    assert_eq!(said.code, RefusalCode::Drifted, "{}", hand.what);
    names(hand, &said.message);
    let puts_back = |way: &Remedy| matches!(way, Remedy::Apply { reclaim: true, .. });
    assert!(said.help.remedies().any(puts_back), "{said:?}");
}

/// Puts back what a hand changed; what no cluster takes again is refused, with the way.
#[track_caller]
fn put_back(world: &World, hand: &Hand) {
    if !hand.loses_files() {
        return reclaimed(world);
    }
    let before = world.inventory().unwrap();
    let planned = planned(world, true);
    assert!(!planned.plan.has_changes(), "{}", hand.what);
    let [said] = &planned.blocked[..] else {
        panic!("{}: {planned:?}", hand.what)
    };
    assert_eq!(said.code, RefusalCode::Permanent, "{}", hand.what);
    assert!(
        said.message.contains("spec.csi of the PersistentVolume"),
        "{said:?}"
    );
    assert!(
        said.help.to_string().contains("restore a backup"),
        "{said:?}"
    );
    assert!(world.inventory().unwrap() == before, "{}", hand.what);
}

#[test]
fn between_a_plan_and_its_apply() {
    let prepared = before_update();
    for hand in &HANDS {
        let world = prepared.copy().unwrap();
        (hand.act)(&world);
        let before = world.inventory().unwrap();
        drifted(&world, hand);
        assert!(world.inventory().unwrap() == before, "{}", hand.what);
        put_back(&world, hand);
    }
}

#[test]
fn between_an_apply_and_a_rollback() {
    let prepared = updated();
    for hand in &HANDS {
        let world = prepared.copy().unwrap();
        (hand.act)(&world);
        let before = world.inventory().unwrap();
        let said = refused(undying(&world, rollback));
        assert_eq!(said.code, RefusalCode::Drifted, "{}", hand.what);
        names(hand, &said.message);
        assert!(world.inventory().unwrap() == before, "{}", hand.what);

        let over = Back {
            reclaim: true,
            ..back()
        };
        let result = undying(&world, async |engine| rolled(engine, over).await);
        if hand.loses_files() {
            // The files of then name what is gone for good.
            let said = refused(result);
            assert_eq!(said.code, RefusalCode::MadeAnew);
            assert!(
                said.help.to_string().contains("restore a backup"),
                "{said:?}"
            );
            put_back(&world, hand);
        } else {
            all_well(&result.unwrap());
        }
    }
}

/// The points of an undisturbed update at which something has just been done, from the
/// one where it is journaled on.
fn points(prepared: &World) -> Vec<(usize, String)> {
    let world = prepared.copy().unwrap();
    let gate = Arc::new(Gate::new(None));
    match world.live(&gate, apply).unwrap() {
        Life::Lived(outcomes) => all_well(&outcomes.unwrap()),
        Life::Died => unreachable!("nothing ends this life"),
    }
    let points: Vec<(usize, String)> = gate
        .trace()
        .into_iter()
        .enumerate()
        .filter(|(_, point)| point.starts_with("journal") && point.ends_with("known"))
        .filter(|(_, point)| !point.contains("intent"))
        .collect();
    assert!(points.len() > 5, "{points:?}");
    points
}

#[test]
fn during_an_apply() {
    let prepared = before_update();
    let points = points(&prepared);
    let meetings = points
        .iter()
        .flat_map(|point| HANDS.map(|hand| (point, hand)));
    let parked = AtomicUsize::new(0);
    trials::each("hands", meetings, |((number, point), hand)| {
        let needed_attention = during(&prepared, hand, *number, point);
        parked.fetch_add(usize::from(needed_attention), Ordering::SeqCst);
    });
    // Only what was committed over isn't taken back by itself.
    assert!(parked.into_inner() > 0);
}

/// Lets someone do something in the midst of an update. Whether it needed attention.
fn during(prepared: &World, hand: Hand, number: usize, point: &str) -> bool {
    let what = format!("someone {} at {point}", hand.what);
    let world = Arc::new(prepared.copy().unwrap());
    let theirs = Arc::clone(&world);
    let gate = Arc::new(Gate::with_hand(number, move || (hand.act)(&theirs)));
    let outcomes = match world.live(&gate, apply).unwrap() {
        Life::Lived(outcomes) => outcomes.unwrap(),
        Life::Died => unreachable!("nothing ends this life"),
    };
    let [outcome] = &outcomes[..] else {
        panic!("{what}: {outcomes:?}")
    };
    let told = outcome.reason.clone().unwrap_or_default();
    let needs_attention = outcome.status == Status::NeedsAttention;
    if needs_attention {
        assert!(hand.what.contains("pushes"), "{what}: {outcome:?}");
        names(&hand, &told);
        assert!(told.contains("revert that commit"), "{what}: {told}");
        hands::revert(&world);
        for outcome in resumed(&world) {
            assert_eq!(outcome.status, Status::Unwound, "{what}: {outcome:?}");
        }
        deployed(&world);
    } else {
        assert!(outcome.status.is_final(), "{what}: {outcome:?}");
        // What was left as someone made it is said at the latest by the next plan.
        drifted(&world, &hand);
        put_back(&world, &hand);
    }
    needs_attention
}

#[test]
fn a_folder_that_someone_removed_is_put_back_in_the_same_life() {
    let world = updated();
    let before = world.inventory().unwrap();
    hands::remove_folder(&world);
    for said in [
        planned(&world, false).blocked[0].clone(),
        refused(undying(&world, rollback)),
    ] {
        assert_eq!(said.code, RefusalCode::Drifted);
        assert!(offers(&said, &Remedy::reclaim(&said.target)));
    }
    reclaimed(&world);
    let now = world.inventory().unwrap();
    assert!(now == before, "{}", before.difference(&now));
}

#[test]
fn putting_back_a_removed_folder_takes_no_data_when_it_fails() {
    let world = updated();
    hands::remove_folder(&world);
    hands::delete_base(&world);
    let objects = |world: &World| -> Vec<String> {
        let all = world.inventory().unwrap().0.into_keys();
        all.filter(|name| name.starts_with("object ") && name.contains("Claim"))
            .collect()
    };
    let before = objects(&world);
    assert!(!before.is_empty());
    sicken(&world, "maxUsers: 200");
    let options = PlanOptions {
        reclaim: true,
        ..PlanOptions::default()
    };
    let outcomes = undying(&world, async |engine: Engine| {
        let planned = engine.plan(&Selection::default(), &options).await.unwrap();
        carried_out(&engine, planned.plan).await
    });
    assert!(
        outcomes
            .iter()
            .any(|outcome| outcome.status == Status::Unwound),
        "{outcomes:?}"
    );
    assert_eq!(objects(&world), before);
}
