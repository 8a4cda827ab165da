//! From wanted effects to planned ones: what is there, and what has to change.

use std::collections::BTreeMap;

use deploycenter_domain::bind::bind;
use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::Advice;
use deploycenter_domain::resource::{Adoption, Observed, Owner, Ownership, Resource};
use deploycenter_domain::token::Bindings;
use deploycenter_domain::wanted::WantedEffect;
use deploycenter_ports::ProviderErrorKind;

use super::PlanError;
use super::beside::Beside;
use super::folders::Folders;
use super::refusal::Refusal;
use super::refusal_code::RefusalCode;
use super::snapshot::PlanningSnapshot;
use crate::Run;

/// What was looked at of a target.
pub(super) struct Looked {
    /// What is there, and what has to change.
    pub(super) effects: Vec<PlannedEffect>,
    /// What stands beside ours and takes away from it.
    pub(super) beside: Beside,
}

/// Whose effects these are.
#[derive(Debug, Clone, Copy)]
pub(super) struct EffectScope<'a> {
    pub(super) target: &'a TargetId,
    pub(super) incarnation: Incarnation,
}

impl Run {
    /// Looks what is there for each wanted effect, and what would change. `folder` is
    /// the target's folder as it stands on the branch.
    pub(super) async fn effects(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        wanted: Vec<WantedEffect>,
        folder: Option<&Observed>,
        adopt: &BTreeMap<EffectId, Adoption>,
    ) -> Result<Looked, PlanError> {
        let there = Folders::of(folder);
        let mut bindings = Bindings::new();
        let mut problems = Vec::new();
        let mut in_the_way = Vec::new();
        let mut planned: Vec<PlannedEffect> = Vec::new();
        let mut beside = Beside::default();
        for WantedEffect {
            id,
            depends_on,
            after,
        } in wanted
        {
            let after = bind(&after, &bindings).map_err(|broken| {
                Problems::from(Problem::new(format!("{}: {id}: {broken}", whose.target)))
            })?;
            let effect = match (id.kind(), after) {
                (EffectKind::File, Resource::File(file)) => there.file(id, depends_on, file),
                (EffectKind::Commit, Resource::Folder(folder)) => {
                    // Files that are there and no longer wanted go with this commit.
                    let gone = there.gone(&folder);
                    let mut depends_on = depends_on;
                    depends_on.extend(gone.iter().map(|effect| effect.id.clone()));
                    planned.extend(gone);
                    let changed = planned.iter().any(|effect| {
                        effect.kind == EffectKind::File && effect.action != Action::None
                    });
                    there.commit(id, depends_on, folder, changed)
                }
                (EffectKind::Sync, Resource::Sync(sync)) => {
                    there.sync(id, depends_on, sync, &planned)
                }
                (_, after) if adopt.contains_key(&id) => {
                    let adoption = adopt.get(&id).cloned().unwrap_or_default();
                    match self
                        .adopted(snapshot, whose, id, depends_on, after, adoption)
                        .await?
                    {
                        Ok(effect) => {
                            let stands = effect.adopt.is_none();
                            let found = self.look_beside(whose, &effect, stands, &mut beside);
                            in_the_way.extend(found.await?);
                            effect
                        }
                        Err(problem) => {
                            problems.push(problem);
                            continue;
                        }
                    }
                }
                (kind, after) => {
                    let seen = self.systems.of(kind).observe(&after).await?;
                    let theirs = seen
                        .as_ref()
                        .and_then(|seen| self.not_ours(whose, &id, seen));
                    let stands = seen.is_some() && theirs.is_none();
                    in_the_way.extend(theirs);
                    let effect = effect_of(id, depends_on, seen, after);
                    let found = self.look_beside(whose, &effect, stands, &mut beside);
                    in_the_way.extend(found.await?);
                    effect
                }
            };
            for (output, value) in &effect.outputs {
                bindings.insert(format!("{}:{output}", effect.id), value.clone());
            }
            planned.push(effect);
        }
        Problems::check(problems)?;
        if in_the_way.is_empty() {
            Ok(Looked {
                effects: planned,
                beside,
            })
        } else {
            Err(PlanError::Refusal(in_the_way))
        }
    }

    /// What a person said to take over.
    async fn adopted(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        id: EffectId,
        depends_on: Vec<EffectId>,
        after: Resource,
        mut adoption: Adoption,
    ) -> Result<Result<PlannedEffect, Problem>, PlanError> {
        let target = whose.target;
        let problem = |text: String| Ok(Err(Problem::new(format!("{target}: {id} {text}"))));
        let there = self.providers.of(id.kind());
        let seen = match there.observe_foreign(&after, &adoption).await {
            Ok(Some(seen)) => seen,
            Ok(None) => return problem("can't be adopted: there is nothing there".to_owned()),
            Err(failure) if failure.kind == ProviderErrorKind::Refused => {
                let refused = Problem::new(format!("{target}: {id}: {}", failure.message));
                return Ok(Err(match failure.help {
                    Some(help) => refused.help(help),
                    None => refused,
                }));
            }
            Err(failure) => return Err(failure.into()),
        };
        match &seen.ownership {
            // Its own already: an adoption that is asked for again has nothing to do.
            Ownership::ByPlace => {
                let seen = self.systems.of(id.kind()).observe(&after).await?;
                return Ok(Ok(effect_of(id, depends_on, seen, after)));
            }
            Ownership::Owned(owner) if self.is_same(whose, &id, owner) => {
                let seen = self.systems.of(id.kind()).observe(&after).await?;
                return Ok(Ok(effect_of(id, depends_on, seen, after)));
            }
            Ownership::Owned(owner)
                if owner.installation == self.offline.installation
                    && snapshot
                        .lock(&owner.target)
                        .is_some_and(|lock| lock.incarnation == owner.incarnation) =>
            {
                return problem(format!(
                    "can't be adopted: {} of {} is in use",
                    owner.effect, owner.target
                ));
            }
            Ownership::Owned(owner) => adoption.former = Some(owner.clone()),
            Ownership::Foreign(_) => {}
        }
        Ok(Ok(
            effect_of(id, depends_on, Some(seen), after).adopting(adoption)
        ))
    }

    /// What earlier deployments made, nobody wants any more, and holds no data: records
    /// under another name, doors into a subnet that was given up. They go last.
    pub(super) async fn superseded(
        &self,
        snapshot: &PlanningSnapshot,
        target: &TargetId,
        deployed_now: &DeployedState,
        effects: &[PlannedEffect],
    ) -> Result<Vec<PlannedEffect>, PlanError> {
        let last: Vec<EffectId> = effects
            .iter()
            .filter(|effect| effect.kind == EffectKind::Sync)
            .map(|effect| effect.id.clone())
            .collect();
        let mut gone = Vec::new();
        let kinds = EffectKind::in_undo_order().into_iter();
        let dropped = kinds.filter(|kind| kind.facts().dropped_by_updates);
        let candidates = dropped.flat_map(|kind| deployed_now.of_kind(kind));
        for (id, image) in candidates {
            let wanted = effects.iter().any(|effect| {
                effect.kind == id.kind()
                    && effect
                        .after
                        .as_ref()
                        .is_some_and(|after| after.same_place(image))
            });
            if wanted || neighbour_wants(snapshot, target, image) {
                continue;
            }
            let Some(seen) = self.systems.of(id.kind()).observe(image).await? else {
                continue;
            };
            let id = match image {
                // Its effect's id belongs to the record that takes its place.
                Resource::Record(record) if effects.iter().any(|effect| effect.id == *id) => {
                    EffectId::new(EffectKind::Record, record.name.clone())
                        .unwrap_or_else(|_| id.clone())
                }
                _ => id.clone(),
            };
            gone.push(PlannedEffect {
                outputs: seen.outputs,
                ..PlannedEffect::new(id, last.clone(), Some(seen.image), None)
            });
        }
        Ok(gone)
    }

    /// Something stands where ours should, and it isn't ours.
    pub(super) fn not_ours(
        &self,
        whose: EffectScope<'_>,
        id: &EffectId,
        seen: &Observed,
    ) -> Option<Refusal> {
        let what = match &seen.ownership {
            Ownership::ByPlace => return None,
            Ownership::Foreign(what) => match seen.called() {
                Some(name) => format!("{name} {what}"),
                None => what.clone(),
            },
            Ownership::Owned(owner) if self.is_same(whose, id, owner) => return None,
            Ownership::Owned(owner) => format!(
                "it belongs to {} of {} in the installation {}",
                owner.effect, owner.target, owner.installation
            ),
        };
        if seen.ownership.is_leaving() {
            return Some(Refusal::leaving(whose.target, id, &seen.image));
        }
        let help = Advice::from("nothing is taken over by itself; ");
        let help = match seen.way_to_adopt(whose.target, id) {
            Some(way) => help
                .and(("take it over with: ", way))
                .and(", and name there all that is to be taken over; or "),
            None => help,
        };
        Some(Refusal {
            target: whose.target.clone(),
            code: RefusalCode::Exists,
            message: format!("{id} exists already: {what}"),
            help: help.and("rename one of the two, or remove what stands there"),
        })
    }

    pub(super) fn is_same(&self, whose: EffectScope<'_>, id: &EffectId, owner: &Owner) -> bool {
        owner.installation == self.offline.installation
            && owner.target == *whose.target
            && owner.effect == *id
            && owner.incarnation == whose.incarnation
    }
}

/// An effect between what was seen and what is wanted.
pub(super) fn effect_of(
    id: EffectId,
    depends_on: Vec<EffectId>,
    seen: Option<Observed>,
    after: Resource,
) -> PlannedEffect {
    let (before, owner, outputs) = match seen {
        None => (None, None, BTreeMap::new()),
        Some(Observed {
            image,
            ownership,
            outputs,
        }) => {
            let owner = match ownership {
                Ownership::Owned(owner) => Some(owner),
                Ownership::ByPlace | Ownership::Foreign(_) => None,
            };
            (Some(image), owner, outputs)
        }
    };
    PlannedEffect {
        owner,
        outputs,
        ..PlannedEffect::new(id, depends_on, before, Some(after))
    }
}

/// Whether another instance of the customer is to have that record: a domain may move
/// between them.
fn neighbour_wants(snapshot: &PlanningSnapshot, target: &TargetId, image: &Resource) -> bool {
    let Resource::Record(record) = image else {
        return false;
    };
    snapshot.desired.instances().any(|other| {
        other.target != *target
            && other.target.customer() == target.customer()
            && other.domain.eq_ignore_ascii_case(&record.name)
            && record
                .set_identifier
                .ends_with(&format!("/{}", other.region))
    })
}
