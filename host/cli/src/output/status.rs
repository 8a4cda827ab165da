//! Where each target stands.

use deploycenter_domain::hold;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{AppName, DeploymentId, RegionName, TargetId};
use deploycenter_engine::workflow::{HoldState, TargetStatus, Unasked};
use deploycenter_ports::Wait;
use serde::Serialize;

use super::style::{BAD, CAREFUL, GOOD, PLAIN};
use super::table::{self, Cell};

/// What `status` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StatusReport {
    format: u32,
    targets: Vec<StatusRow>,
}

/// A report as one line of several, with its time.
#[derive(Serialize)]
struct Line<'a> {
    format: u32,
    at: jiff::Timestamp,
    targets: &'a [StatusRow],
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StatusRow {
    /// Which.
    pub(crate) target: TargetId,
    /// Where; none when it is neither desired nor deployed any more.
    pub(crate) region: Option<RegionName>,
    /// None for a customer's shared target.
    pub(crate) app: Option<AppName>,
    /// `Synced`, `OutOfSync` or `Unknown`.
    pub(crate) sync: String,
    /// `Healthy`, `Progressing`, `Degraded`, `Missing` or `Unknown`.
    pub(crate) health: String,
    /// The last deployment.
    pub(crate) deployment: Option<DeploymentId>,
    /// Where that is.
    pub(crate) state: Option<Status>,
    /// Whether that hasn't ended and nobody works on it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) interrupted: bool,
    /// The outside systems that are away and that it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) waiting: Vec<Wait>,
    /// Whether it stays as it is until it is released.
    pub(crate) held: bool,
    /// Who holds it, and why, in a few words.
    #[serde(skip)]
    pub(crate) hold: Option<String>,
    /// Whether newer pins wait.
    pub(crate) update_available: bool,
    /// Whether it is deployed but no longer desired.
    pub(crate) pending_removal: bool,
}

impl From<TargetStatus> for StatusRow {
    fn from(status: TargetStatus) -> Self {
        let (sync, health) = match status.application {
            Ok(Some(state)) => (state.sync, state.health),
            Ok(None) => (UNKNOWN.to_owned(), "Missing".to_owned()),
            Err(Unasked) => (UNKNOWN.to_owned(), UNKNOWN.to_owned()),
        };
        let interrupted = status.last.as_ref().is_some_and(|last| last.is_interrupted);
        let (deployment, state, waiting) = match status.last {
            Some(last) => (Some(last.deployment), Some(last.status), last.waiting),
            None => (None, None, Vec::new()),
        };
        Self {
            target: status.target,
            region: status.region,
            app: status.app,
            sync,
            health,
            deployment,
            state,
            interrupted,
            waiting,
            held: status.hold.is_some(),
            hold: status.hold.map(held),
            update_available: status.update_available,
            pending_removal: status.pending_removal,
        }
    }
}

/// A hold in a few words, that a table has room for.
fn held(hold: HoldState) -> String {
    match hold {
        Ok(hold) => {
            let who = hold.by.split(" <").next().unwrap_or_default();
            format!("held by {who} ({})", hold.reason)
        }
        Err(_) => format!("held by a {} that can't be read", hold::FILE),
    }
}

/// What is shown of what couldn't be read.
const UNKNOWN: &str = "Unknown";

impl StatusReport {
    /// Where targets stand.
    pub(crate) fn of_targets(targets: Vec<TargetStatus>) -> Self {
        Self::new(targets.into_iter().map(StatusRow::from).collect())
    }

    /// Sorts the rows by target.
    pub(crate) fn new(mut targets: Vec<StatusRow>) -> Self {
        targets.sort_by(|a, b| a.target.cmp(&b.target));
        Self {
            format: super::FORMAT,
            targets,
        }
    }

    /// A table, each line ended.
    pub(crate) fn human(&self) -> String {
        if self.targets.is_empty() {
            return "No targets.\n".to_owned();
        }
        let rows: Vec<[Cell; 8]> = self.targets.iter().map(cells).collect();
        table::render(
            [
                "TARGET",
                "REGION",
                "APP",
                "SYNC",
                "HEALTH",
                "STATE",
                "DEPLOYMENT",
                "NOTE",
            ],
            &rows,
        )
    }

    /// JSON over several lines, ended.
    pub(crate) fn json(&self) -> String {
        super::json(self)
    }

    /// JSON on one line, not ended.
    pub(crate) fn line(&self, at: jiff::Timestamp) -> String {
        let line = Line {
            format: self.format,
            at,
            targets: &self.targets,
        };
        serde_json::to_string(&line).expect("reports are plain data with string keys")
    }
}

fn cells(row: &StatusRow) -> [Cell; 8] {
    let sync = if row.sync == "Synced" { GOOD } else { CAREFUL };
    let health = match row.health.as_str() {
        "Healthy" => GOOD,
        "Degraded" | "Missing" => BAD,
        _ => CAREFUL,
    };
    let hold = row.hold.as_deref().unwrap_or("held");
    let notes = [
        (row.interrupted, "interrupted: resume or cancel it"),
        (row.held, hold),
        (row.update_available, "update available"),
        (row.pending_removal, "pending removal"),
    ];
    let notes = notes
        .into_iter()
        .filter_map(|(is, note)| is.then_some(note.to_owned()));
    let notes: Vec<String> = row.waiting.iter().map(Wait::shown).chain(notes).collect();
    [
        row.target.to_string().into(),
        row.region.as_ref().map_or("", RegionName::as_str).into(),
        row.app.as_ref().map_or("", AppName::as_str).into(),
        Cell::styled(&row.sync, sync),
        Cell::styled(&row.health, health),
        row.state.map_or_else(|| "not deployed".into(), state),
        row.deployment
            .as_ref()
            .map_or("", DeploymentId::as_str)
            .into(),
        Cell::styled(notes.join(", "), CAREFUL),
    ]
}

/// A deployment's state in its colour.
pub(crate) fn state(status: Status) -> Cell {
    let style = match status {
        Status::Succeeded => GOOD,
        Status::Queued | Status::Running => PLAIN,
        Status::Unwinding | Status::Unwound => CAREFUL,
        Status::NeedsAttention => BAD,
    };
    Cell::styled(status.as_str(), style)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::plain;
    use super::*;

    fn row(target: &str, app: Option<&str>, health: &str, state: Option<Status>) -> StatusRow {
        StatusRow {
            target: target.parse().unwrap(),
            region: Some("eu-west-3".parse().unwrap()),
            app: app.map(|app| app.parse().unwrap()),
            sync: if health == "Healthy" {
                "Synced"
            } else {
                "OutOfSync"
            }
            .to_owned(),
            health: health.to_owned(),
            deployment: state.map(|_| "01jd6".parse().unwrap()),
            state,
            interrupted: false,
            waiting: Vec::new(),
            held: false,
            hold: None,
            update_available: false,
            pending_removal: false,
        }
    }

    fn report() -> StatusReport {
        let mut held = row(
            "globex/chat",
            Some("mattermost"),
            "Degraded",
            Some(Status::NeedsAttention),
        );
        (held.held, held.update_available, held.region) = (true, true, None);
        held.hold = Some("held by Ada (the theme is broken)".to_owned());
        let mut waiting = row("acme/wiki", Some("odoo"), "Unknown", Some(Status::Running));
        waiting.waiting.push(Wait {
            system: "argocd".to_owned(),
            since: "2025-11-21T14:03:10Z".parse().unwrap(),
            message: "connection refused".to_owned(),
        });
        StatusReport::new(vec![
            held,
            waiting,
            row("acme/odoo", Some("odoo"), "Unknown", None),
            row("acme/_customer", None, "Healthy", Some(Status::Succeeded)),
        ])
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(plain(&report().human()));
        assert_eq!(StatusReport::new(Vec::new()).human(), "No targets.\n");
    }

    #[test]
    fn for_programs() {
        insta::assert_snapshot!(report().json());
    }
}
