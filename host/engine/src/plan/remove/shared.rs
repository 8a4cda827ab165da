//! The removal of what a customer's instances share.

use std::collections::BTreeMap;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, InstallationId, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{PlannedEffect, TargetPlan};
use deploycenter_domain::resource::{Folder, Observed, Ownership, Project, Resource};
use deploycenter_ports::ProviderError;

use crate::snapshot::Systems;

/// The plan that removes what a customer's instances share, as `systems` see it; `None` when
/// nothing of ours is there.
pub(crate) async fn removal_of_shared(
    installation: &InstallationId,
    systems: &Systems,
    target: &TargetId,
    deployed: &DeployedState,
) -> Result<Option<TargetPlan>, ProviderError> {
    let mut effects: Vec<PlannedEffect> = Vec::new();
    let mut states: Vec<(EffectKind, &Resource)> = Vec::new();
    for kind in [EffectKind::Project, EffectKind::Commit] {
        states.extend(deployed.of_kind(kind).map(|(_, state)| (kind, state)));
    }
    for (kind, state) in states {
        let Some(seen) = systems.of(kind).observe(state).await? else {
            continue;
        };
        if !is_ours(&seen, installation, target) {
            continue;
        }
        let depends_on: Vec<EffectId> = effects.iter().map(|effect| effect.id.clone()).collect();
        effects.push(delete(kind, seen, depends_on));
    }
    if effects.is_empty() {
        return Ok(None);
    }
    let inputs = BTreeMap::from([("observed".to_owned(), Digest::of_json(&effects))]);
    Ok(Some(TargetPlan {
        target: target.clone(),
        region: deployed.region.clone(),
        app: None,
        incarnation: Incarnation::FIRST,
        operation: Operation::Destroy,
        digest: Digest::of_json(&inputs),
        inputs,
        data_version: None,
        remarks: Vec::new(),
        effects,
    }))
}

fn is_ours(seen: &Observed, installation: &InstallationId, target: &TargetId) -> bool {
    match &seen.ownership {
        Ownership::Owned(owner) => owner.installation == *installation && owner.target == *target,
        Ownership::ByPlace => true,
        Ownership::Foreign(_) => false,
    }
}

fn delete(kind: EffectKind, seen: Observed, depends_on: Vec<EffectId>) -> PlannedEffect {
    let name = match &seen.state {
        Resource::Project(Project { name, .. }) => name.clone(),
        _ => "folder".to_owned(),
    };
    let before = match seen.state {
        Resource::Folder(folder) => Resource::Folder(Folder {
            files: BTreeMap::new(),
            ..folder
        }),
        other => other,
    };
    let id = EffectId::new(kind, name).expect("a project's name and \"folder\" are effect names");
    PlannedEffect {
        outputs: seen.outputs,
        ..PlannedEffect::new(id, depends_on, Some(before), None)
    }
}
