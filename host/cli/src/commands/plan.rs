//! `plan`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::{Limits, Planned};
use deploycenter_ports::Silent;

use super::{Shared, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output;
use crate::wiring::{self, Reach, Workplace};

/// The exit code that says: there are changes.
const CHANGES: u8 = 2;

pub(super) async fn run(
    shared: &Shared,
    said: &Selectors,
    out: Option<&Path>,
    detailed: bool,
    verbose: bool,
) -> Result<ExitCode, Fail> {
    let selection = selection(said)?;
    let place = wiring::open(
        shared.repo.as_deref(),
        Reach::Outside,
        Limits::default(),
        Arc::new(Silent),
    )
    .await?;
    let planned = place.engine.plan(&selection).await?;
    if let Some(path) = out {
        let text = serde_json::to_string_pretty(&planned.plan).map_err(anyhow::Error::from)? + "\n";
        std::fs::write(path, text).map_err(|error| {
            Fail::new(
                "failed",
                format!("{} can't be written: {error}", path.display()),
            )
        })?;
    }
    if shared.json {
        anstream::println!(
            "{}",
            serde_json::to_string(&planned.plan).map_err(anyhow::Error::from)?
        );
    } else {
        anstream::print!("{}", output::plan::render(&planned.plan, verbose));
    }
    remarks(&place, &planned).await?;
    let changes = planned.plan.has_changes();
    if let Some(path) = out.filter(|_| changes) {
        anstream::eprintln!(
            "Saved. Apply exactly this with: deploycenter apply --plan {}",
            path.display()
        );
    }
    Ok(if detailed && changes {
        ExitCode::from(CHANGES)
    } else {
        ExitCode::SUCCESS
    })
}

/// What a person should know beside the plan, on stderr.
pub(super) async fn remarks(place: &Workplace, planned: &Planned) -> Result<(), Fail> {
    for record in place.engine.store.unfinished().await? {
        let target = &record.deployment.plan.target;
        anstream::eprintln!(
            "Note: {target} has an unfinished deployment ({}); `deploycenter resume {target}` ends it.",
            record.deployment.id
        );
    }
    if !planned.pending_removal.is_empty() {
        let names: Vec<String> = planned
            .pending_removal
            .iter()
            .map(ToString::to_string)
            .collect();
        anstream::eprintln!(
            "Note: no longer desired, and left running: {}.",
            names.join(", ")
        );
    }
    match planned.updates_waiting.len() {
        0 => {}
        1 => anstream::eprintln!(
            "Note: {} is pinned; a newer plugin or newer overrides wait for it.",
            planned.updates_waiting[0]
        ),
        many => anstream::eprintln!(
            "Note: {many} targets are pinned; a newer plugin or newer overrides wait for them."
        ),
    }
    Ok(())
}
