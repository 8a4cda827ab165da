//! Lists, and what is known of one target or deployment, without plans and entries.

use std::collections::BTreeMap;

use async_trait::async_trait;
use deploycenter_domain::journal::Outline;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{
    DeployedRecord, DeploymentSummary, Deployments, Page, PageRequest, Queries, StoreError,
    TargetRecord, Wait,
};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{cut, incarnation, json, one_more, page, parse, place, target};
use crate::sqlite::SqliteStore;
use crate::{deployed, journal};

#[async_trait]
impl Queries for SqliteStore {
    async fn deployments(
        &self,
        which: &Deployments,
        request: PageRequest,
    ) -> Result<Page<DeploymentSummary>, StoreError> {
        let mut transaction = self.reading().await?;
        let rows = listed(&mut transaction, which, &request).await?;
        let (rows, next) = cut(rows, &request, |row| row.0.to_string());
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(summary(&mut transaction, row).await?);
        }
        Ok(Page { items, next })
    }

    async fn summary(&self, id: &DeploymentId) -> Result<Option<DeploymentSummary>, StoreError> {
        let mut transaction = self.reading().await?;
        let row: Option<SummaryColumns> = sqlx::query_as(
            "SELECT number, id, target, actor, main_commit, begun_at, outline, state, last_at
             FROM deployments WHERE id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        match row {
            Some(row) => summary(&mut transaction, row).await.map(Some),
            None => Ok(None),
        }
    }

    async fn target(&self, target: &TargetId) -> Result<Option<TargetRecord>, StoreError> {
        let row: Option<TargetColumns> = sqlx::query_as(
            "SELECT target, incarnation, holds_data, last, last_succeeded, main_commit,
                 EXISTS (SELECT 1 FROM deployed d WHERE d.target = t.target AND NOT d.ended)
             FROM targets t WHERE target = $1",
        )
        .bind(target.to_string())
        .fetch_optional(&mut *self.reading().await?)
        .await
        .map_err(failed)?;
        row.map(target_from).transpose()
    }

    async fn targets(&self, request: PageRequest) -> Result<Page<TargetRecord>, StoreError> {
        let after: Option<String> = place(&request)?;
        let rows: Vec<TargetColumns> = sqlx::query_as(
            "SELECT target, incarnation, holds_data, last, last_succeeded, main_commit,
                 EXISTS (SELECT 1 FROM deployed d WHERE d.target = t.target AND NOT d.ended)
             FROM targets t WHERE target > $1 ORDER BY target LIMIT $2",
        )
        .bind(after.unwrap_or_default())
        .bind(one_more(&request))
        .fetch_all(&mut *self.reading().await?)
        .await
        .map_err(failed)?;
        page(cut(rows, &request, |row| row.0.clone()), target_from)
    }

    async fn deployed_of(&self, target: &TargetId) -> Result<Option<DeployedRecord>, StoreError> {
        deployed::of(&mut *self.reading().await?, target).await
    }

    async fn deployed(&self, request: PageRequest) -> Result<Page<DeployedRecord>, StoreError> {
        deployed::all(&mut *self.reading().await?, &request).await
    }
}

/// Number, id, target, actor, commit of main, when it was enqueued; outline of its plan,
/// state, time of its last entry.
type SummaryColumns = (
    i64,
    String,
    String,
    String,
    Option<String>,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
);

async fn listed(
    db: &mut SqliteConnection,
    which: &Deployments,
    request: &PageRequest,
) -> Result<Vec<SummaryColumns>, StoreError> {
    let after: Option<i64> = place(request)?;
    let query = match which {
        Deployments::Unfinished => sqlx::query_as(
            "SELECT number, id, target, actor, main_commit, begun_at, outline, state, last_at
             FROM deployments WHERE NOT finished AND number > $1 ORDER BY number LIMIT $2",
        )
        .bind(after.unwrap_or(0)),
        Deployments::UnfinishedOf(_) => sqlx::query_as(
            "SELECT number, id, target, actor, main_commit, begun_at, outline, state, last_at
             FROM deployments
             WHERE NOT finished AND number > $1 AND target >= $3 AND target < $4
             ORDER BY number LIMIT $2",
        )
        .bind(after.unwrap_or(0)),
        Deployments::Of(_) => sqlx::query_as(
            "SELECT number, id, target, actor, main_commit, begun_at, outline, state, last_at
             FROM deployments WHERE target = $3 AND number < $1 ORDER BY number DESC LIMIT $2",
        )
        .bind(after.unwrap_or(i64::MAX)),
    };
    let query = query.bind(one_more(request));
    let query = match which {
        Deployments::Unfinished => query,
        // What begins with the customer and a slash: `0` comes after that.
        Deployments::UnfinishedOf(customer) => query
            .bind(format!("{customer}/"))
            .bind(format!("{customer}0")),
        Deployments::Of(target) => query.bind(target.to_string()),
    };
    query.fetch_all(db).await.map_err(failed)
}

async fn summary(
    db: &mut SqliteConnection,
    (_, id, of, actor, main_commit, at, outline, state, last): SummaryColumns,
) -> Result<DeploymentSummary, StoreError> {
    let id: DeploymentId = parse("a deployment's id", &id)?;
    let (Some(outline), Some(state), Some(last)) = (outline, state, last) else {
        return of_earlier_version(db, &id).await;
    };
    let state: Outline = json(&format!("the state of {id}"), &state)?;
    let mut since = BTreeMap::new();
    for waited in state.waiting.values() {
        since.extend(time_of(db, &id, waited.entry).await?);
    }
    Ok(DeploymentSummary {
        target: parse(&format!("the target of {id}"), &of)?,
        plan: json(&format!("the outline of {id}"), &outline)?,
        actor,
        main_commit,
        at: parse(&format!("the time of {id}"), &at)?,
        last: parse(&format!("the last time of {id}"), &last)?,
        waits: Wait::of(&state, |entry| since.get(&entry).copied()),
        state,
        id,
    })
}

/// What earlier versions didn't keep beside the plan and the entries follows from them.
async fn of_earlier_version(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<DeploymentSummary, StoreError> {
    let record = journal::record(db, id).await?;
    let record = record.ok_or_else(|| StoreError::Corrupt(format!("{id} isn't there")))?;
    record
        .summary()
        .map_err(|error| StoreError::Corrupt(format!("{id}: {error}")))
}

/// The time of an entry, by its number.
async fn time_of(
    db: &mut SqliteConnection,
    id: &DeploymentId,
    entry: usize,
) -> Result<Option<(usize, jiff::Timestamp)>, StoreError> {
    let row: Option<(String,)> =
        sqlx::query_as("SELECT at FROM events WHERE deployment = $1 AND entry = $2")
            .bind(id.as_str())
            .bind(i64::try_from(entry).map_err(|error| StoreError::Failed(error.to_string()))?)
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    let time = |(at,): (String,)| parse(&format!("the time of entry {entry} of {id}"), &at);
    Ok(row.map(time).transpose()?.map(|at| (entry, at)))
}

type TargetColumns = (
    String,
    i64,
    bool,
    String,
    Option<String>,
    Option<String>,
    bool,
);

fn target_from(
    (of, number, holds_data, last, last_succeeded, main_commit, is_deployed): TargetColumns,
) -> Result<TargetRecord, StoreError> {
    let of = target(&of)?;
    Ok(TargetRecord {
        incarnation: incarnation(&of.to_string(), number)?,
        holds_data,
        last: parse(&format!("the last deployment of {of}"), &last)?,
        last_succeeded: last_succeeded
            .map(|id| parse(&format!("the last success of {of}"), &id))
            .transpose()?,
        main_commit,
        is_deployed,
        target: of,
    })
}
