//! The whole sample fleet, through one command.

use crate::place::{ACME, Place};

/// How many instances the sample fleet has.
const INSTANCES: usize = 36;

#[test]
fn the_sandbox_deploys_the_whole_fleet_once() {
    let place = Place::new(ACME);
    let dir = tempfile::tempdir().unwrap();
    let command = ["sandbox", "--dir", dir.path().to_str().unwrap(), "--once"];
    let first = place.run(&command).succeeded();
    let (_, rows) = first.stdout.split_once('\n').unwrap();
    assert_eq!(rows.lines().count(), INSTANCES, "{first}");
    for row in rows.lines() {
        let words: Vec<&str> = row.split_whitespace().collect();
        assert!(
            words.len() == 7 && words[3..6] == ["Synced", "Healthy", "succeeded"],
            "{row}"
        );
    }
    // Everything is as wanted, so that a second run deploys nothing.
    let second = place.run(&command).succeeded();
    assert_eq!(second.stdout, first.stdout);
    assert!(second.stderr.contains("Nothing to do"), "{second}");
}
