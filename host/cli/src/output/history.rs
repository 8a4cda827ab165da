//! A target's deployments.

use deploycenter_domain::effect::Action;
use deploycenter_domain::journal::{Impossible, Progress, Status};
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_domain::plan::Summary;
use deploycenter_ports::DeploymentRecord;
use serde::Serialize;

use super::status::state;
use super::style::{DIM, harmless};
use super::table::{self, Cell};

/// What `history` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    format: u32,
    deployments: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    deployment: DeploymentId,
    target: TargetId,
    began: jiff::Timestamp,
    /// When the last entry was written.
    last: jiff::Timestamp,
    state: Status,
    summary: Summary,
    actor: String,
    main_commit: Option<String>,
    /// Why it went back or waits.
    reason: Option<String>,
    /// What it left behind.
    leftovers: Vec<String>,
}

impl Report {
    /// Keeps the order of the records.
    ///
    /// # Errors
    /// When a journal can't have been written by an engine; says which.
    pub(crate) fn new(records: &[DeploymentRecord]) -> Result<Self, (DeploymentId, Impossible)> {
        let mut deployments = Vec::with_capacity(records.len());
        for record in records {
            deployments.push(row(record).map_err(|error| (record.deployment.id.clone(), error))?);
        }
        Ok(Self {
            format: super::FORMAT,
            deployments,
        })
    }

    /// A table, each line ended, and below it what went wrong.
    pub(crate) fn human(&self) -> String {
        if self.deployments.is_empty() {
            return "No deployments.\n".to_owned();
        }
        let rows: Vec<[Cell; 6]> = self.deployments.iter().map(cells).collect();
        let mut out = table::render(
            ["DEPLOYMENT", "BEGAN", "STATE", "CHANGES", "COMMIT", "ACTOR"],
            &rows,
        );
        for row in &self.deployments {
            let Some(reason) = &row.reason else {
                continue;
            };
            out.push_str(&format!(
                "\n{} {}: {}\n",
                row.deployment,
                row.state.as_str(),
                harmless(reason)
            ));
            for leftover in &row.leftovers {
                out.push_str(&format!("  left behind: {}\n", harmless(leftover)));
            }
        }
        out
    }

    /// JSON over several lines, ended.
    pub(crate) fn json(&self) -> String {
        super::json(self)
    }
}

fn row(record: &DeploymentRecord) -> Result<Row, Impossible> {
    let progress = Progress::read(record.events.iter().map(|entry| &entry.event))?;
    let begun = &record.deployment;
    let mut summary = Summary::default();
    for effect in &begun.plan.effects {
        *match effect.action {
            Action::Create => &mut summary.create,
            Action::Update => &mut summary.update,
            Action::Delete => &mut summary.delete,
            Action::None => &mut summary.none,
        } += 1;
    }
    Ok(Row {
        deployment: begun.id.clone(),
        target: begun.plan.target.clone(),
        began: begun.at,
        last: record.events.last().map_or(begun.at, |entry| entry.at),
        state: progress.status(),
        summary,
        actor: begun.actor.clone(),
        main_commit: begun.main_commit.clone(),
        reason: progress.why().map(str::to_owned),
        leftovers: progress.leftovers,
    })
}

fn cells(row: &Row) -> [Cell; 6] {
    let changes = [
        ('+', row.summary.create),
        ('~', row.summary.update),
        ('-', row.summary.delete),
    ];
    let changes: Vec<String> = changes
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(sign, count)| format!("{sign}{count}"))
        .collect();
    let commit: String = row
        .main_commit
        .iter()
        .flat_map(|commit| commit.chars().take(8))
        .collect();
    [
        row.deployment.as_str().into(),
        row.began.strftime("%Y-%m-%d %H:%M:%SZ").to_string().into(),
        state(row.state),
        changes.join(" ").into(),
        Cell::styled(commit, DIM),
        (&row.actor).into(),
    ]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use deploycenter_domain::digest::Digest;
    use deploycenter_domain::effect::EffectId;
    use deploycenter_domain::journal::Event;
    use deploycenter_domain::name::Incarnation;
    use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
    use deploycenter_ports::{NewDeployment, Recorded};

    use super::super::plain;
    use super::*;

    fn record(id: &str, actions: &[Action], events: Vec<Event>) -> DeploymentRecord {
        let effects = actions.iter().enumerate().map(|(number, action)| {
            let id: EffectId = format!("git.file/{number}").parse().unwrap();
            PlannedEffect {
                kind: id.kind(),
                name: id.name().to_owned(),
                id,
                action: *action,
                depends_on: Vec::new(),
                changes: Vec::new(),
                before: None,
                after: None,
                owner: None,
                outputs: Default::default(),
            }
        });
        let time = |second: i64| jiff::Timestamp::from_second(1_763_712_660 + second).unwrap();
        DeploymentRecord {
            deployment: NewDeployment {
                id: id.parse().unwrap(),
                plan: TargetPlan {
                    target: "acme/odoo".parse().unwrap(),
                    region: "eu-west-3".parse().unwrap(),
                    app: None,
                    incarnation: Incarnation::FIRST,
                    digest: Digest::of(b"plan"),
                    inputs: Default::default(),
                    effects: effects.collect(),
                },
                actor: "Ada <ada@example.com>".to_owned(),
                main_commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
                at: time(0),
            },
            events: (0..)
                .zip(events)
                .map(|(second, event)| Recorded {
                    at: time(second),
                    event,
                })
                .collect(),
        }
    }

    fn records() -> Vec<DeploymentRecord> {
        use Action::{Create, Delete, None, Update};
        let reason = || "the pod mattermost-0 is in CrashLoopBackOff".to_owned();
        vec![
            record(
                "d3",
                &[Update, Delete],
                vec![
                    Event::Started,
                    Event::UnwindStarted { reason: reason() },
                    Event::NeedsAttention {
                        reason: format!(
                            "{}; taking it back stopped at efs.access-point/data: denied",
                            reason()
                        ),
                        leftovers: vec!["efs.access-point/data (fsap-0123)".to_owned()],
                    },
                ],
            ),
            record("d2", &[None], vec![Event::Started]),
            record(
                "d1",
                &[Create, Create, None],
                vec![Event::Started, Event::Succeeded],
            ),
        ]
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(plain(&Report::new(&records()).unwrap().human()));
        assert_eq!(Report::new(&[]).unwrap().human(), "No deployments.\n");
    }

    #[test]
    fn for_programs() {
        insta::assert_snapshot!(Report::new(&records()[..1]).unwrap().json());
    }

    #[test]
    fn an_impossible_journal_is_named() {
        let (id, error) = Report::new(&[record("d9", &[], vec![Event::Succeeded])]).unwrap_err();
        assert_eq!(id.as_str(), "d9");
        assert_eq!(error.entry, 0);
    }
}
