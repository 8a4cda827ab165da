//! What an instance's network lets through.

use deploycenter_sdk::network::{Opening, Port};

use crate::values::Values;

/// Where the server answers; it speaks web sockets there too.
const HTTP: u16 = 8065;
/// Where servers with a licence tell each other what is posted.
const CLUSTER: u16 = 8074;
/// Where a server with a licence gives its metrics.
const METRICS: u16 = 8067;
/// Where media of calls goes.
const CALLS: u16 = 8443;

pub(crate) fn openings(values: &Values) -> Vec<Opening> {
    let licensed = values.license.enabled;
    let http = Opening::Http {
        port: HTTP,
        more: Vec::new(),
    };
    let wanted = [
        licensed.then(|| Opening::Peers(vec![Port::tcp(CLUSTER), Port::udp(CLUSTER)])),
        values
            .service_monitor
            .enabled
            .then_some(Opening::Metrics(METRICS)),
        values
            .features
            .calls
            .then(|| Opening::Public(vec![Port::udp(CALLS), Port::tcp(CALLS)])),
        values.smtp.as_ref().map(|smtp| Opening::Smtp(smtp.port)),
        values.web_access.then_some(Opening::Web),
    ];
    [http, Opening::Postgres]
        .into_iter()
        .chain(wanted.into_iter().flatten())
        .collect()
}
