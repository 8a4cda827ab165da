//! What an instance's network lets through.

use deploycenter_sdk::network::Opening;

use crate::values::Values;

/// Where the server answers, metrics included.
const HTTP: u16 = 8069;
/// Where its web sockets are.
const GEVENT: u16 = 8072;

pub(crate) fn openings(values: &Values) -> Vec<Opening> {
    let http = Opening::Http {
        port: HTTP,
        more: vec![GEVENT],
    };
    let wanted = [
        values
            .service_monitor
            .enabled
            .then_some(Opening::Metrics(HTTP)),
        values.smtp.as_ref().map(|smtp| Opening::Smtp(smtp.port)),
        values.web_access.then_some(Opening::Web),
    ];
    [http, Opening::Postgres]
        .into_iter()
        .chain(wanted.into_iter().flatten())
        .collect()
}
