//! Mount targets.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Efs, LifeCycle, bad_request, bare_id, body, no_content, ok, page};
use crate::aws::caller::Caller;
use crate::aws::error::ApiError;
use crate::aws::id;
use crate::service::{Millis, Request, Response};
use crate::world::{World, WorldRegion};

/// How long a new mount target is `creating`.
const AVAILABLE_AFTER: Millis = 400;
/// How long a deleted one is `deleting`.
const GONE_AFTER: Millis = 400;
/// The service's quota.
const SECURITY_GROUPS_LIMIT: usize = 5;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MountTarget {
    pub(super) id: String,
    pub(super) file_system_id: String,
    pub(super) account: String,
    region: String,
    subnet: String,
    availability_zone: String,
    pub(super) security_groups: Vec<String>,
    ip_address: String,
    created_at: Millis,
    #[serde(default)]
    deleting_since: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateMountTarget {
    file_system_id: String,
    subnet_id: String,
    ip_address: Option<String>,
    security_groups: Option<Vec<String>>,
}

/// The zone of a region's subnet by its place in the world's list.
fn zone(region: &WorldRegion, index: usize) -> String {
    let letter = b"abcdef"[index.min(5)];
    format!("{}{}", region.aws_region, char::from(letter))
}

fn default_security_group(region: &WorldRegion) -> String {
    format!(
        "sg-{}",
        id::hex_of(&["default-sg", &region.aws_region, &region.account], 17)
    )
}

impl MountTarget {
    fn new(file_system: &str, region: &WorldRegion, index: usize, subnet: &str, nth: &str) -> Self {
        let digits = id::hex_of(&["fsmt", file_system, subnet, nth], 17);
        let host = id::digest(&["ip", &digits]);
        Self {
            id: format!("fsmt-{digits}"),
            file_system_id: file_system.to_owned(),
            account: region.account.clone(),
            region: region.aws_region.clone(),
            subnet: subnet.to_owned(),
            availability_zone: zone(region, index),
            security_groups: vec![default_security_group(region)],
            ip_address: format!("10.{index}.{}.{}", host[0], host[1]),
            created_at: 0,
            deleting_since: None,
        }
    }

    /// One of an operator's file system.
    pub(super) fn existing(
        file_system: &str,
        region: &WorldRegion,
        index: usize,
        subnet: &str,
    ) -> Self {
        let mut target = Self::new(file_system, region, index, subnet, "0");
        if !region.security_groups.is_empty() {
            target.security_groups.clone_from(&region.security_groups);
        }
        target
    }

    pub(super) fn is_gone(&self, now: Millis) -> bool {
        self.deleting_since
            .is_some_and(|since| since + GONE_AFTER <= now)
    }

    pub(super) fn life_cycle(&self, now: Millis) -> LifeCycle {
        LifeCycle::at(now, self.created_at + AVAILABLE_AFTER, self.deleting_since)
    }

    fn describe(&self, now: Millis) -> Value {
        let state = self.life_cycle(now);
        json!({
            "OwnerId": self.account,
            "MountTargetId": self.id,
            "FileSystemId": self.file_system_id,
            "SubnetId": self.subnet,
            "LifeCycleState": state.word(),
            "IpAddress": self.ip_address,
            "NetworkInterfaceId": format!("eni-{}", id::hex_of(&["eni", &self.id], 17)),
            "AvailabilityZoneId": format!("{}-az{}", self.region, self.availability_zone.bytes().last().map_or(0, |b| b.saturating_sub(b'a') + 1)),
            "AvailabilityZoneName": self.availability_zone,
            "VpcId": format!("vpc-{}", id::hex_of(&["vpc", &self.region, &self.account], 17)),
        })
    }
}

/// Checks what the service checks of security groups.
pub(super) fn check_security_groups(
    region: &WorldRegion,
    groups: &[String],
) -> Result<(), ApiError> {
    if groups.len() > SECURITY_GROUPS_LIMIT {
        return Err(ApiError::new(
            400,
            "SecurityGroupLimitExceeded",
            format!("A mount target has at most {SECURITY_GROUPS_LIMIT} security groups"),
        ));
    }
    let default = default_security_group(region);
    let unknown = groups
        .iter()
        .find(|group| !region.security_groups.contains(group) && **group != default);
    unknown.map_or(Ok(()), |unknown| {
        Err(ApiError::new(
            400,
            "SecurityGroupNotFound",
            format!("The security group ID '{unknown}' does not exist"),
        ))
    })
}

fn not_found(id: &str) -> ApiError {
    ApiError::new(
        404,
        "MountTargetNotFound",
        format!("Mount target '{id}' does not exist."),
    )
}

impl Efs {
    /// A file system's mount targets, those being deleted included: they count until they're gone.
    pub(super) fn mount_targets_of(&self, file_system: &str) -> impl Iterator<Item = &MountTarget> {
        self.mount_targets
            .values()
            .filter(move |target| target.file_system_id == file_system)
    }

    pub(super) fn mount_target(&self, id: &str, caller: &Caller) -> Result<&MountTarget, ApiError> {
        self.mount_targets
            .get(id)
            .filter(|found| caller.sees(&found.account) && found.region == caller.region)
            .ok_or_else(|| not_found(id))
    }

    pub(super) fn create_mount_target(
        &mut self,
        request: &Request,
        caller: &Caller,
        world: &World,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let wanted: CreateMountTarget = body(request)?;
        let file_system = self.available_file_system(&wanted.file_system_id, caller, now)?;
        let subnet_not_found = || {
            ApiError::new(
                400,
                "SubnetNotFound",
                format!("The subnet ID '{}' does not exist", wanted.subnet_id),
            )
        };
        let region = world
            .region(&caller.region, &file_system.account)
            .ok_or_else(subnet_not_found)?;
        let index = region
            .subnets
            .iter()
            .position(|subnet| *subnet == wanted.subnet_id)
            .ok_or_else(subnet_not_found)?;
        let security_groups = wanted
            .security_groups
            .filter(|groups| !groups.is_empty())
            .unwrap_or_else(|| vec![default_security_group(region)]);
        check_security_groups(region, &security_groups)?;
        let zone = zone(region, index);
        if file_system
            .availability_zone
            .as_ref()
            .is_some_and(|only| *only != zone)
        {
            return Err(ApiError::new(
                400,
                "AvailabilityZonesMismatch",
                format!("The file system isn't in the subnet's availability zone {zone}"),
            ));
        }
        let file_system = file_system.id.clone();
        if self
            .mount_targets_of(&file_system)
            .any(|target| target.availability_zone == zone)
        {
            return Err(ApiError::new(
                409,
                "MountTargetConflict",
                format!("mount target already exists in this AZ: {zone}"),
            ));
        }
        let nth = self.use_token(
            "mount-target",
            caller,
            &format!("{file_system}/{}", wanted.subnet_id),
        );
        let mut target = MountTarget::new(&file_system, region, index, &wanted.subnet_id, &nth);
        target.security_groups = security_groups;
        target.created_at = now;
        if let Some(address) = wanted.ip_address {
            if address.parse::<std::net::Ipv4Addr>().is_err() {
                return Err(bad_request(format!("'{address}' isn't an IPv4 address")));
            }
            target.ip_address = address;
        }
        let answer = ok(&target.describe(now));
        self.mount_targets.insert(target.id.clone(), target);
        Ok(answer)
    }

    pub(super) fn describe_mount_targets(
        &self,
        request: &Request,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let by = |name: &str| request.query(name);
        let found = match (by("FileSystemId"), by("MountTargetId"), by("AccessPointId")) {
            (Some(id), None, None) => self.file_system(id, caller)?.id.clone(),
            (None, Some(id), None) => {
                let view = self.mount_target(id, caller)?.describe(now);
                return Ok(ok(&json!({ "MountTargets": [view] })));
            }
            (None, None, Some(id)) => self
                .access_point(bare_id(id), caller)?
                .file_system_id
                .clone(),
            _ => {
                return Err(bad_request(
                    "Exactly one of FileSystemId, MountTargetId and AccessPointId must be given",
                ));
            }
        };
        let matching = self
            .mount_targets
            .iter()
            .filter(|(_, target)| target.file_system_id == found);
        let (targets, next) = page(request, "MaxItems", "Marker", matching)?;
        let views: Vec<Value> = targets
            .into_iter()
            .map(|target| target.describe(now))
            .collect();
        let mut answer = json!({ "MountTargets": views });
        if let Some(marker) = by("Marker") {
            answer["Marker"] = json!(marker);
        }
        if let Some(next) = next {
            answer["NextMarker"] = json!(next);
        }
        Ok(ok(&answer))
    }

    pub(super) fn describe_security_groups(
        &self,
        id: &str,
        caller: &Caller,
    ) -> Result<Response, ApiError> {
        let target = self.mount_target(id, caller)?;
        Ok(ok(&json!({ "SecurityGroups": target.security_groups })))
    }

    pub(super) fn delete_mount_target(
        &mut self,
        id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        self.mount_target(id, caller)?;
        if let Some(target) = self.mount_targets.get_mut(id) {
            target.deleting_since.get_or_insert(now);
        }
        Ok(no_content())
    }
}
