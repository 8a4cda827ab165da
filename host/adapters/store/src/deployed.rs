//! What stands of each incarnation of each target: folded from the journal when a deployment
//! succeeds.

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::operation::Operation;
use deploycenter_ports::{DeployedRecord, DeploymentRecord, Page, PageRequest, StoreError};
use sqlx::SqliteConnection;

use crate::error::failed;
use crate::row::{cut, incarnation, json, one_more, page, parse, place, to_json};

/// Takes a success in: what stands of the target, and whether it holds data. It was
/// healthy, so it does from now on; a purge leaves none.
pub(crate) async fn succeeded(
    db: &mut SqliteConnection,
    record: &DeploymentRecord,
    at: jiff::Timestamp,
) -> Result<(), StoreError> {
    let id = &record.deployment.id;
    let progress = record
        .state()
        .map_err(|error| StoreError::Corrupt(format!("{id}: {error}")))?;
    let plan = &record.deployment.plan;
    let row: Option<(String,)> =
        sqlx::query_as("SELECT state FROM deployed WHERE target = $1 AND incarnation = $2")
            .bind(plan.target.to_string())
            .bind(i64::from(plan.incarnation.0))
            .fetch_optional(&mut *db)
            .await
            .map_err(failed)?;
    let earlier: Option<DeployedState> = row
        .map(|(text,)| json(&format!("what stands of {}", plan.target), &text))
        .transpose()?;
    let deployed = DeployedState::after(earlier, plan, &progress.bindings);
    sqlx::query(
        "INSERT INTO deployed (target, incarnation, state, deployment, at, ended)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (target, incarnation) DO UPDATE SET
             state = $3, deployment = $4, at = $5, ended = $6",
    )
    .bind(plan.target.to_string())
    .bind(i64::from(plan.incarnation.0))
    .bind(to_json(&deployed)?)
    .bind(id.as_str())
    .bind(at.to_string())
    .bind(plan.operation.ends_incarnation())
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

type DeployedColumns = (String, i64, String, String, String, bool);

/// Every incarnation of every target of which a deployment has succeeded.
pub(crate) async fn all(
    db: &mut SqliteConnection,
    request: &PageRequest,
) -> Result<Page<DeployedRecord>, StoreError> {
    let after: Option<Place> = place(request)?;
    let Place(number, target) = after.unwrap_or_default();
    let rows: Vec<DeployedColumns> = sqlx::query_as(
        "SELECT target, incarnation, state, deployment, at, ended FROM deployed
         WHERE (target, incarnation) > ($1, $2) ORDER BY target, incarnation LIMIT $3",
    )
    .bind(target)
    .bind(number)
    .bind(one_more(request))
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let rows = cut(rows, request, |(target, number, ..)| {
        format!("{number} {target}")
    });
    page(rows, record)
}

/// The incarnation of a target that wasn't removed.
pub(crate) async fn of(
    db: &mut SqliteConnection,
    target: &TargetId,
) -> Result<Option<DeployedRecord>, StoreError> {
    let row: Option<DeployedColumns> = sqlx::query_as(
        "SELECT target, incarnation, state, deployment, at, ended FROM deployed
         WHERE target = $1 AND NOT ended ORDER BY incarnation LIMIT 1",
    )
    .bind(target.to_string())
    .fetch_optional(db)
    .await
    .map_err(failed)?;
    row.map(record).transpose()
}

/// An incarnation's place among all: its number, and its target.
#[derive(Default)]
struct Place(i64, String);

impl std::str::FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, target) = text.split_once(' ').unwrap_or((text, ""));
        Ok(Self(number.parse()?, target.to_owned()))
    }
}

fn record(
    (target, number, state, deployment, at, ended): DeployedColumns,
) -> Result<DeployedRecord, StoreError> {
    let target: TargetId = parse("a target", &target)?;
    let what = format!("what stands of {target}");
    Ok(DeployedRecord {
        incarnation: incarnation(&what, number)?,
        deployed: json(&what, &state)?,
        deployment: parse(&format!("the deployment of {what}"), &deployment)?,
        at: parse(&format!("the time of {what}"), &at)?,
        ended,
        target,
    })
}
