//! `rollback`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::{Back, Limits};

use super::{Shared, carry, history};
use crate::args::RollbackArgs;
use crate::fail::Fail;
use crate::local;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, said: &RollbackArgs) -> Result<ExitCode, Fail> {
    let target = &said.target;
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), progress).await?;
    let to = match &said.to {
        Some(name) => Some(history::deployment(&place, target, name).await?),
        None => None,
    };
    let back = Back {
        to,
        by: local::actor(place.repo.identity()),
        reason: said.reason.clone(),
        data_compatible: said.data_compatible,
        reclaim: said.reclaim,
    };
    let replanned = place.engine.plan_rollback(target, &back).await?;
    carry::replanned(shared, &place, replanned, said.yes, || {
        format!("{target} is held there until: deploycenter release {target}")
    })
    .await
}
