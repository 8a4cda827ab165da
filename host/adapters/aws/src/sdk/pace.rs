//! Not asking faster than a service takes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deploycenter_ports::Clock;
use jiff::Timestamp;

/// Lets calls through at a steady rate, and a few at once after a pause.
#[derive(Debug)]
pub(crate) struct Pace {
    apart: Duration,
    at_once: u32,
    /// When the next call's turn is if all come at the steady rate.
    turn: Mutex<Option<Timestamp>>,
}

impl Pace {
    /// Calls `apart` from each other, or up to `at_once` together.
    pub(crate) fn new(apart: Duration, at_once: u32) -> Self {
        Self {
            apart,
            at_once,
            turn: Mutex::new(None),
        }
    }

    /// Waits for the caller's turn.
    pub(crate) async fn turn(&self, clock: &dyn Clock) {
        let pause = self.pause(clock.now());
        if !pause.is_zero() {
            clock.sleep(pause).await;
        }
    }

    fn pause(&self, now: Timestamp) -> Duration {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = turn.map_or(now, |turn| turn.max(now));
        *turn = mine.checked_add(self.apart).ok();
        let ahead = Duration::try_from(mine.duration_since(now)).unwrap_or_default();
        ahead.saturating_sub(self.apart * self.at_once.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_few_go_at_once_and_the_rest_in_turn() {
        let pace = Pace::new(Duration::from_millis(250), 2);
        let now = Timestamp::from_second(1_000).unwrap();
        let pauses: Vec<u128> = (0..4).map(|_| pace.pause(now).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 250, 500]);
        let later = Timestamp::from_second(1_010).unwrap();
        assert_eq!(
            pace.pause(later),
            Duration::ZERO,
            "a pause gives the burst back"
        );
    }
}
