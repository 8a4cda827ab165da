//! `orphans`.

use std::process::ExitCode;

use deploycenter_engine::workflow;

use super::CommandContext;
use crate::fail::Fail;
use crate::output::orphans;

pub(super) async fn run(context: &CommandContext) -> Result<ExitCode, Fail> {
    let (place, busy) = context.open().await?;
    busy.with("listing what is ours in AWS, git and Argo CD");
    let found = workflow::orphans(&place.engine).await?;
    drop(busy);
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
