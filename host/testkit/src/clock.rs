//! A clock that nobody waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::DeploymentId;
use deploycenter_ports::{Clock, Ids};

/// The instant at which every world begins: 2026-01-01.
const BEGINNING: i64 = 1_767_225_600_000;

/// Time that passes only by sleeping, and then at once.
#[derive(Debug)]
pub(crate) struct SleeplessClock(AtomicI64);

impl SleeplessClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(BEGINNING))
    }
}

#[async_trait]
impl Clock for SleeplessClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.load(Ordering::SeqCst))
            .expect("the clock stays in this century")
    }

    async fn sleep(&self, duration: Duration) {
        self.0.fetch_add(
            i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 2),
            Ordering::SeqCst,
        );
        tokio::task::yield_now().await;
    }
}

/// The machine's own time.
#[derive(Debug)]
pub(crate) struct RealClock;

#[async_trait]
impl Clock for RealClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Ids that count.
#[derive(Debug, Default)]
pub(crate) struct CountingIds(pub(crate) Arc<AtomicU64>);

impl Ids for CountingIds {
    fn deployment(&self) -> DeploymentId {
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        format!("d-{number:06}")
            .parse()
            .expect("letters, a hyphen and digits")
    }
}
