//! Route 53, REST-XML 2013-04-01.

mod batch;
mod list;
mod record;
mod xml;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, Protocol, xml as xml_answer};
use crate::aws::id;
use crate::aws::refusal::denied;
use crate::service::{Call, Millis, Request, Response};
use crate::world::World;

use record::{RecordKey, RecordSet};

/// How long a change is `PENDING`.
const INSYNC_AFTER: Millis = 500;
/// The service's quota: calls a second for an account.
const CALLS_PER_SECOND: f64 = 5.0;
/// How many calls an account that was quiet may make at once.
const BURST: f64 = 10.0;

/// A hosted zone and its records.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Zone {
    id: String,
    /// With the last dot.
    name: String,
    account: String,
    #[serde(with = "record::as_list")]
    records: BTreeMap<RecordKey, RecordSet>,
}

/// A batch that was done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    account: String,
    submitted_at: Millis,
    #[serde(default)]
    comment: Option<String>,
}

/// What is left of an account's calls.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Millis,
}

/// Everything that Route 53 holds, of all accounts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Route53 {
    zones: BTreeMap<String, Zone>,
    /// Zones of the world that have been put here once.
    seeded: BTreeSet<String>,
    changes: BTreeMap<String, Change>,
    #[serde(skip)]
    buckets: BTreeMap<String, Bucket>,
}

pub(crate) fn classify(request: &Request) -> Option<Call> {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(Cow::as_ref).collect();
    let (operation, subject) = match (&request.method, parts.as_slice()) {
        (&Method::GET, ["hostedzone"]) => ("ListHostedZones", String::new()),
        // Some clients leave an id's own prefix in the path.
        (&Method::GET, ["hostedzone", id] | ["hostedzone", "", "hostedzone", id]) => {
            ("GetHostedZone", bare_id(id).to_owned())
        }
        (
            &Method::GET,
            ["hostedzone", id, "rrset"] | ["hostedzone", "", "hostedzone", id, "rrset"],
        ) => ("ListResourceRecordSets", bare_id(id).to_owned()),
        (
            &Method::POST,
            ["hostedzone", id, "rrset"] | ["hostedzone", "", "hostedzone", id, "rrset"],
        ) => (
            "ChangeResourceRecordSets",
            xml::subject(bare_id(id), &request.body),
        ),
        (&Method::GET, ["change", id] | ["change", "", "change", id]) => {
            ("GetChange", bare_id(id).to_owned())
        }
        _ => return None,
    };
    Some(Call {
        service: "route53",
        operation: operation.to_owned(),
        subject,
        write: request.method != Method::GET,
    })
}

/// An id without `/hostedzone/` or `/change/`.
fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

impl Route53 {
    pub(crate) fn new(world: &World) -> Self {
        let mut route53 = Self::default();
        route53.seed(world);
        route53
    }

    pub(crate) fn snapshot(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(crate) fn restored(state: Value, world: &World) -> Result<Self, serde_json::Error> {
        let mut route53: Self = serde_json::from_value(state)?;
        route53.seed(world);
        Ok(route53)
    }

    fn seed(&mut self, world: &World) {
        for zone in &world.zones {
            if self.seeded.insert(zone.id.clone()) {
                let name = format!("{}.", zone.name);
                self.zones.insert(
                    zone.id.clone(),
                    Zone {
                        id: zone.id.clone(),
                        account: zone.account.clone(),
                        records: record::apex(&name, &name_servers(&zone.id)),
                        name,
                    },
                );
            }
        }
    }

    /// Takes one call from the account's allowance.
    ///
    /// # Errors
    /// `Throttling` when there is none left.
    pub(crate) fn throttle(&mut self, caller: &Caller, now: Millis) -> Result<(), ApiError> {
        let bucket = self
            .buckets
            .entry(caller.writes_to().to_owned())
            .or_insert(Bucket {
                tokens: BURST,
                at: now,
            });
        // A difference of times is small, so nothing is lost.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let seconds = now.saturating_sub(bucket.at) as f64 / 1000.0;
        bucket.tokens = (bucket.tokens + seconds * CALLS_PER_SECOND).min(BURST);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(ApiError::new(400, "Throttling", "Rate exceeded"));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    pub(crate) fn handle(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        match call.operation.as_str() {
            "ListHostedZones" => self.list_hosted_zones(request, caller),
            "GetHostedZone" => {
                let zone = self.zone(&call.subject, call, caller)?;
                Ok(xml_answer(
                    StatusCode::OK,
                    &xml::hosted_zone_document(zone, &name_servers(&zone.id)),
                ))
            }
            "ListResourceRecordSets" => {
                let zone = self.zone(&call.subject, call, caller)?;
                list::records(request, zone)
            }
            "ChangeResourceRecordSets" => {
                let zone = call.subject.split('/').next().unwrap_or_default();
                self.zone(zone, call, caller)?;
                self.change_records(request, zone, caller, now)
            }
            _ => self.get_change(&call.subject, caller, now),
        }
    }

    fn zone(&self, id: &str, call: &Call, caller: &Caller) -> Result<&Zone, ApiError> {
        let zone = self.zones.get(id).ok_or_else(|| {
            ApiError::new(
                404,
                "NoSuchHostedZone",
                format!("No hosted zone found with ID: {id}"),
            )
        })?;
        if caller.sees(&zone.account) {
            return Ok(zone);
        }
        let why =
            format!("on resource: arn:aws:route53:::hostedzone/{id}, which is another account's");
        Err(denied(Protocol::RestXml, &caller.arn, call, &why))
    }

    fn change_records(
        &mut self,
        request: &Request,
        zone_id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let wanted = xml::read_batch(&request.body)?;
        let nth = self.changes.len().to_string();
        let Some(zone) = self.zones.get_mut(zone_id) else {
            return Err(ApiError::new(404, "NoSuchHostedZone", zone_id));
        };
        batch::apply(zone, wanted.changes)?;
        let id = format!(
            "C{}",
            id::letters(&["change", zone_id, &nth], id::CAPITALS, 20)
        );
        let change = Change {
            account: caller.writes_to().to_owned(),
            submitted_at: now,
            comment: wanted.comment,
        };
        let answer = xml::change_document("ChangeResourceRecordSets", &id, &change, false);
        self.changes.insert(id, change);
        Ok(xml_answer(StatusCode::OK, &answer))
    }

    fn get_change(&self, id: &str, caller: &Caller, now: Millis) -> Result<Response, ApiError> {
        let change = self
            .changes
            .get(id)
            .filter(|change| caller.sees(&change.account))
            .ok_or_else(|| {
                ApiError::new(
                    404,
                    "NoSuchChange",
                    format!("Could not find resource with ID: {id}"),
                )
            })?;
        let in_sync = change.submitted_at + INSYNC_AFTER <= now;
        let answer = xml::change_document("GetChange", id, change, in_sync);
        Ok(xml_answer(StatusCode::OK, &answer))
    }
}

/// A zone's delegation set.
fn name_servers(zone: &str) -> Vec<String> {
    let bytes = id::digest(&["delegation", zone]);
    [("com", 0), ("net", 1), ("org", 2), ("co.uk", 3)]
        .iter()
        .map(|(suffix, at)| {
            let number = usize::from(bytes[*at]) + 512 * at;
            format!("ns-{number}.awsdns-{:02}.{suffix}", number / 8 % 64)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_quiet_account_may_burst_and_then_five_a_second() {
        let mut route53 = Route53::default();
        let caller = Caller {
            account: Some("444455556666".to_owned()),
            arn: String::new(),
            user_id: String::new(),
            region: "us-east-1".to_owned(),
        };
        let passed = |route53: &mut Route53, now| {
            (0..30)
                .filter(|_| route53.throttle(&caller, now).is_ok())
                .count()
        };
        assert_eq!(passed(&mut route53, 1_000), 10);
        assert_eq!(passed(&mut route53, 2_000), 5);
        assert_eq!(
            route53.throttle(&caller, 2_000).unwrap_err().code,
            "Throttling"
        );
    }
}
