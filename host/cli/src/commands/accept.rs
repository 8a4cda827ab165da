//! `accept`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::Limits;

use super::{Shared, carry};
use crate::args::AcceptArgs;
use crate::fail::Fail;
use crate::local;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, said: &AcceptArgs) -> Result<ExitCode, Fail> {
    let target = &said.target;
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), progress).await?;
    let by = local::actor(place.repo.identity());
    let replanned = place
        .engine
        .plan_accept(target, &by, said.reason.as_deref())
        .await?;
    carry::replanned(shared, &place, replanned, said.yes, || {
        format!("{target} is held at what was committed until: deploycenter release {target}")
    })
    .await
}
