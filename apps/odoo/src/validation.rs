//! What a schema can't say.

use deploycenter_sdk::checks::{Addon, Checks};
use deploycenter_sdk::quantity::bytes;
use deploycenter_sdk::{Context, Violation};

use crate::values::Values;

/// What a worker of Odoo holds at rest, and the process for web sockets likewise. With
/// less, a pod is killed as soon as its workers have loaded the modules.
const MEMORY_PER_PROCESS: u64 = 256 << 20;

/// What the job that makes the database takes while it loads the modules that it installs,
/// one process.
const SETUP_MEMORY: u64 = 768 << 20;

/// Everything that is wrong, in the order of the schema.
pub(crate) fn violations(values: &Values, context: &Context) -> Vec<Violation> {
    let mut checks = Checks::of(context);
    checks.domain("Odoo writes its address into mails and reports");
    let (vertical, monitor) = (&values.vertical_pod_autoscaler, &values.service_monitor);
    let database = Addon::new("cloudnative-pg", "which runs the database");
    checks.addons(&[database]);
    checks.addons(&Addon::shared(context, vertical, monitor));
    workers(values, &mut checks);
    background(values, &mut checks);
    checks.autoscaling(&values.autoscaling, vertical, "servers");
    checks.resources(&[
        ("/resources", &values.resources),
        ("/cron/resources", &values.cron.resources),
        ("/database/resources", &values.database.resources),
    ]);
    checks.storage(&values.storage);
    checks.database(&values.database);
    checks.upload("/maxUploadSize", &values.max_upload_size);
    upload(values, &mut checks);
    if monitor.enabled && values.image.is_none() {
        checks.refuse(
            "/serviceMonitor/enabled",
            "metrics-need-image",
            "the official image gives no metrics; name an `image` of your own with a module that does, or leave the monitor off",
        );
    }
    checks.done()
}

/// The worker that takes an upload holds it whole, beside the others at rest.
fn upload(values: &Values, checks: &mut Checks<'_>) {
    let (size, limit) = (&values.max_upload_size, &values.resources.limits.memory);
    let (Ok(upload), Ok(most)) = (bytes(size), bytes(limit)) else {
        return;
    };
    let others = u64::from(values.workers) * MEMORY_PER_PROCESS;
    if upload > MEMORY_PER_PROCESS && most.saturating_sub(others) < upload {
        checks.refuse(
            "/maxUploadSize",
            "upload-above-memory",
            format!(
                "a worker of Odoo reads an upload whole, and {size} beside {}Mi of the others are more than the limit {limit} of resources.limits.memory; give more memory, take fewer workers or smaller uploads",
                others >> 20,
            ),
        );
    }
}

fn workers(values: &Values, checks: &mut Checks<'_>) {
    let limit = &values.resources.limits.memory;
    let least = (u64::from(values.workers) + 1) * MEMORY_PER_PROCESS;
    if bytes(limit).is_ok_and(|limit| limit < least) {
        checks.refuse(
            "/workers",
            "workers-above-memory",
            format!(
                "{} workers take at least {}Mi, more than the limit {limit} of resources.limits.memory; give more memory or take fewer",
                values.workers,
                least >> 20,
            ),
        );
    }
}

/// The pod of the scheduled actions: beside its workers one for HTTP, and the process for web
/// sockets. The job that installs and updates runs in the same limit.
fn background(values: &Values, checks: &mut Checks<'_>) {
    let limit = &values.cron.resources.limits.memory;
    let Ok(given) = bytes(limit) else { return };
    let least = (u64::from(values.cron.workers) + 2) * MEMORY_PER_PROCESS;
    if given < SETUP_MEMORY {
        checks.refuse(
            "/cron/resources/limits/memory",
            "setup-above-memory",
            format!(
                "{limit} is less than the {}Mi that the job takes which installs and updates modules within it; raise it",
                SETUP_MEMORY >> 20,
            ),
        );
    } else if given < least {
        checks.refuse(
            "/cron/workers",
            "workers-above-memory",
            format!(
                "{} workers and the two processes beside them take at least {}Mi, more than the limit {limit} of cron.resources.limits.memory; give more memory or take fewer",
                values.cron.workers,
                least >> 20,
            ),
        );
    }
}
