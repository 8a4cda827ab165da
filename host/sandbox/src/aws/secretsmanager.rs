//! Secrets Manager, JSON 1.1 (2017-10-17). Values are in the state, never in the ledger.

mod create;
mod delete;
mod list;
mod password;
mod read;
mod secret;
mod update;

use std::collections::BTreeMap;

use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, json};
use crate::service::{Call, Millis, Request, Response};

use secret::Secret;

/// Everything that Secrets Manager holds, of all accounts and regions.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Secrets {
    /// How often each name was used, so that a second life gets a new ARN.
    uses: BTreeMap<String, u64>,
    /// How many random passwords were given.
    passwords: u64,
    /// By account, region and name, joined by `/`.
    secrets: BTreeMap<String, Secret>,
}

/// The operations that there are, and whether each changes something.
const OPERATIONS: [(&str, bool); 11] = [
    ("CreateSecret", true),
    ("DescribeSecret", false),
    ("ListSecrets", false),
    ("PutSecretValue", true),
    ("UpdateSecret", true),
    ("GetSecretValue", false),
    ("DeleteSecret", true),
    ("RestoreSecret", true),
    ("TagResource", true),
    ("UntagResource", true),
    ("GetRandomPassword", false),
];

pub(crate) fn classify(request: &Request) -> Option<Call> {
    let target = request
        .header("x-amz-target")?
        .strip_prefix("secretsmanager.")?;
    let (operation, write) = OPERATIONS.iter().find(|(name, _)| *name == target)?;
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let subject = body["Name"].as_str().or_else(|| body["SecretId"].as_str());
    Some(Call {
        service: "secretsmanager",
        operation: (*operation).to_owned(),
        subject: subject.unwrap_or_default().to_owned(),
        write: *write,
    })
}

impl Secrets {
    pub(crate) fn snapshot(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(crate) fn restored(state: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(state)
    }

    /// Takes away what was scheduled for deletion and whose window is over.
    pub(crate) fn settle(&mut self, now: Millis) {
        self.secrets
            .retain(|_, secret| secret.deletion_at.is_none_or(|at| at > now));
    }

    pub(crate) fn handle(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let answer = match call.operation.as_str() {
            "CreateSecret" => self.create(&body(request)?, caller, now),
            "DescribeSecret" => self.describe(&body(request)?, caller),
            "ListSecrets" => self.list(&body(request)?, caller),
            "PutSecretValue" => self.put_value(&body(request)?, caller, now),
            "UpdateSecret" => self.update(&body(request)?, caller, now),
            "GetSecretValue" => self.get_value(&body(request)?, caller),
            "DeleteSecret" => self.delete(&body(request)?, caller, now),
            "RestoreSecret" => self.restore(&body(request)?, caller),
            "TagResource" => self.tag(&body(request)?, caller),
            "UntagResource" => self.untag(&body(request)?, caller),
            _ => self.random_password(&body(request)?),
        }?;
        let mut response = json(StatusCode::OK, &answer);
        response.headers = vec![(
            header::CONTENT_TYPE,
            "application/x-amz-json-1.1".to_owned(),
        )];
        Ok(response)
    }

    fn key(caller: &Caller, name: &str) -> String {
        [caller.writes_to(), &caller.region, name].join("/")
    }

    /// The key of the secret that an id means: a name, an ARN, or an ARN without its ending.
    fn find(&self, id: &str, caller: &Caller) -> Result<String, ApiError> {
        self.secrets
            .iter()
            .find(|(_, secret)| {
                caller.sees(&secret.account)
                    && secret.region == caller.region
                    && (secret.name == id || secret.arn == id || secret.arn_without_ending() == id)
            })
            .map(|(key, _)| key.clone())
            .ok_or_else(|| {
                ApiError::new(
                    400,
                    "ResourceNotFoundException",
                    "Secrets Manager can't find the specified secret.",
                )
            })
    }

    fn secret(&self, id: &str, caller: &Caller) -> Result<&Secret, ApiError> {
        let key = self.find(id, caller)?;
        Ok(&self.secrets[&key])
    }

    /// The secret, unless it is going to be deleted.
    fn living(&mut self, id: &str, caller: &Caller) -> Result<&mut Secret, ApiError> {
        let key = self.find(id, caller)?;
        match self.secrets.get_mut(&key) {
            Some(secret) if secret.deletion_at.is_none() => Ok(secret),
            _ => Err(marked_for_deletion()),
        }
    }
}

fn marked_for_deletion() -> ApiError {
    invalid_request(
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
}

fn invalid_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidRequestException", message)
}

fn invalid_parameter(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| ApiError::new(400, "SerializationException", error.to_string()))
}
