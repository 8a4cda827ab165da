//! `plan`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_domain::saved;
use deploycenter_engine::{Limits, Planned, Wishes};
use deploycenter_ports::Silent;

use super::{Shared, selection};
use crate::args::Selectors;
use crate::fail::Fail;
use crate::output::{self, BOLD, harmless, paint};
use crate::wiring::{self, Workplace};

/// The exit code that says: there are changes.
const CHANGES: u8 = 2;

/// How a plan is shown, and what the exit code says.
pub(super) struct How {
    pub(super) detailed_exitcode: bool,
    pub(super) verbose: bool,
    pub(super) grouped: bool,
    pub(super) reclaim: bool,
}

pub(super) async fn run(
    shared: &Shared,
    said: &Selectors,
    out: Option<&Path>,
    how: &How,
) -> Result<ExitCode, Fail> {
    let selection = selection(said)?;
    if let Some(path) = out {
        check_place(path)?;
    }
    let place =
        wiring::open_to_plan(shared.repo.as_deref(), Limits::default(), Arc::new(Silent)).await?;
    let wishes = Wishes {
        reclaim: how.reclaim,
        only_changes: out.is_none() && !shared.json && !how.verbose,
        ..Wishes::default()
    };
    let planned = place.engine.plan(&selection, &wishes).await?;
    if let Some(path) = out {
        let text = serde_json::to_string_pretty(&saved::seal(&planned.plan))
            .map_err(anyhow::Error::from)?
            + "\n";
        deploycenter_private::replace(path, &[text.as_bytes()]).map_err(|error| {
            Fail::new(
                "failed",
                format!("{} can't be written: {error}", path.display()),
            )
        })?;
    }
    let plan = &planned.plan;
    let text = match (shared.json, how.grouped) {
        (true, false) => json(&planned)?,
        (true, true) => output::grouped::json(&plan.targets),
        (false, true) => output::grouped::render(&plan.targets),
        (false, false) => output::plan::render(plan, how.verbose),
    };
    crate::output::out!("{text}");
    for blocked in &planned.blocked {
        crate::output::errln!(
            "Left out ({}): {}: {}\n    {} {}",
            blocked.code,
            blocked.target,
            harmless(&blocked.message),
            paint(BOLD, "help:"),
            harmless(&blocked.help)
        );
    }
    remarks(&place, &planned).await?;
    let changes = planned.plan.has_changes();
    if let Some(path) = out.filter(|_| changes) {
        crate::output::errln!(
            "Saved. Apply exactly this with: deploycenter apply --plan {}",
            path.display()
        );
    }
    // What is left out waits too: for someone's word.
    let waits = changes || !planned.blocked.is_empty();
    Ok(if how.detailed_exitcode && waits {
        ExitCode::from(CHANGES)
    } else {
        ExitCode::SUCCESS
    })
}

/// Refuses a link as a plan's file: one that a repo holds would have a file outside
/// overwritten. The system's own links, such as `/dev/stdout`, are no repo's.
fn check_place(path: &Path) -> Result<(), Fail> {
    let system = path.starts_with("/dev") || path.starts_with("/proc");
    if system || !path.symlink_metadata().is_ok_and(|it| it.is_symlink()) {
        return Ok(());
    }
    let shown = path.display();
    Err(Fail::new("failed", format!("{shown} is a symbolic link"))
        .help("a plan is saved to a plain file alone; remove the link, or name another file"))
}

/// The plan's JSON, with what stands beside the plan, and a digest over all of it.
fn json(planned: &Planned) -> Result<String, Fail> {
    let mut value = serde_json::to_value(&planned.plan).map_err(anyhow::Error::from)?;
    let blocked: Vec<_> = planned
        .blocked
        .iter()
        .map(|blocked| {
            serde_json::json!({
                "target": blocked.target,
                "code": blocked.code,
                "message": blocked.message,
                "help": blocked.help,
            })
        })
        .collect();
    let held: Vec<_> = planned
        .held
        .iter()
        .map(|(target, hold)| {
            serde_json::json!({
                "target": target,
                "deployment": hold.deployment,
                "by": hold.by,
                "reason": hold.reason,
            })
        })
        .collect();
    value["blocked"] = blocked.into();
    value["held"] = held.into();
    value["pendingRemoval"] = serde_json::json!(planned.pending_removal);
    value["updatesWaiting"] = serde_json::json!(planned.updates_waiting);
    Ok(saved::seal(&value).to_string() + "\n")
}

/// What a person should know beside the plan, on stderr.
pub(super) async fn remarks(place: &Workplace, planned: &Planned) -> Result<(), Fail> {
    let blocked = |target: &TargetId| planned.blocked.iter().any(|it| it.target == *target);
    for record in place.engine.store.unfinished().await? {
        let target = &record.deployment.plan.target;
        if !blocked(target) {
            crate::output::errln!(
                "Note: {target} has an unfinished deployment ({}); `deploycenter resume {target}` ends it.",
                record.deployment.id
            );
        }
    }
    for (target, hold) in planned.held.iter().filter(|(target, _)| !blocked(target)) {
        crate::output::errln!(
            "Note: {target} is held by {} ({}), and nothing waits for it; `deploycenter release {target}` ends that.",
            harmless(&hold.by),
            harmless(&hold.reason)
        );
    }
    if !planned.pending_removal.is_empty() {
        let names: Vec<String> = planned
            .pending_removal
            .iter()
            .map(ToString::to_string)
            .collect();
        let one = match names.as_slice() {
            [one] => one,
            _ => "TARGET",
        };
        crate::output::errln!(
            "Note: no longer desired, and left running: {}. `deploycenter destroy {one} --confirm {one}` removes {}.",
            names.join(", "),
            if names.len() == 1 { "it" } else { "one" }
        );
    }
    match planned.updates_waiting.len() {
        0 => {}
        1 => crate::output::errln!(
            "Note: {} is pinned; a newer plugin or newer overrides wait for it, and `deploycenter sync` moves it.",
            planned.updates_waiting[0]
        ),
        many => crate::output::errln!(
            "Note: {many} targets are pinned; a newer plugin or newer overrides wait for them, and `deploycenter sync` moves them."
        ),
    }
    Ok(())
}
