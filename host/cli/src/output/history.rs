//! A target's deployments.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{ChangedEffect, PlanOutline, Summary};
use deploycenter_ports::{DeploymentSummary, Wait};
use serde::Serialize;

use super::status::state;
use super::style::{DIM, harmless, sign};
use super::table::{self, Cell};

/// How many changed things a line names.
const NAMED: usize = 2;

/// What `history` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct HistoryReport {
    format: u32,
    deployments: Vec<HistoryRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct HistoryRow {
    deployment: DeploymentId,
    target: TargetId,
    began: jiff::Timestamp,
    /// When the last entry was written.
    last: jiff::Timestamp,
    state: Status,
    /// Whether that hasn't ended and nobody works on it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    interrupted: bool,
    /// `deploy`, `rollback`, ….
    operation: &'static str,
    /// The deployment that a rollback put back.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<DeploymentId>,
    summary: Summary,
    /// What it changed or set out to change.
    changed: Vec<EffectId>,
    /// The same in a few words.
    #[serde(skip)]
    brief: String,
    actor: String,
    main_commit: Option<String>,
    /// Why it went back or waits.
    reason: Option<String>,
    /// The outside systems that are away and that it waits for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<Wait>,
    /// What it left behind.
    leftovers: Vec<String>,
}

impl HistoryReport {
    /// Keeps the order of the deployments.
    pub(crate) fn new(deployments: Vec<DeploymentSummary>) -> Self {
        Self {
            format: super::FORMAT,
            deployments: deployments.into_iter().map(row).collect(),
        }
    }

    /// The same, where nobody works on the target.
    pub(crate) fn idle(mut self) -> Self {
        for row in &mut self.deployments {
            row.interrupted = row.state.goes_on();
        }
        self
    }

    /// A table, each line ended, and below it what went wrong.
    pub(crate) fn human(&self) -> String {
        if self.deployments.is_empty() {
            return "No deployments.\n".to_owned();
        }
        let rows: Vec<[Cell; 7]> = self.deployments.iter().map(cells).collect();
        let mut out = table::render(
            [
                "DEPLOYMENT",
                "BEGAN",
                "STATE",
                "OPERATION",
                "CHANGES",
                "COMMIT",
                "ACTOR",
            ],
            &rows,
        );
        for row in &self.deployments {
            if let Some(to) = &row.to {
                out.push_str(&format!("\n{} put back what {to} left\n", row.deployment));
            }
        }
        for row in self.deployments.iter().filter(|row| row.interrupted) {
            let (id, target) = (&row.deployment, &row.target);
            out.push_str(&format!(
                "\n{id} was interrupted: `deploycenter resume {target}` goes on, `deploycenter cancel {target}` takes it back\n"
            ));
        }
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

fn row(deployment: DeploymentSummary) -> HistoryRow {
    let reason = deployment.why();
    let brief = brief(&deployment.plan);
    let DeploymentSummary {
        id,
        target,
        plan,
        actor,
        main_commit,
        at,
        state,
        last,
        waits,
    } = deployment;
    HistoryRow {
        deployment: id,
        target,
        began: at,
        last,
        state: state.status(),
        interrupted: false,
        operation: plan.operation.as_str(),
        to: match plan.operation {
            Operation::Rollback { to } => Some(to),
            _ => None,
        },
        summary: plan.summary,
        changed: plan.changed.into_iter().map(|it| it.effect).collect(),
        brief,
        actor,
        main_commit,
        reason,
        waiting: waits,
        leftovers: state.leftovers,
    }
}

/// `2 files, ~dns.record/domain and 3 more`.
fn brief(plan: &PlanOutline) -> String {
    let begins = plan.first && plan.operation != Operation::Revive;
    if begins && !plan.operation.is_removal() {
        return "first deployment".to_owned();
    }
    let (files, others): (Vec<&ChangedEffect>, Vec<_>) = plan
        .changed
        .iter()
        .partition(|it| it.effect.kind().rides_in_commit());
    let mut parts = Vec::new();
    match files.len() {
        0 => {}
        1 => parts.push("1 file".to_owned()),
        count => parts.push(format!("{count} files")),
    }
    parts.extend(
        others
            .iter()
            .take(NAMED)
            .map(|it| format!("{}{}", sign(it.action).0, it.effect)),
    );
    match others.len().saturating_sub(NAMED) {
        0 => parts.join(", "),
        more => format!("{} and {more} more", parts.join(", ")),
    }
}

/// A time as people are shown it.
pub(super) fn when(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// The beginning of a commit's id.
pub(super) fn short(commit: &str) -> String {
    commit.chars().take(8).collect()
}

fn cells(row: &HistoryRow) -> [Cell; 7] {
    [
        row.deployment.as_str().into(),
        when(row.began).into(),
        state(row.state),
        row.operation.into(),
        (&row.brief).into(),
        Cell::styled(
            row.main_commit.as_deref().map(short).unwrap_or_default(),
            DIM,
        ),
        (&row.actor).into(),
    ]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use deploycenter_domain::digest::Digest;
    use deploycenter_domain::effect::Action;
    use deploycenter_domain::journal::Event;
    use deploycenter_domain::name::Incarnation;
    use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
    use deploycenter_ports::{DeploymentRecord, NewDeployment, Recorded};

    use super::super::plain;
    use super::*;

    fn summary(id: &str, actions: &[Action], events: Vec<Event>) -> DeploymentSummary {
        let effects = actions.iter().enumerate().map(|(number, action)| {
            let id: EffectId = format!("git.file/{number}").parse().unwrap();
            PlannedEffect {
                kind: id.kind(),
                name: id.name().to_owned(),
                id,
                on: None,
                action: *action,
                depends_on: Vec::new(),
                changes: Vec::new(),
                before: None,
                after: None,
                owner: None,
                outputs: Default::default(),
                adopt: None,
            }
        });
        let time = |second: i64| jiff::Timestamp::from_second(1_763_712_660 + second).unwrap();
        let record = DeploymentRecord {
            deployment: NewDeployment {
                id: id.parse().unwrap(),
                plan: TargetPlan {
                    target: "acme/odoo".parse().unwrap(),
                    region: "eu-west-3".parse().unwrap(),
                    app: None,
                    incarnation: Incarnation::FIRST,
                    operation: Operation::Deploy,
                    digest: Digest::of(b"plan"),
                    inputs: Default::default(),
                    data_version: None,
                    remarks: Vec::new(),
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
        };
        record.summary().unwrap()
    }

    fn summaries() -> Vec<DeploymentSummary> {
        use Action::{Create, Delete, None, Update};
        let reason = || "the pod mattermost-0 is in CrashLoopBackOff".to_owned();
        vec![
            summary(
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
            summary("d2", &[None], vec![Event::Started]),
            summary(
                "d1",
                &[Create, Create, None],
                vec![Event::Started, Event::Succeeded],
            ),
        ]
    }

    #[test]
    fn for_people() {
        insta::assert_snapshot!(plain(&HistoryReport::new(summaries()).human()));
        assert_eq!(HistoryReport::new(Vec::new()).human(), "No deployments.\n");
    }

    #[test]
    fn for_programs() {
        insta::assert_snapshot!(HistoryReport::new(summaries()[..1].to_vec()).json());
    }
}
