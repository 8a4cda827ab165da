//! `history`: a target's deployments, and what differs between what two of them left.

use deploycenter_domain::history::{Difference, Left, differences};
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::{DeploymentSummary, Deployments, PageRequest};

use super::WorkflowError;
use super::unknown_deployment::UnknownDeployment;
use super::unknown_target::unknown_target;
use crate::Engine;

/// The word for the newest deployment that succeeded.
const LATEST: &str = "latest";
/// The word for the one that succeeded before it.
const PREVIOUS: &str = "previous";

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// A deployment with what it found.
    Of(String),
    /// What one left with what another left.
    Between(String, String),
}

/// A text that is no [`Range`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no deployment, and no two as A..B")]
pub struct RangeError(pub String);

impl Range {
    /// `A`, `A..B`, `A..` (up to the latest).
    ///
    /// # Errors
    /// When it has another form.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let named = |name: &str| {
            let fine =
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            fine.then(|| name.to_lowercase())
        };
        let range = match text.split_once("..") {
            None => named(text).map(Self::Of),
            Some((from, "")) => named(from).map(|from| Self::Between(from, LATEST.to_owned())),
            Some((from, to)) => named(from)
                .zip(named(to))
                .map(|(from, to)| Self::Between(from, to)),
        };
        range.ok_or_else(|| RangeError(text.escape_debug().to_string()))
    }
}

/// The differences, and between what.
#[derive(Debug, Clone)]
pub struct HistoryDiff {
    /// None before the first.
    pub from: Option<Compared>,
    /// The later one, or the only one.
    pub to: Compared,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// One of the two, with what nobody knows of what it left.
#[derive(Debug, Clone)]
pub struct Compared {
    /// The deployment.
    pub summary: DeploymentSummary,
    /// Effects of which the journal doesn't say what became of them.
    pub uncertain: Vec<deploycenter_domain::effect::EffectId>,
}

/// A target's deployments, newest first, and `limit` at most.
///
/// # Errors
/// When there is no such target and never was, or the journal can't be read.
pub async fn history(
    engine: &Engine,
    target: &TargetId,
    limit: Option<usize>,
) -> Result<Vec<DeploymentSummary>, WorkflowError> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let left = limit.map_or(PageRequest::MOST, |limit| {
            limit.saturating_sub(records.len())
        });
        let request = PageRequest::new(after, left);
        let of_target = Deployments::Of(target.clone());
        let page = engine.store.deployments(&of_target, request).await?;
        records.extend(page.items);
        after = page.next;
        if after.is_none() || limit.is_some_and(|limit| records.len() >= limit) {
            break;
        }
    }
    if !records.is_empty() || target.is_shared() {
        records.truncate(limit.unwrap_or(usize::MAX));
        return Ok(records);
    }
    match unknown_target(engine, target).await? {
        Some(unknown) => Err(unknown),
        None => Ok(records),
    }
}

/// Whether nobody works on a target: a deployment of it that hasn't ended is interrupted then.
///
/// # Errors
/// When the journal can't be read.
pub async fn is_idle(engine: &Engine, target: &TargetId) -> Result<bool, WorkflowError> {
    let holders = engine.store.all_holders().await?;
    Ok(!holders.iter().any(|(held, _)| held == target))
}

/// What differs between what a target's deployments left.
///
/// # Errors
/// As [`history`]; when no deployment is meant by a name.
pub async fn diff(
    engine: &Engine,
    target: &TargetId,
    range: &Range,
) -> Result<HistoryDiff, WorkflowError> {
    let mut summaries = history(engine, target, None).await?;
    summaries.reverse();
    let (from, to) = match range {
        Range::Of(one) => {
            let to = position(engine, target, &summaries, one).await?;
            (succeeded_before(&summaries, to), to)
        }
        Range::Between(from, to) => (
            Some(position(engine, target, &summaries, from).await?),
            position(engine, target, &summaries, to).await?,
        ),
    };
    let (before, after) = left(engine, &summaries, from, to).await?;
    let compared = |at: usize, left: &Left| Compared {
        summary: summaries[at].clone(),
        uncertain: left.uncertain().iter().cloned().collect(),
    };
    Ok(HistoryDiff {
        from: from.map(|at| compared(at, &before)),
        to: compared(to, &after),
        differences: differences(&before, &after),
    })
}

/// The deployment that a person means: by its id, the beginning or the end of it, or
/// `latest` and `previous` among those that succeeded.
///
/// # Errors
/// When none is meant, or several are.
pub async fn find(
    engine: &Engine,
    target: &TargetId,
    name: &str,
) -> Result<DeploymentId, WorkflowError> {
    let of_target = Deployments::Of(target.clone());
    let mut summaries = engine.store.all_deployments(&of_target).await?;
    summaries.reverse();
    let at = position(engine, target, &summaries, &name.to_lowercase()).await?;
    Ok(summaries[at].id.clone())
}

/// What the deployments up to the one left and up to the other, each with it; nothing
/// before the first. Read one by one: each plan has all its files.
async fn left(
    engine: &Engine,
    summaries: &[DeploymentSummary],
    from: Option<usize>,
    to: usize,
) -> Result<(Left, Left), WorkflowError> {
    let mut left = Left::default();
    let (mut before, mut after) = (Left::default(), Left::default());
    let last = from.map_or(to, |from| from.max(to));
    for (at, summary) in summaries.iter().enumerate().take(last + 1) {
        let record = engine.store.deployment(&summary.id).await?;
        let record = record.ok_or_else(|| WorkflowError::Gone {
            target: summary.target.clone(),
            deployment: summary.id.clone(),
        })?;
        let state = record.state().map_err(|error| WorkflowError::Journal {
            deployment: summary.id.clone(),
            message: error.to_string(),
        })?;
        left.take_in(&record.deployment.plan, &state);
        if from == Some(at) {
            before.clone_from(&left);
        }
        if at == to {
            after.clone_from(&left);
        }
    }
    Ok((before, after))
}

/// Where a deployment stands among a target's.
async fn position(
    engine: &Engine,
    target: &TargetId,
    summaries: &[DeploymentSummary],
    name: &str,
) -> Result<usize, WorkflowError> {
    if matches!(name, LATEST | PREVIOUS) {
        let latest = succeeded_before(summaries, summaries.len());
        let found = match (name, latest) {
            (PREVIOUS, Some(latest)) => succeeded_before(summaries, latest),
            _ => latest,
        };
        return Ok(found.ok_or_else(|| match latest {
            Some(_) => UnknownDeployment::OneSucceeded(target.clone()),
            None => UnknownDeployment::NoneSucceeded(target.clone()),
        })?);
    }
    let id = |at: usize| &summaries[at].id;
    let all = 0..summaries.len();
    if let Some(at) = all.clone().find(|at| id(*at).as_str() == name) {
        return Ok(at);
    }
    let is_near = |at: &usize| {
        let id = id(*at).as_str();
        id.starts_with(name) || id.ends_with(name)
    };
    let near: Vec<usize> = all.clone().filter(is_near).collect();
    let ids = |positions: &mut dyn Iterator<Item = usize>| -> Vec<DeploymentId> {
        positions.map(|at| id(at).clone()).collect()
    };
    match near[..] {
        [at] => return Ok(at),
        [] => {}
        _ => {
            return Err(UnknownDeployment::Ambiguous {
                target: target.clone(),
                name: name.to_owned(),
                near: ids(&mut near.into_iter()),
            }
            .into());
        }
    }
    if let Ok(deployment) = name.parse::<DeploymentId>()
        && let Some(other) = engine.store.summary(&deployment).await?
    {
        return Err(UnknownDeployment::Other {
            target: target.clone(),
            deployment,
            other: other.target,
        }
        .into());
    }
    Err(UnknownDeployment::None {
        target: target.clone(),
        name: name.to_owned(),
        known: ids(&mut all.into_iter()),
    }
    .into())
}

/// The last one before that place which succeeded.
fn succeeded_before(summaries: &[DeploymentSummary], at: usize) -> Option<usize> {
    summaries[..at]
        .iter()
        .rposition(|summary| summary.status() == Status::Succeeded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_compared() {
        let between = |from: &str, to: &str| Range::Between(from.to_owned(), to.to_owned());
        for (text, range) in [
            ("01JD", Some(Range::Of("01jd".to_owned()))),
            ("latest", Some(Range::Of("latest".to_owned()))),
            ("a..b", Some(between("a", "b"))),
            ("a..", Some(between("a", "latest"))),
            ("previous..latest", Some(between("previous", "latest"))),
            ("..b", None),
            ("..", None),
            ("", None),
            ("a..b..c", None),
            ("acme/odoo", None),
        ] {
            assert_eq!(Range::parse(text).ok(), range, "{text}");
        }
    }
}
