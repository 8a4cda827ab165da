//! What is ours outside and belongs to no target any more.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::naming;
use deploycenter_domain::remedy::Advice;
use deploycenter_ports::Deployments;
use jiff::Timestamp;
use serde::Serialize;

use super::usages::{Left, Usage, Usages, Work, stuck};
use crate::snapshot::has_something;
use crate::{Engine, PlanError, Run};

/// Something of ours that no target uses. `Words` is [`Advice`] until a door words it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan<Words = Advice> {
    /// Whose it was; none when it doesn't say.
    pub target: Option<TargetId>,
    /// The system: `efs`, `route53`, `secretsmanager`, `argocd`, `kubernetes`, `git`.
    pub system: &'static str,
    /// What the system calls it.
    pub id: String,
    /// Why nobody uses it.
    pub reason: Words,
    /// Since when, by the journal, or else when the system says that it was made.
    pub since: Option<Timestamp>,
    /// What ends it: an operation of ours, or a command of another tool.
    pub command: Words,
}

impl Orphan {
    fn new(system: &'static str, id: String, left: Left) -> Self {
        Self {
            target: left.target,
            system,
            id,
            reason: left.reason,
            since: left.since,
            command: left.command,
        }
    }

    /// The same in a door's words.
    #[must_use]
    pub fn worded(&self, words: impl Fn(&Advice) -> String) -> Orphan<String> {
        Orphan {
            target: self.target.clone(),
            system: self.system,
            id: self.id.clone(),
            reason: words(&self.reason),
            since: self.since,
            command: words(&self.command),
        }
    }
}

impl Run {
    /// Everything outside that is ours, by its marks or, where there are none, by name and
    /// journal, and that no target uses: sorted by target, system and id. Reads everything
    /// anew and changes nothing.
    ///
    /// # Errors
    /// When the desired state, the journal or a system can't be read.
    pub async fn orphans(&self) -> Result<Vec<Orphan>, PlanError> {
        let mut snapshot = self.snapshot().await?;
        let everything = self.everything_held().await?;
        snapshot.mark_unknown(&everything);
        let usages = Usages::read(&*self.store, &snapshot, &everything).await?;
        let mut orphans = Vec::new();
        for item in &everything {
            let Usage::Left(mut left) = usages.of(item) else {
                continue;
            };
            if let (Some(target), Some(effect)) = (&left.target, &left.unused) {
                let since = self.unused_since(target, effect).await?;
                left.since = since.or(left.since);
            }
            orphans.push(Orphan::new(item.system, item.id.clone(), left));
        }
        orphans.extend(namespaces(&usages));
        orphans.extend(project_files(&usages));
        orphans.extend(out_of_sight(&usages));
        orphans.sort();
        Ok(orphans)
    }

    /// When the first deployment of a target's present incarnation succeeded that didn't want an
    /// effect any more.
    async fn unused_since(
        &self,
        target: &TargetId,
        effect: &EffectId,
    ) -> Result<Option<Timestamp>, PlanError> {
        let mut since = None;
        let all = Deployments::Of(target.clone());
        for summary in self.store.all_deployments(&all).await? {
            if summary.status() != Status::Succeeded || summary.plan.operation.is_removal() {
                continue;
            }
            let record = self.recorded(&summary.id).await?;
            if record.deployment.plan.effect(effect).is_some() {
                break;
            }
            since = Some(summary.last);
        }
        Ok(since)
    }
}

impl Engine {
    /// [`Run::orphans`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn orphans(&self) -> Result<Vec<Orphan>, PlanError> {
        self.open_run().await?.orphans().await
    }
}

/// Namespaces that `destroy` retained: they have no marks that we could read.
fn namespaces(usages: &Usages<'_>) -> Vec<Orphan> {
    let retained = usages
        .snapshot
        .incarnations()
        .filter(|(_, entry)| entry.deployed.namespace);
    retained
        .filter_map(|(target, entry)| {
            let usage = match usages.work(target, entry.incarnation) {
                Work::Going => Usage::InUse,
                Work::Stuck(record) => stuck(record),
                Work::None => usages.past(target, entry.incarnation, None),
            };
            let Usage::Left(mut left) = usage else {
                return None;
            };
            let cluster = usages
                .snapshot
                .desired
                .regions
                .regions
                .get(&entry.deployed.region)
                .map_or_else(
                    || format!("the cluster of {}", entry.deployed.region),
                    |region| region.cluster.server.clone(),
                );
            left.reason = left.reason.and(format!(
                "; with databases, claims and volumes, on {cluster}"
            ));
            let instance = target.instance()?;
            let name = naming::readable(target.customer(), instance, entry.incarnation);
            Some(Orphan::new("kubernetes", name, left))
        })
        .collect()
}

/// `project.json` on the branches of customers without instances.
fn project_files(usages: &Usages<'_>) -> Vec<Orphan> {
    let shared = usages.snapshot.live.keys().filter(|live| live.is_shared());
    shared
        .filter_map(|target| match usages.of_customer(target.customer()) {
            Usage::InUse => None,
            Usage::Left(left) => {
                let id = format!("{} project.json", target.branch());
                Some(Orphan::new("git", id, left))
            }
        })
        .collect()
}

/// What the journal says stands in regions that aren't declared any more: nobody looks
/// there.
fn out_of_sight(usages: &Usages<'_>) -> Vec<Orphan> {
    let snapshot = usages.snapshot;
    let unseen = snapshot.incarnations().filter(|(_, entry)| {
        let declared = &snapshot.desired.regions.regions;
        has_something(entry) && !declared.contains_key(&entry.deployed.region)
    });
    let mut orphans = Vec::new();
    for (target, entry) in unseen {
        let region = &entry.deployed.region;
        let Usage::Left(left) = usages.past(target, entry.incarnation, None) else {
            continue;
        };
        let states = entry.deployed.states.values();
        for state in states.chain(entry.deployed.unused.values()) {
            let Some((_, id)) = state.in_region() else {
                continue;
            };
            let mut left = left.clone();
            left.reason = left.reason.and(format!(
                "; the region {region} isn't declared any more, so nobody can look; declare it again first"
            ));
            let system = state.kind().facts().system.as_str();
            orphans.push(Orphan::new(system, id.to_owned(), left));
        }
    }
    orphans
}
