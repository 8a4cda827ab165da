//! What differs between what two deployments left.

use std::fmt::Write as _;

use deploycenter_domain::effect::Action;
use deploycenter_domain::history::Difference;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{DeploymentId, TargetId};
use deploycenter_ports::DeploymentSummary;
use serde::Serialize;

use super::effect;
use super::history::{short, when};
use super::style::{BOLD, DIM, harmless, paint};

/// A deployment that is compared.
#[derive(Debug, Clone)]
pub(crate) struct End {
    id: DeploymentId,
    about: String,
}

impl End {
    pub(crate) fn new(deployment: &DeploymentSummary) -> Self {
        let status = deployment.status();
        let mut about = vec![when(deployment.at)];
        about.extend(deployment.main_commit.as_deref().map(short));
        about.push(harmless(&deployment.actor));
        if status != Status::Succeeded {
            about.push(status.as_str().to_owned());
        }
        Self {
            id: deployment.id.clone(),
            about: about.join(", "),
        }
    }
}

/// The differences, and between what.
pub(crate) struct Diff<'a> {
    target: &'a TargetId,
    from: Option<End>,
    to: End,
    differences: Vec<Difference>,
}

#[derive(Serialize)]
struct DiffReport<'a> {
    format: u32,
    target: &'a TargetId,
    /// None before the first.
    from: Option<&'a DeploymentId>,
    to: &'a DeploymentId,
    effects: &'a [Difference],
}

impl<'a> Diff<'a> {
    /// `from`: none where there was nothing before.
    pub(crate) fn new(
        target: &'a TargetId,
        from: Option<End>,
        to: End,
        differences: Vec<Difference>,
    ) -> Self {
        Self {
            target,
            from,
            to,
            differences,
        }
    }

    /// As a plan is shown, each line ended.
    pub(crate) fn human(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", paint(BOLD, self.target));
        let line = |end: &End| format!("{} {}", end.id, paint(DIM, format!("({})", end.about)));
        let from = self
            .from
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), line);
        let _ = writeln!(out, "  from {from}\n  to   {}\n", line(&self.to));
        for difference in &self.differences {
            effect::render(difference.into(), &mut out);
        }
        if self.differences.is_empty() {
            out.push_str("No difference.\n");
            return out;
        }
        let count = |action: Action| {
            let of = self.differences.iter();
            of.filter(|one| one.action == action).count()
        };
        let _ = writeln!(
            out,
            "\n{} {} created, {} updated, {} deleted.",
            paint(BOLD, "Difference:"),
            count(Action::Create),
            count(Action::Update),
            count(Action::Delete),
        );
        out
    }

    /// JSON over several lines, ended.
    pub(crate) fn json(&self) -> String {
        super::json(&DiffReport {
            format: super::FORMAT,
            target: self.target,
            from: self.from.as_ref().map(|end| &end.id),
            to: &self.to.id,
            effects: &self.differences,
        })
    }
}
