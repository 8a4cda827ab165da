//! `validate`.

use std::process::ExitCode;
use std::sync::Arc;

use deploycenter_engine::Limits;
use deploycenter_ports::Silent;

use super::{Shared, count};
use crate::fail::Fail;
use crate::wiring::{self, Reach};

pub(super) async fn run(shared: &Shared) -> Result<ExitCode, Fail> {
    let place = wiring::open(
        shared.repo.as_deref(),
        Reach::WorkingTree,
        Limits::default(),
        Arc::new(Silent),
    )
    .await?;
    let desired = place.engine.validate().await?;
    let (customers, instances) = (desired.customers.len(), desired.instances().count());
    if shared.json {
        anstream::println!(
            "{}",
            serde_json::json!({ "format": 1, "customers": customers, "instances": instances, "problems": [] })
        );
    } else {
        anstream::println!(
            "Valid: {}, {}.",
            count(customers, "customer"),
            count(instances, "instance")
        );
    }
    Ok(ExitCode::SUCCESS)
}
