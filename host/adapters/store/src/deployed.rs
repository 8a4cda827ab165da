//! What stands of each life of each target: folded from the journal when a deployment
//! succeeds, and read as a whole.

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::DeploymentState;
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_ports::{DeployedRecord, StoreError};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::read::{self, Which, json, parse};

/// Takes a success in: what stands of the target, and whether it holds data. It was
/// healthy, so it does from now on; a purge leaves none.
pub(crate) async fn succeeded(
    db: &mut SqliteConnection,
    id: &DeploymentId,
    at: jiff::Timestamp,
) -> Result<(), StoreError> {
    let Some(record) = read::deployments(&mut *db, Which::Id(id)).await?.pop() else {
        return Err(StoreError::Corrupt(format!(
            "{id} succeeded and isn't there"
        )));
    };
    let progress = DeploymentState::read(record.events.iter().map(|recorded| &recorded.event))
        .map_err(|error| StoreError::Corrupt(format!("{id}: {error}")))?;
    let plan = &record.deployment.plan;
    let row: Option<(String,)> =
        sqlx::query_as("SELECT standing FROM standing WHERE target = $1 AND incarnation = $2")
            .bind(plan.target.to_string())
            .bind(i64::from(plan.incarnation.0))
            .fetch_optional(&mut *db)
            .await
            .map_err(failed)?;
    let earlier: Option<DeployedState> = row
        .map(|(text,)| json(&format!("what stands of {}", plan.target), &text))
        .transpose()?;
    let deployed = DeployedState::after(earlier, plan, &progress.bindings);
    let text =
        serde_json::to_string(&deployed).map_err(|error| StoreError::Failed(error.to_string()))?;
    sqlx::query(
        "INSERT INTO standing (target, incarnation, standing, deployment, at, ended)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (target, incarnation) DO UPDATE SET
             standing = $3, deployment = $4, at = $5, ended = $6",
    )
    .bind(plan.target.to_string())
    .bind(i64::from(plan.incarnation.0))
    .bind(text)
    .bind(id.as_str())
    .bind(at.to_string())
    .bind(plan.operation.ends_life())
    .execute(&mut *db)
    .await
    .map_err(failed)?;
    sqlx::query(
        "UPDATE targets SET holds_data = $2, last_succeeded = d.id, main_commit = d.main_commit
         FROM deployments d
         WHERE d.id = $1 AND targets.target = d.target AND targets.incarnation = d.incarnation",
    )
    .bind(id.as_str())
    .bind(plan.operation != Operation::Purge)
    .execute(db)
    .await
    .map_err(failed)?;
    Ok(())
}

type Columns = (String, i64, String, String, String, bool);

/// Every life of every target of which a deployment has succeeded, sorted.
pub(crate) async fn all(db: &mut SqliteConnection) -> Result<Vec<DeployedRecord>, StoreError> {
    let rows: Vec<Columns> =
        sqlx::query_as("SELECT target, incarnation, standing, deployment, at, ended FROM standing")
            .fetch_all(db)
            .await
            .map_err(failed)?;
    let mut records = Vec::with_capacity(rows.len());
    for (target, incarnation, deployed, deployment, at, ended) in rows {
        let target: TargetId = parse("a target", &target)?;
        let what = format!("what stands of {target}");
        let incarnation = u32::try_from(incarnation).map_err(|_| {
            StoreError::Corrupt(format!("{what} has the incarnation {incarnation}"))
        })?;
        records.push(DeployedRecord {
            incarnation: Incarnation(incarnation),
            deployed: json(&what, &deployed)?,
            deployment: parse(&format!("the deployment of {what}"), &deployment)?,
            at: parse(&format!("the time of {what}"), &at)?,
            ended,
            target,
        });
    }
    // Not by the database: its order of texts isn't that of targets.
    records.sort_by(|a, b| (&a.target, a.incarnation).cmp(&(&b.target, b.incarnation)));
    Ok(records)
}
