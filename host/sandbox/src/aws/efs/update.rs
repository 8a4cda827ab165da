//! What can be changed of what is there.

use http::StatusCode;
use serde::Deserialize;

use super::file_systems::check_throughput;
use super::mount_targets::check_security_groups;
use super::{Efs, LifeCycle, bad_request, body, no_content};
use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, json};
use crate::service::{Millis, Request, Response};
use crate::world::World;

/// For how long provisioned throughput can be neither left nor lowered once it was set.
const A_DAY: Millis = 24 * 60 * 60 * 1_000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateFileSystem {
    throughput_mode: Option<String>,
    provisioned_throughput_in_mibps: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModifySecurityGroups {
    security_groups: Option<Vec<String>>,
}

impl Efs {
    pub(super) fn update_file_system(
        &mut self,
        request: &Request,
        id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let wanted: UpdateFileSystem = body(request)?;
        let found = self.available_file_system(id, caller, now)?;
        let mode = wanted
            .throughput_mode
            .unwrap_or_else(|| found.throughput_mode.clone());
        let provisioned = wanted.provisioned_throughput_in_mibps.or_else(|| {
            found
                .provisioned_throughput
                .filter(|_| mode == "provisioned")
        });
        check_throughput(&found.performance_mode, &mode, provisioned)?;
        let lowered = found.provisioned_throughput > provisioned;
        if lowered && found.provisioned_at.is_some_and(|at| now < at + A_DAY) {
            return Err(ApiError::new(
                429,
                "TooManyRequests",
                format!(
                    "The provisioned throughput of file system '{id}' was changed less than 24 hours ago"
                ),
            ));
        }
        let targets = self.mount_targets_of(id).count();
        let Some(found) = self.file_systems.get_mut(id) else {
            return Err(bad_request(format!("'{id}' isn't a file system's id")));
        };
        if found.provisioned_throughput != provisioned {
            found.provisioned_at = provisioned.map(|_| now);
        }
        found.throughput_mode = mode;
        found.provisioned_throughput = provisioned;
        found.updated_at = Some(now);
        Ok(json(StatusCode::ACCEPTED, &found.describe(targets, now)))
    }

    pub(super) fn modify_security_groups(
        &mut self,
        request: &Request,
        id: &str,
        caller: &Caller,
        world: &World,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let wanted: ModifySecurityGroups = body(request)?;
        let found = self.mount_target(id, caller)?;
        if found.life_cycle(now) != LifeCycle::Available {
            return Err(ApiError::new(
                409,
                "IncorrectMountTargetState",
                format!("The mount target '{id}' isn't in the state available."),
            ));
        }
        let groups = wanted.security_groups.unwrap_or_default();
        if groups.is_empty() {
            return Err(bad_request("'securityGroups' must have at least one"));
        }
        let region = world
            .region(&caller.region, &found.account)
            .ok_or_else(|| bad_request("The mount target's region isn't known"))?;
        check_security_groups(region, &groups)?;
        if let Some(found) = self.mount_targets.get_mut(id) {
            found.security_groups = groups;
        }
        Ok(no_content())
    }
}
