//! Data-versions: the shape in which an app's version leaves its data. From one to the
//! next an app migrates, and no app migrates back.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::effect::EffectKind;
use crate::lock::{self, Lock};
use crate::name::AppName;
use crate::plan::{PlannedEffect, Remark};
use crate::resource::Resource;

/// From which data-version to which a plan leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataVersionChange {
    /// The one in the lock on the branch.
    pub from: String,
    /// The one in the lock that is wanted.
    pub to: String,
}

impl DataVersionChange {
    /// The code of its remark.
    pub const REMARK: &str = "data-version";

    /// The change between two versions; none where one of them isn't known, or both are
    /// the same.
    #[must_use]
    pub fn between(from: Option<&str>, to: Option<&str>) -> Option<Self> {
        let (from, to) = from.zip(to)?;
        if order(from, to) == Some(Ordering::Equal) {
            return None;
        }
        Some(Self {
            from: from.to_owned(),
            to: to.to_owned(),
        })
    }

    /// What a target's effects do to the data-version, as its lock file shows it before
    /// and after. A first deployment has none before.
    #[must_use]
    pub fn of(effects: &[PlannedEffect]) -> Option<Self> {
        let effect = effects
            .iter()
            .find(|effect| effect.kind == EffectKind::File && effect.name == lock::FILE)?;
        let version = |state: &Option<Resource>| match state {
            Some(Resource::File(file)) => Lock::read(&file.content).ok()?.data_version,
            _ => None,
        };
        Self::between(
            version(&effect.before).as_deref(),
            version(&effect.after).as_deref(),
        )
    }

    /// Whether it leads to an older version, which no app does by itself. Versions that
    /// aren't dotted numbers have no order; a change of them counts as forward.
    #[must_use]
    pub fn goes_back(&self) -> bool {
        order(&self.from, &self.to) == Some(Ordering::Greater)
    }

    /// Whether it surely leads to a newer version, as an update does.
    #[must_use]
    pub fn goes_forward(&self) -> bool {
        order(&self.from, &self.to) == Some(Ordering::Less)
    }

    /// What a person should know before it; `migration` is what the app's manifest says
    /// that they do.
    #[must_use]
    pub fn remark(&self, app: &AppName, migration: Option<&str>) -> Remark {
        let Self { from, to } = self;
        Remark::new(
            Self::REMARK,
            format!(
                "the data goes from version {from} to {to}, and {app} has no way back from there"
            ),
        )
        .help(format!(
            "{}{}take a backup first; an update that fails on the way isn't undone, it waits as needs-attention",
            migration.unwrap_or_default(),
            if migration.is_some() { "; " } else { "" },
        ))
    }
}

/// The order of two versions, as dotted numbers; missing places count as 0.
fn order(one: &str, other: &str) -> Option<Ordering> {
    if one == other {
        return Some(Ordering::Equal);
    }
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let mut numbers: Vec<u64> = text
            .split('.')
            .map(|part| part.parse().ok())
            .collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Some(numbers)
    };
    Some(numbers(one)?.cmp(&numbers(other)?))
}
