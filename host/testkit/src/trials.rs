//! What a harness tries one by one, points, faults or kills: side by side, and counted.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

/// The name of an environment variable: the file to which each harness adds a line of what
/// it tried, how often and in which test. `cargo xtask test` sums them up.
const TALLY: &str = "DEPLOYCENTER_TALLY";

/// How many trials are under way in this process, whichever tests they are of.
static UNDER_WAY: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// Tries each of `all` on its own, as many at once as there are processors, and adds their
/// number to the tally of `kind` ("points").
///
/// # Panics
/// As the first trial that panics does; no other is begun then.
pub fn each<T: Send>(kind: &str, all: impl IntoIterator<Item = T>, one: impl Fn(T) + Sync) {
    let all: Vec<T> = all.into_iter().collect();
    count(kind, all.len());
    let at_once = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = at_once.min(all.len());
    let left = Mutex::new(all.into_iter());
    let failed = AtomicBool::new(false);
    let work = || {
        loop {
            let turn = Turn::take(at_once);
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(item) = next.filter(|_| !failed.load(Ordering::SeqCst)) else {
                return;
            };
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| one(item))) {
                failed.store(true, Ordering::SeqCst);
                resume_unwind(panic);
            }
            drop(turn);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
}

/// Adds to the tally what a test tried by itself.
///
/// # Panics
/// When the tally's file can't be written: what isn't counted would pass for less.
pub fn count(kind: &str, number: usize) {
    let Some(path) = std::env::var_os(TALLY) else {
        return;
    };
    let mut line = String::new();
    let thread = thread::current();
    let test = thread.name().unwrap_or_default();
    let _ = writeln!(line, "{number} {kind} {test}");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the file that DEPLOYCENTER_TALLY names can be written");
}

/// The right to one trial.
struct Turn;

impl Turn {
    fn take(at_once: usize) -> Self {
        let under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        let mut under_way = ENDED
            .wait_while(under_way, |under_way| *under_way >= at_once)
            .unwrap_or_else(PoisonError::into_inner);
        *under_way += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        ENDED.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_is_tried_once() {
        let tried = Mutex::new(Vec::new());
        each("numbers", 0..50, |number| {
            tried
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(number);
        });
        let mut tried = tried.into_inner().unwrap_or_else(PoisonError::into_inner);
        tried.sort_unstable();
        assert_eq!(tried, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_that_panics_is_the_last() {
        let tried = AtomicUsize::new(0);
        let panic = catch_unwind(AssertUnwindSafe(|| {
            each("numbers", 0..10_000, |number| {
                tried.fetch_add(1, Ordering::SeqCst);
                assert!(number != 3, "three");
                thread::sleep(Duration::from_millis(1));
            });
        }));
        let panic = panic.expect_err("one panicked");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"three"));
        assert!(tried.into_inner() < 10_000);
        each("numbers", 0..2, |_| {});
    }
}
