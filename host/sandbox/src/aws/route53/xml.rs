//! The documents of Route 53.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde::Deserialize;

use super::record::{RecordSet, normal_name};
use super::{Change, Zone};
use crate::aws::error::{ApiError, ROUTE53_NAMESPACE};
use crate::aws::id;

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Action {
    Create,
    Delete,
    Upsert,
}

impl Action {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Delete => "DELETE",
            Self::Upsert => "UPSERT",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WantedChange {
    pub(super) action: Action,
    pub(super) resource_record_set: RecordSet,
}

#[derive(Debug)]
pub(super) struct WantedBatch {
    pub(super) comment: Option<String>,
    pub(super) changes: Vec<WantedChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RequestDocument {
    change_batch: BatchDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BatchDocument {
    comment: Option<String>,
    changes: ChangesDocument,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ChangesDocument {
    #[serde(default)]
    change: Vec<WantedChange>,
}

/// Reads the body of `ChangeResourceRecordSets`.
pub(super) fn read_batch(body: &[u8]) -> Result<WantedBatch, ApiError> {
    let malformed = |reason: String| invalid_input(format!("Invalid XML ; {reason}"));
    let text = std::str::from_utf8(body).map_err(|error| malformed(error.to_string()))?;
    let document: RequestDocument =
        quick_xml::de::from_str(text).map_err(|error| malformed(error.to_string()))?;
    Ok(WantedBatch {
        comment: document.change_batch.comment,
        changes: document.change_batch.changes.change,
    })
}

/// The readable subject of a change: the zone, then each record's name, type and identifier.
pub(super) fn subject(zone: &str, body: &[u8]) -> String {
    let mut subject = zone.to_owned();
    for (index, change) in read_batch(body)
        .map(|batch| batch.changes)
        .unwrap_or_default()
        .iter()
        .enumerate()
    {
        let set = &change.resource_record_set;
        let lead = if index == 0 { "/" } else { ", " };
        // Writing to a string can't fail.
        let _ = write!(
            subject,
            "{lead}{} {} {}",
            change.action.word(),
            normal_name(&set.name).trim_end_matches('.'),
            set.r#type
        );
        if let Some(identifier) = &set.set_identifier {
            let _ = write!(subject, " {identifier}");
        }
    }
    subject
}

pub(super) fn document(operation: &str, body: &str) -> String {
    format!("<{operation}Response xmlns=\"{ROUTE53_NAMESPACE}\">{body}</{operation}Response>")
}

pub(super) fn change_document(operation: &str, id: &str, change: &Change, in_sync: bool) -> String {
    let comment = change
        .comment
        .as_ref()
        .map(|comment| format!("<Comment>{}</Comment>", escape(comment.as_str())))
        .unwrap_or_default();
    document(
        operation,
        &format!(
            "<ChangeInfo><Id>/change/{id}</Id><Status>{}</Status><SubmittedAt>{}</SubmittedAt>{comment}</ChangeInfo>",
            if in_sync { "INSYNC" } else { "PENDING" },
            id::iso8601(change.submitted_at),
        ),
    )
}

pub(super) fn hosted_zone(zone: &Zone) -> String {
    format!(
        "<HostedZone><Id>/hostedzone/{id}</Id><Name>{}</Name><CallerReference>{}</CallerReference><Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>{}</ResourceRecordSetCount></HostedZone>",
        escape(&*zone.name),
        id::hex_of(&["caller-reference", &zone.id], 32),
        zone.records.len(),
        id = escape(&*zone.id),
    )
}

pub(super) fn hosted_zone_document(zone: &Zone, name_servers: &[String]) -> String {
    let servers: String = name_servers
        .iter()
        .map(|server| format!("<NameServer>{server}</NameServer>"))
        .collect();
    document(
        "GetHostedZone",
        &format!(
            "{}<DelegationSet><NameServers>{servers}</NameServers></DelegationSet>",
            hosted_zone(zone)
        ),
    )
}

pub(super) fn record_set(set: &RecordSet) -> String {
    let mut text = format!(
        "<ResourceRecordSet><Name>{}</Name><Type>{}</Type>",
        escape(&*set.name),
        set.r#type
    );
    let mut element = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            // Writing to a string can't fail.
            let _ = write!(text, "<{name}>{}</{name}>", escape(&*value));
        }
    };
    element("SetIdentifier", set.set_identifier.clone());
    element("Weight", set.weight.map(|weight| weight.to_string()));
    element("TTL", set.ttl.map(|ttl| ttl.to_string()));
    if let Some(records) = &set.resource_records {
        text.push_str("<ResourceRecords>");
        for record in &records.resource_record {
            let value = escape(&*record.value);
            let _ = write!(
                text,
                "<ResourceRecord><Value>{value}</Value></ResourceRecord>"
            );
        }
        text.push_str("</ResourceRecords>");
    }
    if let Some(alias) = &set.alias_target {
        let _ = write!(
            text,
            "<AliasTarget><HostedZoneId>{}</HostedZoneId><DNSName>{}</DNSName><EvaluateTargetHealth>{}</EvaluateTargetHealth></AliasTarget>",
            escape(&*alias.hosted_zone_id),
            escape(&*alias.dns_name),
            alias.evaluate_target_health
        );
    }
    text.push_str("</ResourceRecordSet>");
    text
}

pub(super) fn invalid_input(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidInput", message)
}
