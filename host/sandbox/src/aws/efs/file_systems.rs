//! File systems.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::tags::{Tag, tag_list, tags_from};
use super::{Efs, LifeCycle, bad_request, body, no_content, ok, page};
use crate::aws::caller::Caller;
use crate::aws::error::{ApiError, json as json_answer};
use crate::aws::id;
use crate::service::{Millis, Request, Response};
use crate::world::WorldRegion;

/// How long a new file system is `creating`.
const AVAILABLE_AFTER: Millis = 300;
/// How long an updated one is `updating`.
const UPDATED_AFTER: Millis = 200;
/// How long a deleted one is `deleting`.
const GONE_AFTER: Millis = 300;
/// The service's quota for an account in a region.
const LIMIT: usize = 1_000;
/// When the operator made the file systems that are there from the start: 2024-01-01.
const LONG_AGO: Millis = 1_704_067_200_000;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileSystem {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) region: String,
    creation_token: String,
    created_at: Millis,
    #[serde(default)]
    deleting_since: Option<Millis>,
    pub(super) performance_mode: String,
    pub(super) throughput_mode: String,
    #[serde(default)]
    pub(super) provisioned_throughput: Option<f64>,
    /// When its provisioned throughput was last set by an update.
    #[serde(default)]
    pub(super) provisioned_at: Option<Millis>,
    /// When it was last updated.
    #[serde(default)]
    pub(super) updated_at: Option<Millis>,
    encrypted: bool,
    #[serde(default)]
    kms_key_id: Option<String>,
    #[serde(default)]
    pub(super) availability_zone: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateFileSystem {
    creation_token: String,
    performance_mode: Option<String>,
    encrypted: Option<bool>,
    kms_key_id: Option<String>,
    throughput_mode: Option<String>,
    provisioned_throughput_in_mibps: Option<f64>,
    availability_zone_name: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

impl FileSystem {
    pub(super) fn existing(id: &str, region: &WorldRegion) -> Self {
        Self {
            id: id.to_owned(),
            account: region.account.clone(),
            region: region.aws_region.clone(),
            creation_token: format!("operator-{id}"),
            created_at: LONG_AGO,
            deleting_since: None,
            performance_mode: "generalPurpose".to_owned(),
            throughput_mode: "elastic".to_owned(),
            provisioned_throughput: None,
            provisioned_at: None,
            updated_at: None,
            encrypted: true,
            kms_key_id: Some(default_key(&region.aws_region, &region.account)),
            availability_zone: None,
            tags: BTreeMap::new(),
        }
    }

    pub(super) fn life_cycle(&self, now: Millis) -> LifeCycle {
        let state = LifeCycle::at(now, self.created_at + AVAILABLE_AFTER, self.deleting_since);
        let updating = self.updated_at.is_some_and(|at| now < at + UPDATED_AFTER);
        if state == LifeCycle::Available && updating {
            return LifeCycle::Updating;
        }
        state
    }

    pub(super) fn is_gone(&self, now: Millis) -> bool {
        self.deleting_since
            .is_some_and(|since| since + GONE_AFTER <= now)
    }

    pub(super) fn describe(&self, mount_targets: usize, now: Millis) -> Value {
        let mut view = json!({
            "OwnerId": self.account,
            "CreationToken": self.creation_token,
            "FileSystemId": self.id,
            "FileSystemArn": format!("arn:aws:elasticfilesystem:{}:{}:file-system/{}", self.region, self.account, self.id),
            "CreationTime": id::epoch_seconds(self.created_at),
            "LifeCycleState": self.life_cycle(now).word(),
            "NumberOfMountTargets": mount_targets,
            "SizeInBytes": { "Value": 6144, "ValueInIA": 0, "ValueInStandard": 6144, "ValueInArchive": 0 },
            "PerformanceMode": self.performance_mode,
            "Encrypted": self.encrypted,
            "ThroughputMode": self.throughput_mode,
            "Tags": tag_list(&self.tags),
            "FileSystemProtection": { "ReplicationOverwriteProtection": "ENABLED" },
        });
        let optional = [
            ("Name", self.tags.get("Name").map(|name| json!(name))),
            ("KmsKeyId", self.kms_key_id.as_ref().map(|key| json!(key))),
            (
                "ProvisionedThroughputInMibps",
                self.provisioned_throughput.map(|mibps| json!(mibps)),
            ),
            (
                "AvailabilityZoneName",
                self.availability_zone.as_ref().map(|zone| json!(zone)),
            ),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                view[name] = value;
            }
        }
        view
    }
}

/// The key that EFS uses when none is named.
fn default_key(region: &str, account: &str) -> String {
    let digits = id::hex_of(&["kms", region, account], 32);
    format!(
        "arn:aws:kms:{region}:{account}:key/{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}

/// Checks what the service checks of a throughput mode.
pub(super) fn check_throughput(
    performance: &str,
    throughput: &str,
    provisioned: Option<f64>,
) -> Result<(), ApiError> {
    if !["bursting", "provisioned", "elastic"].contains(&throughput) {
        return Err(bad_request(format!(
            "Invalid throughput mode: '{throughput}'"
        )));
    }
    if performance == "maxIO" && throughput == "elastic" {
        return Err(bad_request(
            "Performance mode maxIO isn't supported with elastic throughput",
        ));
    }
    match provisioned {
        None if throughput == "provisioned" => Err(bad_request(
            "Throughput mode provisioned requires ProvisionedThroughputInMibps",
        )),
        Some(_) if throughput != "provisioned" => Err(bad_request(
            "ProvisionedThroughputInMibps requires throughput mode provisioned",
        )),
        Some(mibps) if mibps < 1.0 => Err(bad_request(
            "ProvisionedThroughputInMibps must be at least 1",
        )),
        _ => Ok(()),
    }
}

impl CreateFileSystem {
    /// Checks what the service checks; gives performance and throughput mode.
    fn validate(&self) -> Result<(String, String), ApiError> {
        if !(1..=64).contains(&self.creation_token.chars().count()) {
            return Err(bad_request("'creationToken' must have 1 to 64 characters"));
        }
        let performance = self.performance_mode.as_deref().unwrap_or("generalPurpose");
        let throughput = self.throughput_mode.as_deref().unwrap_or("bursting");
        if !["generalPurpose", "maxIO"].contains(&performance) {
            return Err(bad_request(format!(
                "Invalid performance mode: '{performance}'"
            )));
        }
        if performance == "maxIO" && self.availability_zone_name.is_some() {
            return Err(bad_request(
                "Performance mode maxIO isn't supported in one availability zone",
            ));
        }
        check_throughput(
            performance,
            throughput,
            self.provisioned_throughput_in_mibps,
        )?;
        if self.kms_key_id.is_some() && self.encrypted != Some(true) {
            return Err(bad_request("KmsKeyId requires Encrypted to be true"));
        }
        Ok((performance.to_owned(), throughput.to_owned()))
    }
}

impl Efs {
    pub(super) fn create_file_system(
        &mut self,
        request: &Request,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let wanted: CreateFileSystem = body(request)?;
        let (performance_mode, throughput_mode) = wanted.validate()?;
        let tags = tags_from(&wanted.tags)?;
        let account = caller.writes_to().to_owned();
        let own = || {
            self.file_systems
                .values()
                .filter(|found| found.account == account && found.region == caller.region)
        };
        if let Some(found) = own().find(|found| found.creation_token == wanted.creation_token) {
            return Err(ApiError::new(
                409,
                "FileSystemAlreadyExists",
                format!(
                    "File system '{}' already exists with creation token '{}'",
                    found.id, wanted.creation_token
                ),
            )
            .with("FileSystemId", found.id.clone()));
        }
        if own().count() >= LIMIT {
            return Err(ApiError::new(
                403,
                "FileSystemLimitExceeded",
                format!("The account already has {LIMIT} file systems in this region"),
            ));
        }
        let nth = self.use_token("file-system", caller, &wanted.creation_token);
        let digits = id::hex_of(
            &["fs", &account, &caller.region, &wanted.creation_token, &nth],
            17,
        );
        let encrypted = wanted.encrypted.unwrap_or(false);
        let file_system = FileSystem {
            id: format!("fs-{digits}"),
            region: caller.region.clone(),
            creation_token: wanted.creation_token,
            created_at: now,
            deleting_since: None,
            performance_mode,
            throughput_mode,
            provisioned_throughput: wanted.provisioned_throughput_in_mibps,
            provisioned_at: None,
            updated_at: None,
            encrypted,
            kms_key_id: wanted
                .kms_key_id
                .or_else(|| encrypted.then(|| default_key(&caller.region, &account))),
            availability_zone: wanted.availability_zone_name,
            tags,
            account,
        };
        let answer = json_answer(StatusCode::CREATED, &file_system.describe(0, now));
        self.file_systems
            .insert(file_system.id.clone(), file_system);
        Ok(answer)
    }

    pub(super) fn describe_file_systems(
        &self,
        request: &Request,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        if let Some(id) = request.query("FileSystemId") {
            if request.query("CreationToken").is_some() {
                return Err(bad_request(
                    "Only one of FileSystemId and CreationToken may be given",
                ));
            }
            let found = self.file_system(id, caller)?;
            let view = found.describe(self.mount_targets_of(&found.id).count(), now);
            return Ok(ok(&json!({ "FileSystems": [view] })));
        }
        let token = request.query("CreationToken");
        let matching = self.file_systems.iter().filter(|(_, found)| {
            caller.sees(&found.account)
                && found.region == caller.region
                && token.is_none_or(|token| token == found.creation_token)
        });
        let (found, next) = page(request, "MaxItems", "Marker", matching)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for target in self.mount_targets.values() {
            *counts.entry(&target.file_system_id).or_default() += 1;
        }
        let views: Vec<Value> = found
            .into_iter()
            .map(|found| found.describe(counts.get(found.id.as_str()).copied().unwrap_or(0), now))
            .collect();
        let mut answer = json!({ "FileSystems": views });
        if let Some(marker) = request.query("Marker") {
            answer["Marker"] = json!(marker);
        }
        if let Some(next) = next {
            answer["NextMarker"] = json!(next);
        }
        Ok(ok(&answer))
    }

    pub(super) fn delete_file_system(
        &mut self,
        id: &str,
        caller: &Caller,
        now: Millis,
    ) -> Result<Response, ApiError> {
        let id = self.file_system(id, caller)?.id.clone();
        let targets = self.mount_targets_of(&id).count();
        if targets > 0 {
            return Err(ApiError::new(
                409,
                "FileSystemInUse",
                format!("File system '{id}' still has {targets} mount target(s)"),
            ));
        }
        if let Some(found) = self.file_systems.get_mut(&id) {
            found.deleting_since.get_or_insert(now);
        }
        Ok(no_content())
    }
}
