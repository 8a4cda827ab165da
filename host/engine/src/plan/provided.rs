//! Which secrets a person has to give a target.

use std::sync::Arc;

use deploycenter_domain::desired::Instance;
use deploycenter_domain::guardrails;
use deploycenter_domain::name::{RegionName, TargetId};
use deploycenter_domain::plan::Remark;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_domain::secret_version::{self, SecretVersions};
use deploycenter_ports::SecretEntry;

use crate::resolve::{Resolver, Wanted, no_such_target};
use crate::snapshot::{PlanningSnapshot, TargetView};
use crate::{Engine, PlanError, Refusal, Run, Words};

/// The secrets that a person gives a target, as it is configured now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvidedEntries {
    /// Where they are kept.
    pub region: RegionName,
    /// What their full names begin with.
    pub prefix: String,
    /// Whether the target is deployed.
    pub is_deployed: bool,
    /// Why what runs doesn't take a new one with the next `apply`.
    pub standstill: Option<Standstill>,
    /// By name.
    pub entries: Vec<ProvidedEntry>,
}

/// Why nothing of a target changes for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standstill {
    /// It is held.
    Held,
    /// It has a deployment that hasn't ended.
    Unfinished,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvidedEntry {
    /// As a person calls it.
    pub name: String,
    /// As Secrets Manager does.
    pub full: String,
    /// The key in the entry's JSON object.
    pub key: String,
    /// What it is for.
    pub purpose: String,
}

impl Engine {
    /// [`Run::provided_secrets`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn provided_secrets(&self, target: &TargetId) -> Result<ProvidedEntries, PlanError> {
        self.open_run().await?.provided_secrets(target).await
    }
}

impl Run {
    /// What `secret set` may set, asked of the plugin; the target needn't be deployed.
    ///
    /// # Errors
    /// When the target isn't desired, or has problems.
    pub async fn provided_secrets(&self, target: &TargetId) -> Result<ProvidedEntries, PlanError> {
        let desired = &self.desired;
        let Some(instance) = desired.instance(target) else {
            return Err(no_such_target(desired, target).into());
        };
        let region = instance.region.clone();
        let mut snapshot = self.snapshot().await?;
        let resolver = Resolver::new(self.offline.clone(), false);
        self.look_for_earlier_incarnations(&mut snapshot, std::iter::once(target))
            .await?;
        let snapshot = Arc::new(snapshot);
        let wanted = resolver
            .wanted(
                &snapshot,
                snapshot.instance(target),
                None,
                &SecretVersions::new(),
            )
            .await?;
        let prefix = wanted.names.secret_prefix();
        let entries = wanted
            .declaration
            .given
            .iter()
            .map(|(name, given)| ProvidedEntry {
                name: name.clone(),
                full: format!("{prefix}{name}"),
                key: given.key.clone(),
                purpose: given.purpose.clone(),
            })
            .collect();
        let live = snapshot.live.get(target);
        let standstill = if snapshot.unfinished.contains_key(target) {
            Some(Standstill::Unfinished)
        } else {
            let held = live.is_some_and(|live| live.hold.is_some());
            held.then_some(Standstill::Held)
        };
        Ok(ProvidedEntries {
            is_deployed: live.is_some(),
            standstill,
            region,
            prefix,
            entries,
        })
    }

    /// All entries that a target has, given or drawn, sorted by name.
    ///
    /// # Errors
    /// When Secrets Manager can't be read.
    pub async fn secrets_of(
        &self,
        provided: &ProvidedEntries,
    ) -> Result<Vec<SecretEntry>, PlanError> {
        let ProvidedEntries { region, prefix, .. } = provided;
        Ok(self.systems.secrets.list(region, prefix).await?)
    }

    /// Secrets that only a person can give have to be there; what a plan says of those that
    /// were set anew since what runs was deployed.
    ///
    /// # Errors
    /// What is missing, each with the way to give it.
    pub(super) async fn given(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
        view: &TargetView,
        wanted: &Wanted,
    ) -> Result<Vec<Remark>, PlanError> {
        let prefix = wanted.names.secret_prefix();
        let mut missing = Vec::new();
        for (name, given) in &wanted.declaration.given {
            let full = format!("{prefix}{name}");
            let known = view.given.iter().any(|entry| entry.name == full);
            let region = &instance.region;
            if !known && self.providers.provided.now(region, &full).await?.is_none() {
                missing.push(Refusal::secret_missing(instance, name, &given.purpose));
            }
        }
        if missing.is_empty() {
            Ok(set_anew(self.words, snapshot, view.folder.as_ref(), wanted))
        } else {
            Err(PlanError::Refusal(missing))
        }
    }
}

/// What a plan says of the secrets that were set anew since what runs was deployed.
fn set_anew(
    words: Words,
    snapshot: &PlanningSnapshot,
    folder: Option<&Observed>,
    wanted: &Wanted,
) -> Vec<Remark> {
    let Wanted {
        names, declaration, ..
    } = wanted;
    let mut versions = wanted.secret_versions.clone();
    let target = names.target();
    let Some(Resource::Folder(folder)) = folder.map(|seen| &seen.state) else {
        return Vec::new();
    };
    // What it didn't use before isn't new to it.
    let secrets = folder.files.get(guardrails::SECRETS);
    let secrets = secrets.map_or("", String::as_str);
    versions.retain(|name, _| secrets.contains(&format!("{}{name}", names.secret_prefix())));
    let values = declaration.files.get("values.yaml");
    let pulls: Vec<&str> = declaration
        .given
        .iter()
        .filter(|(_, given)| given.key == guardrails::PULL_SECRET)
        .map(|(name, _)| name.as_str())
        .collect();
    secret_version::remarks(
        &snapshot.secret_versions(&target),
        &versions,
        &pulls,
        values.map_or("", String::as_str),
        &words(&Remedy::Sync(Targets::One(target.clone())).into()),
    )
}
