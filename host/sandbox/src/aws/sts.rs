//! STS: sessions of roles.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use quick_xml::escape::escape;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::caller::{ADMINISTRATOR_ACCOUNT, Caller, role_account};
use crate::aws::error::{ApiError, Protocol, STS_NAMESPACE, xml};
use crate::aws::id;
use crate::aws::refusal::denied;
use crate::service::{Call, Millis, Request, Response};
use crate::world::World;

/// The longest session of a role whose `MaxSessionDuration` nobody raised.
const LONGEST_SESSION_SECONDS: u64 = 3_600;

/// A session that `AssumeRole` gave.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Session {
    pub(crate) token: String,
    pub(crate) account: String,
    pub(crate) arn: String,
    pub(crate) assumed_role_id: String,
    expires: Millis,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Sts {
    /// How many sessions were ever given.
    issued: u64,
    /// By access key.
    sessions: BTreeMap<String, Session>,
    /// Access keys whose sessions have ended.
    ended: BTreeSet<String>,
}

/// The parameters of a form or a query.
fn parameters(request: &Request) -> BTreeMap<String, String> {
    request
        .query
        .iter()
        .cloned()
        .chain(url::form_urlencoded::parse(&request.body).into_owned())
        .collect()
}

pub(crate) fn classify(request: &Request) -> Option<Call> {
    if !request.path.trim_matches('/').is_empty() {
        return None;
    }
    let parameters = parameters(request);
    let operation = parameters.get("Action")?;
    let subject = match operation.as_str() {
        "AssumeRole" => parameters.get("RoleArn").cloned().unwrap_or_default(),
        "GetCallerIdentity" => String::new(),
        _ => return None,
    };
    Some(Call {
        service: "sts",
        operation: operation.clone(),
        subject,
        // A session is nothing that would have to be cleaned up.
        write: false,
    })
}

impl Sts {
    pub(crate) fn snapshot(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(crate) fn restored(state: Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(state)
    }

    pub(crate) fn session(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }

    pub(crate) fn has_ended(&self, access_key: &str) -> bool {
        self.ended.contains(access_key)
    }

    pub(crate) fn account_of(&self, access_key: &str) -> Option<String> {
        self.session(access_key)
            .map(|session| session.account.clone())
    }

    pub(crate) fn settle(&mut self, now: Millis, real_time: bool) {
        if !real_time {
            return;
        }
        let ended = self
            .sessions
            .extract_if(.., |_, session| session.expires <= now)
            .map(|(access_key, _)| access_key);
        self.ended.extend(ended);
    }

    pub(crate) fn handle(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        world: &World,
        now: Millis,
    ) -> Result<Response, ApiError> {
        if call.operation == "AssumeRole" {
            return self.assume_role(request, call, caller, world, now);
        }
        let account = caller.account.as_deref().unwrap_or(ADMINISTRATOR_ACCOUNT);
        Ok(result(
            "GetCallerIdentity",
            &format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{account}</Account>",
                escape(&*caller.arn),
                escape(&*caller.user_id),
            ),
        ))
    }

    fn assume_role(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        world: &World,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let parameters = parameters(request);
        let role = &call.subject;
        let name = parameters.get("RoleSessionName").map_or("", String::as_str);
        let valid = (2..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b));
        if !valid {
            return Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must have 2 to 64 characters out of [\\w+=,.@-]"
            )));
        }
        let seconds: u64 = match parameters.get("DurationSeconds") {
            None => LONGEST_SESSION_SECONDS,
            Some(text) => text.parse().unwrap_or(0),
        };
        if !(900..=43_200).contains(&seconds) {
            return Err(invalid(format!(
                "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value from 900 to 43200"
            )));
        }
        if seconds > LONGEST_SESSION_SECONDS {
            return Err(invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
                    .to_owned(),
            ));
        }
        let account = role_account(role)
            .filter(|_| world.roles.contains(role))
            .ok_or_else(|| {
                denied(
                    Protocol::Query,
                    &caller.arn,
                    call,
                    &format!("on resource: {role}"),
                )
            })?;

        self.issued += 1;
        let serial = self.issued.to_string();
        let access_key = format!(
            "ASIA{}",
            id::letters(&["key", role, name, &serial], id::CAPITALS, 16)
        );
        let secret = id::letters(&["secret", role, name, &serial], id::MIXED, 40);
        let role_id = format!("AROA{}", id::letters(&["role", role], id::CAPITALS, 17));
        let role_name = role.rsplit('/').next().unwrap_or_default();
        let session = Session {
            token: id::letters(&["token", role, name, &serial], id::MIXED, 120),
            account: account.to_owned(),
            arn: format!("arn:aws:sts::{account}:assumed-role/{role_name}/{name}"),
            assumed_role_id: format!("{role_id}:{name}"),
            expires: now.saturating_add(seconds * 1000),
        };
        let answer = result(
            "AssumeRole",
            &format!(
                "<Credentials><AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
                session.token,
                id::iso8601(session.expires),
                escape(&*session.assumed_role_id),
                escape(&*session.arn),
            ),
        );
        self.sessions.insert(access_key, session);
        Ok(answer)
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new(400, "ValidationError", message)
}

fn result(operation: &str, body: &str) -> Response {
    let request_id = id::hex_of(&["request", operation, body], 32);
    xml(
        StatusCode::OK,
        &format!(
            "<{operation}Response xmlns=\"{STS_NAMESPACE}\"><{operation}Result>{body}</{operation}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        ),
    )
}
