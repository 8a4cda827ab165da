//! `destroy`.

use std::process::ExitCode;

use super::Shared;
use super::removal::{self, Removal};
use crate::args::DestroyArgs;
use crate::fail::Fail;

pub(super) async fn run(shared: &Shared, said: &DestroyArgs) -> Result<ExitCode, Fail> {
    let removal = Removal {
        targets: said.targets.iter().cloned().collect(),
        confirmed: said.confirm.iter().cloned().collect(),
        allow_dirty: said.allow_dirty,
    };
    removal::run(shared, removal, async |engine, targets| {
        engine.plan_destroy(targets, said.many).await
    })
    .await
}
