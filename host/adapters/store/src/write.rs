//! What is written, one statement a function. All run inside a transaction of the caller.
//!
//! The texts keep to what SQLite and PostgreSQL both read.

use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{Lease, NewDeployment, StoreError};
use serde::Serialize;
use sqlx::SqliteConnection;

use crate::error::failed;

/// Gives a lease to a process.
pub(crate) async fn lease(
    db: &mut SqliteConnection,
    target: &TargetId,
    fence: i64,
    process: &str,
    owner: &str,
    since: jiff::Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO leases (target, fence, process, owner, since) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (target) DO UPDATE SET fence = $2, process = $3, owner = $4, since = $5",
    )
    .bind(target.to_string())
    .bind(fence)
    .bind(process)
    .bind(owner)
    .bind(since.to_string())
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Takes a lease back, if the process still holds it.
pub(crate) async fn release(
    db: &mut SqliteConnection,
    lease: &Lease,
    process: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE leases SET process = NULL, owner = NULL, since = NULL
         WHERE target = $1 AND fence = $2 AND process = $3",
    )
    .bind(lease.target.to_string())
    .bind(lease.fence)
    .bind(process)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The deployment itself, without its journal.
pub(crate) async fn deployment(
    db: &mut SqliteConnection,
    new: &NewDeployment,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deployments (id, target, incarnation, plan, actor, main_commit, begun_at, finished)
         VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE)",
    )
    .bind(new.id.as_str())
    .bind(new.plan.target.to_string())
    .bind(i64::from(new.plan.incarnation.0))
    .bind(json(&new.plan)?)
    .bind(&new.actor)
    .bind(&new.main_commit)
    .bind(new.at.to_string())
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The next entry of a journal.
pub(crate) async fn event(
    db: &mut SqliteConnection,
    id: &DeploymentId,
    event: &Event,
    at: jiff::Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO events (deployment, entry, at, event)
         SELECT $1, COALESCE(MAX(entry) + 1, 0), $2, $3 FROM events WHERE deployment = $1",
    )
    .bind(id.as_str())
    .bind(at.to_string())
    .bind(json(event)?)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// The target's row follows a deployment that begins. A new incarnation has no success
/// and no data yet.
pub(crate) async fn begun(
    db: &mut SqliteConnection,
    new: &NewDeployment,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO targets (target, incarnation, holds_data, last) VALUES ($1, $2, FALSE, $3)
         ON CONFLICT (target) DO UPDATE SET
             holds_data = targets.holds_data AND excluded.incarnation <= targets.incarnation,
             last_succeeded = CASE WHEN excluded.incarnation <= targets.incarnation THEN targets.last_succeeded END,
             incarnation = CASE WHEN excluded.incarnation <= targets.incarnation THEN targets.incarnation ELSE excluded.incarnation END,
             last = excluded.last",
    )
    .bind(new.plan.target.to_string())
    .bind(i64::from(new.plan.incarnation.0))
    .bind(new.id.as_str())
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Nothing can follow in that journal.
pub(crate) async fn finished(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE deployments SET finished = TRUE WHERE id = $1")
        .bind(id.as_str())
        .execute(db)
        .await
        .map_err(failed)?;
    Ok(())
}

fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Failed(error.to_string()))
}
