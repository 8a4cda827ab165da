//! Lists of zones and records, a page at a time.

use std::fmt::Write as _;

use http::StatusCode;
use quick_xml::escape::escape;

use super::record::{RecordKey, normal_name};
use super::xml::{document, hosted_zone, invalid_input, record_set};
use super::{Route53, Zone};
use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, xml};
use crate::service::{Request, Response};

/// The largest page of records, and the usual one.
const LARGEST_RECORDS_PAGE: usize = 300;
/// The largest page of zones, and the usual one.
const LARGEST_ZONES_PAGE: usize = 100;

fn limit(request: &Request, largest: usize) -> Result<usize, ApiError> {
    request.query("maxitems").map_or(Ok(largest), |text| {
        text.parse::<usize>()
            .ok()
            .filter(|limit| *limit > 0)
            .map(|limit| limit.min(largest))
            .ok_or_else(|| {
                invalid_input(format!(
                    "Invalid request: '{text}' isn't a value for maxitems"
                ))
            })
    })
}

/// `ListResourceRecordSets`.
pub(super) fn records(request: &Request, zone: &Zone) -> Result<Response, ApiError> {
    let limit = limit(request, LARGEST_RECORDS_PAGE)?;
    let start = match (
        request.query("name"),
        request.query("type"),
        request.query("identifier"),
    ) {
        (None, None, None) => None,
        (None, ..) => {
            return Err(invalid_input(
                "Invalid request: a start type or identifier requires a start name",
            ));
        }
        (Some(_), None, Some(_)) => {
            return Err(invalid_input(
                "Invalid request: a start identifier requires a start type",
            ));
        }
        (Some(name), r#type, identifier) => Some(RecordKey::new(
            &normal_name(name),
            r#type.unwrap_or_default(),
            identifier.unwrap_or_default(),
        )),
    };
    let mut rest = zone
        .records
        .iter()
        .skip_while(|(key, _)| start.as_ref().is_some_and(|start| *key < start))
        .map(|(_, set)| set)
        .peekable();
    let mut body = String::from("<ResourceRecordSets>");
    for set in rest.by_ref().take(limit) {
        body.push_str(&record_set(set));
    }
    body.push_str("</ResourceRecordSets>");
    // Writing to a string can't fail.
    let _ = write!(body, "<IsTruncated>{}</IsTruncated>", rest.peek().is_some());
    if let Some(next) = rest.peek() {
        let _ = write!(
            body,
            "<NextRecordName>{}</NextRecordName><NextRecordType>{}</NextRecordType>",
            escape(&*next.name),
            next.r#type
        );
        if let Some(identifier) = &next.set_identifier {
            let identifier = escape(&**identifier);
            let _ = write!(
                body,
                "<NextRecordIdentifier>{identifier}</NextRecordIdentifier>"
            );
        }
    }
    let _ = write!(body, "<MaxItems>{limit}</MaxItems>");
    Ok(xml(
        StatusCode::OK,
        &document("ListResourceRecordSets", &body),
    ))
}

impl Route53 {
    /// `ListHostedZones`: the caller's own, ordered by id.
    pub(super) fn list_hosted_zones(
        &self,
        request: &Request,
        caller: &Caller,
    ) -> Result<Response, ApiError> {
        let limit = limit(request, LARGEST_ZONES_PAGE)?;
        let marker = request.query("marker");
        let mut rest = self
            .zones
            .values()
            .filter(|zone| caller.sees(&zone.account))
            .skip_while(|zone| marker.is_some_and(|marker| zone.id.as_str() < marker))
            .peekable();
        let mut body = String::from("<HostedZones>");
        for zone in rest.by_ref().take(limit) {
            body.push_str(&hosted_zone(zone));
        }
        body.push_str("</HostedZones>");
        if let Some(marker) = marker {
            // Writing to a string can't fail.
            let _ = write!(body, "<Marker>{}</Marker>", escape(marker));
        }
        let _ = write!(body, "<IsTruncated>{}</IsTruncated>", rest.peek().is_some());
        if let Some(next) = rest.peek() {
            let _ = write!(body, "<NextMarker>{}</NextMarker>", escape(&*next.id));
        }
        let _ = write!(body, "<MaxItems>{limit}</MaxItems>");
        Ok(xml(StatusCode::OK, &document("ListHostedZones", &body)))
    }
}
