//! The plan of the selected targets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::hold::Hold;
use deploycenter_domain::journal::Status;
use deploycenter_domain::name::{CustomerName, InstallationId, TargetId};
use deploycenter_domain::plan::{Plan, Remark, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::selector::Selection;
use futures::StreamExt;

use super::options::{PlanOptions, PlannedTarget};
use crate::resolve::Resolver;
use crate::snapshot::PlanningSnapshot;
use crate::{Engine, PlanError, Refusal, Run, UnfinishedDeployment};

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

impl Planned {
    /// Of no target at all.
    pub(crate) fn nothing(installation: InstallationId) -> Self {
        Self {
            plan: Plan::new(installation, Vec::new(), Vec::new()),
            blocked: Vec::new(),
            held: Vec::new(),
            pending_removal: Vec::new(),
            unfinished: Vec::new(),
            updates_waiting: Vec::new(),
        }
    }
}

impl Engine {
    /// [`Run::plan`] in a run of its own.
    ///
    /// # Errors
    /// As there.
    pub async fn plan(
        &self,
        selection: &Selection,
        options: &PlanOptions,
    ) -> Result<Planned, PlanError> {
        self.open_run().await?.plan(selection, options).await
    }
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
        let others: Vec<TargetId> = snapshot.live.keys().cloned().collect();
        let former: Vec<TargetId> = snapshot.records.keys().cloned().collect();
        let chosen: Vec<TargetId> = selection
            .select_beside(snapshot.desired.instances(), &others, &former)?
            .into_iter()
            .map(|instance| instance.target.clone())
            .collect();
        self.look_for_earlier_incarnations(&mut snapshot, chosen.iter())
            .await?;
        if let Some(incarnation) = options.revive {
            self.revive(&mut snapshot, &chosen, incarnation).await?;
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
        let resolver = Resolver::new(self.offline.clone(), options.sync);
        let mut problems: Vec<Problem> = Vec::new();
        let customers: BTreeSet<CustomerName> = chosen
            .iter()
            .map(|target| target.customer().clone())
            .collect();
        let shared = customers.into_iter().map(TargetId::shared_of);
        let mut gathered = Gathered::default();
        let mut planned = futures::stream::iter(shared.chain(chosen))
            .map(|target| {
                let (snapshot, resolver) = (&snapshot, &resolver);
                async move {
                    let planned = self.plan_one(snapshot, resolver, &target, options).await;
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
        resolver: &Resolver,
        target: &TargetId,
        options: &PlanOptions,
    ) -> Result<PlannedTarget, PlanError> {
        if !target.is_shared() {
            return self
                .plan_instance(snapshot, resolver, target, options)
                .await;
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
