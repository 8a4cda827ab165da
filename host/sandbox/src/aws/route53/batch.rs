//! A change batch: all of it or nothing.

use std::collections::BTreeMap;

use super::Zone;
use super::record::{RecordKey, RecordSet};
use super::xml::{Action, WantedChange, invalid_input};
use crate::aws::error::ApiError;

/// The service's quota for values in one batch; those of an UPSERT count twice.
const RECORDS_LIMIT: usize = 1_000;
/// The service's quota for characters of values in one batch.
const CHARACTERS_LIMIT: usize = 32_000;

/// Does all changes in order, on a copy; keeps it only if every change is fine.
///
/// # Errors
/// `InvalidInput` for what is malformed, `InvalidChangeBatch` with a message for each change that
/// can't be done.
pub(super) fn apply(zone: &mut Zone, changes: Vec<WantedChange>) -> Result<(), ApiError> {
    if changes.is_empty() {
        return Err(invalid_input(
            "Invalid request: expected at least one change",
        ));
    }
    for change in &changes {
        check_shape(change)?;
    }
    check_size(&changes)?;
    let mut records = zone.records.clone();
    let mut problems = Vec::new();
    for change in changes {
        let set = change.resource_record_set.normal();
        if let Err(problem) = apply_one(zone, &mut records, change.action, set) {
            problems.push(problem);
        }
    }
    if problems.is_empty() {
        zone.records = records;
        return Ok(());
    }
    Err(ApiError::new(
        400,
        "InvalidChangeBatch",
        format!("[{}]", problems.join(", ")),
    ))
}

fn apply_one(
    zone: &Zone,
    records: &mut BTreeMap<RecordKey, RecordSet>,
    action: Action,
    set: RecordSet,
) -> Result<(), String> {
    let key = set.key();
    let inside = set.name == zone.name || set.name.ends_with(&format!(".{}", zone.name));
    if !inside {
        return Err(format!(
            "RRSet with DNS name {} is not permitted in zone {}",
            set.name, zone.name
        ));
    }
    match (action, records.get(&key)) {
        (Action::Delete, None) => Err(format!(
            "Tried to delete resource record set {} but it was not found",
            set.label()
        )),
        (Action::Delete, Some(present)) if !present.equals(&set) => Err(format!(
            "Tried to delete resource record set {} but the values provided do not match the current values",
            set.label()
        )),
        (Action::Delete, Some(_)) if set.name == zone.name && set.r#type == "SOA" => {
            Err("A HostedZone must contain exactly one SOA record.".to_owned())
        }
        (Action::Delete, Some(_)) if set.name == zone.name && set.r#type == "NS" => {
            Err("A HostedZone must contain at least one NS record for the zone itself.".to_owned())
        }
        (Action::Delete, Some(_)) => {
            records.remove(&key);
            Ok(())
        }
        (Action::Create, Some(_)) => Err(format!(
            "Tried to create resource record set {} but it already exists",
            set.label()
        )),
        (Action::Create | Action::Upsert, _) => {
            check_neighbours(zone, records, &key, &set)?;
            check_values(&set)?;
            records.insert(key, set);
            Ok(())
        }
    }
}

/// What may not stand beside each other at one name.
fn check_neighbours(
    zone: &Zone,
    records: &BTreeMap<RecordKey, RecordSet>,
    key: &RecordKey,
    set: &RecordSet,
) -> Result<(), String> {
    // Keys with one name stand together, and the first of them has no type.
    let others = records
        .range(RecordKey::new(&set.name, "", "")..)
        .take_while(|(other, _)| other.same_name(key))
        .filter(|(other, _)| *other != key);
    for (other_key, other) in others {
        if other_key.same_name_and_type(key) {
            if set.set_identifier.is_none() || other.set_identifier.is_none() {
                let identifier = set
                    .set_identifier
                    .as_ref()
                    .map(|identifier| format!(", SetIdentifier {identifier}"))
                    .unwrap_or_default();
                return Err(format!(
                    "RRSet with DNS name {}, type {}{identifier} cannot be created as other RRSets exist with the same name and type.",
                    set.name, set.r#type
                ));
            }
        } else if set.r#type == "CNAME" {
            return Err(format!(
                "RRSet of type CNAME with DNS name {} is not permitted as it conflicts with other records with the same DNS name in zone {}",
                set.name, zone.name
            ));
        } else if other.r#type == "CNAME" {
            return Err(format!(
                "RRSet of type {} with DNS name {} is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone {}",
                set.r#type, set.name, zone.name
            ));
        }
    }
    Ok(())
}

fn check_values(set: &RecordSet) -> Result<(), String> {
    let values = set
        .resource_records
        .iter()
        .flat_map(|records| &records.resource_record);
    let mut seen = Vec::new();
    for value in values.map(|record| record.value.as_str()) {
        let illegal = match set.r#type.as_str() {
            "A" if value.parse::<std::net::Ipv4Addr>().is_err() => {
                Some("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)")
            }
            "AAAA" if value.parse::<std::net::Ipv6Addr>().is_err() => {
                Some("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)")
            }
            "TXT" if !(value.starts_with('"') && value.ends_with('"') && value.len() >= 2) => {
                Some("InvalidCharacterString (Value should be enclosed in quotation marks)")
            }
            _ => None,
        };
        if let Some(problem) = illegal {
            return Err(format!(
                "Invalid Resource Record: FATAL problem: {problem} encountered with '{value}'"
            ));
        }
        if seen.contains(&value) {
            return Err(format!("Duplicate Resource Record: '{value}'"));
        }
        seen.push(value);
    }
    Ok(())
}

/// What the service refuses before it looks at the zone.
fn check_shape(change: &WantedChange) -> Result<(), ApiError> {
    let set = &change.resource_record_set;
    const TYPES: [&str; 17] = [
        "SOA", "A", "TXT", "NS", "CNAME", "MX", "NAPTR", "PTR", "SRV", "SPF", "AAAA", "CAA", "DS",
        "TLSA", "SSHFP", "SVCB", "HTTPS",
    ];
    let described = format!(
        "Change with [Action={}, Name={}, Type={}, SetIdentifier={}]",
        change.action.word(),
        set.name,
        set.r#type,
        set.set_identifier.as_deref().unwrap_or("null")
    );
    if !TYPES.contains(&set.r#type.as_str()) {
        return Err(invalid_input(format!(
            "Invalid request: '{}' isn't a record type, in {described}",
            set.r#type
        )));
    }
    let has_values = set
        .resource_records
        .as_ref()
        .is_some_and(|records| !records.resource_record.is_empty());
    let found = match (set.alias_target.is_some(), set.ttl.is_some(), has_values) {
        (true, false, false) | (false, true, true) => None,
        (false, false, false) => Some("none"),
        (true, _, _) => Some("more than one"),
        (false, true, false) => Some("TTL without ResourceRecords"),
        (false, false, true) => Some("ResourceRecords without TTL"),
    };
    if let Some(found) = found {
        return Err(invalid_input(format!(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found {found} in {described}"
        )));
    }
    if set
        .ttl
        .is_some_and(|ttl| !(0..=2_147_483_647).contains(&ttl))
    {
        return Err(invalid_input(format!(
            "Invalid request: TTL must be from 0 to 2147483647 in {described}"
        )));
    }
    match (&set.set_identifier, set.weight) {
        (None, None) => {}
        (Some(identifier), Some(weight)) => {
            if !(1..=128).contains(&identifier.chars().count()) {
                return Err(invalid_input(format!(
                    "Invalid request: SetIdentifier must have 1 to 128 characters in {described}"
                )));
            }
            if !(0..=255).contains(&weight) {
                return Err(invalid_input(format!(
                    "Invalid request: Weight must be from 0 to 255 in {described}"
                )));
            }
        }
        (Some(_), None) => {
            return Err(invalid_input(format!(
                "Invalid request: Missing field 'Weight', or another routing policy, in {described}"
            )));
        }
        (None, Some(_)) => {
            return Err(invalid_input(format!(
                "Invalid request: Missing field 'SetIdentifier' in {described}"
            )));
        }
    }
    if let Some(check) = &set.health_check_id {
        return Err(ApiError::new(
            404,
            "NoSuchHealthCheck",
            format!("No health check exists with the ID {check}"),
        ));
    }
    Ok(())
}

fn check_size(changes: &[WantedChange]) -> Result<(), ApiError> {
    let mut count = 0;
    let mut characters = 0;
    for change in changes {
        let times = if change.action == Action::Upsert {
            2
        } else {
            1
        };
        let records = change.resource_record_set.resource_records.as_ref();
        let values = records.map_or(&[][..], |records| &records.resource_record);
        count += times * values.len().max(1);
        characters += times
            * values
                .iter()
                .map(|record| record.value.len())
                .sum::<usize>();
    }
    if count > RECORDS_LIMIT {
        return Err(ApiError::new(
            400,
            "InvalidChangeBatch",
            format!("[Number of records limit of {RECORDS_LIMIT} exceeded.]"),
        ));
    }
    if characters > CHARACTERS_LIMIT {
        return Err(ApiError::new(
            400,
            "InvalidChangeBatch",
            format!("[Number of characters limit of {CHARACTERS_LIMIT} exceeded.]"),
        ));
    }
    Ok(())
}
