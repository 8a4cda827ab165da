//! An update that may have migrated the data: it isn't taken back by itself.

use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_engine::{Back, CancelError, CancellationToken, Engine, Outcome, RefusalCode};
use deploycenter_testkit::{Gate, Inventory, Life, World};

use crate::hold::{all_well, back, offers, planned, refused, rollback, rolled};
use crate::scene::{ACTOR, apply, before_update, deployed, resumed, sicken, tried, undying};

/// The updated instance, in the next version.
const NEXT: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, weight: 50, values: { version: \"11.11\", maxUsers: 200 } }
";

/// A world in which an update to the next version got sick, and what was there before.
fn parked() -> (World, Inventory) {
    let world = before_update();
    let before = world.inventory().unwrap();
    world.write("customers.yaml", NEXT).unwrap();
    sicken(&world, "maxUsers: 200");
    let outcomes = tried(&world).unwrap();
    let [outcome] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(outcome.status, Status::NeedsAttention);
    let reason = outcome.reason.as_deref().unwrap_or_default();
    for part in [
        "the database hides",
        "may have migrated its data from 11.7 to 11.11",
    ] {
        assert!(reason.contains(part), "{reason}");
    }
    let blocked = planned(&world, false).blocked;
    assert_eq!(blocked[0].code, RefusalCode::NeedsAttention);
    let target = blocked[0].target.clone();
    for way in [
        Remedy::Resume(Targets::One(target.clone())),
        Remedy::Cancel(target),
    ] {
        assert!(offers(&blocked[0], &way), "{blocked:?}");
    }
    (world, before)
}

fn cancelled(world: &World, data_compatible: bool) -> Result<Vec<Outcome>, CancelError> {
    let target = "acme/mattermost".parse().unwrap();
    undying(world, async |engine: Engine| {
        engine
            .cancel(&target, ACTOR, data_compatible, &CancellationToken::new())
            .await
    })
}

#[test]
fn it_waits_goes_on_when_the_cause_is_mended_and_isnt_rolled_back_unsaid() {
    let (world, before) = parked();
    // Not mended: it waits on.
    let still = resumed(&world);
    assert_eq!(still[0].status, Status::NeedsAttention, "{still:?}");
    world
        .sandbox()
        .with_argocd(|argocd, _| argocd.heal("acme--mattermost"));
    all_well(&resumed(&world));
    assert!(!planned(&world, false).plan.has_changes());

    let said = refused(undying(&world, rollback));
    assert_eq!(said.code, RefusalCode::DataVersion);
    assert!(
        said.help.to_string().contains("--data-compatible"),
        "{said:?}"
    );
    let vouched = Back {
        data_compatible: true,
        ..back()
    };
    all_well(&undying(&world, async |engine| rolled(engine, vouched).await).unwrap());
    let mut now = world.inventory().unwrap();
    now.0
        .remove("git customer/acme:us-west-2/mattermost/hold.json")
        .unwrap();
    assert!(now == before, "{}", before.difference(&now));
    // Forward again is what the app does by itself.
    all_well(&undying(&world, rollback).unwrap());
}

#[test]
fn it_is_taken_back_when_someone_vouches_for_the_data() {
    let (world, before) = parked();
    let refused = cancelled(&world, false).unwrap_err();
    assert!(matches!(refused, CancelError::Data { .. }), "{refused}");
    let outcomes = cancelled(&world, true).unwrap();
    assert_eq!(outcomes[0].status, Status::Unwound, "{outcomes:?}");
    let now = world.inventory().unwrap();
    assert!(now == before, "{}", before.difference(&now));
    let nothing = cancelled(&world, true).unwrap_err();
    assert!(matches!(nothing, CancelError::Nothing(_)), "{nothing}");
}

#[test]
fn what_was_interrupted_is_taken_back_on_request() {
    let prepared = before_update();
    let before = prepared.inventory().unwrap();
    for stop in [
        "intent dns.record/domain: known",
        "done git.commit/folder: known",
    ] {
        let world = prepared.copy().unwrap();
        let number = {
            let world = prepared.copy().unwrap();
            let gate = Arc::new(Gate::new(None));
            world.live(&gate, apply).unwrap();
            let trace = gate.trace();
            trace
                .iter()
                .position(|point| point.ends_with(stop))
                .unwrap()
        };
        let life = world.live(&Arc::new(Gate::new(Some(number))), apply);
        assert!(matches!(life.unwrap(), Life::Died));
        let outcomes = cancelled(&world, false).unwrap();
        assert_eq!(outcomes[0].status, Status::Unwound, "{outcomes:?}");
        let now = world.inventory().unwrap();
        assert!(now == before, "{stop}:\n{}", before.difference(&now));
        deployed(&world);
    }
}
