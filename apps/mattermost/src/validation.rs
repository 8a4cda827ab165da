//! What a schema can't say.

use deploycenter_sdk::checks::{Addon, Checks};
use deploycenter_sdk::{Context, Violation};

use crate::values::Values;

/// Everything that is wrong, in the order of the schema.
pub(crate) fn violations(values: &Values, context: &Context) -> Vec<Violation> {
    let mut checks = Checks::of(context);
    checks.domain("Mattermost is reached under one address only");
    let (vertical, monitor) = (&values.vertical_pod_autoscaler, &values.service_monitor);
    let database = Addon::new("cloudnative-pg", "which runs the database");
    checks.addons(&[database]);
    checks.addons(&Addon::shared(context, vertical, monitor));
    checks.autoscaling(&values.autoscaling, vertical, "servers");
    if monitor.enabled && !values.license.enabled {
        checks.refuse(
            "/serviceMonitor/enabled",
            "metrics-need-license",
            "the server gives its metrics with a licence only; set `license: { enabled: true }` or leave the monitor off",
        );
    }
    checks.resources(&[
        ("/resources", &values.resources),
        ("/database/resources", &values.database.resources),
    ]);
    checks.storage(&values.storage);
    checks.database(&values.database);
    checks.upload("/maxFileSize", &values.max_file_size);
    checks.done()
}
