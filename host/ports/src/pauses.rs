//! How long is waited before something is tried again.

use std::time::Duration;

/// Exponential backoff with full jitter: each pause is drawn evenly from nothing to a bound
/// that doubles with every failure, so that those who failed together don't come back
/// together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pauses {
    /// The bound after the first failure.
    pub first: Duration,
    /// What no bound goes beyond.
    pub most: Duration,
}

impl Pauses {
    /// The pause once so many tries have failed, from 1; `draw` is evenly from 0 to 1.
    #[must_use]
    pub fn after(self, failed: u32, draw: f64) -> Duration {
        let doublings = failed.saturating_sub(1).min(16);
        let bound = self.first.saturating_mul(1 << doublings).min(self.most);
        bound.mul_f64(draw.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_up_to_the_most() {
        let pauses = Pauses {
            first: Duration::from_millis(500),
            most: Duration::from_secs(8),
        };
        let after = |failed| pauses.after(failed, 1.0).as_millis();
        assert_eq!(
            [
                after(1),
                after(2),
                after(3),
                after(5),
                after(6),
                after(u32::MAX)
            ],
            [500, 1000, 2000, 8000, 8000, 8000]
        );
        assert_eq!(pauses.after(3, 0.25).as_millis(), 500);
        assert_eq!(pauses.after(3, 0.0), Duration::ZERO);
    }
}
