//! EFS, REST-JSON 2015-02-01.

mod access_points;
mod file_systems;
mod mount_targets;
mod tags;
mod update;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, json};
use crate::service::{Call, Millis, Request, Response};
use crate::world::World;

use access_points::AccessPoint;
use file_systems::FileSystem;
use mount_targets::MountTarget;

/// The largest page that the service gives; it is also the usual one.
const LARGEST_PAGE: usize = 100;

/// A state that the service computes from the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LifeCycle {
    Creating,
    Available,
    Updating,
    Deleting,
}

impl LifeCycle {
    fn at(now: Millis, available_at: Millis, deleting_since: Option<Millis>) -> Self {
        if deleting_since.is_some() {
            Self::Deleting
        } else if now < available_at {
            Self::Creating
        } else {
            Self::Available
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Updating => "updating",
            Self::Deleting => "deleting",
        }
    }
}

/// Everything that EFS holds, of all accounts and regions.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Efs {
    /// How often each creation or client token was used, so that a second life gets a new id.
    uses: BTreeMap<String, u64>,
    /// File systems of the world that have been put here once.
    seeded: BTreeSet<String>,
    file_systems: BTreeMap<String, FileSystem>,
    mount_targets: BTreeMap<String, MountTarget>,
    access_points: BTreeMap<String, AccessPoint>,
}

/// The last segment of an id that may be an ARN.
fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

pub(crate) fn classify(request: &Request) -> Option<Call> {
    let segments = request.segments();
    let parts: Vec<&str> = segments.iter().skip(1).map(Cow::as_ref).collect();
    let member = |name: &str| {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        body[name].as_str().unwrap_or_default().to_owned()
    };
    let asked = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| request.query(name))
            .unwrap_or_default()
            .to_owned()
    };
    let (operation, subject) = match (&request.method, parts.as_slice()) {
        (&Method::POST, ["file-systems"]) => ("CreateFileSystem", member("CreationToken")),
        (&Method::GET, ["file-systems"]) => (
            "DescribeFileSystems",
            asked(&["FileSystemId", "CreationToken"]),
        ),
        (&Method::PUT, ["file-systems", id]) => ("UpdateFileSystem", bare_id(id).to_owned()),
        (&Method::DELETE, ["file-systems", id]) => ("DeleteFileSystem", bare_id(id).to_owned()),
        (&Method::POST, ["mount-targets"]) => (
            "CreateMountTarget",
            format!(
                "{}/{}",
                bare_id(&member("FileSystemId")),
                member("SubnetId")
            ),
        ),
        (&Method::GET, ["mount-targets"]) => (
            "DescribeMountTargets",
            asked(&["FileSystemId", "MountTargetId", "AccessPointId"]),
        ),
        (&Method::DELETE, ["mount-targets", id]) => ("DeleteMountTarget", (*id).to_owned()),
        (&Method::GET, ["mount-targets", id, "security-groups"]) => {
            ("DescribeMountTargetSecurityGroups", (*id).to_owned())
        }
        (&Method::PUT, ["mount-targets", id, "security-groups"]) => {
            ("ModifyMountTargetSecurityGroups", (*id).to_owned())
        }
        (&Method::POST, ["access-points"]) => ("CreateAccessPoint", member("ClientToken")),
        (&Method::GET, ["access-points"]) => (
            "DescribeAccessPoints",
            asked(&["AccessPointId", "FileSystemId"]),
        ),
        (&Method::DELETE, ["access-points", id]) => ("DeleteAccessPoint", bare_id(id).to_owned()),
        // An ARN as the id may come with its slash unescaped.
        (&Method::POST, ["resource-tags", .., id]) => ("TagResource", bare_id(id).to_owned()),
        (&Method::DELETE, ["resource-tags", .., id]) => ("UntagResource", bare_id(id).to_owned()),
        (&Method::GET, ["resource-tags", .., id]) => {
            ("ListTagsForResource", bare_id(id).to_owned())
        }
        _ => return None,
    };
    Some(Call {
        service: "efs",
        operation: operation.to_owned(),
        subject,
        write: request.method != Method::GET,
    })
}

impl Efs {
    pub(crate) fn new(world: &World) -> Self {
        let mut efs = Self::default();
        efs.seed(world);
        efs
    }

    pub(crate) fn snapshot(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    pub(crate) fn restored(state: Value, world: &World) -> Result<Self, serde_json::Error> {
        let mut efs: Self = serde_json::from_value(state)?;
        efs.seed(world);
        Ok(efs)
    }

    /// Puts the operator's file systems there, each once.
    fn seed(&mut self, world: &World) {
        for region in &world.regions {
            for id in &region.file_systems {
                if !self.seeded.insert(id.clone()) {
                    continue;
                }
                self.file_systems
                    .insert(id.clone(), FileSystem::existing(id, region));
                for (index, subnet) in region.subnets.iter().enumerate() {
                    let target = MountTarget::existing(id, region, index, subnet);
                    self.mount_targets.insert(target.id.clone(), target);
                }
            }
        }
    }

    /// Takes away what finished being deleted by `now`.
    pub(crate) fn settle(&mut self, now: Millis) {
        self.mount_targets.retain(|_, target| !target.is_gone(now));
        self.access_points.retain(|_, point| !point.is_gone(now));
        let gone: Vec<String> = self
            .file_systems
            .extract_if(.., |_, file_system| file_system.is_gone(now))
            .map(|(id, _)| id)
            .collect();
        if !gone.is_empty() {
            self.access_points
                .retain(|_, point| !gone.contains(&point.file_system_id));
        }
    }

    pub(crate) fn handle(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        world: &World,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let id = call.subject.as_str();
        match call.operation.as_str() {
            "CreateFileSystem" => self.create_file_system(request, caller, now),
            "DescribeFileSystems" => self.describe_file_systems(request, caller, now),
            "UpdateFileSystem" => self.update_file_system(request, id, caller, now),
            "DeleteFileSystem" => self.delete_file_system(id, caller, now),
            "CreateMountTarget" => self.create_mount_target(request, caller, world, now),
            "DescribeMountTargets" => self.describe_mount_targets(request, caller, now),
            "DeleteMountTarget" => self.delete_mount_target(id, caller, now),
            "DescribeMountTargetSecurityGroups" => self.describe_security_groups(id, caller),
            "ModifyMountTargetSecurityGroups" => {
                self.modify_security_groups(request, id, caller, world, now)
            }
            "CreateAccessPoint" => self.create_access_point(request, caller, now),
            "DescribeAccessPoints" => self.describe_access_points(request, caller, now),
            "DeleteAccessPoint" => self.delete_access_point(id, caller, now),
            "TagResource" => self.tag_resource(request, id, caller),
            "UntagResource" => self.untag_resource(request, id, caller),
            _ => self.list_tags(request, id, caller),
        }
    }

    /// Counts one more use of a token; gives how many there were before.
    fn use_token(&mut self, kind: &str, caller: &Caller, token: &str) -> String {
        let key = [kind, caller.writes_to(), &caller.region, token].join("/");
        let uses = self.uses.entry(key).or_default();
        *uses += 1;
        uses.to_string()
    }

    fn file_system(&self, id: &str, caller: &Caller) -> Result<&FileSystem, ApiError> {
        self.file_systems
            .get(bare_id(id))
            .filter(|found| caller.sees(&found.account) && found.region == caller.region)
            .ok_or_else(|| {
                ApiError::new(
                    404,
                    "FileSystemNotFound",
                    format!("File system '{id}' does not exist."),
                )
            })
    }

    /// A file system that is ready to take something new.
    fn available_file_system(
        &self,
        id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<&FileSystem, ApiError> {
        let file_system = self.file_system(id, caller)?;
        match file_system.life_cycle(now) {
            LifeCycle::Available => Ok(file_system),
            other => Err(ApiError::new(
                409,
                "IncorrectFileSystemLifeCycleState",
                format!(
                    "None of the acceptable states [available] matched the actual state '{}' of file system '{id}'.",
                    other.word()
                ),
            )),
        }
    }
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "BadRequest", message)
}

/// A request's JSON body.
fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    serde_json::from_slice(&request.body)
        .map_err(|error| bad_request(format!("The request body isn't as expected: {error}")))
}

fn ok(value: &Value) -> Response {
    json(StatusCode::OK, value)
}

fn no_content() -> Response {
    Response {
        status: StatusCode::NO_CONTENT,
        headers: Vec::new(),
        body: Bytes::new(),
    }
}

/// The page that a request asks for, out of items ordered by id: after the marker, as many as
/// `limit_name` says. The second is the next page's marker, if there is one.
fn page<'a, T>(
    request: &Request,
    limit_name: &str,
    marker_name: &str,
    items: impl Iterator<Item = (&'a String, T)>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let limit = match request.query(limit_name) {
        None => LARGEST_PAGE,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| bad_request(format!("'{limit_name}' must be at least 1")))?
            .min(LARGEST_PAGE),
    };
    let mut rest = items
        .skip_while(|(id, _)| {
            request
                .query(marker_name)
                .is_some_and(|marker| id.as_str() <= marker)
        })
        .peekable();
    let mut found = Vec::new();
    let mut last = None;
    while found.len() < limit
        && let Some((id, item)) = rest.next()
    {
        found.push(item);
        last = Some(id.clone());
    }
    let next = rest.peek().and(last);
    Ok((found, next))
}
