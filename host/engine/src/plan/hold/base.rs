//! Files and applications that come from somewhere else than a plugin's answer of today: an
//! earlier deployment, or someone's hands. They are held against the same lists, and the
//! base is written anew.

use std::collections::BTreeMap;

use deploycenter_domain::application::shape_problems;
use deploycenter_domain::base::{self, BaseOrigin, Bounds};
use deploycenter_domain::chart;
use deploycenter_domain::declaration::ApplicationRole;
use deploycenter_domain::desired::StorageKind;
use deploycenter_domain::effect::{EffectId, EffectKind, OutputName};
use deploycenter_domain::hold;
use deploycenter_domain::lock;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::naming;
use deploycenter_domain::resource::Resource;
use deploycenter_domain::wanted::WantedEffect;
use serde_json::Value;

use super::present::Present;
use super::refused;
use crate::effect_ids::application;
use crate::{PlanError, Refusal, Run};

/// The files that a target's folder has, beside those of its base and its chart.
const FILES: [&str; 5] = [
    BASE_FILE,
    WORKLOAD_FILE,
    hold::FILE,
    lock::FILE,
    "values.yaml",
];
const BASE_FILE: &str = "base.json";
const WORKLOAD_FILE: &str = "application.json";

impl Run {
    /// The files of a target's folder with the base as the host writes it.
    ///
    /// # Errors
    /// When the base, the chart or an application's file holds what it may not, or another
    /// file is there: it was left by a version that took it, or committed by hand. `whence`
    /// says which.
    pub(crate) fn with_base(
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
        let region = present
            .snapshot
            .desired
            .regions
            .regions
            .get(&present.region);
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
                &self.offline.installation,
                customer,
                instance,
                incarnation,
            ),
            aws_region: region.map_or("", |region| &region.aws_region),
            labels: &labels(target, present),
            origin: BaseOrigin::Folder,
        };
        let mut found = foreign(files);
        match base::written(files, bounds) {
            Ok(written) if found.is_empty() => return Ok(written),
            Ok(_) => {}
            Err(problems) => found.extend(problems),
        }
        Err(refused(Refusal::base_refused(target, whence, &found)))
    }
}

/// Refuses applications that come back otherwise than the host writes them. Argo CD is told
/// by these states, not by the files that say the same.
pub(crate) fn shaped(
    target: &TargetId,
    wanted: &[WantedEffect],
    whence: &str,
) -> Result<(), PlanError> {
    let mut found = Vec::new();
    for effect in wanted {
        let Resource::Application(state) = &effect.after else {
            continue;
        };
        let role = if effect.id == application(ApplicationRole::Base.as_str()) {
            ApplicationRole::Base
        } else {
            ApplicationRole::Workload
        };
        let problems = shape_problems(role, &state.spec);
        found.extend(
            problems
                .iter()
                .map(|problem| format!("{}: {problem}", effect.id)),
        );
    }
    if found.is_empty() {
        return Ok(());
    }
    Err(refused(Refusal::base_refused(target, whence, &found)))
}

/// What is beside the base and may not be in a target's folder, or not so.
fn foreign(files: &BTreeMap<String, String>) -> Vec<String> {
    let chart: BTreeMap<String, String> = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix("chart/")?.to_owned(), text.clone())))
        .collect();
    let mut found = chart::check(&chart);
    let own = |path: &str| {
        FILES.contains(&path) || path.starts_with("chart/") || path.starts_with("dependencies/")
    };
    found.extend(
        files
            .keys()
            .filter(|path| !own(path.as_str()))
            .map(|path| format!("{}: isn't a file of a target's folder", path.escape_debug())),
    );
    for (path, role) in [
        (BASE_FILE, ApplicationRole::Base),
        (WORKLOAD_FILE, ApplicationRole::Workload),
    ] {
        let Some(text) = files.get(path) else {
            continue;
        };
        match serde_json::from_str::<Value>(text) {
            Ok(manifest) => {
                let problems = shape_problems(role, &manifest["spec"]);
                found.extend(problems.iter().map(|problem| format!("{path}: {problem}")));
            }
            Err(_) => found.push(format!("{path}: is no JSON")),
        }
    }
    found
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
    let deployed_now = present
        .snapshot
        .deployed_now(target, present.lock.incarnation);
    if let Some(Resource::Application(base)) =
        deployed_now.and_then(|deployed_now| deployed_now.states.get(&application("base")))
    {
        return base.labels.clone();
    }
    let said = present.folder.files.get(BASE_FILE);
    said.and_then(|text| serde_json::from_str::<Value>(text).ok())
        .and_then(|manifest| serde_json::from_value(manifest["metadata"]["labels"].clone()).ok())
        .unwrap_or_default()
}
