//! A base whose files come from somewhere else than a plugin's answer of today: an earlier
//! deployment, or someone's hands. It is held against the same lists, and written anew.

use std::collections::BTreeMap;

use deploycenter_domain::base::{self, Bounds, Origin};
use deploycenter_domain::desired::StorageKind;
use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::lock;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::naming;
use deploycenter_domain::resource::Resource;
use serde_json::Value;

use super::present::Present;
use super::refused;
use crate::Engine;
use crate::planning::PlanError;
use crate::planning::blocked::Blocked;
use crate::planning::removal::application;

impl Engine {
    /// The files of a target's folder with the base as the host writes it.
    ///
    /// # Errors
    /// When the base holds what it may not: it was left by a version that took it, or
    /// committed by hand. `whence` says which.
    pub(super) fn with_base(
        &self,
        target: &TargetId,
        present: &Present,
        files: &BTreeMap<String, String>,
        whence: &str,
    ) -> Result<BTreeMap<String, String>, PlanError> {
        let Some(instance) = target.instance() else {
            return Ok(files.clone());
        };
        let (customer, incarnation) = (target.customer(), present.lock.incarnation);
        let pinned = files.get(lock::FILE).and_then(|text| Lock::read(text).ok());
        let region = present.ground.desired.regions.regions.get(&present.region);
        let existing = region.into_iter().flat_map(|region| {
            region
                .storage
                .values()
                .filter_map(|class| match &class.kind {
                    StorageKind::Dedicated => None,
                    StorageKind::Existing { file_system_id } => Some(file_system_id.as_str()),
                })
        });
        let handles = handles(pinned.as_ref().unwrap_or(&present.lock), existing);
        let bounds = Bounds {
            namespace: &naming::readable(customer, instance, incarnation),
            handles: &handles,
            secret_prefix: &naming::secret_prefix(
                &self.installation,
                customer,
                instance,
                incarnation,
            ),
            aws_region: region.map_or("", |region| &region.aws_region),
            labels: &labels(target, present),
            origin: Origin::Folder,
        };
        base::written(files, bounds)
            .map_err(|found| refused(Blocked::base_refused(target, whence, &found)))
    }
}

/// The volumes that a lock file knows: each access point with the file system it is on.
fn handles<'a>(lock: &Lock, existing: impl Iterator<Item = &'a str>) -> Vec<String> {
    let existing: Vec<&str> = existing.collect();
    let id = |id: &EffectId| lock.bindings.get(&format!("{id}:{}", OutputName::Id));
    let mut handles = Vec::new();
    for (key, point) in &lock.bindings {
        let Some(effect) = key
            .rsplit_once(':')
            .and_then(|(effect, _)| effect.parse::<EffectId>().ok())
            .filter(|effect| effect.kind() == EffectKind::AccessPoint)
        else {
            continue;
        };
        let own = EffectId::new(EffectKind::FileSystem, effect.name()).ok();
        match own.as_ref().and_then(id) {
            Some(file_system) => handles.push(format!("{file_system}::{point}")),
            // An access point is on one file system only.
            None => handles.extend(existing.iter().map(|fs| format!("{fs}::{point}"))),
        }
    }
    handles
}

/// The labels that say whose the target is: as it stands, or as its base says.
fn labels(target: &TargetId, present: &Present) -> BTreeMap<String, String> {
    let stood = present.ground.stood(target, present.lock.incarnation);
    if let Some(Resource::Application(base)) =
        stood.and_then(|stood| stood.images.get(&application("base")))
    {
        return base.labels.clone();
    }
    let said = present.folder.files.get("base.json");
    said.and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|manifest| serde_json::from_value(manifest["metadata"]["labels"].clone()).ok())
        .unwrap_or_default()
}
