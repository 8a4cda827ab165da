//! `status`: where each target stands.

use std::collections::{BTreeMap, BTreeSet};

use deploycenter_domain::desired::Desired;
use deploycenter_domain::hold::{Hold, HoldError};
use deploycenter_domain::journal::Status;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{AppName, DeploymentId, Incarnation, RegionName, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::selector::Selection;
use deploycenter_ports::{
    ApplicationState, DeploymentSummary, Deployments, LiveTarget, ProviderError, ProviderErrorKind,
    TargetRecord, Wait,
};

use super::WorkflowError;
use crate::Engine;

/// Where the selected targets stand.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusOutcome {
    /// Sorted by name.
    pub targets: Vec<TargetStatus>,
    /// The system that couldn't be reached; what the others know is told all the same.
    pub away: Option<ProviderError>,
}

/// Where one target stands.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetStatus {
    /// Which.
    pub target: TargetId,
    /// Where; none when it is neither desired nor deployed any more.
    pub region: Option<RegionName>,
    /// None when nothing says any more.
    pub app: Option<AppName>,
    /// What Argo CD says of its application; `Err` where it couldn't be asked, `Ok(None)`
    /// where it has none.
    pub application: Result<Option<ApplicationState>, Unasked>,
    /// The last deployment.
    pub last: Option<LastDeployment>,
    /// Who holds it, and why.
    pub hold: Option<HoldState>,
    /// Whether newer pins wait.
    pub update_available: bool,
    /// Whether it is deployed but no longer desired.
    pub pending_removal: bool,
}

/// Argo CD couldn't be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unasked;

/// A target's last deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct LastDeployment {
    /// Which.
    pub deployment: DeploymentId,
    /// Where it is.
    pub status: Status,
    /// Whether it hasn't ended and nobody works on it.
    pub is_interrupted: bool,
    /// The outside systems that are away and that it waits for.
    pub waiting: Vec<Wait>,
    incarnation: Incarnation,
}

/// A hold as it stands on the branch. One that can't be read holds all the same.
pub type HoldState = Result<Hold, HoldError>;

/// Reads where targets stand, as often as asked.
#[derive(Debug)]
pub struct StatusReader<'a> {
    engine: &'a Engine,
    selection: Selection,
}

impl<'a> StatusReader<'a> {
    /// A reader of the selected targets.
    #[must_use]
    pub fn new(engine: &'a Engine, selection: Selection) -> Self {
        Self { engine, selection }
    }

    /// One list of applications, one of branches, the desired state and the journal, all as
    /// they are now.
    ///
    /// # Errors
    /// When the desired state or the journal can't be read, or a system refuses to say.
    pub async fn read(&self) -> Result<StatusOutcome, WorkflowError> {
        let engine = self.engine;
        let desired = engine.desired().await?;
        let mut away = None;
        let live = engine.providers.generated.branches().live().await;
        let live = unless_away(live, &mut away)?.unwrap_or_default();
        let others: Vec<TargetId> = live
            .iter()
            .filter(|live| !live.target.is_shared())
            .map(|live| live.target.clone())
            .collect();
        let last = self.last_deployments().await?;
        // Without the branches nobody knows what isn't there any more.
        let former: Vec<TargetId> = match away {
            None => last.keys().cloned().collect(),
            Some(_) => Vec::new(),
        };
        let chosen: Vec<TargetId> = self
            .selection
            .select_beside(desired.instances(), &others, &former)?
            .into_iter()
            .map(|instance| instance.target.clone())
            .collect();
        let states = unless_away(engine.providers.applications.states().await, &mut away)?;
        let states: Option<BTreeMap<String, ApplicationState>> = states.map(|states| {
            let named = states.into_iter().map(|state| (state.name.clone(), state));
            named.collect()
        });
        let live: BTreeMap<&TargetId, &LiveTarget> =
            live.iter().map(|live| (&live.target, live)).collect();
        let gone = others.iter().filter(|target| {
            desired.instance(target).is_none() && self.selection.matches_target(target)
        });
        let mut targets: Vec<TargetStatus> = chosen
            .iter()
            .chain(gone)
            .filter_map(|target| {
                let live = live.get(target).copied();
                of_target(&desired, target, live, states.as_ref(), last.get(target))
            })
            .collect();
        targets.sort_by(|a, b| a.target.cmp(&b.target));
        Ok(StatusOutcome { targets, away })
    }

    /// The last deployment of each target, and where it is.
    async fn last_deployments(&self) -> Result<BTreeMap<TargetId, LastDeployment>, WorkflowError> {
        let store = &self.engine.store;
        let records = store.all_targets().await?;
        let unfinished = store.all_deployments(&Deployments::Unfinished).await?;
        let mut unfinished: BTreeMap<DeploymentId, DeploymentSummary> = unfinished
            .into_iter()
            .map(|summary| (summary.id.clone(), summary))
            .collect();
        let holders = store.all_holders().await?;
        let held: BTreeSet<&TargetId> = holders.iter().map(|(held, _)| held).collect();
        let mut last = BTreeMap::new();
        for record in records {
            let (status, waiting) = match unfinished.remove(&record.last) {
                Some(summary) => (summary.status(), summary.waits),
                None => (self.ended(&record).await?, Vec::new()),
            };
            let one = LastDeployment {
                is_interrupted: status.goes_on() && !held.contains(&record.target),
                deployment: record.last,
                status,
                waiting,
                incarnation: record.incarnation,
            };
            last.insert(record.target, one);
        }
        Ok(last)
    }

    /// How a deployment ended. Only one that failed has to be asked for.
    async fn ended(&self, record: &TargetRecord) -> Result<Status, WorkflowError> {
        if record.last_succeeded.as_ref() == Some(&record.last) {
            return Ok(Status::Succeeded);
        }
        let summary = self.engine.store.summary(&record.last).await?;
        let summary = summary.ok_or_else(|| WorkflowError::Gone {
            target: record.target.clone(),
            deployment: record.last.clone(),
        })?;
        Ok(summary.status())
    }
}

/// What was read; `None` while its system can't be reached, which `away` keeps.
fn unless_away<T>(
    read: Result<T, ProviderError>,
    away: &mut Option<ProviderError>,
) -> Result<Option<T>, ProviderError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(failure) if failure.kind == ProviderErrorKind::Unavailable => {
            away.get_or_insert(failure);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

/// `None` for a customer's shared target, which has no application.
fn of_target(
    desired: &Desired,
    target: &TargetId,
    live: Option<&LiveTarget>,
    states: Option<&BTreeMap<String, ApplicationState>>,
    last: Option<&LastDeployment>,
) -> Option<TargetStatus> {
    let instance = desired.instance(target);
    let lock = live.and_then(|live| Lock::read(&live.lock).ok());
    let known = lock.as_ref().map(|lock| lock.incarnation);
    let incarnation = known
        .or(last.map(|last| last.incarnation))
        .unwrap_or(Incarnation::FIRST);
    let name = naming::readable(target.customer(), target.instance()?, incarnation);
    let hold = live.and_then(|live| live.hold.as_deref());
    Some(TargetStatus {
        target: target.clone(),
        region: instance
            .map(|instance| instance.region.clone())
            .or_else(|| live.and_then(|live| live.region.clone())),
        app: instance
            .map(|instance| instance.app.clone())
            .or_else(|| lock.as_ref().map(|lock| lock.app.clone())),
        application: match states {
            Some(states) => Ok(states.get(&name).cloned()),
            None => Err(Unasked),
        },
        last: last.cloned(),
        hold: hold.map(Hold::read),
        update_available: lock.is_some_and(|lock| lock.is_behind(desired)),
        pending_removal: instance.is_none(),
    })
}
