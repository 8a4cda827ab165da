//! One secret and its versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{invalid_parameter, invalid_request};
use crate::aws::error::ApiError;
use crate::aws::id;
use crate::service::Millis;

/// The stage of the version that is given when none is asked for.
pub(super) const CURRENT: &str = "AWSCURRENT";
/// The stage of the version before it.
pub(super) const PREVIOUS: &str = "AWSPREVIOUS";
/// The service's quota of tags.
const TAGS_LIMIT: usize = 50;
/// The service's limit for a value, in bytes.
const LARGEST_VALUE: usize = 65_536;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SecretTag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// A value as requests give it and answers repeat it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Content {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret_string: Option<String>,
    /// Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret_binary: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Version {
    pub(super) content: Content,
    pub(super) stages: Vec<String>,
    pub(super) created_at: Millis,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) description: Option<String>,
    pub(super) kms_key_id: Option<String>,
    pub(super) created_at: Millis,
    pub(super) changed_at: Millis,
    /// When it was marked for deletion.
    #[serde(default)]
    pub(super) deleted_at: Option<Millis>,
    /// When it will be gone.
    #[serde(default)]
    pub(super) deletion_at: Option<Millis>,
    pub(super) tags: BTreeMap<String, String>,
    /// By version id, which is the client's request token.
    pub(super) versions: BTreeMap<String, Version>,
}

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        self.secret_string.is_none() && self.secret_binary.is_none()
    }

    pub(super) fn validate(&self) -> Result<(), ApiError> {
        if self.secret_string.is_some() && self.secret_binary.is_some() {
            return Err(invalid_parameter(
                "You can't specify both a binary secret value and a string secret value in the same secret.",
            ));
        }
        let length = self
            .secret_string
            .as_ref()
            .or(self.secret_binary.as_ref())
            .map_or(1, String::len);
        if length == 0 || length > LARGEST_VALUE {
            return Err(invalid_parameter(format!(
                "A secret value must have 1 to {LARGEST_VALUE} bytes."
            )));
        }
        Ok(())
    }
}

/// The request token, which the service wants although the SDKs' users never give it.
pub(super) fn request_token(token: Option<&str>) -> Result<&str, ApiError> {
    let token = token.ok_or_else(|| {
        invalid_request(
            "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
        )
    })?;
    if (32..=64).contains(&token.len()) {
        Ok(token)
    } else {
        Err(invalid_parameter(
            "ClientRequestToken must be 32-64 characters long.",
        ))
    }
}

/// Adds tags to those that are there.
pub(super) fn add_tags(
    tags: &mut BTreeMap<String, String>,
    new: &[SecretTag],
) -> Result<(), ApiError> {
    let mut merged = tags.clone();
    for tag in new {
        let reserved = tag.key.starts_with("aws:");
        if reserved
            || !(1..=128).contains(&tag.key.chars().count())
            || tag.value.chars().count() > 256
        {
            return Err(invalid_parameter(format!(
                "Tag '{}' can't be set.",
                tag.key
            )));
        }
        merged.insert(tag.key.clone(), tag.value.clone());
    }
    if merged.len() > TAGS_LIMIT {
        return Err(invalid_parameter(format!(
            "A secret has at most {TAGS_LIMIT} tags."
        )));
    }
    *tags = merged;
    Ok(())
}

impl Secret {
    pub(super) fn arn_without_ending(&self) -> &str {
        self.arn.rsplit_once('-').map_or("", |(start, _)| start)
    }

    /// The version with a stage.
    pub(super) fn staged(&self, stage: &str) -> Option<(&String, &Version)> {
        self.versions
            .iter()
            .find(|(_, version)| version.stages.iter().any(|own| own == stage))
    }

    /// Adds a version and gives it its stages. The same token with the same content changes
    /// nothing.
    pub(super) fn add_version(
        &mut self,
        token: &str,
        content: &Content,
        stages: &[String],
        now: Millis,
    ) -> Result<(), ApiError> {
        if let Some(present) = self.versions.get(token) {
            return if present.content == *content {
                Ok(())
            } else {
                Err(token_in_use(token, &self.arn))
            };
        }
        let makes_current = stages.iter().any(|stage| stage == CURRENT);
        for version in self.versions.values_mut() {
            let was_current = version.stages.iter().any(|stage| stage == CURRENT);
            version.stages.retain(|stage| {
                let moves = stages.contains(stage) || (makes_current && stage == PREVIOUS);
                !moves
            });
            if makes_current && was_current {
                version.stages.push(PREVIOUS.to_owned());
            }
        }
        // A version without a stage is deprecated: it isn't found any more.
        self.versions
            .retain(|_, version| !version.stages.is_empty());
        self.versions.insert(
            token.to_owned(),
            Version {
                content: content.clone(),
                stages: stages.to_vec(),
                created_at: now,
            },
        );
        self.changed_at = now;
        Ok(())
    }

    /// What `DescribeSecret` and `ListSecrets` show; they only call the versions differently.
    pub(super) fn describe(&self, versions_member: &str) -> Value {
        let tags: Vec<Value> = self
            .tags
            .iter()
            .map(|(key, value)| json!({ "Key": key, "Value": value }))
            .collect();
        let stages: BTreeMap<&String, &Vec<String>> = self
            .versions
            .iter()
            .map(|(token, version)| (token, &version.stages))
            .collect();
        let mut view = json!({
            "ARN": self.arn,
            "Name": self.name,
            "CreatedDate": id::epoch_seconds(self.created_at),
            "LastChangedDate": id::epoch_seconds(self.changed_at),
        });
        let optional = [
            (
                "Description",
                self.description.as_ref().map(|text| json!(text)),
            ),
            ("KmsKeyId", self.kms_key_id.as_ref().map(|key| json!(key))),
            ("DeletedDate", self.deleted_at.map(id::epoch_seconds)),
            ("Tags", (!tags.is_empty()).then(|| json!(tags))),
            (versions_member, (!stages.is_empty()).then(|| json!(stages))),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                view[name] = value;
            }
        }
        view
    }
}

pub(super) fn token_in_use(token: &str, arn: &str) -> ApiError {
    ApiError::new(
        400,
        "ResourceExistsException",
        format!(
            "You can't use ClientRequestToken {token} because that value is already in use for a version of secret {arn}."
        ),
    )
}
