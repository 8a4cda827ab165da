//! EFS: file systems, mount targets, access points.

mod access_point;
mod adopt;
mod file_system;
mod inventory;
mod lists;
mod mount_target;
mod snapshot;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_efs::types::Tag;
use deploycenter_domain::effect::OutputName;
use deploycenter_domain::name::RegionName;
use deploycenter_domain::resource::{Adoption, Observed, Outputs, Owner, Ownership, Resource};
use deploycenter_ports::{Provider, ProviderError, ProviderErrorKind, Snapshot, Step, StepOutcome};

use self::snapshot::EfsSnapshot;
use crate::aws::{Aws, Where};
use crate::sdk::failure::Context;

/// EFS. Serves `efs.file-system`, `efs.mount-target` and `efs.access-point`.
///
/// - A file system is found by its creation token, an access point by its client token,
///   a mount target by its file system and subnet.
/// - Encryption is always on. The key is compared only where one is asked for: EFS shows
///   its own key's ARN otherwise, which nobody planned.
/// - An adopted file system has a creation token that others chose, so it is found by a
///   tag that holds ours. Mount targets go with their file system and access points are
///   made new, so neither is adopted by itself.
/// - What is being deleted counts as absent; a create waits until it is gone.
/// - Mount targets have no tags, so each leaves a tag on its file system with its id and
///   security groups. A snapshot trusts these tags when there are as many of them
///   as the file system says it has mount targets, and asks for each otherwise. So a plan
///   sees every change of the desired state, and a mount target that someone removed; not
///   security groups that someone changed by hand, which a fresh reading sees.
#[derive(Debug, Clone)]
pub struct Efs {
    aws: Aws,
}

/// EFS in one region.
struct RegionalEfs<'a> {
    aws: &'a Aws,
    client: aws_sdk_efs::Client,
    at: Where,
    context: Context,
    region: RegionName,
}

impl Efs {
    pub(crate) fn new(aws: Aws) -> Self {
        Self { aws }
    }

    fn regional(&self, region: &RegionName) -> Result<RegionalEfs<'_>, ProviderError> {
        let (client, at, context) = self.aws.efs_in(region)?;
        Ok(RegionalEfs {
            aws: &self.aws,
            client,
            at,
            context,
            region: region.clone(),
        })
    }
}

#[async_trait]
impl Provider for Efs {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(EfsSnapshot::new(self.clone()))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        match wanted {
            Resource::FileSystem(wanted) => {
                self.regional(&wanted.region)?
                    .observe_file_system(wanted)
                    .await
            }
            Resource::MountTarget(wanted) => {
                self.regional(&wanted.region)?
                    .observe_mount_target(wanted)
                    .await
            }
            Resource::AccessPoint(wanted) => {
                self.regional(&wanted.region)?
                    .observe_access_point(wanted)
                    .await
            }
            _ => Err(not_ours()),
        }
    }

    async fn observe_foreign(
        &self,
        wanted: &Resource,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        let refused = |text, help: &str| {
            Err(ProviderError::new(ProviderErrorKind::Refused, "efs", text).help(help))
        };
        match wanted {
            Resource::FileSystem(wanted) => {
                self.regional(&wanted.region)?
                    .observe_foreign_file_system(wanted, adoption)
                    .await
            }
            Resource::MountTarget(_) => refused(
                "a mount target can't be adopted by itself",
                "adopt its file system: the mount targets that it has go with it",
            ),
            Resource::AccessPoint(_) => refused(
                "an access point can't be adopted: EFS never changes one",
                "adopt its file system: it gets an access point of the target's own",
            ),
            _ => Err(not_ours()),
        }
    }

    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        match step.after.as_ref().or(step.before.as_ref()) {
            Some(Resource::FileSystem(wanted)) => {
                self.regional(&wanted.region)?
                    .ensure_file_system(step, wanted)
                    .await
            }
            Some(Resource::MountTarget(wanted)) => {
                self.regional(&wanted.region)?
                    .ensure_mount_target(step, wanted)
                    .await
            }
            Some(Resource::AccessPoint(wanted)) => {
                self.regional(&wanted.region)?
                    .ensure_access_point(step, wanted)
                    .await
            }
            Some(_) => Err(not_ours()),
            None => Ok(StepOutcome::default()),
        }
    }
}

fn not_ours() -> ProviderError {
    ProviderError::new(
        ProviderErrorKind::Refused,
        "efs",
        "the EFS adapter was given another system's effect",
    )
}

fn outputs(id: &str) -> Outputs {
    BTreeMap::from([(OutputName::Id, id.to_owned())])
}

/// The tags of a thing that has a name.
fn tags(context: &Context, owner: &Owner, name: &str) -> Result<Vec<Tag>, ProviderError> {
    let mut all: Vec<(&str, String)> = owner.tags().into_iter().collect();
    all.push(("Name", name.to_owned()));
    all.into_iter()
        .map(|(key, value)| tag(context, key, &value))
        .collect()
}

fn tag(context: &Context, key: &str, value: &str) -> Result<Tag, ProviderError> {
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .map_err(|error| {
            context.fail(
                ProviderErrorKind::Refused,
                format_args!("the tag {key}: {error}"),
            )
        })
}

fn tag_map(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter()
        .map(|tag| (tag.key.clone(), tag.value.clone()))
        .collect()
}

fn ownership(tags: &BTreeMap<String, String>) -> Ownership {
    Owner::from_tags(tags).map_or_else(
        || Ownership::Foreign("has no owner's tags of DeployCenter".to_owned()),
        Ownership::Owned,
    )
}
