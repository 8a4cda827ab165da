//! What one target has of its own: its folder on the branch, and the secrets that a person
//! gave it.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::desired::Instance;
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::naming::Names;
use deploycenter_domain::resource::{Folder, Observed, Resource};
use deploycenter_domain::secret_version::{self, SecretVersions};
use deploycenter_ports::{ProviderErrorKind, SecretEntry};

use super::planning::PlanningSnapshot;
use super::run::Run;
use crate::{PlanError, Refusal};

/// An instance's own, as its run sees it.
#[derive(Debug, Clone)]
pub(crate) struct TargetView {
    /// The folder on the branch.
    pub(crate) folder: Option<Observed>,
    /// The secrets that were given.
    pub(crate) given: Vec<SecretEntry>,
    /// Which of their versions the target's pods are to name.
    pub(crate) versions: SecretVersions,
}

impl Run {
    /// An instance's own.
    ///
    /// # Errors
    /// When branches or secrets can't be read, or its branch can't be made.
    pub(crate) async fn view(
        &self,
        snapshot: &PlanningSnapshot,
        instance: &Instance,
    ) -> Result<TargetView, PlanError> {
        let target = &instance.target;
        let installation = &self.offline.installation;
        let names = Names::new(installation, instance, snapshot.incarnation(target));
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: names.folder(),
            tree: None,
            files: BTreeMap::new(),
        });
        let folder = self.folder_at(target, &place).await?;
        let given = self.given_entries(snapshot, instance, &names).await?;
        let versions = versions(snapshot, &names, &given);
        Ok(TargetView {
            folder,
            given,
            versions,
        })
    }

    /// The target's folder, as it stands on the branch.
    pub(crate) async fn folder_of(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
    ) -> Result<Option<Observed>, PlanError> {
        let Some((region, instance)) = snapshot
            .live
            .get(target)
            .and_then(|live| live.region.as_ref())
            .zip(target.instance())
        else {
            return Ok(None);
        };
        let place = Resource::Folder(Folder {
            branch: target.branch(),
            path: format!("{region}/{instance}"),
            tree: None,
            files: BTreeMap::new(),
        });
        self.folder_at(target, &place).await
    }

    /// What stands in a target's folder, as this run first read the branches.
    pub(crate) async fn folder_at(
        &self,
        target: &TargetId,
        place: &Resource,
    ) -> Result<Option<Observed>, PlanError> {
        match self.systems.branches.observe(place).await {
            Err(failure) if failure.kind == ProviderErrorKind::Foreign => Err(PlanError::Refusal(
                vec![Refusal::no_branch(target, failure)],
            )),
            seen => Ok(seen?),
        }
    }

    /// The entries that a person gave a target: those of its region's list and those that it
    /// runs with, each as it is now, since a list may not know yet what was just set.
    async fn given_entries(
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
}

/// Which versions of its given secrets a target's pods are to name. Where none is deployed
/// of a secret, the times tell: what was set before the last deployment is what runs, and
/// isn't restarted for it.
fn versions(snapshot: &PlanningSnapshot, names: &Names, there: &[SecretEntry]) -> SecretVersions {
    let target = names.target();
    let deployed = snapshot.live.contains_key(&target);
    let before = snapshot.secret_versions(&target);
    let incarnation = names.incarnation();
    let last = snapshot
        .deployed_of(&target, incarnation)
        .map(|entry| entry.at);
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

/// The hold on a target, as its folder has it. One that can't be read holds all the same.
pub(crate) fn hold_of(folder: Option<&Observed>) -> Option<Hold> {
    let Some(Resource::Folder(folder)) = folder.map(|seen| &seen.state) else {
        return None;
    };
    let text = folder.files.get(hold::FILE)?;
    Some(Hold::read(text).unwrap_or_else(|error| Hold::new(None, "someone", &error.to_string())))
}
