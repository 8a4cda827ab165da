//! The plan of one instance: pins, values, plugin, graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::context::context;
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::declaration::{Declaration, Request, Violation};
use deploycenter_domain::desired::{
    Instance, LayerKind, Merged, Region, StorageKind, violation_problem,
};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::lock::{Lock, PinnedPlugin};
use deploycenter_domain::name::{AppName, RegionName, TargetId};
use deploycenter_domain::naming::Names;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{File, Folder, Observed, Resource};
use deploycenter_domain::stale::OWN_FOLDER;
use deploycenter_domain::wanted::{self, Site, WantedEffect};
use deploycenter_ports::{PluginError, Reading, TemplateFault};

use super::blocked::{Blocked, hold_of};
use super::effects::Whose;
use super::offline::Offline;
use super::pins::Pins;
use super::{Ground, PlanError, PlannedTarget, Wishes};
use crate::Engine;

/// The weight of a record that shares its name with no other.
const WHOLE_WEIGHT: u8 = 100;

/// What an instance wants, and what that was decided on.
pub(crate) struct Wanted {
    pub(crate) effects: Vec<WantedEffect>,
    pub(crate) inputs: BTreeMap<String, Digest>,
    pub(crate) declaration: Declaration,
    pub(crate) names: Names,
    /// That it would take data back to a version that it has left.
    back: Option<Problem>,
    /// To which version it would take data.
    data_version: Option<DataVersionChange>,
    /// What a person does before the app's data goes to another version.
    migration: Option<String>,
}

impl Engine {
    pub(super) async fn plan_instance(
        &self,
        ground: &Arc<Ground>,
        target: &TargetId,
        wishes: &Wishes,
    ) -> Result<PlannedTarget, PlanError> {
        let instance = ground.instance(target);
        if let Some(unfinished) = ground.unfinished.get(target) {
            return Ok(PlannedTarget::Blocked(Blocked::unfinished(
                target, unfinished,
            )));
        }
        if let Some(elsewhere) = ground
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .filter(|region| **region != instance.region)
        {
            return Err(Problems::from(at(instance, cant_move(instance, elsewhere))).into());
        }
        let names = Names::new(&self.installation, instance, ground.incarnation(target));
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: names.folder(),
            tree: None,
            files: BTreeMap::new(),
        });
        let folder = self.adapters.git.observe(&place, Reading::Listed).await?;
        let hold = hold_of(folder.as_ref());
        let mut wanted = self
            .offline()
            .wanted(ground, instance, folder.as_ref())
            .await?;
        if let Some(hold) = &hold {
            keep_hold(&mut wanted.effects, &names.folder(), hold);
        }
        self.check_given(target, instance, &wanted).await?;
        let incarnation = wanted.names.incarnation();
        let whose = Whose {
            target,
            incarnation,
        };
        let mut inputs = wanted.inputs;
        inputs.insert(
            OWN_FOLDER.to_owned(),
            Digest::of_json(&folder.as_ref().map(|seen| &seen.outputs)),
        );
        let mut effects = self
            .effects(
                ground,
                whose,
                wanted.effects,
                folder.as_ref(),
                &wishes.adopt,
            )
            .await?;
        let stood = ground.stood(target, incarnation);
        if let Some(stood) = stood {
            let gone = self.superseded(ground, target, stood, &effects).await?;
            effects.extend(gone);
        }
        let changed = effects
            .iter()
            .filter(|effect| effect.action != Action::None)
            .count();
        if let Some(hold) = hold.as_ref().filter(|_| changed > 0) {
            let wishes = Wishes::default();
            let drift = self.drift(target, stood, &effects, &wishes).await?;
            let blocked = Blocked::held(target, hold, changed, drift.as_ref());
            return Ok(PlannedTarget::Blocked(blocked));
        }
        // What is held goes nowhere, whatever the desired state says.
        if let Some(problem) = wanted.back {
            return Err(Problems::from(problem).into());
        }
        if let Some(blocked) = self.drift(target, stood, &effects, wishes).await? {
            return Ok(PlannedTarget::Blocked(blocked));
        }
        let data_version = DataVersionChange::of(&effects).or(wanted.data_version);
        // A life that goes on without its folder has data that no failure may take along.
        let goes_on = folder.is_none() && ground.standing_of(target, incarnation).is_some();
        let operation = if goes_on || ground.revived.contains_key(target) {
            Operation::Revive
        } else {
            super::operation_of(&effects, wishes.operation())
        };
        let warned = wanted.declaration.warnings.iter();
        let remarks = data_version
            .iter()
            .map(|change| change.remark(&instance.app, wanted.migration.as_deref()))
            .chain(warned.map(|line| Remark::new(Remark::APP_WARNING, line)))
            .collect();
        Ok(PlannedTarget::Planned {
            plan: TargetPlan {
                target: target.clone(),
                region: instance.region.clone(),
                app: Some(instance.app.clone()),
                incarnation,
                operation,
                digest: Digest::of_json(&inputs),
                inputs,
                data_version,
                remarks,
                effects,
            },
            hold,
        })
    }
}

/// A held target is planned as it would go on, with its hold in place.
fn keep_hold(wanted: &mut Vec<WantedEffect>, folder: &str, hold: &Hold) {
    let Ok(id) = EffectId::new(EffectKind::File, hold::FILE) else {
        return;
    };
    let content = hold.text();
    for effect in wanted.iter_mut() {
        if let Resource::Folder(folder) = &mut effect.after {
            folder.files.insert(hold::FILE.to_owned(), content.clone());
            effect.depends_on.push(id.clone());
        }
    }
    wanted.insert(
        0,
        WantedEffect {
            id,
            depends_on: Vec::new(),
            after: Resource::File(File {
                path: format!("{folder}/{}", hold::FILE),
                content,
            }),
        },
    );
}

/// A target that runs holds data, and that doesn't move by itself.
fn cant_move(instance: &Instance, elsewhere: &RegionName) -> Problem {
    let Instance { target, region, .. } = instance;
    Problem::new(format!(
        "{target} runs in {elsewhere} and holds data; it can't be moved to {region} in place"
    ))
    .help(format!(
        "set its region back to {elsewhere}; give {region} an instance of another name, move the data, then take this one out and `deploycenter destroy {target}`"
    ))
}

impl Offline {
    /// What the instance wants: pure but for reading pinned overrides from history.
    pub(crate) async fn wanted(
        &self,
        ground: &Arc<Ground>,
        instance: &Instance,
        folder: Option<&Observed>,
    ) -> Result<Wanted, PlanError> {
        let desired = &ground.desired;
        let target = &instance.target;
        let region = desired.region_of(instance).ok_or_else(|| {
            Problems::from(at(
                instance,
                Problem::new(format!("unknown region \"{}\"", instance.region)),
            ))
        })?;
        let names = Names::new(&self.installation, instance, ground.incarnation(target));
        let pins = self.pins(ground, instance, folder).await?;
        let merged = merged(ground, instance, &pins)?;
        let request = self.request(instance, region, &names, merged.to_value());
        let declaration = self.ask(instance, region, &pins, &merged, request).await?;
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
        let before = pins.data_version.as_deref();
        let data_version = DataVersionChange::between(before, lock.data_version.as_deref());
        let back = data_version
            .as_ref()
            .filter(|change| change.goes_back())
            .map(|change| cant_go_back(instance, &merged, change));
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
            back,
            data_version,
            migration: facts.manifest.migration.clone(),
        })
    }

    /// What the plugin is asked.
    pub(super) fn request(
        &self,
        instance: &Instance,
        region: &Region,
        names: &Names,
        values: serde_json::Value,
    ) -> Request {
        Request {
            target: instance.target.clone(),
            values,
            context: context(
                &self.installation,
                instance,
                region,
                names,
                &self.generated_url,
            ),
            storage: storage(region),
            secret_prefix: names.secret_prefix(),
        }
    }

    /// The plugin's own check, then its plan, off the async threads.
    async fn ask(
        &self,
        instance: &Instance,
        region: &Region,
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
        match answer.map_err(|error| located(error, &instance.app, pins))? {
            (_, Some(declaration)) => Ok(declaration),
            (violations, None) => {
                let problems = violations
                    .iter()
                    .map(|violation| violation_problem(violation, merged, &instance.at, region))
                    .collect();
                Err(some(problems).into())
            }
        }
    }
}

impl Engine {
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
            .instance(target)
            .expect("targets are chosen from this desired state")
    }
}

/// The app's base values, then what is shared, the environment's and the customer's own;
/// checked against the app's schema.
pub(super) fn merged(
    ground: &Ground,
    instance: &Instance,
    pins: &Pins,
) -> Result<Merged, PlanError> {
    let app = ground.apps.values(&pins.facts)?;
    let merged = app.merged(&ground.desired, instance, pins.overrides.values.as_ref());
    Problems::check(app.schema.problems(&merged, &instance.at))?;
    Ok(merged)
}

/// A plugin's error with the paths of the templates that override its own.
fn located(error: PluginError, app: &AppName, pins: &Pins) -> PluginError {
    let path = |template: String| {
        if pins.overrides.templates.contains_key(&template) {
            format!("overrides/{app}/templates/{template}")
        } else {
            let manifest = &pins.facts.manifest;
            format!("{template} of the plugin {app} {}", manifest.version)
        }
    };
    match error {
        PluginError::Render {
            template,
            line,
            message,
        } => PluginError::Render {
            template: path(template),
            line,
            message,
        },
        PluginError::Templates(faults) => PluginError::Templates(
            faults
                .into_iter()
                .map(|fault| TemplateFault {
                    template: path(fault.template),
                    ..fault
                })
                .collect(),
        ),
        other => other,
    }
}

/// An older version was asked for than the one that has migrated the data.
fn cant_go_back(instance: &Instance, merged: &Merged, change: &DataVersionChange) -> Problem {
    let (target, app) = (&instance.target, &instance.app);
    let DataVersionChange { from, to } = change;
    let message =
        format!("{target}: its data is at version {from}, and {app} can't take it back to {to}");
    // The plugin's base values are nobody's to change.
    let problem = match merged.origin("/version") {
        Some(origin) if origin.layer != LayerKind::App => merged.problem("/version", message),
        _ => at(instance, Problem::new(message)),
    };
    problem.help(format!(
        "keep the newer version; if the migration never began, `deploycenter rollback {target} --data-compatible` takes it back; else restore a backup from before into an instance of another name"
    ))
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
