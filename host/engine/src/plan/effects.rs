//! From wanted effects to planned ones: what is there, and what has to change.
//!
//! What would be made in vain is no plan: where something in another place takes away what an
//! effect is for (an AAAA record of someone else's beside our A, a delegation above it), the
//! target is left out, as where something of its name exists. Where ours stands already it is
//! a remark, and nothing else of the target waits for it, an urgent update least of all.

use std::collections::BTreeMap;

use deploycenter_domain::bind::bind;
use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::digest::Digest;
use deploycenter_domain::effect::{Action, EffectId, EffectKind};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::plan::{FolderEffects, PlannedEffect, Remark};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::remedy::{Adopted, Advice, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, Observed, Ownership, Resource};
use deploycenter_domain::token::Bindings;
use deploycenter_domain::wanted::WantedEffect;

use super::scope::EffectScope;
use crate::snapshot::PlanningSnapshot;
use crate::{PlanError, Refusal, RefusalCode, Run};

/// What was looked at of a target.
pub(crate) struct Looked {
    /// What is there, and what has to change.
    pub(crate) effects: Vec<PlannedEffect>,
    /// What stands beside ours and takes away from it.
    pub(crate) beside: Beside,
}

/// What stands beside things of ours that stand.
#[derive(Debug, Clone, Default)]
pub(crate) struct Beside(Vec<Remark>);

impl Beside {
    /// What a plan says of it.
    pub(crate) fn remarks(&self) -> impl Iterator<Item = Remark> + '_ {
        self.0.iter().cloned()
    }

    /// The input of a plan that changes with it; `None` without any.
    pub(crate) fn input(&self) -> Option<(String, Digest)> {
        let some = !self.0.is_empty();
        some.then(|| ("records beside ours".to_owned(), Digest::of_json(&self.0)))
    }
}

impl Run {
    /// Looks what is there for each wanted effect, and what would change. `folder` is
    /// the target's folder as it stands on the branch.
    pub(crate) async fn effects(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        wanted: Vec<WantedEffect>,
        folder: Option<&Observed>,
        adopt: &BTreeMap<EffectId, Adoption>,
    ) -> Result<Looked, PlanError> {
        let there = FolderEffects::of(folder);
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
                    let effect = PlannedEffect::between(id, depends_on, seen, after);
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

    /// The same for the effects of an incarnation, with those of its earlier ones that nobody wants
    /// any more.
    pub(super) async fn effects_of_incarnation(
        &self,
        snapshot: &PlanningSnapshot,
        whose: EffectScope<'_>,
        wanted: Vec<WantedEffect>,
        folder: Option<&Observed>,
        adopt: &BTreeMap<EffectId, Adoption>,
    ) -> Result<Looked, PlanError> {
        let mut looked = self.effects(snapshot, whose, wanted, folder, adopt).await?;
        if let Some(deployed_now) = snapshot.deployed_now(whose.target, whose.incarnation) {
            let gone = self
                .superseded(snapshot, whose.target, deployed_now, &looked.effects)
                .await?;
            looked.effects.extend(gone);
        }
        Ok(looked)
    }

    /// Looks what stands beside an effect's thing; `stands`: the thing is there, and ours.
    /// Gives what keeps the target from being planned.
    async fn look_beside(
        &self,
        whose: EffectScope<'_>,
        effect: &PlannedEffect,
        stands: bool,
        beside: &mut Beside,
    ) -> Result<Vec<Refusal>, PlanError> {
        let Some(after) = &effect.after else {
            return Ok(Vec::new());
        };
        let mut blocked = Vec::new();
        for found in self.systems.of(effect.kind).beside(after).await? {
            let (target, id) = (whose.target, &effect.id);
            let taken_along = effect.adopt.is_some() && found.adoptable;
            if taken_along {
                continue;
            }
            if stands && !found.refuses {
                let remark = Remark::new(found.code.as_str(), format!("{id}: {}", found.message));
                beside.0.push(remark.help(found.help));
                continue;
            }
            let help = if found.adoptable && !stands {
                let adopt = Remedy::Adopt {
                    targets: Targets::One(target.clone()),
                    what: Adopted::Effect {
                        effect: id.clone(),
                        id: None,
                    },
                };
                Advice::from(("take it over with: ", adopt))
                    .and("; or ")
                    .and(found.help)
            } else {
                found.help.into()
            };
            blocked.push(Refusal {
                target: target.clone(),
                code: RefusalCode::Beside(found.code),
                message: format!("{id}: {}", found.message),
                help,
            });
        }
        Ok(blocked)
    }

    /// What earlier deployments made, nobody wants any more, and holds no data: records
    /// under another name, doors into a subnet that was given up. They go last.
    pub(crate) async fn superseded(
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
        for (id, state) in candidates {
            let wanted = effects.iter().any(|effect| {
                effect.kind == id.kind()
                    && effect
                        .after
                        .as_ref()
                        .is_some_and(|after| after.same_place(state))
            });
            if wanted || neighbour_wants(snapshot, target, state) {
                continue;
            }
            let Some(seen) = self.systems.of(id.kind()).observe(state).await? else {
                continue;
            };
            let id = match state {
                // Its effect's id belongs to the record that takes its place.
                Resource::Record(record) if effects.iter().any(|effect| effect.id == *id) => {
                    EffectId::new(EffectKind::Record, record.name.clone())
                        .unwrap_or_else(|_| id.clone())
                }
                _ => id.clone(),
            };
            gone.push(PlannedEffect {
                outputs: seen.outputs,
                ..PlannedEffect::new(id, last.clone(), Some(seen.state), None)
            });
        }
        Ok(gone)
    }

    /// Something stands where ours should, and it isn't ours.
    fn not_ours(&self, whose: EffectScope<'_>, id: &EffectId, seen: &Observed) -> Option<Refusal> {
        let what = match &seen.ownership {
            Ownership::ByPlace => return None,
            Ownership::Foreign(what) => match seen.called() {
                Some(name) => format!("{name} {what}"),
                None => what.clone(),
            },
            Ownership::Owned(owner) if whose.owns(&self.offline.installation, id, owner) => {
                return None;
            }
            Ownership::Owned(owner) => format!(
                "it belongs to {} of {} in the installation {}",
                owner.effect, owner.target, owner.installation
            ),
        };
        if seen.ownership.is_leaving() {
            return Some(Refusal::leaving(whose.target, id, &seen.state));
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
}

/// Whether another instance of the customer is to have that record: a domain may move
/// between them.
fn neighbour_wants(snapshot: &PlanningSnapshot, target: &TargetId, state: &Resource) -> bool {
    let Resource::Record(record) = state else {
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
