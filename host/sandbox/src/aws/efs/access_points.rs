//! Access points.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tags::{Tag, tag_list, tags_from};
use super::{Efs, LifeCycle, bad_request, bare_id, body, no_content, ok, page};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::aws::id;
use crate::service::{Millis, Request, Response};

/// How long a new access point is `creating`.
const AVAILABLE_AFTER: Millis = 150;
/// How long a deleted one is `deleting`.
const GONE_AFTER: Millis = 150;
/// The service's quota for a file system.
const LIMIT: usize = 10_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessPoint {
    id: String,
    account: String,
    region: String,
    pub(super) file_system_id: String,
    client_token: String,
    /// What the create asked for, to tell a repeated one from another one.
    asked: WantedAccessPoint,
    pub(super) tags: BTreeMap<String, String>,
    created_at: Millis,
    #[serde(default)]
    deleting_since: Option<Millis>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PosixUser {
    uid: u32,
    gid: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondary_gids: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreationInfo {
    owner_uid: u32,
    owner_gid: u32,
    permissions: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RootDirectory {
    #[serde(default = "root")]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creation_info: Option<CreationInfo>,
}

fn root() -> String {
    "/".to_owned()
}

/// The parameters of a create that must be equal for a repeated one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WantedAccessPoint {
    file_system_id: String,
    posix_user: Option<PosixUser>,
    root_directory: Option<RootDirectory>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateAccessPoint {
    client_token: String,
    #[serde(flatten)]
    wanted: WantedAccessPoint,
}

impl WantedAccessPoint {
    fn validate(&self) -> Result<(), ApiError> {
        if self
            .posix_user
            .as_ref()
            .is_some_and(|user| user.secondary_gids.len() > 16)
        {
            return Err(bad_request(
                "A POSIX user has at most 16 secondary group ids",
            ));
        }
        let Some(directory) = &self.root_directory else {
            return Ok(());
        };
        let parts: Vec<&str> = directory.path.split('/').skip(1).collect();
        let plain = |part: &&str| {
            !part.is_empty()
                && !part.starts_with('.')
                && !part.contains(|c| "$#<>;`|&?{}^*\n".contains(c))
        };
        let fine = directory.path == "/"
            || (directory.path.starts_with('/')
                && directory.path.len() <= 100
                && parts.len() <= 4
                && parts.iter().all(plain));
        if !fine {
            return Err(bad_request(format!(
                "'{}' isn't a root directory: it has at most 100 characters and four levels, none hidden or with special characters",
                directory.path
            )));
        }
        if let Some(info) = &directory.creation_info {
            let octal = info.permissions.bytes().all(|b| (b'0'..=b'7').contains(&b));
            if !octal || !(3..=4).contains(&info.permissions.len()) {
                return Err(bad_request(format!(
                    "'{}' aren't permissions",
                    info.permissions
                )));
            }
        }
        Ok(())
    }
}

impl AccessPoint {
    pub(super) fn is_gone(&self, now: Millis) -> bool {
        self.deleting_since
            .is_some_and(|since| since + GONE_AFTER <= now)
    }

    fn describe(&self, now: Millis) -> Value {
        let state = LifeCycle::at(now, self.created_at + AVAILABLE_AFTER, self.deleting_since);
        let mut view = json!({
            "ClientToken": self.client_token,
            "Tags": tag_list(&self.tags),
            "AccessPointId": self.id,
            "AccessPointArn": format!("arn:aws:elasticfilesystem:{}:{}:access-point/{}", self.region, self.account, self.id),
            "FileSystemId": self.file_system_id,
            "RootDirectory": self.asked.root_directory.clone().unwrap_or(RootDirectory { path: root(), creation_info: None }),
            "OwnerId": self.account,
            "LifeCycleState": state.word(),
        });
        if let Some(user) = &self.asked.posix_user {
            view["PosixUser"] = json!(user);
        }
        if let Some(name) = self.tags.get("Name") {
            view["Name"] = json!(name);
        }
        view
    }

    /// Whether the caller may see it.
    pub(super) fn is_visible(&self, caller: &Caller) -> bool {
        caller.sees(&self.account) && self.region == caller.region
    }
}

pub(super) fn not_found(id: &str) -> ApiError {
    ApiError::new(
        404,
        "AccessPointNotFound",
        format!("Access point '{id}' does not exist."),
    )
}

impl Efs {
    pub(super) fn access_point(&self, id: &str, caller: &Caller) -> Result<&AccessPoint, ApiError> {
        self.access_points
            .get(id)
            .filter(|found| found.is_visible(caller))
            .ok_or_else(|| not_found(id))
    }

    pub(super) fn create_access_point(
        &mut self,
        request: &Request,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let CreateAccessPoint {
            client_token,
            mut wanted,
        } = body(request)?;
        if !(1..=64).contains(&client_token.chars().count()) {
            return Err(bad_request("'clientToken' must have 1 to 64 characters"));
        }
        wanted.validate()?;
        let tags = tags_from(&wanted.tags)?;
        wanted.tags.sort();
        wanted.file_system_id = bare_id(&wanted.file_system_id).to_owned();

        // A repeated create is answered from what is there, whatever its file system does by now.
        let account = caller.writes_to();
        if let Some(found) = self.access_points.values().find(|found| {
            found.account == account
                && found.region == caller.region
                && found.client_token == client_token
        }) {
            if found.asked == wanted && found.deleting_since.is_none() {
                return Ok(ok(&found.describe(now)));
            }
            return Err(ApiError::new(
                409,
                "AccessPointAlreadyExists",
                format!(
                    "Access point '{}' already exists with client token '{client_token}'",
                    found.id
                ),
            )
            .with("AccessPointId", found.id.clone()));
        }

        let file_system = self.available_file_system(&wanted.file_system_id, caller, now)?;
        let file_system_id = file_system.id.clone();
        let siblings = self
            .access_points
            .values()
            .filter(|point| point.file_system_id == file_system_id);
        if siblings.count() >= LIMIT {
            return Err(ApiError::new(
                403,
                "AccessPointLimitExceeded",
                format!("File system '{file_system_id}' already has {LIMIT} access points"),
            ));
        }
        let nth = self.use_token("access-point", caller, &client_token);
        let digits = id::hex_of(&["fsap", account, &caller.region, &client_token, &nth], 17);
        let point = AccessPoint {
            id: format!("fsap-{digits}"),
            account: account.to_owned(),
            region: caller.region.clone(),
            file_system_id,
            client_token,
            asked: wanted,
            tags,
            created_at: now,
            deleting_since: None,
        };
        let answer = ok(&point.describe(now));
        self.access_points.insert(point.id.clone(), point);
        Ok(answer)
    }

    pub(super) fn describe_access_points(
        &self,
        request: &Request,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let file_system = match (
            request.query("AccessPointId"),
            request.query("FileSystemId"),
        ) {
            (Some(_), Some(_)) => {
                return Err(bad_request(
                    "Only one of AccessPointId and FileSystemId may be given",
                ));
            }
            (Some(id), None) => {
                let view = self.access_point(bare_id(id), caller)?.describe(now);
                return Ok(ok(&json!({ "AccessPoints": [view] })));
            }
            (None, Some(id)) => Some(self.file_system(id, caller)?.id.as_str()),
            (None, None) => None,
        };
        let matching = self.access_points.iter().filter(|(_, point)| {
            point.is_visible(caller) && file_system.is_none_or(|id| id == point.file_system_id)
        });
        let (points, next) = page(request, "MaxResults", "NextToken", matching)?;
        let views: Vec<Value> = points
            .into_iter()
            .map(|point| point.describe(now))
            .collect();
        let mut answer = json!({ "AccessPoints": views });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(ok(&answer))
    }

    pub(super) fn delete_access_point(
        &mut self,
        id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        self.access_point(id, caller)?;
        if let Some(point) = self.access_points.get_mut(id) {
            point.deleting_since.get_or_insert(now);
        }
        Ok(no_content())
    }
}
