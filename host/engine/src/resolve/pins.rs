//! Pins: the versions that a target is planned with, kept as a lock file keeps them.

use std::sync::Arc;

use deploycenter_domain::desired::{Instance, Layer, Overrides};
use deploycenter_domain::lock::{self, Lock, PinnedOverrides};
use deploycenter_domain::name::AppName;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_ports::{DesiredFiles, PluginFacts};

use super::problems::{at, some};
use super::resolver::{AppValues, Resolver};
use crate::PlanError;
use crate::snapshot::PlanningSnapshot;

/// The versions that a target is planned with.
pub(crate) struct Pins {
    pub(crate) facts: Arc<PluginFacts>,
    /// What that plugin's values are.
    pub(crate) app: Arc<AppValues>,
    pub(crate) overrides: Overrides,
    pub(crate) pinned_overrides: Option<PinnedOverrides>,
    /// The version in which the target's data is.
    pub(crate) data_version: Option<String>,
}

impl Resolver {
    /// An existing target stays on what its lock names; a new one takes the defaults.
    pub(crate) async fn pins(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
        folder: Option<&Observed>,
    ) -> Result<Pins, PlanError> {
        let desired = &snapshot.desired;
        let default = desired.plugins.default(&instance.app).ok_or_else(|| {
            let problem = Problem::new(format!(
                "no plugin for the app \"{}\" is installed",
                instance.app
            ));
            Problems::from(at(instance, problem))
        })?;
        let working = desired
            .overrides
            .get(&instance.app)
            .cloned()
            .unwrap_or_default();
        let text = match folder.map(|seen| &seen.state) {
            Some(Resource::Folder(folder)) => folder.files.get(lock::FILE),
            _ => None,
        };
        let lock = text
            .map(|text| Lock::read(text))
            .transpose()
            .map_err(|error| {
                Problems::from(
                    Problem::new(format!("{}: {error}", instance.target)).in_file(lock::FILE),
                )
            })?;
        let Some(lock) = lock.as_ref().filter(|_| !self.moves_pins) else {
            let pinned_overrides = if working == Overrides::default() {
                None
            } else {
                // Not committed yet: only `apply --allow-dirty` gets that far.
                let commit = self
                    .apps
                    .last_change(&*self.offline.repository, &instance.app)
                    .await?
                    .unwrap_or_else(|| "uncommitted".to_owned());
                Some(PinnedOverrides {
                    commit,
                    digest: working.digest(),
                })
            };
            let facts = self.offline.plugins.facts(&default.digest)?;
            return Ok(Pins {
                app: self.apps.values(&facts)?,
                facts,
                overrides: working,
                pinned_overrides,
                data_version: lock
                    .map(|lock| lock.data_version)
                    .or_else(|| {
                        let revived = snapshot.revived.get(&instance.target)?;
                        Some(revived.data_version.clone())
                    })
                    .flatten(),
            });
        };
        if desired.plugins.by_digest(&lock.plugin.digest).is_none() {
            let problem = Problem::new(format!(
                "{} is pinned to the plugin {} {} ({}), which plugins.lock doesn't have",
                instance.target, lock.app, lock.plugin.version, lock.plugin.digest
            ))
            .in_file("plugins.lock")
            .help("put that version back; versions in use stay installed");
            return Err(Problems::from(problem).into());
        }
        let overrides = match &lock.overrides {
            None => Overrides::default(),
            Some(pinned) if pinned.digest == working.digest() => working.clone(),
            Some(pinned) => {
                let folder = format!("overrides/{}", instance.app);
                let files = self
                    .offline
                    .repository
                    .files_at(&pinned.commit, &folder)
                    .await?;
                pinned_overrides(&instance.app, &files)?
            }
        };
        let facts = self.offline.plugins.facts(&lock.plugin.digest)?;
        Ok(Pins {
            app: self.apps.values(&facts)?,
            facts,
            overrides,
            pinned_overrides: lock.overrides.clone(),
            data_version: lock.data_version.clone(),
        })
    }
}

/// Overrides as they stood in a commit of main.
fn pinned_overrides(app: &AppName, files: &DesiredFiles) -> Result<Overrides, PlanError> {
    let folder = format!("overrides/{app}/");
    let mut overrides = Overrides::default();
    for (path, bytes) in files {
        let Some(name) = path.strip_prefix(&folder) else {
            continue;
        };
        if name == "values.yaml" {
            overrides.values = Some(Layer::parse(path, bytes).map_err(some)?);
        } else if let Some(template) = name.strip_prefix("templates/") {
            overrides.templates.insert(
                template.to_owned(),
                String::from_utf8_lossy(bytes).into_owned(),
            );
        }
    }
    Ok(overrides)
}
