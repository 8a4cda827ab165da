//! What is read. A row that can't be understood is an error that names it, never a panic
//! and never left out.

use std::fmt::Display;
use std::str::FromStr;

use deploycenter_domain::journal::Event;
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_ports::{
    DeploymentRecord, Holder, NewDeployment, Recorded, StoreError, TargetRecord,
};
use serde::de::DeserializeOwned;
use sqlx::SqliteConnection;

use crate::error::failed;

/// A target's lease, held or not.
pub(crate) struct LeaseRow {
    /// The last fence that was given.
    pub(crate) fence: i64,
    /// The key of the process that holds it, and who that is.
    pub(crate) held: Option<(String, Holder)>,
}

type LeaseColumns = (i64, Option<String>, Option<String>, Option<String>);

/// The lease of a target that ever had one.
pub(crate) async fn lease(
    db: &mut SqliteConnection,
    target: &TargetId,
) -> Result<Option<LeaseRow>, StoreError> {
    let row: Option<LeaseColumns> =
        sqlx::query_as("SELECT fence, process, owner, since FROM leases WHERE target = $1")
            .bind(target.to_string())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    let Some((fence, process, owner, since)) = row else {
        return Ok(None);
    };
    let held = match (process, owner, since) {
        (Some(process), Some(owner), Some(since)) => {
            Some((process, holder(target, owner, &since)?))
        }
        _ => None,
    };
    Ok(Some(LeaseRow { fence, held }))
}

/// All leases that are held, by a process alive or dead: target, process key, who.
pub(crate) async fn leases(
    db: &mut SqliteConnection,
) -> Result<Vec<(TargetId, String, Holder)>, StoreError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "SELECT target, process, owner, since FROM leases WHERE process IS NOT NULL",
    )
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut leases = Vec::with_capacity(rows.len());
    for (target, process, owner, since) in rows {
        let target: TargetId = parse("a lease's target", &target)?;
        let holder = holder(&target, owner, &since)?;
        leases.push((target, process, holder));
    }
    leases.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(leases)
}

fn holder(target: &TargetId, owner: String, since: &str) -> Result<Holder, StoreError> {
    Ok(Holder {
        owner,
        since: parse(&format!("the time of the lease on {target}"), since)?,
    })
}

/// The deployment of a target that isn't finished.
pub(crate) async fn unfinished_of(
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

/// A deployment's target, and whether it is finished.
pub(crate) async fn whereabouts(
    db: &mut SqliteConnection,
    id: &DeploymentId,
) -> Result<Option<(TargetId, bool)>, StoreError> {
    let row: Option<(String, bool)> =
        sqlx::query_as("SELECT target, finished FROM deployments WHERE id = $1")
            .bind(id.as_str())
            .fetch_optional(db)
            .await
            .map_err(failed)?;
    row.map(|(target, finished)| Ok((parse(&format!("the target of {id}"), &target)?, finished)))
        .transpose()
}

type DeploymentColumns = (String, String, String, Option<String>, String);

fn deployment_from(
    (id, plan, actor, main_commit, begun_at): DeploymentColumns,
) -> Result<NewDeployment, StoreError> {
    let id: DeploymentId = parse("a deployment's id", &id)?;
    let plan: TargetPlan = json(&format!("the plan of {id}"), &plan)?;
    let at = parse(&format!("the time of {id}"), &begun_at)?;
    Ok(NewDeployment {
        id,
        plan,
        actor,
        main_commit,
        at,
    })
}

/// Which deployments to read.
pub(crate) enum Which<'a> {
    /// Those that aren't finished.
    Unfinished,
    /// The one of that id.
    Id(&'a DeploymentId),
    /// Those of a target.
    Target(&'a TargetId),
}

/// Deployments with their journals, in the order in which they were begun.
pub(crate) async fn deployments(
    db: &mut SqliteConnection,
    which: Which<'_>,
) -> Result<Vec<DeploymentRecord>, StoreError> {
    // One text for the three: at most one of the parameters isn't null.
    let (unfinished, id, target) = match which {
        Which::Unfinished => (true, None, None),
        Which::Id(id) => (false, Some(id.to_string()), None),
        Which::Target(target) => (false, None, Some(target.to_string())),
    };
    let rows: Vec<DeploymentColumns> = sqlx::query_as(
        "SELECT id, plan, actor, main_commit, begun_at FROM deployments
         WHERE ($1 AND NOT finished) OR id = $2 OR target = $3 ORDER BY number",
    )
    .bind(unfinished)
    .bind(&id)
    .bind(&target)
    .fetch_all(&mut *db)
    .await
    .map_err(failed)?;
    let events: Vec<(String, i64, String, String)> = sqlx::query_as(
        "SELECT d.id, e.entry, e.at, e.event FROM deployments d JOIN events e ON e.deployment = d.id
         WHERE ($1 AND NOT d.finished) OR d.id = $2 OR d.target = $3 ORDER BY d.number, e.entry",
    )
    .bind(unfinished)
    .bind(&id)
    .bind(&target)
    .fetch_all(db)
    .await
    .map_err(failed)?;

    let mut events = events.into_iter().peekable();
    let mut records = Vec::with_capacity(rows.len());
    for row in rows {
        let deployment = deployment_from(row)?;
        let mut own = Vec::new();
        while let Some((_, entry, at, event)) =
            events.next_if(|(of, ..)| of == deployment.id.as_str())
        {
            let what = format!("entry {entry} of {}", deployment.id);
            if usize::try_from(entry) != Ok(own.len()) {
                return Err(StoreError::Corrupt(format!(
                    "{what} comes where entry {} should",
                    own.len()
                )));
            }
            let event: Event = json(&what, &event)?;
            own.push(Recorded {
                at: parse(&format!("the time of {what}"), &at)?,
                event,
            });
        }
        records.push(DeploymentRecord {
            deployment,
            events: own,
        });
    }
    Ok(records)
}

type TargetColumns = (String, i64, bool, String, Option<String>, Option<String>);

/// Every target that ever had a deployment, sorted.
pub(crate) async fn targets(db: &mut SqliteConnection) -> Result<Vec<TargetRecord>, StoreError> {
    let rows: Vec<TargetColumns> = sqlx::query_as(
        "SELECT target, incarnation, holds_data, last, last_succeeded, main_commit FROM targets",
    )
    .fetch_all(db)
    .await
    .map_err(failed)?;
    let mut records = Vec::with_capacity(rows.len());
    for (target, incarnation, holds_data, last, last_succeeded, main_commit) in rows {
        let target: TargetId = parse("a target", &target)?;
        let incarnation = u32::try_from(incarnation).map_err(|_| {
            StoreError::Corrupt(format!("{target} has the incarnation {incarnation}"))
        })?;
        records.push(TargetRecord {
            last: parse(&format!("the last deployment of {target}"), &last)?,
            last_succeeded: last_succeeded
                .map(|id| parse(&format!("the last success of {target}"), &id))
                .transpose()?,
            target,
            incarnation: Incarnation(incarnation),
            holds_data,
            main_commit,
        });
    }
    // Not by the database: its order of texts isn't that of targets.
    records.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(records)
}

pub(crate) fn parse<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T, StoreError> {
    text.parse()
        .map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}

pub(crate) fn json<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("{what}: {error}")))
}
