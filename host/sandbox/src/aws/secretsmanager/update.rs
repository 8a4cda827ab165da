//! Changing a secret: its value, its description, its tags.

use serde::Deserialize;
use serde_json::{Value, json};

use super::create::answer;
use super::secret::{self, CURRENT, Content, SecretTag};
use super::{Secrets, invalid_parameter};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::service::Millis;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    version_stages: Option<Vec<String>>,
    #[serde(flatten)]
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UpdateSecret {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(flatten)]
    content: Content,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TagSecret {
    secret_id: String,
    tags: Vec<SecretTag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct UntagResource {
    secret_id: String,
    tag_keys: Vec<String>,
}

impl Secrets {
    pub(super) fn put_value(
        &mut self,
        wanted: &PutSecretValue,
        caller: &Caller,
        now: Millis,
    ) -> Result<Value, ApiError> {
        if wanted.content.is_empty() {
            return Err(invalid_parameter(
                "You must provide either SecretString or SecretBinary.",
            ));
        }
        wanted.content.validate()?;
        let token = secret::request_token(wanted.client_request_token.as_deref())?;
        let stages = wanted
            .version_stages
            .clone()
            .unwrap_or_else(|| vec![CURRENT.to_owned()]);
        if stages.is_empty() || stages.len() > 20 {
            return Err(invalid_parameter("VersionStages must have 1 to 20 labels."));
        }
        let secret = self.living(&wanted.secret_id, caller)?;
        secret.add_version(token, &wanted.content, &stages, now)?;
        let mut answer = answer(secret, Some(token));
        answer["VersionStages"] = json!(secret.versions[token].stages);
        Ok(answer)
    }

    pub(super) fn update(
        &mut self,
        wanted: &UpdateSecret,
        caller: &Caller,
        now: Millis,
    ) -> Result<Value, ApiError> {
        wanted.content.validate()?;
        let token = if wanted.content.is_empty() {
            None
        } else {
            Some(secret::request_token(
                wanted.client_request_token.as_deref(),
            )?)
        };
        let secret = self.living(&wanted.secret_id, caller)?;
        if let Some(token) = token {
            secret.add_version(token, &wanted.content, &[CURRENT.to_owned()], now)?;
        }
        if wanted.description.is_some() {
            secret.description.clone_from(&wanted.description);
            secret.changed_at = now;
        }
        if wanted.kms_key_id.is_some() {
            secret.kms_key_id.clone_from(&wanted.kms_key_id);
            secret.changed_at = now;
        }
        Ok(answer(secret, token))
    }

    pub(super) fn tag(&mut self, wanted: &TagSecret, caller: &Caller) -> Result<Value, ApiError> {
        let secret = self.living(&wanted.secret_id, caller)?;
        secret::add_tags(&mut secret.tags, &wanted.tags)?;
        Ok(json!({}))
    }

    pub(super) fn untag(
        &mut self,
        wanted: &UntagResource,
        caller: &Caller,
    ) -> Result<Value, ApiError> {
        let secret = self.living(&wanted.secret_id, caller)?;
        secret.tags.retain(|key, _| !wanted.tag_keys.contains(key));
        Ok(json!({}))
    }
}
