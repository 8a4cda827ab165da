//! Asking again until something has settled.

use std::time::Duration;

use deploycenter_ports::Clock;

const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(2);

/// Pauses that grow from 200 ms to 2 s. Counted, not timed: a clock that doesn't wait
/// gives up after as many questions as one that does.
#[derive(Debug)]
pub(crate) struct Polls<'a> {
    clock: &'a dyn Clock,
    next: Duration,
    left: u32,
}

impl<'a> Polls<'a> {
    /// About ten minutes: what a file system or a change of DNS may take.
    pub(crate) fn long(clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            next: FIRST,
            left: 305,
        }
    }

    /// About a minute: what the neighbouring step may still be busy with.
    pub(crate) fn short(clock: &'a dyn Clock) -> Self {
        Self {
            clock,
            next: FIRST,
            left: 34,
        }
    }

    /// Waits; `false`: it has been long enough.
    pub(crate) async fn again(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.clock.sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(LONGEST);
        true
    }
}
