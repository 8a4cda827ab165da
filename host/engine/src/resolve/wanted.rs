//! What an instance wants: its values, its plugin's answer, its graph.

use std::collections::BTreeMap;
use std::sync::Arc;

use deploycenter_domain::context::context;
use deploycenter_domain::data_version::DataVersionChange;
use deploycenter_domain::declaration::{Declaration, Request};
use deploycenter_domain::desired::{
    Desired, Instance, LayerKind, Merged, Region, StorageKind, violation_problem,
};
use deploycenter_domain::digest::Digest;
use deploycenter_domain::lock::{Lock, PinnedPlugin};
use deploycenter_domain::name::AppName;
use deploycenter_domain::naming::Names;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::{Advice, Remedy};
use deploycenter_domain::resource::Observed;
use deploycenter_domain::secret_version::SecretVersions;
use deploycenter_domain::wanted::{self, Site, WantedEffect};
use deploycenter_ports::{PluginError, TemplateFault};

use super::pins::Pins;
use super::problems::{at, some};
use super::resolver::Resolver;
use crate::PlanError;
use crate::snapshot::PlanningSnapshot;

/// The weight of a record that shares its name with no other.
const WHOLE_WEIGHT: u8 = 100;

/// What an instance wants, and what that was decided on.
pub(crate) struct Wanted {
    pub(crate) effects: Vec<WantedEffect>,
    pub(crate) inputs: BTreeMap<String, Digest>,
    pub(crate) declaration: Declaration,
    pub(crate) names: Names,
    /// Of the secrets that it asks a person for, where they are known.
    pub(crate) secret_versions: SecretVersions,
    /// That it would take data back to a version that it has left.
    pub(crate) back: Option<Problem>,
    /// To which version it would take data.
    pub(crate) data_version: Option<DataVersionChange>,
    /// What a person does before the app's data goes to another version.
    pub(crate) migration: Option<String>,
}

impl Resolver {
    /// What the instance wants: pure but for reading pinned overrides from history.
    /// `versions`: those of given secrets that its pods are to name; none where nobody asks.
    pub(crate) async fn wanted(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        instance: &Instance,
        folder: Option<&Observed>,
        versions: &SecretVersions,
    ) -> Result<Wanted, PlanError> {
        let pins = self.pins(snapshot, instance, folder).await?;
        let (resolver, snapshot, instance) = (self.clone(), Arc::clone(snapshot), instance.clone());
        let versions = versions.clone();
        // Off the async threads: it computes, on as many cores as there are.
        tokio::task::spawn_blocking(move || resolver.decided(&snapshot, &instance, &pins, versions))
            .await
            .unwrap_or_else(|panic| {
                Err(PluginError::Broken(format!("the plugin's host failed: {panic}")).into())
            })
    }

    fn decided(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
        pins: &Pins,
        mut versions: SecretVersions,
    ) -> Result<Wanted, PlanError> {
        let desired = &snapshot.desired;
        let target = &instance.target;
        let region = desired.region_of(instance).ok_or_else(|| {
            Problems::from(at(
                instance,
                Problem::new(format!("unknown region \"{}\"", instance.region)),
            ))
        })?;
        let names = Names::new(
            &self.offline.installation,
            instance,
            snapshot.incarnation(target),
        );
        let merged = self.merged(snapshot, instance, pins)?;
        let values = pins.app.schema.canonical(merged.to_value());
        let request = self.request(instance, region, &names, values, &versions);
        let declaration = self.ask(instance, region, pins, &merged, &request)?;
        versions.retain(|name, _| declaration.given.contains_key(name));
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
            secret_versions: versions,
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
            repository: &self.offline.generated_url,
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
        let mut inputs = self.inputs(desired, instance, region, pins);
        if !lock.secret_versions.is_empty() {
            let secrets = Digest::of_json(&lock.secret_versions);
            inputs.insert("secrets that were given".to_owned(), secrets);
        }
        Ok(Wanted {
            effects,
            inputs,
            declaration,
            names,
            secret_versions: lock.secret_versions,
            back,
            data_version,
            migration: facts.manifest.migration.clone(),
        })
    }

    /// The app's base values, then what is shared, the environment's and the customer's own;
    /// checked against the app's schema.
    pub(super) fn merged(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
        pins: &Pins,
    ) -> Result<Merged, PlanError> {
        let (app, shared) = (&pins.app, pins.overrides.values.as_ref());
        let merged = app.merged(&snapshot.desired, instance, shared);
        Problems::check(app.schema.problems(&merged, &instance.at))?;
        Ok(merged)
    }

    /// What an instance's plan is decided on, each by its digest.
    pub(crate) fn inputs(
        &self,
        desired: &Desired,
        instance: &Instance,
        region: &Region,
        pins: &Pins,
    ) -> BTreeMap<String, Digest> {
        let facts = &pins.facts;
        BTreeMap::from([
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
            (
                "settings".to_owned(),
                Digest::of_json(&self.offline.generated_url),
            ),
        ])
    }

    /// What the plugin is asked.
    pub(crate) fn request(
        &self,
        instance: &Instance,
        region: &Region,
        names: &Names,
        values: serde_json::Value,
        secrets: &SecretVersions,
    ) -> Request {
        Request {
            target: instance.target.clone(),
            values,
            context: context(
                &self.offline.installation,
                instance,
                region,
                names,
                &self.offline.generated_url,
                secrets,
            ),
            storage: storage(region),
            secret_prefix: names.secret_prefix(),
        }
    }

    /// The plugin's own check, then its plan.
    fn ask(
        &self,
        instance: &Instance,
        region: &Region,
        pins: &Pins,
        merged: &Merged,
        request: &Request,
    ) -> Result<Declaration, PlanError> {
        let (digest, templates) = (&pins.facts.digest, &pins.overrides.templates);
        let fault = |error| located(error, &instance.app, pins);
        let violations = self
            .offline
            .plugins
            .validate(digest, templates, request)
            .map_err(fault)?;
        if violations.is_empty() {
            let declaration = self.offline.plugins.plan(digest, templates, request);
            return Ok(declaration.map_err(fault)?);
        }
        let problems = violations
            .iter()
            .map(|violation| violation_problem(violation, merged, &instance.at, region))
            .collect();
        Err(some(problems).into())
    }
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
    let rollback = Remedy::Rollback {
        target: target.clone(),
        to: None,
        reclaim: false,
        data_compatible: true,
    };
    let help = Advice::from((
        "keep the newer version; if the migration never began, ",
        rollback,
    ));
    problem.help(
        help.and(
            " takes it back; else restore a backup from before into an instance of another name",
        ),
    )
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
