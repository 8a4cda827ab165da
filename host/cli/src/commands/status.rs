//! `status`.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::journal::Progress;
use deploycenter_domain::lock::Lock;
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::naming;
use deploycenter_engine::Limits;
use deploycenter_ports::{ApplicationState, Reading, Silent};

use super::{Shared, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output::status::{Report, Row};
use crate::wiring::{self, Reach};

pub(super) async fn run(shared: &Shared, said: &Selectors) -> Result<ExitCode, Fail> {
    let selection = selection(said)?;
    let place = wiring::open(
        shared.repo.as_deref(),
        Reach::Outside,
        Limits::default(),
        Arc::new(Silent),
    )
    .await?;
    let live = place
        .engine
        .adapters
        .generated
        .live(Reading::Listed)
        .await?;
    let others: Vec<TargetId> = live
        .iter()
        .filter(|live| !live.target.is_shared())
        .map(|live| live.target.clone())
        .collect();
    let chosen: Vec<TargetId> = selection
        .select(place.desired.instances(), &others)?
        .into_iter()
        .map(|instance| instance.target.clone())
        .collect();
    let states: BTreeMap<String, ApplicationState> = place
        .applications
        .states()
        .await?
        .into_iter()
        .map(|state| (state.name.clone(), state))
        .collect();
    let records: BTreeMap<TargetId, _> = place
        .engine
        .store
        .targets()
        .await?
        .into_iter()
        .map(|record| (record.target.clone(), record))
        .collect();
    let gone = others.iter().filter(|target| {
        place.desired.instance(target).is_none() && selection.matches_target(target)
    });
    let mut rows = Vec::new();
    for target in chosen.iter().chain(gone) {
        let instance = place.desired.instance(target);
        let standing = live.iter().find(|live| live.target == *target);
        let lock = standing.and_then(|live| Lock::read(&live.lock).ok());
        let incarnation = lock
            .as_ref()
            .map_or(Incarnation::FIRST, |lock| lock.incarnation);
        let Some(name) = target
            .instance()
            .map(|instance| naming::readable(target.customer(), instance, incarnation))
        else {
            continue;
        };
        let state = states
            .get(&name)
            .cloned()
            .unwrap_or_else(|| ApplicationState {
                name: name.clone(),
                sync: "Unknown".to_owned(),
                health: "Missing".to_owned(),
                revision: None,
            });
        let last = match records.get(target) {
            Some(record) => place.engine.store.deployment(&record.last).await?,
            None => None,
        };
        let status = last
            .as_ref()
            .map(|last| Progress::read(last.events.iter().map(|recorded| &recorded.event)))
            .transpose()
            .map_err(|error| Fail::new("journal", format!("{target}: {error}")))?
            .map(|progress| progress.status());
        let app = instance
            .map(|instance| instance.app.clone())
            .or_else(|| lock.as_ref().map(|lock| lock.app.clone()));
        let default = app
            .as_ref()
            .and_then(|app| place.desired.plugins.default(app));
        rows.push(Row {
            target: target.clone(),
            region: instance
                .map(|instance| instance.region.clone())
                .or_else(|| standing.and_then(|live| live.region.clone())),
            sync: state.sync,
            health: state.health,
            deployment: last.map(|last| last.deployment.id),
            state: status,
            held: false,
            update_available: lock
                .zip(default)
                .is_some_and(|(lock, default)| lock.plugin.digest != default.digest),
            pending_removal: instance.is_none(),
            app,
        });
    }
    let report = Report::new(rows);
    anstream::print!(
        "{}",
        if shared.json {
            report.json()
        } else {
            report.human()
        }
    );
    Ok(ExitCode::SUCCESS)
}
