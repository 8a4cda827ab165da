//! `validate`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::{Warning, workflow};
use deploycenter_platform::{CheckedOnDisk, stale_schemas};

use super::CommandContext;
use crate::fail::Fail;
use crate::output::{self, count, harmless};
use crate::words;

/// How many warnings a person is shown.
const WARNINGS: usize = 100;

pub(super) async fn run(context: &CommandContext) -> Result<ExitCode, Fail> {
    let root = context.root()?;
    let (offline, reading, busy) = context.offline().await?;
    busy.with("asking each app");
    let checked = CheckedOnDisk::open(&context.environment, &root);
    let valid = workflow::validate(&offline, reading, Arc::new(checked)).await?;
    drop(busy);
    let desired = &valid.desired;
    let plugins = offline.plugins.as_ref();
    let stale = stale_schemas(&root, desired, plugins, words::advice)?;
    let (customers, instances) = (desired.customers.len(), desired.instances().count());
    if context.json {
        let mut warnings: Vec<serde_json::Value> = valid
            .warnings
            .iter()
            .map(|Warning { target, message }| {
                serde_json::json!({ "target": target, "message": message })
            })
            .collect();
        warnings.extend(stale.map(|stale| {
            let help = stale.help.as_ref().map(words::advice);
            serde_json::json!({ "message": stale.message, "help": help })
        }));
        crate::output::outln!(
            "{}",
            serde_json::json!({
                "format": output::FORMAT, "customers": customers, "instances": instances,
                "problems": [], "warnings": warnings,
            })
        );
    } else {
        for Warning { target, message } in valid.warnings.iter().take(WARNINGS) {
            crate::output::errln!("! {target}: {}", harmless(message));
        }
        if let Some(more) = valid.warnings.len().checked_sub(WARNINGS + 1) {
            let more = count(more + 1, "more warning");
            crate::output::errln!("! {more}; `--output json` lists them all");
        }
        if let Some(stale) = &stale {
            output::schemas::warn(context.github, stale);
        }
        crate::output::outln!(
            "Valid: {}, {}.",
            count(customers, "customer"),
            count(instances, "instance")
        );
    }
    Ok(ExitCode::SUCCESS)
}
