//! `validate`.

use std::process::ExitCode;

use deploycenter_engine::Warning;

use super::{Shared, count, schema};
use crate::fail::Fail;
use crate::output;
use crate::wiring;

pub(super) async fn run(shared: &Shared) -> Result<ExitCode, Fail> {
    let said = shared.repo.as_deref();
    let (offline, reading) = wiring::offline(said).await?;
    let valid = offline.validate(reading, wiring::checked(said)?).await?;
    let desired = &valid.desired;
    let stale = schema::stale(shared, desired, offline.plugins.as_ref())?;
    let (customers, instances) = (desired.customers.len(), desired.instances().count());
    if shared.json {
        let mut warnings: Vec<serde_json::Value> = valid
            .warnings
            .iter()
            .map(|Warning { target, message }| {
                serde_json::json!({ "target": target, "message": message })
            })
            .collect();
        warnings.extend(
            stale.map(|stale| serde_json::json!({ "message": stale.message, "help": stale.help })),
        );
        anstream::println!(
            "{}",
            serde_json::json!({
                "format": output::FORMAT, "customers": customers, "instances": instances,
                "problems": [], "warnings": warnings,
            })
        );
    } else {
        for Warning { target, message } in &valid.warnings {
            anstream::eprintln!("! {target}: {message}");
        }
        if let Some(stale) = &stale {
            schema::warn(shared, stale);
        }
        anstream::println!(
            "Valid: {}, {}.",
            count(customers, "customer"),
            count(instances, "instance")
        );
    }
    Ok(ExitCode::SUCCESS)
}
