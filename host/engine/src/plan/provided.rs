//! Which secrets a person has to give a target.

use std::collections::BTreeSet;
use std::sync::Arc;

use deploycenter_domain::declaration::Declaration;
use deploycenter_domain::desired::Instance;
use deploycenter_domain::guardrails;
use deploycenter_domain::name::{RegionName, TargetId};
use deploycenter_domain::naming::Names;
use deploycenter_domain::plan::Remark;
use deploycenter_domain::remedy::{Remedy, Targets};
use deploycenter_domain::resource::{Observed, Resource};
use deploycenter_domain::secret_version::{self, SecretVersions};
use deploycenter_ports::SecretEntry;

use super::explain::no_such_target;
use super::refusal::Refusal;
use super::wanted::Wanted;
use super::{PlanError, PlanningSnapshot};
use crate::{Run, Words};

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
        self.look_for_earlier_lives(&mut snapshot, std::iter::once(target))
            .await?;
        let snapshot = Arc::new(snapshot);
        let wanted = self
            .offline
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

    /// The entries that a person gave a target: those of its region's list and those that it
    /// runs with, each as it is now, since a list may not know yet what was just set.
    pub(super) async fn given_entries(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
        names: &Names,
    ) -> Result<Vec<SecretEntry>, PlanError> {
        let region = &instance.region;
        let prefix = names.secret_prefix();
        let listed = self.systems.secrets.list(region, &prefix).await?;
        let deployed = snapshot.secret_versions(&instance.target).into_keys();
        let all: BTreeSet<String> = listed
            .into_iter()
            .filter(|entry| entry.is_given)
            .map(|entry| entry.name)
            .chain(deployed.map(|name| format!("{prefix}{name}")))
            .collect();
        let mut entries = Vec::new();
        for name in all {
            let now = self.providers.provided.now(region, &name).await?;
            entries.extend(now.filter(|entry| entry.is_given));
        }
        Ok(entries)
    }

    /// Secrets that only a person can give have to be there; `there`: those that are known
    /// to be.
    ///
    /// # Errors
    /// What is missing, each with the command that gives it.
    pub(super) async fn check_given(
        &self,
        instance: &Instance,
        wanted: &Wanted,
        there: &[SecretEntry],
    ) -> Result<(), PlanError> {
        let prefix = wanted.names.secret_prefix();
        let mut missing = Vec::new();
        for (name, given) in &wanted.declaration.given {
            let full = format!("{prefix}{name}");
            let known = there.iter().any(|entry| entry.name == full);
            let region = &instance.region;
            if !known && self.providers.provided.now(region, &full).await?.is_none() {
                missing.push(Refusal::secret_missing(instance, name, &given.purpose));
            }
        }
        if missing.is_empty() {
            Ok(())
        } else {
            Err(PlanError::Refusal(missing))
        }
    }
}

/// Which versions of its given secrets a target's pods are to name. Where none is deployed
/// of a secret, the times tell: what was set before the last deployment is what runs, and
/// isn't restarted for it.
pub(super) fn versions(
    snapshot: &PlanningSnapshot,
    names: &Names,
    there: &[SecretEntry],
) -> SecretVersions {
    let target = names.target();
    let deployed = snapshot.live.contains_key(&target);
    let before = snapshot.secret_versions(&target);
    let incarnation = names.incarnation();
    let last = snapshot
        .deployed_of(&target, incarnation)
        .map(|life| life.at);
    let prefix = names.secret_prefix();
    let mut versions = SecretVersions::new();
    for entry in there {
        let Some(name) = entry.name.strip_prefix(&prefix) else {
            continue;
        };
        let is_taken = deployed
            && last
                .zip(entry.changed)
                .is_some_and(|(last, changed)| changed <= last);
        let known = before.get(name).map(Vec::as_slice).unwrap_or_default();
        let next = secret_version::next(known, entry.version.as_ref(), is_taken);
        if !next.is_empty() {
            versions.insert(name.to_owned(), next);
        }
    }
    versions
}

/// What a plan says of the secrets that were set anew since what runs was deployed.
pub(super) fn set_anew(
    words: Words,
    snapshot: &PlanningSnapshot,
    folder: Option<&Observed>,
    names: &Names,
    declaration: &Declaration,
    mut versions: SecretVersions,
) -> Vec<Remark> {
    let target = names.target();
    let Some(Resource::Folder(folder)) = folder.map(|seen| &seen.image) else {
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
