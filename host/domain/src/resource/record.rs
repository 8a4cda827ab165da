//! Images of DNS records.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// A weighted A record, with the AAAA record beside it where the balancer has IPv6: both are
/// made, changed and removed in one. Simple ones only where they stand to be adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The hosted zone's id, without `/hostedzone/`.
    pub zone: String,
    /// The full name, lower case, without a final dot.
    pub name: String,
    /// Which of the weighted records of that name this is; ours never changes. Empty for a
    /// simple record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub set_identifier: String,
    /// 0 to 255; 0 for a simple record.
    pub weight: u8,
    /// Where it points. Without any address there is no A record: someone took it away from
    /// its AAAA, or there never was one to be adopted.
    pub routing: Routing,
    /// The AAAA record of the same name and set-identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aaaa: Option<Aaaa>,
}

impl Record {
    /// Whether it is simple: no set-identifier, and no value that only another type of
    /// record has than A and AAAA.
    #[must_use]
    pub fn is_simple(&self) -> bool {
        let fits = |routing: &Routing| match routing {
            Routing::Addresses { ipv4, .. } => {
                ipv4.iter().all(|value| value.parse::<Ipv4Addr>().is_ok())
            }
            Routing::Addresses6 { ipv6, .. } => {
                ipv6.iter().all(|value| value.parse::<Ipv6Addr>().is_ok())
            }
            Routing::Alias { .. } => true,
        };
        let aaaa = self.aaaa.as_ref().is_none_or(|aaaa| fits(&aaaa.routing));
        self.set_identifier.is_empty() && fits(&self.routing) && aaaa
    }

    /// Whether it has an A record.
    #[must_use]
    pub fn has_a(&self) -> bool {
        !matches!(&self.routing, Routing::Addresses { ipv4, .. } if ipv4.is_empty())
    }
}

/// The AAAA record beside an A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Aaaa {
    /// 0 to 255; ours has its A's.
    pub weight: u8,
    /// Where it points.
    pub routing: Routing,
}

/// Where a record points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Routing {
    /// To addresses.
    #[serde(rename_all = "camelCase")]
    Addresses {
        /// IPv4 addresses, sorted.
        ipv4: Vec<String>,
        /// Seconds.
        ttl: u32,
    },
    /// To addresses of IPv6.
    #[serde(rename_all = "camelCase")]
    Addresses6 {
        /// IPv6 addresses in their shortest form, sorted.
        ipv6: Vec<String>,
        /// Seconds.
        ttl: u32,
    },
    /// To a load balancer.
    #[serde(rename_all = "camelCase")]
    Alias {
        /// Its DNS name, without a final dot.
        dns_name: String,
        /// The zone that its name is in.
        hosted_zone_id: String,
        /// Whether Route 53 asks it for its health.
        evaluate_target_health: bool,
    },
}
