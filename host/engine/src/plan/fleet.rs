//! Planning: the desired state through the plugins, held against what is there.

mod apps;
mod beside;
mod drift;
mod effects;
mod error;
mod explain;
mod folders;
mod hold;
mod instance;
mod known;
mod offline;
mod orphans;
mod pins;
mod provided;
mod purge;
mod recorded;
mod refusal;
mod refusal_code;
mod removal;
mod render;
mod revive;
mod shared;
mod shared_removal;
mod snapshot;
mod unprotect;
mod usages;
mod users;
mod validate;
mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::effect::EffectId;
use deploycenter_domain::hold::Hold;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{CustomerName, DeploymentId, Incarnation, TargetId};
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::{Plan, PlannedEffect, Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::Adoption;
use deploycenter_domain::selector::Selection;
use deploycenter_ports::Holder;
use futures::StreamExt;

pub use error::PlanError;
pub(crate) use explain::no_such_target;
pub use hold::{Back, Replanned};
pub use offline::Offline;
pub use orphans::Orphan;
pub use provided::{ProvidedEntries, ProvidedEntry, Standstill};
pub use refusal::Refusal;
pub use refusal_code::RefusalCode;
pub(crate) use shared_removal::removal_of_shared;
pub(crate) use snapshot::Known;
pub use validate::{Valid, Warning};

use self::snapshot::PlanningSnapshot;
use crate::Run;

/// A plan, and what a person should hear beside it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Targets that aren't in it, and why.
    pub blocked: Vec<Refusal>,
    /// Targets that are held, whether or not something waits for them.
    pub held: Vec<(TargetId, Hold)>,
    /// Targets on the branches that the desired state no longer has, sorted.
    pub pending_removal: Vec<TargetId>,
    /// Deployments of the whole installation that haven't ended, by target.
    pub unfinished: Vec<UnfinishedDeployment>,
    /// The selected targets that are pinned to another plugin or overrides than a new one
    /// would get, sorted; planned or blocked.
    pub updates_waiting: Vec<TargetId>,
}

/// A deployment that hasn't ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedDeployment {
    /// Whose.
    pub target: TargetId,
    /// Which.
    pub deployment: DeploymentId,
    /// Who works on it; nobody does on one that was interrupted or needs attention.
    pub holder: Option<Holder>,
}

/// How to plan, beyond which targets.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    /// That existing targets move to the current plugin and overrides.
    pub sync: bool,
    /// That what someone else changed is put back.
    pub reclaim: bool,
    /// What isn't ours and is to be taken over, by the effect that it becomes.
    pub adopt: BTreeMap<EffectId, Adoption>,
    /// That targets which were removed go on with the data that was retained of that life,
    /// see [`Run::life_to_revive`].
    pub revive: Option<Incarnation>,
    /// That of targets without changes only the names are kept, and their effects counted:
    /// for whoever shows a plan and saves none. A fleet's texts take gigabytes.
    pub only_changes: bool,
}

impl PlanOptions {
    fn operation(&self) -> Operation {
        if self.sync {
            Operation::Sync
        } else {
            Operation::Deploy
        }
    }
}

/// One target as planned.
#[expect(
    clippy::large_enum_variant,
    reason = "one of each target, taken apart at once"
)]
pub(crate) enum PlannedTarget {
    Planned {
        plan: TargetPlan,
        hold: Option<Hold>,
    },
    Refusal(Refusal),
}

impl Run {
    /// Makes the plan of the selected targets. Reads outside systems, changes nothing.
    ///
    /// # Errors
    /// Every problem of the desired state and of the targets, at once, or the first
    /// outside system that couldn't be read.
    pub async fn plan(
        &self,
        selection: &Selection,
        options: &PlanOptions,
    ) -> Result<Planned, PlanError> {
        let mut snapshot = self.snapshot().await?;
        snapshot.moves_pins = options.sync;
        let others: Vec<TargetId> = snapshot.live.keys().cloned().collect();
        let chosen: Vec<TargetId> = selection
            .select(snapshot.desired.instances(), &others)?
            .into_iter()
            .map(|instance| instance.target.clone())
            .collect();
        self.look_for_earlier_lives(&mut snapshot, chosen.iter())
            .await?;
        if let Some(life) = options.revive {
            self.revive(&mut snapshot, &chosen, life).await?;
        }
        let updates_waiting = chosen
            .iter()
            .filter(|target| {
                let lock = snapshot.lock(target);
                lock.is_some_and(|lock| lock.is_behind(&snapshot.desired))
            })
            .cloned()
            .collect();
        let snapshot = Arc::new(snapshot);
        let mut problems: Vec<Problem> = Vec::new();
        let customers: BTreeSet<CustomerName> = chosen
            .iter()
            .map(|target| target.customer().clone())
            .collect();
        let shared = customers.into_iter().map(TargetId::shared_of);
        let mut gathered = Gathered::default();
        let mut planned = futures::stream::iter(shared.chain(chosen))
            .map(|target| {
                let snapshot = Arc::clone(&snapshot);
                async move {
                    let planned = self.plan_one(&snapshot, &target, options).await;
                    (target, planned)
                }
            })
            .buffered(self.plans.max(1));
        while let Some((target, planned)) = planned.next().await {
            match planned {
                Ok(planned) => gathered.take(target, planned, options),
                // One target's trouble is its own.
                Err(PlanError::Refusal(blocked)) => {
                    for blocked in blocked {
                        gathered.take(target.clone(), PlannedTarget::Refusal(blocked), options);
                    }
                }
                Err(error) => problems.extend(error.into_problems(&target)?),
            }
        }
        drop(planned);
        if problems.is_empty() {
            problems.extend(gathered.not_adopted(options));
        }
        Problems::check(problems)?;
        let selectors = selection.selectors.iter().map(ToString::to_string);
        let mut plan = Plan::new(
            self.offline.installation.clone(),
            selectors.collect(),
            gathered.targets,
        );
        plan.summary.none += gathered.counted;
        Ok(Planned {
            plan,
            blocked: gathered.blocked,
            held: gathered.held,
            pending_removal: snapshot.pending_removal(),
            unfinished: snapshot.unfinished().collect(),
            updates_waiting,
        })
    }

    async fn plan_one(
        &self,
        snapshot: &Arc<PlanningSnapshot>,
        target: &TargetId,
        options: &PlanOptions,
    ) -> Result<PlannedTarget, PlanError> {
        if !target.is_shared() {
            return self.plan_instance(snapshot, target, options).await;
        }
        let unfinished = snapshot.unfinished.get(target);
        if let Some(parked) = unfinished.filter(|it| it.status == Status::NeedsAttention) {
            return Ok(PlannedTarget::Refusal(Refusal::unfinished(target, parked)));
        }
        let plan = self
            .plan_shared(
                snapshot,
                target.customer(),
                &BTreeSet::new(),
                &options.adopt,
            )
            .await?;
        // What a neighbour's deployment is changing right now is no drift: whoever applies
        // this waits for it, and looks again.
        let deployed_now = snapshot
            .deployed_now(target, plan.incarnation)
            .filter(|_| unfinished.is_none());
        Ok(
            match self
                .drift(target, deployed_now, &plan.effects, options)
                .await?
            {
                Some(blocked) => PlannedTarget::Refusal(blocked),
                None => PlannedTarget::Planned { plan, hold: None },
            },
        )
    }
}

/// What a plan with these effects is for, when it would be that otherwise.
fn operation_of(effects: &[PlannedEffect], otherwise: Operation) -> Operation {
    if effects.iter().any(|effect| effect.adopt.is_some()) {
        Operation::Adopt
    } else {
        otherwise
    }
}

/// What has been planned so far.
#[derive(Default)]
struct Gathered {
    targets: Vec<TargetPlan>,
    blocked: Vec<Refusal>,
    held: Vec<(TargetId, Hold)>,
    /// Customers whose shared target is blocked, each with why.
    without: BTreeMap<CustomerName, Refusal>,
    /// Effects that weren't kept because nothing happens to them.
    counted: usize,
}

impl Gathered {
    /// What was said to be taken over, and is no effect of any planned target.
    fn not_adopted(&self, options: &PlanOptions) -> Vec<Problem> {
        let effects = || self.targets.iter().flat_map(|plan| &plan.effects);
        // One that is blocked says why beside.
        if !self.blocked.is_empty() {
            return Vec::new();
        }
        let could: Vec<String> = effects()
            .filter(|effect| effect.kind.facts().adoptable)
            .map(|effect| effect.id.to_string())
            .collect();
        options
            .adopt
            .keys()
            .filter(|id| !effects().any(|effect| effect.id == **id))
            .map(|id| {
                Problem::new(format!("{id} is no effect of this target")).help(format!(
                    "those that can take something over: {}",
                    could.join(", ")
                ))
            })
            .collect()
    }

    /// Takes one target in; a customer's shared one comes before its instances.
    fn take(&mut self, target: TargetId, planned: PlannedTarget, options: &PlanOptions) {
        match planned {
            PlannedTarget::Refusal(blocked) => {
                if target.is_shared() {
                    self.without
                        .insert(target.customer().clone(), blocked.clone());
                }
                self.blocked.push(blocked);
            }
            PlannedTarget::Planned { mut plan, hold } => {
                if options.only_changes && !plan.has_changes() {
                    self.counted += plan.effects.len();
                    plan.effects = Vec::new();
                    plan.inputs = BTreeMap::new();
                    plan.remarks.retain(Remark::is_of_now);
                }
                if let Some(hold) = hold {
                    self.held.push((target.clone(), hold));
                }
                match self.without.get(target.customer()) {
                    Some(shared) if plan.has_changes() => {
                        self.blocked.push(shared.of_instance(&target));
                    }
                    _ => self.targets.push(plan),
                }
            }
        }
    }
}
