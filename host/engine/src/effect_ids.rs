//! Names of effects that every target has.

use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::plan::PlannedEffect;

/// The applications of an instance, in the order in which they go.
pub(crate) const ROLES: [&str; 2] = ["workload", "base"];

/// The namespace of an incarnation, and the name of its workload.
pub(crate) fn namespace(target: &TargetId, incarnation: Incarnation) -> String {
    match target.instance() {
        Some(instance) => naming::readable(target.customer(), instance, incarnation),
        None => naming::project(target.customer()),
    }
}

pub(crate) fn application(role: &str) -> EffectId {
    EffectId::new(EffectKind::Application, role).expect("a role is an effect's name")
}

pub(crate) fn folder_commit() -> EffectId {
    EffectId::new(EffectKind::Commit, "folder").expect("\"folder\" is an effect's name")
}

pub(crate) fn ids(effects: &[PlannedEffect]) -> Vec<EffectId> {
    effects.iter().map(|effect| effect.id.clone()).collect()
}
