//! `resume`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::{Limits, TakeUp};

use super::{Shared, cancel_on_ctrl_c, conclude};
use crate::fail::Fail;
use crate::output::progress::LiveProgress;
use crate::wiring;

pub(super) async fn run(shared: &Shared, targets: &[String]) -> Result<ExitCode, Fail> {
    let wanted = |target: &TargetId| {
        let (full, customer) = (target.to_string(), target.customer().as_str());
        targets.is_empty()
            || targets.iter().any(|said| {
                *said == full
                    || said == customer
                    || (target.is_shared() && said.split('/').next() == Some(customer))
            })
    };
    let place = wiring::open(
        shared.repo.as_deref(),
        Limits::default(),
        Arc::new(LiveProgress::stderr()),
    )
    .await?;
    let outcomes = place
        .engine
        .resume(TakeUp::All, wanted, &cancel_on_ctrl_c())
        .await?;
    if outcomes.is_empty() && !shared.json {
        crate::output::errln!("Nothing is unfinished.");
    }
    conclude(shared.json, &outcomes, &BTreeSet::new(), Vec::new(), "")
}
