//! `release`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::Limits;

use super::{Shared, carry};
use crate::args::ReleaseArgs;
use crate::fail::Fail;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, said: &ReleaseArgs) -> Result<ExitCode, Fail> {
    let target = &said.target;
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), progress).await?;
    let replanned = place.engine.plan_release(target).await?;
    carry::replanned(shared, &place, replanned, said.yes, || {
        format!("{target} isn't held any more; what waits comes with: deploycenter apply {target}")
    })
    .await
}
