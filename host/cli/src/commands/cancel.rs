//! `cancel`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::{CancelError, Limits};

use super::{Shared, cancel_on_ctrl_c, conclude};
use crate::args::CancelArgs;
use crate::fail::Fail;
use crate::local;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, said: &CancelArgs) -> Result<ExitCode, Fail> {
    let progress = Arc::new(LiveProgress::stderr());
    let place = wiring::open(shared.repo.as_deref(), Limits::default(), progress).await?;
    let by = local::actor(place.repo.identity());
    let asked = cancel_on_ctrl_c();
    let outcomes = place
        .engine
        .cancel(&said.target, &by, said.data_compatible, &asked)
        .await
        .map_err(refused)?;
    // Being taken back is what was asked for.
    let going_back = outcomes
        .iter()
        .map(|outcome| outcome.deployment.clone())
        .collect();
    conclude(shared.json, &outcomes, &going_back, Vec::new(), "")
}

fn refused(error: CancelError) -> Fail {
    let message = error.to_string();
    match error {
        CancelError::Nothing(target) => Fail::new("nothing-unfinished", message).help(format!(
            "what has ended is taken back with: deploycenter rollback {target}"
        )),
        CancelError::Removal(target) => Fail::new("removal", message).help(format!(
            "mend the cause, then: deploycenter resume {target}"
        )),
        CancelError::Data { target, .. } => Fail::new("data-version", message).help(format!(
            "mend the cause, then: deploycenter resume {target}; or, if the migration never began or does no harm, say --data-compatible"
        )),
        CancelError::Run(error) => error.into(),
    }
}
