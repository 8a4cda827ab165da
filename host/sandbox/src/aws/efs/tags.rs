//! Tags of file systems and access points.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Efs, access_points, bad_request, body, ok};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::service::{Request, Response};

/// The service's quota for a resource.
const LIMIT: usize = 50;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagResource {
    tags: Vec<Tag>,
}

/// Checks tags as the service does.
pub(super) fn tags_from(list: &[Tag]) -> Result<BTreeMap<String, String>, ApiError> {
    let allowed = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c))
    };
    let mut tags = BTreeMap::new();
    for Tag { key, value } in list {
        let reserved = key
            .get(..4)
            .is_some_and(|start| start.eq_ignore_ascii_case("aws:"));
        if reserved || !(1..=128).contains(&key.chars().count()) || !allowed(key) {
            return Err(bad_request(format!(
                "'{key}' isn't a tag key that may be set"
            )));
        }
        if value.chars().count() > 256 || !allowed(value) {
            return Err(bad_request(format!(
                "The value of tag '{key}' isn't allowed"
            )));
        }
        if tags.insert(key.clone(), value.clone()).is_some() {
            return Err(bad_request(format!("Tag key '{key}' is given twice")));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > LIMIT {
        return Err(bad_request(format!("A resource has at most {LIMIT} tags")));
    }
    Ok(())
}

pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Vec<Value> {
    tags.iter()
        .map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

fn nothing() -> Response {
    Response {
        status: StatusCode::OK,
        headers: Vec::new(),
        body: Bytes::new(),
    }
}

impl Efs {
    fn tags_of(
        &mut self,
        id: &str,
        caller: &Caller,
    ) -> Result<&mut BTreeMap<String, String>, ApiError> {
        if id.starts_with("fsap-") {
            return self
                .access_points
                .get_mut(id)
                .filter(|point| point.is_visible(caller))
                .map(|point| &mut point.tags)
                .ok_or_else(|| access_points::not_found(id));
        }
        self.file_system(id, caller)?;
        self.file_systems
            .get_mut(id)
            .map(|file_system| &mut file_system.tags)
            .ok_or_else(|| bad_request(format!("'{id}' isn't a resource id")))
    }

    pub(super) fn tag_resource(
        &mut self,
        request: &Request,
        id: &str,
        caller: &Caller,
    ) -> Result<Response, ApiError> {
        let wanted: TagResource = body(request)?;
        let new = tags_from(&wanted.tags)?;
        let tags = self.tags_of(id, caller)?;
        let mut merged = tags.clone();
        merged.extend(new);
        check_count(&merged)?;
        *tags = merged;
        Ok(nothing())
    }

    pub(super) fn untag_resource(
        &mut self,
        request: &Request,
        id: &str,
        caller: &Caller,
    ) -> Result<Response, ApiError> {
        let keys: Vec<&str> = request
            .query
            .iter()
            .filter(|(name, _)| name == "tagKeys")
            .map(|(_, key)| key.as_str())
            .collect();
        if keys.is_empty() {
            return Err(bad_request("'tagKeys' must have at least one key"));
        }
        let tags = self.tags_of(id, caller)?;
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(nothing())
    }

    pub(super) fn list_tags(
        &mut self,
        request: &Request,
        id: &str,
        caller: &Caller,
    ) -> Result<Response, ApiError> {
        let tags = self.tags_of(id, caller)?;
        let pairs = tags.iter().map(|(key, value)| (key, (key, value)));
        let (page, next) = super::page(request, "MaxResults", "NextToken", pairs)?;
        let list: Vec<Value> = page
            .into_iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        let mut answer = json!({ "Tags": list });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(ok(&answer))
    }
}
