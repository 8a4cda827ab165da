//! What a schema can't say.

use deploycenter_sdk::checks::{Addon, Checks};
use deploycenter_sdk::quantity::bytes;
use deploycenter_sdk::{Context, Violation};

use crate::cron;
use crate::values::Values;

/// The least that a PHP process of Moodle takes.
const WORKER_MEMORY: u64 = 64 << 20;

/// What PHP lets one run take (`memory_limit` in the image's `zz-moodle.ini`).
const RUN_MEMORY: u64 = 256 << 20;

/// Everything that is wrong, in the order of the schema.
pub(crate) fn violations(values: &Values, context: &Context) -> Vec<Violation> {
    let mut checks = Checks::of(context);
    checks.domain("Moodle is reached under one address only");
    let (vertical, monitor) = (&values.vertical_pod_autoscaler, &values.service_monitor);
    let database = Addon::new("mariadb-operator", "which runs the database");
    checks.addons(&[database]);
    checks.addons(&Addon::shared(context, vertical, monitor));
    if values.language != "en" && !values.web_access {
        checks.refuse(
            "/language",
            "language-needs-web",
            format!(
                "the pack for \"{}\" comes from the web; set `webAccess: true` or leave the language at en",
                values.language
            ),
        );
    }
    workers(values, &mut checks);
    background(values, &mut checks);
    checks.autoscaling(&values.autoscaling, vertical, "web pods");
    checks.resources(&[
        ("/resources", &values.resources),
        ("/backgroundResources", &values.background_resources),
        ("/database/resources", &values.database.resources),
    ]);
    if let Err(message) = cron::check(&values.cron.schedule) {
        checks.refuse("/cron/schedule", "no-schedule", message);
    }
    checks.storage(&values.storage);
    checks.upload("/maxUploadSize", &values.max_upload_size);
    checks.database(&values.database);
    if values.features.self_registration && values.smtp.is_none() {
        checks.refuse(
            "/features/selfRegistration",
            "registration-needs-mail",
            "whoever registers confirms the address by a mail, and without `smtp` none is sent; set `smtp`, or leave `features.selfRegistration` off and make the accounts in Moodle",
        );
    }
    checks.done()
}

fn workers(values: &Values, checks: &mut Checks<'_>) {
    let limit = &values.resources.limits.memory;
    let least = u64::from(values.workers) * WORKER_MEMORY;
    if bytes(limit).is_ok_and(|limit| limit < least) {
        checks.refuse(
            "/workers",
            "workers-above-memory",
            format!(
                "{} processes take at least {}Mi, more than the {limit} of a web pod; lower workers, or raise resources.limits.memory and run more pods",
                values.workers,
                least >> 20,
            ),
        );
    }
}

/// Scheduled tasks and the jobs around an update: a process each.
fn background(values: &Values, checks: &mut Checks<'_>) {
    let limit = &values.background_resources.limits.memory;
    if bytes(limit).is_ok_and(|limit| limit < RUN_MEMORY) {
        checks.refuse(
            "/backgroundResources/limits/memory",
            "run-above-memory",
            format!(
                "{limit} is less than the {}Mi that a scheduled task, or the job that installs and updates, may take; raise it",
                RUN_MEMORY >> 20,
            ),
        );
    }
}
