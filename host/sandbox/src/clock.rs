//! The time that the stand-ins live in.

use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::locked::lock;
use crate::service::Millis;

/// Where a stepped clock starts: 2040-01-01T00:00:00Z. It lies ahead of every real clock, so that
/// a client that compares a session's expiry with its own clock never finds it expired.
pub const STEPPED_START: Millis = 2_208_988_800_000;

/// Which time the stand-ins go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SandboxClock {
    /// The machine's clock. Rates are limited as the real services limit them.
    Real,
    /// Time that moves only with requests: the same history gives the same answers, and a test
    /// that polls needn't sleep. Nothing is throttled and sessions don't end.
    Stepped {
        /// By how much each request moves time on.
        millis_per_request: u64,
    },
}

impl SandboxClock {
    /// Whether this is the machine's own time.
    #[must_use]
    pub fn is_real(self) -> bool {
        self == Self::Real
    }
}

/// A running clock. It never goes back, even when the machine's does.
#[derive(Debug)]
pub(crate) struct Clock {
    kind: SandboxClock,
    latest: Mutex<Millis>,
}

impl Clock {
    /// Goes on from `resumed`, what [`Clock::now`] said before a restart.
    pub(crate) fn new(kind: SandboxClock, resumed: Option<Millis>) -> Self {
        let start = match kind {
            SandboxClock::Real => 0,
            SandboxClock::Stepped { .. } => resumed.unwrap_or(STEPPED_START).max(STEPPED_START),
        };
        Self {
            kind,
            latest: Mutex::new(start),
        }
    }

    /// Lets time pass; the machine's own doesn't.
    pub(crate) fn advance(&self, by: Millis) {
        if !self.kind.is_real() {
            let mut latest = lock(&self.latest);
            *latest = latest.saturating_add(by);
        }
    }

    /// A request arrived.
    pub(crate) fn tick(&self) -> Millis {
        if let SandboxClock::Stepped { millis_per_request } = self.kind {
            self.advance(millis_per_request);
        }
        self.now()
    }

    /// The present time.
    pub(crate) fn now(&self) -> Millis {
        let mut latest = lock(&self.latest);
        if self.kind.is_real() {
            let real = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| {
                    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
                });
            *latest = real.max(*latest);
        }
        *latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stepped_clock_moves_with_requests_only() {
        let clock = Clock::new(
            SandboxClock::Stepped {
                millis_per_request: 40,
            },
            None,
        );
        assert_eq!(clock.now(), STEPPED_START);
        assert_eq!(clock.tick(), STEPPED_START + 40);
        assert_eq!(clock.now(), STEPPED_START + 40);
    }

    #[test]
    fn a_stepped_clock_goes_on_after_a_restart() {
        let kind = SandboxClock::Stepped {
            millis_per_request: 1,
        };
        let clock = Clock::new(kind, Some(STEPPED_START + 7));
        assert_eq!(clock.tick(), STEPPED_START + 8);
    }
}
