//! `orphans`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::Limits;
use deploycenter_ports::Silent;

use super::CommandContext;
use crate::fail::Fail;
use crate::output::orphans;
use crate::wiring;

pub(super) async fn run(context: &CommandContext) -> Result<ExitCode, Fail> {
    let place = wiring::open(context.repo.as_deref(), Limits::default(), Arc::new(Silent)).await?;
    let found = place.engine.orphans().await?;
    crate::output::out!(
        "{}",
        if context.json {
            orphans::json(&found)
        } else {
            orphans::human(&found)
        }
    );
    Ok(ExitCode::SUCCESS)
}
