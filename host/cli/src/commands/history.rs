//! `history`.

mod find;

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::desired::did_you_mean;
use deploycenter_domain::history::{Left, differences};
use deploycenter_domain::journal::Progress;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_engine::Limits;
use deploycenter_ports::{DeploymentRecord, Silent};

use super::Shared;
use crate::fail::Fail;
use crate::output::diff::{Diff, End};
use crate::output::history::Report;
use crate::wiring::{self, Workplace};
use find::{Range, find};

pub(super) async fn run(
    shared: &Shared,
    target: &TargetId,
    diff: Option<&str>,
    limit: Option<usize>,
) -> Result<ExitCode, Fail> {
    let range = diff.map(Range::parse).transpose()?;
    let place = wiring::open(shared.repo.as_deref(), Limits::default(), Arc::new(Silent)).await?;
    let mut records = place.engine.store.history(target).await?;
    if records.is_empty() && place.desired.instance(target).is_none() && !target.is_shared() {
        return Err(unknown(&place, target).await?);
    }
    if let Some(range) = range {
        records.reverse();
        return show_diff(shared, &place, target, &records, &range).await;
    }
    records.truncate(limit.unwrap_or(usize::MAX));
    let report =
        Report::new(&records).map_err(|(deployment, error)| impossible(&deployment, &error))?;
    crate::output::out!(
        "{}",
        if shared.json {
            report.json()
        } else {
            report.human()
        }
    );
    Ok(ExitCode::SUCCESS)
}

/// No target of that name, and which it may be a slip for.
async fn unknown(place: &Workplace, target: &TargetId) -> Result<Fail, Fail> {
    let mut known: Vec<String> = place
        .desired
        .instances()
        .map(|instance| instance.target.to_string())
        .collect();
    let recorded = place.engine.store.targets().await?;
    known.extend(recorded.iter().map(|record| record.target.to_string()));
    let fail = Fail::new(
        "unknown-target",
        format!("there is no target {target}, and never was"),
    );
    let help = did_you_mean(&target.to_string(), known.iter().map(String::as_str));
    Ok(match help {
        Some(help) => fail.help(help),
        None => fail,
    })
}

fn impossible(deployment: &impl std::fmt::Display, error: &dyn std::fmt::Display) -> Fail {
    Fail::new("journal", format!("{deployment}: {error}"))
}

/// A deployment, and what its journal adds up to.
struct Entry {
    record: DeploymentRecord,
    progress: Progress,
}

fn entries(records: &[DeploymentRecord]) -> Result<Vec<Entry>, Fail> {
    let mut entries = Vec::with_capacity(records.len());
    for record in records {
        let progress = Progress::read(record.events.iter().map(|entry| &entry.event))
            .map_err(|error| impossible(&record.deployment.id, &error))?;
        entries.push(Entry {
            record: record.clone(),
            progress,
        });
    }
    Ok(entries)
}

/// The deployment that a person means: by its id, the beginning or the end of it, or a
/// word.
pub(super) async fn deployment(
    place: &Workplace,
    target: &TargetId,
    name: &str,
) -> Result<DeploymentId, Fail> {
    let mut records = place.engine.store.history(target).await?;
    records.reverse();
    let entries = entries(&records)?;
    let at = find(&place.engine, target, &entries, &name.to_lowercase()).await?;
    Ok(entries[at].record.deployment.id.clone())
}

async fn show_diff(
    shared: &Shared,
    place: &Workplace,
    target: &TargetId,
    records: &[DeploymentRecord],
    range: &Range,
) -> Result<ExitCode, Fail> {
    let entries = entries(records)?;
    let (from, to) = match range {
        Range::Of(one) => {
            let to = find(&place.engine, target, &entries, one).await?;
            (find::succeeded_before(&entries, to), to)
        }
        Range::Between(from, to) => (
            Some(find(&place.engine, target, &entries, from).await?),
            find(&place.engine, target, &entries, to).await?,
        ),
    };
    let end = |at: usize| {
        let Entry { record, progress } = &entries[at];
        End::new(&record.deployment, progress.status())
    };
    let diff = Diff::new(
        target,
        from.map(end),
        end(to),
        differences(&left(&entries, from), &left(&entries, Some(to))),
    );
    if shared.json {
        crate::output::out!("{}", diff.json());
    } else {
        crate::output::out!("{}", diff.human());
    }
    for at in from.into_iter().chain([to]) {
        remark(&entries, at);
    }
    Ok(ExitCode::SUCCESS)
}

/// What the deployments up to that one left, with it.
fn left(entries: &[Entry], up_to: Option<usize>) -> Left {
    let mut left = Left::default();
    for Entry { record, progress } in entries.iter().take(up_to.map_or(0, |at| at + 1)) {
        left.take_in(&record.deployment.plan, progress);
    }
    left
}

/// What a person should know of a deployment that isn't simply done, on stderr.
fn remark(entries: &[Entry], at: usize) {
    use deploycenter_domain::journal::Status;

    let Entry { record, progress } = &entries[at];
    let id = &record.deployment.id;
    match progress.status() {
        Status::Succeeded => {}
        Status::Unwound => {
            crate::output::errln!("Note: {id} was taken back, and so left what it had found.")
        }
        status => {
            let left = left(entries, Some(at));
            let unknown: Vec<String> = left.uncertain().iter().map(ToString::to_string).collect();
            let unknown = if unknown.is_empty() {
                String::new()
            } else {
                format!(
                    "; what came of {} nobody knows before `deploycenter resume`",
                    unknown.join(", ")
                )
            };
            crate::output::errln!(
                "Note: {id} isn't finished ({}): shown is what it has done so far{unknown}.",
                status.as_str()
            );
        }
    }
}
