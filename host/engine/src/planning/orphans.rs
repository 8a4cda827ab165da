//! What is ours outside and belongs to no target any more.

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::journal::Event;
use deploycenter_domain::name::TargetId;
use deploycenter_domain::naming;
use deploycenter_domain::resource::Resource;
use deploycenter_ports::Reading;
use jiff::Timestamp;
use serde::Serialize;

use super::PlanError;
use super::claims::{Claim, Claims, Left, Work, stuck};
use super::users::has_something;
use crate::Engine;

/// Something of ours that no target uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// Whose it was; none when it doesn't say.
    pub target: Option<TargetId>,
    /// The system: `efs`, `route53`, `secretsmanager`, `argocd`, `kubernetes`, `git`.
    pub system: &'static str,
    /// What the system calls it.
    pub id: String,
    /// Why nobody uses it.
    pub reason: String,
    /// Since when, by the journal, or else when the system says that it was made.
    pub since: Option<Timestamp>,
    /// The command that ends it.
    pub command: String,
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
}

impl Engine {
    /// Everything outside that is ours, by its marks or, where there are none, by name and
    /// journal, and that no target uses: sorted by target, system and id. Reads everything
    /// anew and changes nothing.
    ///
    /// # Errors
    /// When the desired state, the journal or a system can't be read.
    pub async fn orphans(&self) -> Result<Vec<Orphan>, PlanError> {
        let mut ground = self.ground(self.desired().await?, Reading::Fresh).await?;
        let everything = self.everything_held().await?;
        ground.mark_unknown(&everything);
        let claims = self.claims(&ground, &everything).await?;
        let mut orphans = Vec::new();
        for holding in &everything {
            let Claim::Left(mut left) = claims.of(holding) else {
                continue;
            };
            if let (Some(target), Some(effect)) = (&left.target, &left.unused) {
                let since = self.unused_since(target, effect).await?;
                left.since = since.or(left.since);
            }
            orphans.push(Orphan::new(holding.system, holding.id.clone(), left));
        }
        orphans.extend(namespaces(&claims));
        orphans.extend(project_files(&claims));
        orphans.extend(out_of_sight(&claims));
        orphans.sort();
        Ok(orphans)
    }

    /// When the first deployment of a target's present life succeeded that didn't want an
    /// effect any more.
    async fn unused_since(
        &self,
        target: &TargetId,
        effect: &EffectId,
    ) -> Result<Option<Timestamp>, PlanError> {
        let mut since = None;
        for record in self.store.history(target).await? {
            let plan = &record.deployment.plan;
            match record.events.last() {
                Some(last) if last.event == Event::Succeeded && !plan.operation.is_removal() => {
                    if plan.effect(effect).is_some() {
                        break;
                    }
                    since = Some(last.at);
                }
                _ => {}
            }
        }
        Ok(since)
    }
}

/// Namespaces that `destroy` retained: they have no marks that we could read.
fn namespaces(claims: &Claims<'_>) -> Vec<Orphan> {
    let retained = claims
        .ground
        .lives()
        .filter(|(_, life)| life.standing.namespace);
    retained
        .filter_map(|(target, life)| {
            let claim = match claims.work(target, life.incarnation) {
                Work::Going => Claim::InUse,
                Work::Stuck(record) => stuck(record),
                Work::None => claims.past(target, life.incarnation, None),
            };
            let Claim::Left(mut left) = claim else {
                return None;
            };
            let cluster = claims
                .ground
                .desired
                .regions
                .regions
                .get(&life.standing.region)
                .map_or_else(
                    || format!("the cluster of {}", life.standing.region),
                    |region| region.cluster.server.clone(),
                );
            left.reason.push_str(&format!(
                "; with databases, claims and volumes, on {cluster}"
            ));
            let instance = target.instance()?;
            let name = naming::readable(target.customer(), instance, life.incarnation);
            Some(Orphan::new("kubernetes", name, left))
        })
        .collect()
}

/// `project.json` on the branches of customers without instances.
fn project_files(claims: &Claims<'_>) -> Vec<Orphan> {
    let shared = claims.ground.live.keys().filter(|live| live.is_shared());
    shared
        .filter_map(|target| match claims.of_customer(target.customer()) {
            Claim::InUse => None,
            Claim::Left(left) => {
                let id = format!("{} project.json", target.branch());
                Some(Orphan::new("git", id, left))
            }
        })
        .collect()
}

/// What the journal says stands in regions that aren't declared any more: nobody looks
/// there.
fn out_of_sight(claims: &Claims<'_>) -> Vec<Orphan> {
    let ground = claims.ground;
    let unseen = ground.lives().filter(|(_, life)| {
        let declared = &ground.desired.regions.regions;
        has_something(life) && !declared.contains_key(&life.standing.region)
    });
    let mut orphans = Vec::new();
    for (target, life) in unseen {
        let region = &life.standing.region;
        let Claim::Left(left) = claims.past(target, life.incarnation, None) else {
            continue;
        };
        let images = life.standing.images.values();
        for image in images.chain(life.standing.unused.values()) {
            let Some((system, id)) = name_in_region(image) else {
                continue;
            };
            let left = Left {
                reason: format!(
                    "{}; the region {region} isn't declared any more, so nobody can look; declare it again first",
                    left.reason
                ),
                ..left.clone()
            };
            orphans.push(Orphan::new(system, id, left));
        }
    }
    orphans
}

/// Things that a region's lists would show.
fn name_in_region(image: &Resource) -> Option<(&'static str, String)> {
    match image {
        Resource::FileSystem(image) => Some(("efs", image.creation_token.clone())),
        Resource::AccessPoint(image) => Some(("efs", image.client_token.clone())),
        Resource::Secret(image) => Some(("secretsmanager", image.name.clone())),
        _ => None,
    }
}
