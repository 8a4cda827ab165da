//! Making a secret.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::secret::{self, CURRENT, Content, Secret, SecretTag};
use super::{Secrets, invalid_parameter, invalid_request};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::aws::id;
use crate::service::Millis;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateSecret {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    #[serde(flatten)]
    content: Content,
    #[serde(default)]
    tags: Vec<SecretTag>,
}

impl Secrets {
    pub(super) fn create(
        &mut self,
        wanted: &CreateSecret,
        caller: &Caller,
        now: Millis,
    ) -> Result<Value, ApiError> {
        let name = &wanted.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-!".contains(c);
        if !(1..=512).contains(&name.len()) || !name.chars().all(allowed) {
            return Err(invalid_parameter(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
            ));
        }
        wanted.content.validate()?;
        let token = wanted.client_request_token.as_deref();
        let token = if wanted.content.is_empty() {
            token
        } else {
            Some(secret::request_token(token)?)
        };
        let key = Self::key(caller, name);
        if let Some(present) = self.secrets.get(&key) {
            return repeated(present, token, &wanted.content);
        }
        let mut tags = BTreeMap::new();
        secret::add_tags(&mut tags, &wanted.tags)?;
        let uses = self.uses.entry(key.clone()).or_default();
        *uses += 1;
        let ending = id::letters(&["secret", &key, &uses.to_string()], id::MIXED, 6);
        let account = caller.writes_to();
        let mut new = Secret {
            arn: format!(
                "arn:aws:secretsmanager:{}:{account}:secret:{name}-{ending}",
                caller.region
            ),
            name: name.clone(),
            account: account.to_owned(),
            region: caller.region.clone(),
            description: wanted.description.clone(),
            kms_key_id: wanted.kms_key_id.clone(),
            created_at: now,
            changed_at: now,
            deleted_at: None,
            deletion_at: None,
            tags,
            versions: BTreeMap::new(),
        };
        if let Some(token) = token
            && !wanted.content.is_empty()
        {
            new.add_version(token, &wanted.content, &[CURRENT.to_owned()], now)?;
        }
        let answer = answer(&new, token.filter(|_| !wanted.content.is_empty()));
        self.secrets.insert(key, new);
        Ok(answer)
    }
}

/// A create of a name that is taken: fine if it is the same request again.
fn repeated(present: &Secret, token: Option<&str>, content: &Content) -> Result<Value, ApiError> {
    if present.deletion_at.is_some() {
        return Err(invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ));
    }
    match token.and_then(|token| Some((token, present.versions.get(token)?))) {
        Some((token, version)) if version.content == *content => Ok(answer(present, Some(token))),
        Some((token, _)) => Err(secret::token_in_use(token, &present.arn)),
        None => Err(ApiError::new(
            400,
            "ResourceExistsException",
            format!(
                "The operation failed because the secret {} already exists.",
                present.name
            ),
        )),
    }
}

/// ARN, name and the version that a call made.
pub(super) fn answer(secret: &Secret, version: Option<&str>) -> Value {
    let mut answer = json!({ "ARN": secret.arn, "Name": secret.name });
    if let Some(version) = version {
        answer["VersionId"] = json!(version);
    }
    answer
}
