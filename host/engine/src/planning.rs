//! Planning: the desired state through the plugins, held against what is there.

mod effects;
mod error;
mod explain;
mod given;
mod instance;
mod pins;
mod render;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use deploycenter_domain::desired::{self, Desired};
use deploycenter_domain::name::{CustomerName, TargetId};
use deploycenter_domain::naming::BASE_PROJECT;
use deploycenter_domain::plan::{Plan, TargetPlan};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{Project, Resource};
use deploycenter_domain::selector::Selection;
use deploycenter_ports::{LiveTarget, Reading, TargetRecord};
use futures::StreamExt;

pub use error::PlanError;
pub use given::{GivenEntries, GivenEntry};

use crate::Engine;

/// A plan, and what a person should hear beside it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Targets on the branches that the desired state no longer has, sorted.
    pub pending_removal: Vec<TargetId>,
    /// Targets that are pinned to another plugin or overrides than a new one would get.
    pub updates_waiting: Vec<TargetId>,
}

/// What all targets of one planning share.
pub(crate) struct Ground {
    pub(crate) desired: Desired,
    pub(crate) records: BTreeMap<TargetId, TargetRecord>,
    pub(crate) live: BTreeMap<TargetId, LiveTarget>,
}

/// One target as planned.
pub(crate) struct PlannedTarget {
    pub(crate) plan: TargetPlan,
    pub(crate) update_waiting: bool,
}

impl Engine {
    /// Reads the desired state of the working tree.
    ///
    /// # Errors
    /// All its problems, or that the working tree can't be read.
    pub async fn desired(&self) -> Result<Desired, PlanError> {
        let files = self.repository.desired_files().await?;
        Ok(desired::read(&files)?)
    }

    /// Checks desired state, plugins and templates without asking any outside system.
    ///
    /// # Errors
    /// Every problem found, at once.
    pub async fn validate(&self) -> Result<Desired, PlanError> {
        let desired = self.desired().await?;
        let targets: Vec<TargetId> = desired
            .instances()
            .map(|instance| instance.target.clone())
            .collect();
        let ground = Arc::new(Ground {
            desired,
            records: BTreeMap::new(),
            live: BTreeMap::new(),
        });
        let mut problems = Vec::new();
        for target in targets {
            if let Err(error) = self.wanted(&ground, &target, None).await {
                problems.extend(error.into_problems(&target)?);
            }
        }
        Problems::check(problems)?;
        Ok(Arc::try_unwrap(ground)
            .map_or_else(|shared| shared.desired.clone(), |ground| ground.desired))
    }

    /// Makes the plan of the selected targets. Reads outside systems, changes nothing.
    ///
    /// # Errors
    /// Every problem of the desired state and of the targets, at once, or the first
    /// outside system that couldn't be read.
    pub async fn plan(&self, selection: &Selection) -> Result<Planned, PlanError> {
        let desired = self.desired().await?;
        let live = self.adapters.generated.live(Reading::Listed).await?;
        let others: Vec<TargetId> = live.iter().map(|live| live.target.clone()).collect();
        let chosen: Vec<TargetId> = selection
            .select(desired.instances(), &others)?
            .into_iter()
            .map(|instance| instance.target.clone())
            .collect();
        let records = self.store.targets().await?;
        let ground = Arc::new(Ground {
            desired,
            records: records
                .into_iter()
                .map(|record| (record.target.clone(), record))
                .collect(),
            live: live
                .into_iter()
                .map(|live| (live.target.clone(), live))
                .collect(),
        });
        let mut problems: Vec<Problem> = Vec::new();
        problems.extend(self.check_base_project().await?);
        let mut targets = Vec::new();
        let mut updates_waiting = Vec::new();
        let customers: BTreeSet<CustomerName> = chosen
            .iter()
            .map(|target| target.customer().clone())
            .collect();
        let shared = customers.into_iter().map(TargetId::shared_of);
        let mut planned = futures::stream::iter(shared.chain(chosen))
            .map(|target| {
                let ground = Arc::clone(&ground);
                async move {
                    let planned = if target.is_shared() {
                        self.plan_shared(&ground, target.customer()).await
                    } else {
                        self.plan_instance(&ground, &target).await
                    };
                    (target, planned)
                }
            })
            .buffered(self.limits.plans.max(1));
        while let Some((target, planned)) = planned.next().await {
            match planned {
                Ok(planned) => {
                    if planned.update_waiting {
                        updates_waiting.push(target);
                    }
                    targets.push(planned.plan);
                }
                Err(error) => problems.extend(error.into_problems(&target)?),
            }
        }
        drop(planned);
        Problems::check(problems)?;
        let wanted: BTreeSet<&TargetId> = ground
            .desired
            .instances()
            .map(|instance| &instance.target)
            .collect();
        let pending_removal = ground
            .live
            .keys()
            .filter(|target| !target.is_shared() && !wanted.contains(target))
            .cloned()
            .collect();
        Ok(Planned {
            plan: Plan::new(
                self.installation.clone(),
                selection
                    .selectors
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                targets,
            ),
            pending_removal,
            updates_waiting,
        })
    }

    /// Bases live in a project that may make namespaces and volumes, and that only an
    /// Argo CD admin makes.
    async fn check_base_project(&self) -> Result<Option<Problem>, PlanError> {
        let project = Resource::Project(Project {
            name: BASE_PROJECT.to_owned(),
            labels: BTreeMap::new(),
            spec: serde_json::Value::Null,
        });
        let seen = self
            .adapters
            .argocd
            .observe(&project, Reading::Listed)
            .await?;
        Ok(seen.is_none().then(|| {
            Problem::new(format!("Argo CD has no project \"{BASE_PROJECT}\"")).help(
                "an Argo CD admin makes it once: all destinations and source repositories, and the cluster kinds Namespace and PersistentVolume",
            )
        }))
    }
}
