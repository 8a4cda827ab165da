//! What an instance's network lets through.

use deploycenter_sdk::network::Opening;

use crate::values::Values;

/// Where the web pods answer.
const HTTP: u16 = 8080;
/// Where the exporter beside each of them gives its metrics.
const METRICS: u16 = 9117;

pub(crate) fn openings(values: &Values) -> Vec<Opening> {
    let http = Opening::Http {
        port: HTTP,
        more: Vec::new(),
    };
    let wanted = [
        values
            .service_monitor
            .enabled
            .then_some(Opening::Metrics(METRICS)),
        values.smtp.as_ref().map(|smtp| Opening::Smtp(smtp.port)),
        values.web_access.then_some(Opening::Web),
    ];
    [
        http,
        Opening::Mariadb(values.database.instances),
        Opening::Redis,
    ]
    .into_iter()
    .chain(wanted.into_iter().flatten())
    .collect()
}
