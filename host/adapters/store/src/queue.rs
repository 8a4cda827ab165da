//! Deployments are enqueued together, and claimed one by one.

use async_trait::async_trait;
use deploycenter_domain::journal::{Event, Status};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{DeploymentRecord, Lease, NewDeployment, Queue, StoreError};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::journal::{check_open, note, outline, record};
use crate::leases::check_fence;
use crate::row::{parse, to_json};
use crate::sqlite::SqliteStore;

#[async_trait]
impl Queue for SqliteStore {
    async fn enqueue(&self, deployments: &[(Lease, NewDeployment)]) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        for (lease, deployment) in deployments {
            check_fence(&mut transaction, lease, self.key()).await?;
            let target = &deployment.plan.target;
            if *target != lease.target {
                return Err(StoreError::Failed(format!(
                    "the lease is on {}, the deployment of {target}",
                    lease.target
                )));
            }
            if let Some(deployment) = unfinished(&mut transaction, target).await? {
                return Err(StoreError::Unfinished {
                    target: target.clone(),
                    deployment,
                });
            }
            insert(&mut transaction, deployment).await?;
            note(
                &mut transaction,
                &deployment.id,
                &Event::Queued,
                deployment.at,
            )
            .await?;
            follow(&mut transaction, deployment).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn claim(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        at: jiff::Timestamp,
    ) -> Result<DeploymentRecord, StoreError> {
        let mut transaction = self.writing().await?;
        check_fence(&mut transaction, lease, self.key()).await?;
        check_open(&mut transaction, lease, id).await?;
        let event = match outline(&mut transaction, id).await?.status() {
            Status::Queued => Event::Started,
            _ => Event::Resumed,
        };
        note(&mut transaction, id, &event, at).await?;
        let claimed = record(&mut transaction, id).await?;
        let claimed = claimed
            .ok_or_else(|| StoreError::Corrupt(format!("{id} was claimed and isn't there")))?;
        transaction.commit().await.map_err(failed)?;
        Ok(claimed)
    }
}

/// The deployment of a target that isn't finished.
async fn unfinished(
    db: &mut SqliteConnection,
    target: &TargetId,
) -> Result<Option<DeploymentId>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT id FROM deployments WHERE target = $1 AND NOT finished")
            .bind(target.to_string())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    row.map(|(id,)| parse("a deployment's id", &id)).transpose()
}

/// The deployment itself, without its journal.
async fn insert(db: &mut SqliteConnection, new: &NewDeployment) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO deployments (id, target, incarnation, actor, main_commit, begun_at, outline, finished)
         VALUES ($1, $2, $3, $4, $5, $6, $7, FALSE)",
    )
    .bind(new.id.as_str())
    .bind(new.plan.target.to_string())
    .bind(i64::from(new.plan.incarnation.0))
    .bind(&new.actor)
    .bind(&new.main_commit)
    .bind(new.at.to_string())
    .bind(to_json(&new.plan.outline())?)
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    sqlx::query("INSERT INTO plans (deployment, plan) VALUES ($1, $2)")
        .bind(new.id.as_str())
        .bind(to_json(&new.plan)?)
        .execute(db)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The target's row follows a deployment that is enqueued. A new incarnation has no
/// success and no data yet.
async fn follow(db: &mut SqliteConnection, new: &NewDeployment) -> Result<(), StoreError> {
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
