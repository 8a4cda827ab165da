//! Journals: entries are appended under a lease, and read with their deployment.

use async_trait::async_trait;
use deploycenter_domain::journal::{Event, Outline};
use deploycenter_domain::name::DeploymentId;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{DeploymentRecord, Lease, NewDeployment, Recorded, StoreError};
use sqlx::SqliteConnection;

use crate::deployed;
use crate::error::failed;
use crate::leases::check_fence;
use crate::row::{json, parse, target, to_json};
use crate::sqlite::SqliteStore;

#[async_trait]
impl deploycenter_ports::Journal for SqliteStore {
    async fn append(
        &self,
        lease: &Lease,
        id: &DeploymentId,
        event: &Event,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writing().await?;
        check_fence(&mut transaction, lease, self.key()).await?;
        check_open(&mut transaction, lease, id).await?;
        note(&mut transaction, id, event, at).await?;
        if matches!(event, Event::Succeeded) {
            let Some(record) = record(&mut transaction, id).await? else {
                return Err(StoreError::Corrupt(format!(
                    "{id} succeeded and isn't there"
                )));
            };
            deployed::succeeded(&mut transaction, &record, at).await?;
        }
        transaction.commit().await.map_err(failed)
    }

    async fn deployment(&self, id: &DeploymentId) -> Result<Option<DeploymentRecord>, StoreError> {
        record(&mut *self.reading().await?, id).await
    }
}

/// Refuses a deployment that isn't the lease's target's, or is finished.
pub(crate) async fn check_open(
    db: &mut SqliteConnection,
    lease: &Lease,
    id: &DeploymentId,
) -> Result<(), StoreError> {
    let row: Option<(String, bool)> =
        sqlx::query_as("SELECT target, finished FROM deployments WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    let Some((of, finished)) = row else {
        return Err(StoreError::Failed(format!("there is no deployment {id}")));
    };
    let of = target(&of)?;
    if of != lease.target {
        return Err(StoreError::Failed(format!(
            "the lease is on {}, {id} a deployment of {of}",
            lease.target
        )));
    }
    if finished {
        return Err(StoreError::Failed(format!(
            "{id} is finished; nothing can follow"
        )));
    }
    Ok(())
}

/// Writes the next entry of a journal, and what it adds up to with it.
pub(crate) async fn note(
    db: &mut SqliteConnection,
    id: &DeploymentId,
    event: &Event,
    at: jiff::Timestamp,
) -> Result<(), StoreError> {
    let mut outline = outline(db, id).await?;
    let entry = i64::try_from(outline.entries())
        .map_err(|error| StoreError::Failed(format!("{id}: {error}")))?;
    outline
        .apply(event)
        .map_err(|what| StoreError::Failed(format!("{id}: {what}")))?;
    sqlx::query("INSERT INTO events (deployment, entry, at, event) VALUES ($1, $2, $3, $4)")
        .bind(id.as_str())
        .bind(entry)
        .bind(at.to_string())
        .bind(to_json(event)?)
        .execute(&mut *db)
        .await
        .map_err(failed)?;
    sqlx::query("UPDATE deployments SET state = $2, last_at = $3, finished = $4 WHERE id = $1")
        .bind(id.as_str())
        .bind(to_json(&outline)?)
        .bind(at.to_string())
        .bind(outline.status().is_final())
        .execute(db)
        .await
        .map_err(failed)?;
    Ok(())
}

/// What a journal adds up to so far.
pub(crate) async fn outline(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<Outline, StoreError> {
    let row: Option<(Option<String>,)> =
        sqlx::query_as("SELECT state FROM deployments WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(&mut *db)
            .await
            .map_err(failed)?;
    if let Some((Some(text),)) = row {
        return json(&format!("the state of {id}"), &text);
    }
    // Just enqueued, or of an earlier version.
    let mut outline = Outline::default();
    for (entry, recorded) in entries(db, id).await?.into_iter().enumerate() {
        outline
            .apply(&recorded.event)
            .map_err(|what| StoreError::Corrupt(format!("entry {entry} of {id}: {what}")))?;
    }
    Ok(outline)
}

type RecordColumns = (String, Option<String>, String, Option<String>);

/// One deployment with its plan and its whole journal.
pub(crate) async fn record(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<Option<DeploymentRecord>, StoreError> {
    let row: Option<RecordColumns> = sqlx::query_as(
        "SELECT d.actor, d.main_commit, d.begun_at, p.plan
         FROM deployments d LEFT JOIN plans p ON p.deployment = d.id WHERE d.id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(&mut *db)
    .await
    .map_err(failed)?;
    let Some((actor, main_commit, at, plan)) = row else {
        return Ok(None);
    };
    let what = format!("the plan of {id}");
    let Some(plan) = plan else {
        return Err(StoreError::Corrupt(format!("{what}: it is gone")));
    };
    let plan: TargetPlan = json(&what, &plan)?;
    Ok(Some(DeploymentRecord {
        deployment: NewDeployment {
            id: id.clone(),
            plan,
            actor,
            main_commit,
            at: parse(&format!("the time of {id}"), &at)?,
        },
        events: entries(db, id).await?,
    }))
}

/// A journal's entries, in order.
async fn entries(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<Vec<Recorded>, StoreError> {
    let rows: Vec<(i64, String, String)> =
        sqlx::query_as("SELECT entry, at, event FROM events WHERE deployment = $1 ORDER BY entry")
            .bind(id.as_str())
            .fetch_all(db)
            .await
            .map_err(failed)?;
    let mut entries = Vec::with_capacity(rows.len());
    for (entry, at, event) in rows {
        let what = format!("entry {entry} of {id}");
        if usize::try_from(entry) != Ok(entries.len()) {
            return Err(StoreError::Corrupt(format!(
                "{what} comes where entry {} should",
                entries.len()
            )));
        }
        entries.push(Recorded {
            event: json(&what, &event)?,
            at: parse(&format!("the time of {what}"), &at)?,
        });
    }
    Ok(entries)
}
