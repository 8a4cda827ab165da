//! A hundred real `kill -9` of the real binary, at seeded instants of an `apply`. After
//! each, `resume` and `apply` lead to the end that an undisturbed run has.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use deploycenter_sandbox::LedgerEntry;
use deploycenter_testkit::{Inventory, trials};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use crate::place::{ACME, Place};

const KILLS: usize = 100;
/// With `DEPLOYCENTER_TEST_FAST` set.
const FEW_KILLS: usize = 10;
/// How often a run that is to be killed is looked at.
const PAUSE: Duration = Duration::from_millis(2);
/// Worlds at once. A run waits more than it works.
const AT_ONCE: usize = 6;

#[test]
fn a_hundred_kills() {
    let fast = std::env::var_os("DEPLOYCENTER_TEST_FAST").is_some();
    let kills = if fast { FEW_KILLS } else { KILLS };
    let seed = match std::env::var("DEPLOYCENTER_TEST_SEED") {
        Ok(seed) => seed.parse().expect("DEPLOYCENTER_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    println!("the seed: DEPLOYCENTER_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    // Even over the run, so that few kills reach everywhere too.
    let moments: Vec<f64> = (0..kills)
        .map(|nth| (nth as f64 + random.random_range(0.0..1.0)) / kills as f64)
        .collect();
    let left = Mutex::new(moments.into_iter());
    let counts = Mutex::new(Counts::default());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|_| scope.spawn(|| work(&left, &counts)))
            .collect();
        for worker in workers {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
    });
    trials::count("kills", kills);
    let Counts { died, resumed } = counts.into_inner().unwrap();
    println!("{kills} kills: {died} hit a run, {resumed} left something to resume");
    assert!(
        died * 10 >= kills * 7,
        "only {died} of {kills} kills hit a run"
    );
    assert!(
        resumed * 4 >= kills,
        "only {resumed} of {kills} kills left something to resume"
    );
}

#[derive(Default)]
struct Counts {
    died: usize,
    resumed: usize,
}

/// Kills one run after the other, in a folder of its own: paths are part of what is
/// deployed.
fn work(left: &Mutex<impl Iterator<Item = f64>>, counts: &Mutex<Counts>) {
    let dir = tempfile::tempdir().unwrap();
    let place = Place::below(dir.path(), ACME);
    let began = Instant::now();
    place.deploy();
    let mut takes = began.elapsed();
    let undisturbed = place.inventory();
    drop(place);
    loop {
        let next = left.lock().unwrap().next();
        let Some(moment) = next else { return };
        let at = takes.mul_f64(moment);
        let (ended, resumed) = kill(dir.path(), at, &undisturbed);
        let died = ended.is_none();
        // The machine may be less busy than at first.
        takes = ended.unwrap_or(takes);
        let mut counts = counts.lock().unwrap();
        counts.died += usize::from(died);
        counts.resumed += usize::from(resumed);
    }
}

/// How long the run took where it ended before the kill, and whether there was something to
/// resume.
fn kill(dir: &Path, at: Duration, undisturbed: &Inventory) -> (Option<Duration>, bool) {
    let place = Place::below(dir, ACME);
    let mut child = place.command(&["apply", "--yes"]).spawn().unwrap();
    let began = Instant::now();
    while began.elapsed() < at && child.try_wait().unwrap().is_none() {
        std::thread::sleep(PAUSE.min(at.saturating_sub(began.elapsed())));
    }
    let took = began.elapsed();
    child.kill().unwrap();
    let ended = child.wait().unwrap().success().then_some(took);

    let resume = place.run(&["resume"]);
    assert_eq!(resume.code, Some(0), "killed after {at:?}: {resume}");
    let resumed = !resume.stderr.contains("Nothing is unfinished.");
    let apply = place.run(&["apply", "--yes"]);
    assert_eq!(apply.code, Some(0), "killed after {at:?}: {apply}");

    let end = place.inventory();
    assert!(
        end == *undisturbed,
        "killed after {at:?}:\n{}",
        undisturbed.difference(&end)
    );
    assert_eq!(
        doubles(&place.sandbox().ledger()),
        Vec::<String>::new(),
        "made twice, killed after {at:?}"
    );
    let done = place.mark();
    place.run(&["plan", "--detailed-exitcode"]).succeeded();
    place.untouched_since(&done);
    (ended, resumed)
}

/// What AWS made more than once, by its ledger.
fn doubles(ledger: &[LedgerEntry]) -> Vec<String> {
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for call in ledger.iter().filter(|call| call.service != "argocd") {
        let makes =
            call.operation.starts_with("Create") || call.operation == "ChangeResourceRecordSets";
        if makes && call.status.is_some_and(|status| status < 300) {
            *made
                .entry(format!("{} {}", call.operation, call.subject))
                .or_default() += 1;
        }
    }
    made.into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(what, times)| format!("{what}: {times} times"))
        .collect()
}
