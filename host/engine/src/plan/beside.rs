//! What stands in other places and takes away from what a target's effects are for: an
//! AAAA record of someone else's beside our A, a delegation above it.
//!
//! What would be made in vain is no plan: the target is left out, as where something of its
//! name exists. Where ours stands already it is a remark, and nothing else of the target
//! waits for it, an urgent update least of all.

use deploycenter_domain::digest::Digest;
use deploycenter_domain::plan::{PlannedEffect, Remark};
use deploycenter_domain::remedy::{Adopted, Advice, Remedy, Targets};

use super::PlanError;
use super::effects::EffectScope;
use super::refusal::Refusal;
use super::refusal_code::RefusalCode;
use crate::Run;

/// What stands beside things of ours that stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside(Vec<Remark>);

impl Beside {
    /// What a plan says of it.
    pub(super) fn remarks(&self) -> impl Iterator<Item = Remark> + '_ {
        self.0.iter().cloned()
    }

    /// The input of a plan that changes with it; `None` without any.
    pub(super) fn input(&self) -> Option<(String, Digest)> {
        let some = !self.0.is_empty();
        some.then(|| ("records beside ours".to_owned(), Digest::of_json(&self.0)))
    }
}

impl Run {
    /// Looks what stands beside an effect's thing; `stands`: the thing is there, and ours.
    /// Gives what keeps the target from being planned.
    pub(super) async fn look_beside(
        &self,
        whose: EffectScope<'_>,
        effect: &PlannedEffect,
        stands: bool,
        beside: &mut Beside,
    ) -> Result<Vec<Refusal>, PlanError> {
        let Some(after) = &effect.after else {
            return Ok(Vec::new());
        };
        let mut blocked = Vec::new();
        for found in self.systems.of(effect.kind).beside(after).await? {
            let (target, id) = (whose.target, &effect.id);
            let taken_along = effect.adopt.is_some() && found.adoptable;
            if taken_along {
                continue;
            }
            if stands && !found.refuses {
                let remark = Remark::new(found.code.as_str(), format!("{id}: {}", found.message));
                beside.0.push(remark.help(found.help));
                continue;
            }
            let help = if found.adoptable && !stands {
                let adopt = Remedy::Adopt {
                    targets: Targets::One(target.clone()),
                    what: Adopted::Effect {
                        effect: id.clone(),
                        id: None,
                    },
                };
                Advice::from(("take it over with: ", adopt))
                    .and("; or ")
                    .and(found.help)
            } else {
                found.help.into()
            };
            blocked.push(Refusal {
                target: target.clone(),
                code: RefusalCode::Beside(found.code),
                message: format!("{id}: {}", found.message),
                help,
            });
        }
        Ok(blocked)
    }
}
