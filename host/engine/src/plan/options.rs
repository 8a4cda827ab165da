//! How targets are planned, and what comes of one.

use std::collections::BTreeMap;

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::hold::Hold;
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::Adoption;

use crate::Refusal;

/// How to plan, beyond which targets.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// That existing targets move to the current plugin and overrides.
    pub sync: bool,
    /// That what someone else changed is put back.
    pub reclaim: bool,
    /// What isn't ours and is to be taken over, by the effect that it becomes.
    pub adopt: BTreeMap<EffectId, Adoption>,
    /// That targets which were removed go on with the data that was retained of that incarnation,
    /// see [`Run::incarnation_to_revive`](crate::Run::incarnation_to_revive).
    pub revive: Option<Incarnation>,
    /// That of targets without changes only the names are kept, and their effects counted:
    /// for whoever shows a plan and saves none. A fleet's texts take gigabytes.
    pub only_changes: bool,
}

impl PlanOptions {
    pub(crate) fn operation(&self) -> Operation {
        if self.sync {
            Operation::Sync
        } else {
            Operation::Deploy
        }
    }
}

/// One target as planned.
#[expect(
    clippy::large_enum_variant,
    reason = "one of each target, taken apart at once"
)]
pub(crate) enum PlannedTarget {
    Planned {
        plan: TargetPlan,
        hold: Option<Hold>,
    },
    Refusal(Refusal),
}

/// What a plan with these effects is for, when it would be that otherwise.
pub(crate) fn operation_of(effects: &[PlannedEffect], otherwise: Operation) -> Operation {
    if effects.iter().any(|effect| effect.adopt.is_some()) {
        Operation::Adopt
    } else {
        otherwise
    }
}
