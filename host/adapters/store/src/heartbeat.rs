//! What tells others that an owner of leases lives.

use std::sync::Arc;

use deploycenter_ports::{Clock, LEASE_TERM, StoreError};
use sqlx::SqlitePool;

use crate::error::failed;

/// Until when a lease lasts of whose owner nothing is heard after `now`.
pub(crate) fn expiry(now: jiff::Timestamp) -> Result<String, StoreError> {
    let until = now
        .checked_add(LEASE_TERM)
        .map_err(|error| StoreError::Failed(format!("the clock says {now}: {error}")))?;
    Ok(until.to_string())
}

/// What tells others that an owner lives.
#[derive(Debug, Clone)]
pub(crate) struct Heartbeat {
    pub(crate) pool: SqlitePool,
    pub(crate) key: String,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Heartbeat {
    /// Tells it once. An owner without leases writes nothing.
    pub(crate) async fn beat(&self) -> Result<(), StoreError> {
        let held: Option<(i64,)> =
            sqlx::query_as("SELECT fence FROM leases WHERE process = $1 LIMIT 1")
                .bind(&self.key)
                .fetch_optional(&self.pool)
                .await
                .map_err(failed)?;
        if held.is_none() {
            return Ok(());
        }
        sqlx::query("UPDATE leases SET expires = $2 WHERE process = $1")
            .bind(&self.key)
            .bind(expiry(self.clock.now())?)
            .execute(&self.pool)
            .await
            .map_err(failed)?;
        Ok(())
    }

    /// Tells it again and again, for as long as the store is open.
    pub(crate) async fn go_on(self, every: std::time::Duration) {
        while !self.pool.is_closed() {
            tokio::time::sleep(every).await;
            if let Err(error) = self.beat().await
                && !self.pool.is_closed()
            {
                tracing::warn!(%error, "others couldn't be told that this process lives");
            }
        }
    }
}
