//! Whose effects are planned.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::name::{Incarnation, InstallationId, TargetId};
use deploycenter_domain::resource::Owner;

/// Whose effects these are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EffectScope<'a> {
    pub(crate) target: &'a TargetId,
    pub(crate) incarnation: Incarnation,
}

impl EffectScope<'_> {
    /// Whether an owner is this incarnation's effect of that name.
    pub(crate) fn owns(&self, installation: &InstallationId, id: &EffectId, owner: &Owner) -> bool {
        owner.installation == *installation
            && owner.target == *self.target
            && owner.effect == *id
            && owner.incarnation == self.incarnation
    }
}
