//! The plan of one instance: pins, values, plugin, graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::context::context;
use deploycenter_domain::declaration::{Declaration, Request, Violation};
use deploycenter_domain::desired::{
    Desired, Instance, Layer, Merged, Region, Schema, StorageKind, violation_problem,
};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::lock::{Lock, PinnedPlugin};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::naming::Names;
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{Folder, Observed, Resource};
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted::{self, Site, WantedEffect};
use deploycenter_ports::{PluginError, Reading};

use super::effects::Whose;
use super::pins::Pins;
use super::{Ground, PlanError, PlannedTarget};
use crate::Engine;

/// The weight of a record that shares its name with no other.
const WHOLE_WEIGHT: u8 = 100;

/// What an instance wants, and what that was decided on.
pub(crate) struct Wanted {
    pub(crate) effects: Vec<WantedEffect>,
    pub(crate) inputs: BTreeMap<String, Digest>,
    pub(crate) declaration: Declaration,
    pub(crate) names: Names,
    update_waiting: bool,
}

impl Engine {
    pub(super) async fn plan_instance(
        &self,
        ground: &Arc<Ground>,
        target: &TargetId,
    ) -> Result<PlannedTarget, PlanError> {
        let instance = ground.instance(target);
        if let Some(elsewhere) = ground
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .filter(|region| **region != instance.region)
        {
            let problem = Problem::new(format!("{target} runs in {elsewhere} and can't be moved to {} in place", instance.region))
                .help("give the instance in the new region a name of its own, move its data, then remove the old one");
            return Err(Problems::from(at(instance, problem)).into());
        }
        let names = Names::new(
            &self.installation,
            instance,
            self.incarnation(ground, target),
        );
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: names.folder(),
            tree: None,
            files: BTreeMap::new(),
        });
        let folder = self.adapters.git.observe(&place, Reading::Listed).await?;
        let wanted = self.wanted(ground, target, folder.as_ref()).await?;
        self.check_given(target, instance, &wanted).await?;
        let whose = Whose {
            target,
            incarnation: wanted.names.incarnation(),
        };
        let mut inputs = wanted.inputs;
        inputs.insert(
            OWN_FOLDER.to_owned(),
            Digest::of_json(&folder.as_ref().map(|seen| &seen.outputs)),
        );
        let effects = self.effects(whose, wanted.effects, folder.as_ref()).await?;
        Ok(PlannedTarget {
            plan: TargetPlan {
                target: target.clone(),
                region: instance.region.clone(),
                app: Some(instance.app.clone()),
                incarnation: wanted.names.incarnation(),
                digest: Digest::of_json(&inputs),
                inputs,
                effects,
            },
            update_waiting: wanted.update_waiting,
        })
    }

    /// Which life of the target this is: the one on the branch, or else the one after
    /// the last that held data.
    pub(super) fn incarnation(&self, ground: &Ground, target: &TargetId) -> Incarnation {
        if let Some(lock) = ground
            .live
            .get(target)
            .and_then(|live| Lock::read(&live.lock).ok())
        {
            return lock.incarnation;
        }
        match ground.records.get(target) {
            None => Incarnation::FIRST,
            Some(record) if record.holds_data => Incarnation(record.incarnation.0 + 1),
            Some(record) => record.incarnation,
        }
    }

    /// What the instance wants: pure but for reading pinned overrides from history.
    pub(crate) async fn wanted(
        &self,
        ground: &Arc<Ground>,
        target: &TargetId,
        folder: Option<&Observed>,
    ) -> Result<Wanted, PlanError> {
        let desired = &ground.desired;
        let instance = ground.instance(target);
        let region = desired.region_of(instance).ok_or_else(|| {
            Problems::from(at(
                instance,
                Problem::new(format!("unknown region \"{}\"", instance.region)),
            ))
        })?;
        let names = Names::new(
            &self.installation,
            instance,
            self.incarnation(ground, target),
        );
        let pins = self.pins(ground, instance, folder).await?;
        let merged = merged(desired, instance, &pins)?;
        let values = serde_json::Value::Object(merged.values.clone());
        let request = Request {
            target: target.clone(),
            values,
            context: context(
                &self.installation,
                instance,
                region,
                &names,
                &self.generated_url,
            ),
            storage: storage(region),
            secret_prefix: names.secret_prefix(),
        };
        let declaration = self.ask(instance, &pins, &merged, request).await?;
        let facts = &pins.facts;
        let lock = Lock {
            format: 1,
            app: instance.app.clone(),
            incarnation: names.incarnation(),
            plugin: PinnedPlugin {
                version: facts.manifest.version.clone(),
                digest: facts.digest.clone(),
            },
            overrides: pins.pinned_overrides.clone(),
            data_version: merged
                .values
                .get("version")
                .and_then(|version| version.as_str())
                .and_then(|version| facts.manifest.data_versions.get(version).cloned()),
            bindings: BTreeMap::new(),
        };
        let site = Site {
            names: &names,
            region,
            regions: &desired.regions,
            weight: instance.weight.unwrap_or(WHOLE_WEIGHT),
            repository: &self.generated_url,
            chart: &facts.chart,
            lock: &lock,
        };
        let effects = wanted::instance(site, &declaration).map_err(|found| {
            let plugin = format!("plugin {} {}", facts.manifest.app, facts.manifest.version);
            let problems = found
                .into_iter()
                .map(|what| Problem::new(format!("{target}: {plugin}: {what}")));
            some(problems.collect())
        })?;
        let inputs = BTreeMap::from([
            (
                "desired state".to_owned(),
                Digest::of_json(&instance.inputs()),
            ),
            (
                "environment".to_owned(),
                Digest::of_json(&desired.environment_layer(instance)),
            ),
            (
                "region".to_owned(),
                Digest::of_json(&(region, desired.regions.zone_for(&instance.domain))),
            ),
            ("plugin".to_owned(), Digest::of_json(&facts.digest)),
            (
                "templates".to_owned(),
                Digest::of_json(&pins.overrides.templates),
            ),
            (
                "shared values".to_owned(),
                Digest::of_json(&pins.overrides.values),
            ),
            ("settings".to_owned(), Digest::of_json(&self.generated_url)),
        ]);
        Ok(Wanted {
            effects,
            inputs,
            declaration,
            names,
            update_waiting: pins.update_waiting,
        })
    }

    /// The plugin's own check, then its plan, off the async threads.
    async fn ask(
        &self,
        instance: &Instance,
        pins: &Pins,
        merged: &Merged,
        request: Request,
    ) -> Result<Declaration, PlanError> {
        let plugins = Arc::clone(&self.plugins);
        let digest = pins.facts.digest.clone();
        let templates = pins.overrides.templates.clone();
        type Answer = Result<(Vec<Violation>, Option<Declaration>), PluginError>;
        let answer: Answer = tokio::task::spawn_blocking(move || {
            let violations = plugins.validate(&digest, &templates, &request)?;
            if !violations.is_empty() {
                return Ok((violations, None));
            }
            Ok((
                violations,
                Some(plugins.plan(&digest, &templates, &request)?),
            ))
        })
        .await
        .unwrap_or_else(|panic| {
            Err(PluginError::Broken(format!(
                "the plugin's host failed: {panic}"
            )))
        });
        match answer? {
            (_, Some(declaration)) => Ok(declaration),
            (violations, None) => {
                let problems = violations
                    .iter()
                    .map(|violation| violation_problem(violation, merged, &instance.at))
                    .collect();
                Err(some(problems).into())
            }
        }
    }

    /// Secrets that only a person can give have to be there.
    async fn check_given(
        &self,
        target: &TargetId,
        instance: &Instance,
        wanted: &Wanted,
    ) -> Result<(), PlanError> {
        if wanted.declaration.given.is_empty() {
            return Ok(());
        }
        let prefix = wanted.names.secret_prefix();
        let there = self.adapters.given.list(&instance.region, &prefix).await?;
        let missing = wanted.declaration.given.iter().filter(|(name, _)| {
            let full = format!("{prefix}{name}");
            !there.iter().any(|(entry, _)| *entry == full)
        });
        let problems = missing
            .map(|(name, given)| {
                at(
                    instance,
                    Problem::new(format!(
                        "{target}: the secret \"{name}\" ({}) is missing",
                        given.purpose
                    )),
                )
                .help(format!(
                    "give it with: deploycenter secret set {target} {name}"
                ))
            })
            .collect();
        Ok(Problems::check(problems)?)
    }
}

impl Ground {
    pub(super) fn instance(&self, target: &TargetId) -> &Instance {
        self.desired
            .instances()
            .find(|instance| instance.target == *target)
            .expect("targets are chosen from this desired state")
    }
}

/// The app's base values, then what is shared, the environment's and the customer's own;
/// checked against the app's schema.
pub(super) fn merged(
    desired: &Desired,
    instance: &Instance,
    pins: &Pins,
) -> Result<Merged, PlanError> {
    let facts = &pins.facts;
    let source = format!(
        "plugin {} {}: values.yaml",
        facts.manifest.app, facts.manifest.version
    );
    let base = match Layer::parse(&source, facts.base_values.as_bytes()) {
        Ok(base) => base,
        Err(problems) => return Err(some(problems).into()),
    };
    let merged = desired.merged(instance, &base, pins.overrides.values.as_ref());
    let schema = Schema::new(&facts.schema).map_err(|error| {
        Problems::from(Problem::new(format!(
            "the values schema of the plugin {} isn't sound: {error}",
            facts.manifest.app
        )))
    })?;
    Problems::check(schema.problems(&merged, &instance.at))?;
    Ok(merged)
}

/// A problem, where the instance was written.
pub(super) fn at(instance: &Instance, problem: Problem) -> Problem {
    problem
        .in_file(&instance.at.file)
        .at(instance.at.line, instance.at.column)
}

/// What something that failed found; it never finds nothing.
pub(super) fn some(problems: Vec<Problem>) -> Problems {
    Problems::check(problems)
        .err()
        .unwrap_or_else(|| Problem::new("it failed without saying why").into())
}

fn storage(region: &Region) -> BTreeMap<String, Option<String>> {
    region
        .storage
        .iter()
        .map(|(name, class)| {
            let existing = match &class.kind {
                StorageKind::Dedicated => None,
                StorageKind::Existing { file_system_id } => Some(file_system_id.clone()),
            };
            (name.clone(), existing)
        })
        .collect()
}
