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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    /// Journals and saved plans hold records from before there were AAAA beside them.
    #[test]
    fn a_record_without_ipv6_is_written_as_ever() {
        let old = json!({
            "zone": "Z1",
            "name": "a.example.com",
            "setIdentifier": "deploycenter/inst-1/acme/eu",
            "weight": 100,
            "routing": { "addresses": { "ipv4": ["192.0.2.1"], "ttl": 60 } },
        });
        let mut record: Record = serde_json::from_value(old.clone()).unwrap();
        assert_eq!(record.aaaa, None);
        assert_eq!(serde_json::to_value(&record).unwrap(), old);

        record.aaaa = Some(Aaaa {
            weight: 100,
            routing: Routing::Addresses6 {
                ipv6: vec!["2001:db8::1".into()],
                ttl: 60,
            },
        });
        let new = serde_json::to_value(&record).unwrap();
        assert_eq!(
            new["aaaa"],
            json!({
                "weight": 100,
                "routing": { "addresses6": { "ipv6": ["2001:db8::1"], "ttl": 60 } },
            })
        );
        assert_eq!(serde_json::from_value::<Record>(new).unwrap(), record);
    }

    #[test]
    fn what_is_simple_has_no_identifier_and_fitting_values() {
        let a = |values: &[&str]| Routing::Addresses {
            ipv4: values.iter().map(|one| (*one).to_owned()).collect(),
            ttl: 60,
        };
        let record = |routing, six: Option<&str>| Record {
            zone: "Z1".into(),
            name: "a.example.com".into(),
            set_identifier: String::new(),
            weight: 0,
            routing,
            aaaa: six.map(|value| Aaaa {
                weight: 0,
                routing: Routing::Addresses6 {
                    ipv6: vec![value.to_owned()],
                    ttl: 60,
                },
            }),
        };
        assert!(record(a(&["192.0.2.1"]), Some("2001:db8::1")).is_simple());
        let alone = record(a(&[]), Some("2001:db8::1"));
        assert!(alone.is_simple() && !alone.has_a());
        assert!(!record(a(&["elsewhere.example."]), None).is_simple());
        assert!(!record(a(&["192.0.2.1"]), Some("192.0.2.1")).is_simple());
        let named = Record {
            set_identifier: "legacy".into(),
            ..record(a(&["192.0.2.1"]), None)
        };
        assert!(!named.is_simple());
    }
}
