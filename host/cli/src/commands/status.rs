//! `status`.

mod watch;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deploycenter_domain::desired::{self, Desired};
use deploycenter_domain::hold::{self, Hold};
use deploycenter_domain::journal::{Progress, Status};
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{DeploymentId, Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::Limits;
use deploycenter_ports::{
    ApplicationState, DeploymentRecord, Failure, FailureKind, LiveTarget, Reading, Repository as _,
    Silent, TargetRecord, Wait,
};

use super::{Shared, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output::status::{Report, Row};
use crate::wiring::{self, Workplace};

pub(super) async fn run(
    shared: &Shared,
    said: &Selectors,
    watch: Option<Duration>,
) -> Result<ExitCode, Fail> {
    let selection = selection(said)?;
    let place = wiring::open(shared.repo.as_deref(), Limits::default(), Arc::new(Silent)).await?;
    let mut reader = Reader {
        place: &place,
        selection,
        ended: BTreeMap::new(),
    };
    if let Some(interval) = watch {
        return watch::run(&mut reader, interval, shared.json).await;
    }
    let (report, away) = reader.report(Reading::Listed).await?;
    crate::output::out!(
        "{}",
        if shared.json {
            report.json()
        } else {
            report.human()
        }
    );
    away.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// A target's last deployment.
#[derive(Debug, Clone)]
struct Last {
    deployment: DeploymentId,
    status: Status,
    /// What it waits for.
    waiting: Vec<Wait>,
    incarnation: Incarnation,
}

/// What is shown of what couldn't be read.
const UNKNOWN: &str = "Unknown";

/// Reads where targets stand, as often as asked.
struct Reader<'a> {
    place: &'a Workplace,
    selection: Selection,
    /// How deployments ended that were read; that never changes again.
    ended: BTreeMap<DeploymentId, Status>,
}

impl Reader<'_> {
    /// One list of applications, one of branches, and the journal. [`Reading::Fresh`]
    /// reads the working tree and the branches again. While Argo CD or git is away, what
    /// the others know is reported all the same, with the failure beside it.
    async fn report(&mut self, reading: Reading) -> Result<(Report, Option<Fail>), Fail> {
        let place = self.place;
        let desired = match reading {
            Reading::Listed => Arc::clone(&place.desired),
            Reading::Fresh => Arc::new(desired::read(&place.repo.desired_files().await?)?),
        };
        let mut away = None;
        let live = place.engine.adapters.generated.live(reading).await;
        let live = unless_away(live, &mut away)?.unwrap_or_default();
        let others: Vec<TargetId> = live
            .iter()
            .filter(|live| !live.target.is_shared())
            .map(|live| live.target.clone())
            .collect();
        let chosen: Vec<TargetId> = self
            .selection
            .select(desired.instances(), &others)?
            .into_iter()
            .map(|instance| instance.target.clone())
            .collect();
        let states = unless_away(place.applications.states().await, &mut away)?;
        let states: Option<BTreeMap<String, ApplicationState>> = states.map(|states| {
            let named = states.into_iter().map(|state| (state.name.clone(), state));
            named.collect()
        });
        let last = self.last_deployments().await?;
        let live: BTreeMap<&TargetId, &LiveTarget> =
            live.iter().map(|live| (&live.target, live)).collect();
        let gone = others.iter().filter(|target| {
            desired.instance(target).is_none() && self.selection.matches_target(target)
        });
        let rows = chosen.iter().chain(gone).filter_map(|target| {
            let last = last.get(target);
            row(
                &desired,
                target,
                live.get(target).copied(),
                states.as_ref(),
                last,
            )
        });
        Ok((Report::new(rows.collect()), away))
    }

    /// The last deployment of each target, and where it is.
    async fn last_deployments(&mut self) -> Result<BTreeMap<TargetId, Last>, Fail> {
        let store = &self.place.engine.store;
        let records = store.targets().await?;
        let unfinished = store.unfinished().await?;
        let mut last = BTreeMap::new();
        for record in records {
            let running = unfinished
                .iter()
                .find(|deployment| deployment.deployment.id == record.last);
            let (status, waiting) = match running {
                Some(deployment) => {
                    let progress = progress(deployment)?;
                    (progress.status(), deployment.waits(&progress))
                }
                None => (self.ended(&record).await?, Vec::new()),
            };
            let one = Last {
                deployment: record.last,
                status,
                waiting,
                incarnation: record.incarnation,
            };
            last.insert(record.target, one);
        }
        Ok(last)
    }

    /// How a deployment ended. Only one that failed has to be read for that, and that once.
    async fn ended(&mut self, record: &TargetRecord) -> Result<Status, Fail> {
        if record.last_succeeded.as_ref() == Some(&record.last) {
            return Ok(Status::Succeeded);
        }
        if let Some(status) = self.ended.get(&record.last) {
            return Ok(*status);
        }
        let store = &self.place.engine.store;
        let deployment = store.deployment(&record.last).await?.ok_or_else(|| {
            let (target, id) = (&record.target, &record.last);
            Fail::new("journal", format!("{target}: its deployment {id} is gone"))
        })?;
        let status = progress(&deployment)?.status();
        if status.is_final() {
            self.ended.insert(record.last.clone(), status);
        }
        Ok(status)
    }
}

fn progress(record: &DeploymentRecord) -> Result<Progress, Fail> {
    Progress::read(record.events.iter().map(|recorded| &recorded.event)).map_err(|error| {
        let target = &record.deployment.plan.target;
        Fail::new("journal", format!("{target}: {error}"))
    })
}

/// What was read; `None` while its system can't be reached, which `away` keeps.
fn unless_away<T>(read: Result<T, Failure>, away: &mut Option<Fail>) -> Result<Option<T>, Fail> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(failure) if failure.kind == FailureKind::Unavailable => {
            away.get_or_insert(failure.into());
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// `None` for a customer's shared target, which has no application.
fn row(
    desired: &Desired,
    target: &TargetId,
    live: Option<&LiveTarget>,
    states: Option<&BTreeMap<String, ApplicationState>>,
    last: Option<&Last>,
) -> Option<Row> {
    let instance = desired.instance(target);
    let lock = live.and_then(|live| Lock::read(&live.lock).ok());
    let known = lock.as_ref().map(|lock| lock.incarnation);
    let incarnation = known
        .or(last.map(|last| last.incarnation))
        .unwrap_or(Incarnation::FIRST);
    let name = naming::readable(target.customer(), target.instance()?, incarnation);
    let (sync, health) = match states.map(|states| states.get(&name)) {
        Some(Some(state)) => (state.sync.as_str(), state.health.as_str()),
        Some(None) => (UNKNOWN, "Missing"),
        None => (UNKNOWN, UNKNOWN),
    };
    let hold = live.and_then(|live| live.hold.as_deref());
    Some(Row {
        target: target.clone(),
        region: instance
            .map(|instance| instance.region.clone())
            .or_else(|| live.and_then(|live| live.region.clone())),
        app: instance
            .map(|instance| instance.app.clone())
            .or_else(|| lock.as_ref().map(|lock| lock.app.clone())),
        sync: sync.to_owned(),
        health: health.to_owned(),
        deployment: last.map(|last| last.deployment.clone()),
        state: last.map(|last| last.status),
        waiting: last.map_or_else(Vec::new, |last| last.waiting.clone()),
        held: hold.is_some(),
        hold: hold.map(held),
        update_available: lock.is_some_and(|lock| lock.is_behind(desired)),
        pending_removal: instance.is_none(),
    })
}

/// A hold in a few words, that a table has room for.
fn held(text: &str) -> String {
    match Hold::read(text) {
        Ok(hold) => {
            let who = hold.by.split(" <").next().unwrap_or_default();
            format!("held by {who} ({})", hold.reason)
        }
        Err(_) => format!("held by a {} that can't be read", hold::FILE),
    }
}
