//! What a list of deployments shows of a target's plan.

use serde::{Deserialize, Serialize};

use super::{Summary, TargetPlan};
use crate::effect::{Action, EffectId};
use crate::name::{Incarnation, RegionName};
use crate::operation::Operation;

/// What a list of deployments shows of a target's plan: small, whatever its files are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanOutline {
    /// Where the target runs.
    pub region: RegionName,
    /// Which incarnation of it.
    pub incarnation: Incarnation,
    /// What it is for.
    pub operation: Operation,
    /// Whether the target's folder isn't there yet.
    pub first: bool,
    /// How many effects of each action.
    pub summary: Summary,
    /// What it changes or means to, but for the commit and the syncs that any change of a
    /// folder brings with it.
    pub changed: Vec<ChangedEffect>,
}

/// An effect, and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangedEffect {
    /// Which.
    pub effect: EffectId,
    /// Never [`Action::None`].
    pub action: Action,
}

impl TargetPlan {
    /// What a list shows of it.
    #[must_use]
    pub fn outline(&self) -> PlanOutline {
        let mut summary = Summary::default();
        let mut changed = Vec::new();
        for effect in &self.effects {
            summary.count(effect.action);
            if effect.action != Action::None
                && effect.on.is_none()
                && !effect.kind.comes_with_files()
            {
                changed.push(ChangedEffect {
                    effect: effect.id.clone(),
                    action: effect.action,
                });
            }
        }
        PlanOutline {
            region: self.region.clone(),
            incarnation: self.incarnation,
            operation: self.operation.clone(),
            first: self.is_first(),
            summary,
            changed,
        }
    }
}
