//! How long a case takes, and the memory of this process and of those that it starts.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What a case took.
#[derive(Debug)]
pub(crate) struct Took {
    pub(crate) time: Duration,
    /// What this process's peak of memory grew by, in MiB.
    pub(crate) host: u64,
    /// The peak of a process that it started, in MiB; 0 when none was seen.
    pub(crate) child: u64,
}

/// Runs a case, measures it, prints what it took and holds it against its bounds.
#[track_caller]
pub(crate) fn measured<R>(name: &str, most: &Took, case: impl FnOnce() -> R) -> R {
    let before = peak("self").unwrap_or(0);
    let (over, child) = (AtomicBool::new(false), AtomicU64::new(0));
    let began = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for pid in children() {
                    child.fetch_max(peak(&pid).unwrap_or(0), Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        // Also when the case panics: the scope waits for the watcher.
        let _end = End(&over);
        case()
    });
    let took = Took {
        time: began.elapsed(),
        host: peak("self").unwrap_or(0).saturating_sub(before),
        child: child.into_inner(),
    };
    eprintln!(
        "{name}: {:.2?}, host +{} MiB, compiling process {} MiB",
        took.time, took.host, took.child
    );
    assert!(took.time <= most.time, "{name}: {took:?}");
    assert!(took.host <= most.host, "{name}: {took:?}");
    assert!(took.child <= most.child, "{name}: {took:?}");
    result
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The most memory that a process ever had, in MiB.
fn peak(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}

/// The processes that any thread of this one started.
fn children() -> Vec<String> {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten();
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}
