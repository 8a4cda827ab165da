//! `history`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_engine::Limits;
use deploycenter_ports::Silent;

use super::Shared;
use crate::fail::Fail;
use crate::output::history::Report;
use crate::wiring::{self, Reach};

pub(super) async fn run(shared: &Shared, target: &TargetId) -> Result<ExitCode, Fail> {
    let place = wiring::open(
        shared.repo.as_deref(),
        Reach::Outside,
        Limits::default(),
        Arc::new(Silent),
    )
    .await?;
    let records = place.engine.store.history(target).await?;
    if records.is_empty() && place.desired.instance(target).is_none() && !target.is_shared() {
        return Err(Fail::new(
            "unknown-target",
            format!("there is no target {target}, and never was"),
        ));
    }
    let report = Report::new(&records)
        .map_err(|(deployment, error)| Fail::new("journal", format!("{deployment}: {error}")))?;
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
