//! Time and ids.

use std::time::Duration;

use async_trait::async_trait;
use deploycenter_domain::name::DeploymentId;

/// Time, and waiting.
#[async_trait]
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present.
    fn now(&self) -> jiff::Timestamp;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// New ids.
pub trait Ids: Send + Sync + std::fmt::Debug {
    /// An id that was never given before and sorts after the earlier ones.
    fn deployment(&self) -> DeploymentId;
}
