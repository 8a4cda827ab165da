//! Looking at one secret.

use serde::Deserialize;
use serde_json::{Value, json};

use super::secret::CURRENT;
use super::{Secrets, marked_for_deletion};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::aws::id as ids;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SecretId {
    pub(super) secret_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

impl Secrets {
    pub(super) fn describe(&self, wanted: &SecretId, caller: &Caller) -> Result<Value, ApiError> {
        let secret = self.secret(&wanted.secret_id, caller)?;
        Ok(secret.describe("VersionIdsToStages"))
    }

    pub(super) fn get_value(
        &self,
        wanted: &GetSecretValue,
        caller: &Caller,
    ) -> Result<Value, ApiError> {
        let secret = self.secret(&wanted.secret_id, caller)?;
        if secret.deletion_at.is_some() {
            return Err(marked_for_deletion());
        }
        let stage = wanted.version_stage.as_deref().unwrap_or(CURRENT);
        let found = match &wanted.version_id {
            Some(id) => secret.versions.get_key_value(id).filter(|(_, version)| {
                wanted.version_stage.is_none() || version.stages.iter().any(|own| own == stage)
            }),
            None => secret.staged(stage),
        };
        let (id, version) = found.ok_or_else(|| {
            ApiError::new(
                400,
                "ResourceNotFoundException",
                format!(
                    "Secrets Manager can't find the specified secret value for {}",
                    wanted.version_id.as_ref().map_or_else(
                        || format!("staging label: {stage}"),
                        |id| format!("VersionId: {id}")
                    )
                ),
            )
        })?;
        let mut answer = json!(version.content);
        answer["ARN"] = json!(secret.arn);
        answer["Name"] = json!(secret.name);
        answer["VersionId"] = json!(id);
        answer["VersionStages"] = json!(version.stages);
        answer["CreatedDate"] = ids::epoch_seconds(version.created_at);
        Ok(answer)
    }
}
