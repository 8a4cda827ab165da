//! A region's balancer gets IPv6: an AAAA record comes beside the A, or nothing does.

use deploycenter_sandbox::sample::REGIONS;
use deploycenter_testkit::World;

use crate::crash::every_crash;
use crate::fail::for_good;
use crate::scene::{apply, before_update, deployed};

/// A world with a deployed instance that is about to change, in a region with IPv6.
fn before_ipv6() -> World {
    let world = before_update();
    let whole = "evaluateTargetHealth: true";
    let dual = REGIONS.replace(whole, &format!("{whole}, dualStack: true"));
    assert_ne!(dual, REGIONS);
    world.write("regions.yaml", &dual).unwrap();
    world
}

#[test]
fn an_aaaa_comes_beside_the_a() {
    let world = before_ipv6();
    deployed(&world);
    let inventory = world.inventory().unwrap();
    let records = inventory.mentions("\"chat.acme.apps.example.com.\"");
    let kinds = ["\"A\"", "\"AAAA\""].map(|kind| {
        records
            .iter()
            .filter(|record| record.contains(kind))
            .count()
    });
    assert_eq!(kinds, [1, 1], "{records:?}");
}

#[test]
fn an_aaaa_that_comes_survives_every_crash() {
    every_crash(before_ipv6, apply);
}

#[test]
fn an_aaaa_that_comes_fails_clean_at_every_call() {
    for_good(before_ipv6);
}
