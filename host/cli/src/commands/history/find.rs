//! Which deployments a person means.

use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_engine::Engine;

use super::Entry;
use crate::fail::Fail;

/// The word for the newest deployment that succeeded.
const LATEST: &str = "latest";
/// The word for the one that succeeded before it.
const PREVIOUS: &str = "previous";
/// How many deployments a message names.
const NAMED: usize = 5;

/// What is compared.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// A deployment with what it found.
    Of(String),
    /// What one left with what another left.
    Between(String, String),
}

impl Range {
    /// `A`, `A..B`, `A..` (up to the latest).
    pub(super) fn parse(text: &str) -> Result<Self, Fail> {
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
        range.ok_or_else(|| {
            Fail::usage(format!(
                "--diff takes a deployment (what it changed) or two as A..B, not \"{}\"",
                text.escape_debug()
            ))
        })
    }
}

/// Where a deployment stands among a target's, oldest first: by its id, the beginning or
/// the end of it, or a word.
pub(super) async fn find(
    engine: &Engine,
    target: &TargetId,
    entries: &[Entry],
    name: &str,
) -> Result<usize, Fail> {
    let unknown = |message: String| Fail::new("unknown-deployment", message);
    if matches!(name, LATEST | PREVIOUS) {
        let latest = succeeded_before(entries, entries.len());
        let found = match (name, latest) {
            (PREVIOUS, Some(latest)) => succeeded_before(entries, latest),
            _ => latest,
        };
        return found.ok_or_else(|| {
            let which = if name == LATEST { "no" } else { "only one" };
            unknown(format!("{which} deployment of {target} has succeeded"))
        });
    }
    let ids: Vec<&str> = entries
        .iter()
        .map(|entry| entry.record.deployment.id.as_str())
        .collect();
    if let Some(at) = ids.iter().position(|id| *id == name) {
        return Ok(at);
    }
    let near: Vec<usize> = (0..ids.len())
        .filter(|at| ids[*at].starts_with(name) || ids[*at].ends_with(name))
        .collect();
    match near[..] {
        [at] => return Ok(at),
        [] => {}
        _ => {
            let near: Vec<&str> = near.iter().map(|at| ids[*at]).collect();
            return Err(unknown(format!(
                "\"{name}\" is the beginning or the end of {} deployments of {target}",
                near.len()
            ))
            .help(format!("say more of one: {}", newest(&near))));
        }
    }
    if let Ok(id) = name.parse::<DeploymentId>()
        && let Some(other) = engine.store.deployment(&id).await?
    {
        let other = &other.deployment.plan.target;
        return Err(
            unknown(format!("{id} is a deployment of {other}, not of {target}"))
                .help(format!("deploycenter history {other} --diff {id}")),
        );
    }
    let fail = unknown(format!("{target} has no deployment \"{name}\""));
    Err(if ids.is_empty() {
        fail.help("it was never deployed")
    } else {
        fail.help(format!("there are {}", newest(&ids)))
    })
}

/// The newest of some, oldest first, for a message.
fn newest(ids: &[&str]) -> String {
    let named: Vec<&str> = ids.iter().rev().take(NAMED).copied().collect();
    let more = match ids.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} older"),
    };
    format!("{}{more}", named.join(", "))
}

/// The last one before that place which succeeded.
pub(super) fn succeeded_before(entries: &[Entry], at: usize) -> Option<usize> {
    entries[..at]
        .iter()
        .rposition(|entry| entry.progress.status() == Status::Succeeded)
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
