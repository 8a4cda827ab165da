//! Deleting a secret, and taking that back.

use serde::Deserialize;
use serde_json::{Value, json};

use super::read::SecretId;
use super::{Secrets, invalid_parameter, invalid_request};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::aws::id as ids;
use crate::service::Millis;

const DAY: Millis = 24 * 60 * 60 * 1_000;
/// The usual recovery window, in days.
const WINDOW: u64 = 30;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<u64>,
    force_delete_without_recovery: Option<bool>,
}

impl Secrets {
    pub(super) fn delete(
        &mut self,
        wanted: &DeleteSecret,
        caller: &Caller,
        now: Millis,
    ) -> Result<Value, ApiError> {
        let force = wanted.force_delete_without_recovery == Some(true);
        if force && wanted.recovery_window_in_days.is_some() {
            return Err(invalid_parameter(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            ));
        }
        let days = wanted.recovery_window_in_days.unwrap_or(WINDOW);
        if !(7..=30).contains(&days) {
            return Err(invalid_parameter(
                "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
            ));
        }
        if force {
            return Ok(self.delete_now(&wanted.secret_id, caller, now));
        }
        let key = self.find(&wanted.secret_id, caller)?;
        match self.secrets.get_mut(&key) {
            Some(secret) if secret.deletion_at.is_none() => {
                let at = now + days * DAY;
                secret.deleted_at = Some(now);
                secret.deletion_at = Some(at);
                Ok(json!({
                    "ARN": secret.arn,
                    "Name": secret.name,
                    "DeletionDate": ids::epoch_seconds(at),
                }))
            }
            _ => Err(invalid_request(
                "You can't perform this operation on the secret because it was already scheduled for deletion.",
            )),
        }
    }

    /// Without recovery. What doesn't exist is no error then, as the service documents it.
    fn delete_now(&mut self, id: &str, caller: &Caller, now: Millis) -> Value {
        let gone = self
            .find(id, caller)
            .ok()
            .and_then(|key| self.secrets.remove(&key));
        let (arn, name) = match gone {
            Some(secret) => (secret.arn, secret.name),
            None => (
                format!(
                    "arn:aws:secretsmanager:{}:{}:secret:{id}-000000",
                    caller.region,
                    caller.writes_to()
                ),
                id.to_owned(),
            ),
        };
        json!({ "ARN": arn, "Name": name, "DeletionDate": ids::epoch_seconds(now) })
    }

    pub(super) fn restore(
        &mut self,
        wanted: &SecretId,
        caller: &Caller,
    ) -> Result<Value, ApiError> {
        let key = self.find(&wanted.secret_id, caller)?;
        match self.secrets.get_mut(&key) {
            Some(secret) => {
                secret.deleted_at = None;
                secret.deletion_at = None;
                Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
            }
            None => Err(invalid_request("The secret is gone.")),
        }
    }
}
