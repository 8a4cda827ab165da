//! This machine: its name and clock, new ids, and who is at work.

use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::DeploymentId;
use deploycenter_ports::{Clock, Ids};

/// The system's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// ULIDs: by time, and random within the millisecond.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ulids;

impl Ids for Ulids {
    fn deployment(&self) -> DeploymentId {
        let id = ulid::Ulid::generate().to_string().to_ascii_lowercase();
        id.parse().expect("a ULID is 26 letters and digits")
    }
}

/// Who holds a lease, for others to read: `ada@host, process 4711`.
pub(crate) fn owner(user: &str) -> String {
    format!("{user}@{}, process {}", host(), std::process::id())
}

fn host() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => "this machine".to_owned(),
        host => host.to_owned(),
    }
}

/// Which machine this is. Containers made alike have the same id, and names of their own.
pub(crate) fn machine() -> String {
    let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    format!("{} {}", host(), id.trim())
}
