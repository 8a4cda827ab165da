//! Mount targets.

use std::collections::BTreeMap;

use aws_sdk_efs::operation::create_mount_target::{
    CreateMountTargetError, CreateMountTargetOutput,
};
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use deploycenter_domain::resource::{MountTarget, Observed, Ownership, Resource};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_domain::token;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};

use super::lists::leaving;
use super::{RegionalEfs, outputs, tag, tag_map};
use crate::decide::decide;
use crate::sdk::attempt::attempt;
use crate::sdk::polls::Polls;

/// The key of the tag that a mount target leaves on its file system is this and its
/// subnet; the value is its id and its security groups.
pub(super) const TAG: &str = "deploycenter:mount-target:";

impl RegionalEfs<'_> {
    pub(super) async fn observe_mount_target(
        &self,
        wanted: &MountTarget,
    ) -> Result<Option<Observed>, ProviderError> {
        // There is no mount target on a file system that isn't there yet.
        if !token::is_plain(&wanted.file_system) {
            return Ok(None);
        }
        self.read_mount_target(wanted).await
    }

    pub(super) async fn ensure_mount_target(
        &self,
        step: &Step,
        wanted: &MountTarget,
    ) -> Result<StepOutcome, ProviderError> {
        if step.before.is_none() && !step.uncertain {
            return self.create_mount_target(step, wanted).await;
        }
        let found = self.read_mount_target(wanted).await?;
        let decision = decide(&self.context, &named(wanted), step, found.as_ref(), false)?;
        match (decision, id_of(found.as_ref())) {
            (Decision::Create, _) => self.create_mount_target(step, wanted).await,
            (Decision::Done(changed), Some(id)) => self.settled(wanted, id, changed).await,
            (Decision::Update, Some(id)) => {
                self.client
                    .modify_mount_target_security_groups()
                    .mount_target_id(&id)
                    .set_security_groups(Some(wanted.security_groups.clone()))
                    .send()
                    .await
                    .map_err(|error| {
                        self.context
                            .failure(format_args!("update {}", named(wanted)), &error)
                    })?;
                self.settled(wanted, id, true).await
            }
            (Decision::Delete, Some(id)) => {
                self.delete_mount_target(wanted, &id).await?;
                Ok(StepOutcome {
                    changed: true,
                    outputs: Default::default(),
                })
            }
            (decision, None) => {
                let changed = matches!(decision, Decision::Done(true));
                Ok(StepOutcome {
                    changed,
                    outputs: Default::default(),
                })
            }
        }
    }

    async fn create_mount_target(
        &self,
        step: &Step,
        wanted: &MountTarget,
    ) -> Result<StepOutcome, ProviderError> {
        let mut polls = Polls::short(self.aws.clock());
        let mut doubt = false;
        loop {
            let (answer, unclear) = attempt(self.aws.clock(), || self.send_create(wanted)).await;
            doubt |= unclear;
            let error = match answer {
                Ok(made) => return self.settled(wanted, made.mount_target_id, true).await,
                Err(error) => error,
            };
            let failed = || {
                self.context
                    .failure(format_args!("create {}", named(wanted)), &error)
            };
            let Some(service) = error.as_service_error() else {
                return Err(failed());
            };
            if service.is_mount_target_conflict() {
                let found = self.read_mount_target(wanted).await?;
                let what = named(wanted);
                let decision = decide(&self.context, &what, step, found.as_ref(), doubt)?;
                if let (Decision::Done(changed), Some(id)) = (decision, id_of(found.as_ref())) {
                    return self.settled(wanted, id, changed).await;
                }
                // One on its way out passes. One in another subnet of the zone doesn't.
            } else if !service.is_incorrect_file_system_life_cycle_state() {
                return Err(failed());
            }
            if !polls.again().await {
                return Err(failed().help("a file system takes one mount target in each availability zone: check the region's efs.subnets"));
            }
        }
    }

    async fn send_create(
        &self,
        wanted: &MountTarget,
    ) -> Result<CreateMountTargetOutput, SdkError<CreateMountTargetError, HttpResponse>> {
        let no_retries =
            aws_sdk_efs::Config::builder().retry_config(aws_config::retry::RetryConfig::disabled());
        self.client
            .create_mount_target()
            .file_system_id(&wanted.file_system)
            .subnet_id(&wanted.subnet)
            .set_security_groups(Some(wanted.security_groups.clone()))
            .customize()
            .config_override(no_retries)
            .send()
            .await
    }

    /// Leaves the tag, unless it is there.
    async fn note_on_file_system(
        &self,
        wanted: &MountTarget,
        id: &str,
    ) -> Result<(), ProviderError> {
        let (key, value) = (
            format!("{TAG}{}", wanted.subnet),
            note(id, &wanted.security_groups),
        );
        let listed = self
            .client
            .list_tags_for_resource()
            .resource_id(&wanted.file_system)
            .send()
            .await
            .map_err(|error| {
                self.context.failure(
                    format_args!("list the tags of {}", wanted.file_system),
                    &error,
                )
            })?;
        if tag_map(listed.tags()).get(&key) == Some(&value) {
            return Ok(());
        }
        self.client
            .tag_resource()
            .resource_id(&wanted.file_system)
            .tags(tag(&self.context, &key, &value)?)
            .send()
            .await
            .map_err(|error| {
                self.context
                    .failure(format_args!("tag {}", wanted.file_system), &error)
            })?;
        Ok(())
    }

    /// Notes a mount target on its file system and waits until it can be used.
    async fn settled(
        &self,
        wanted: &MountTarget,
        id: String,
        changed: bool,
    ) -> Result<StepOutcome, ProviderError> {
        self.note_on_file_system(wanted, &id).await?;
        let mut polls = Polls::long(self.aws.clock());
        loop {
            match self.mount_target_state(&id).await? {
                Some(LifeCycleState::Available) => break,
                Some(LifeCycleState::Error) => {
                    return Err(self
                        .context
                        .fail(ProviderErrorKind::Unhealthy, format_args!("{} ({id}) has failed", named(wanted)))
                        .help("check the subnet and its free addresses: resume unwinds the deployment"));
                }
                state => {
                    if !polls.again().await {
                        let state = state.map_or("not there".to_owned(), |state| state.to_string());
                        return Err(self.context.fail(
                            ProviderErrorKind::Unhealthy,
                            format_args!(
                                "{} ({id}) is still {state} after ten minutes",
                                named(wanted)
                            ),
                        ));
                    }
                }
            }
        }
        Ok(StepOutcome {
            changed,
            outputs: outputs(&id),
        })
    }

    async fn delete_mount_target(
        &self,
        wanted: &MountTarget,
        id: &str,
    ) -> Result<(), ProviderError> {
        // First, so that a note never outlives what it says.
        self.client
            .untag_resource()
            .resource_id(&wanted.file_system)
            .tag_keys(format!("{TAG}{}", wanted.subnet))
            .send()
            .await
            .map_err(|error| {
                self.context
                    .failure(format_args!("untag {}", wanted.file_system), &error)
            })?;
        match self
            .client
            .delete_mount_target()
            .mount_target_id(id)
            .send()
            .await
        {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_mount_target_not_found()) =>
            {
                return Ok(());
            }
            Err(error) => {
                return Err(self
                    .context
                    .failure(format_args!("delete {} ({id})", named(wanted)), &error));
            }
        }
        let mut polls = Polls::long(self.aws.clock());
        while self
            .mount_target_state(id)
            .await?
            .is_some_and(|state| state != LifeCycleState::Deleted)
        {
            if !polls.again().await {
                return Err(self.context.fail(
                    ProviderErrorKind::Unhealthy,
                    format_args!("{} ({id}) isn't gone after ten minutes", named(wanted)),
                ));
            }
        }
        Ok(())
    }

    async fn mount_target_state(&self, id: &str) -> Result<Option<LifeCycleState>, ProviderError> {
        match self
            .client
            .describe_mount_targets()
            .mount_target_id(id)
            .send()
            .await
        {
            Ok(answer) => {
                let found = answer.mount_targets.unwrap_or_default().into_iter().next();
                Ok(found.map(|found| found.life_cycle_state))
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_mount_target_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(self
                .context
                .failure(format_args!("read the mount target {id}"), &error)),
        }
    }

    async fn read_mount_target(
        &self,
        wanted: &MountTarget,
    ) -> Result<Option<Observed>, ProviderError> {
        let all = self.read_mount_targets(&wanted.file_system).await?;
        self.mount_target_among(wanted, &all).await
    }

    /// The one in that subnet among a file system's, with its security groups.
    pub(super) async fn mount_target_among(
        &self,
        wanted: &MountTarget,
        all: &[MountTargetDescription],
    ) -> Result<Option<Observed>, ProviderError> {
        let here = |one: &&MountTargetDescription| {
            one.subnet_id == wanted.subnet && !leaving(Some(&one.life_cycle_state))
        };
        let Some(found) = all.iter().find(here) else {
            return Ok(None);
        };
        let id = &found.mount_target_id;
        let groups = self
            .client
            .describe_mount_target_security_groups()
            .mount_target_id(id)
            .send()
            .await;
        let groups = match groups {
            Ok(answer) => answer.security_groups,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_mount_target_not_found()) =>
            {
                return Ok(None);
            }
            Err(error) => {
                let what = format!("read the security groups of {}", named(wanted));
                return Err(self.context.failure(what, &error));
            }
        };
        Ok(Some(self.observed_mount_target(wanted, id, groups)))
    }

    /// As its file system's tags have it.
    pub(super) fn noted(
        &self,
        wanted: &MountTarget,
        tags: &BTreeMap<String, String>,
    ) -> Option<Observed> {
        let value = tags.get(&format!("{TAG}{}", wanted.subnet))?;
        let mut words = value.split(' ').map(str::to_owned);
        let id = words.next()?;
        Some(self.observed_mount_target(wanted, &id, words.collect()))
    }

    fn observed_mount_target(
        &self,
        wanted: &MountTarget,
        id: &str,
        mut groups: Vec<String>,
    ) -> Observed {
        groups.sort();
        Observed {
            state: Resource::MountTarget(MountTarget {
                region: self.region.clone(),
                file_system: wanted.file_system.clone(),
                subnet: wanted.subnet.clone(),
                security_groups: groups,
            }),
            ownership: Ownership::ByPlace,
            outputs: outputs(id),
        }
    }
}

fn note(id: &str, groups: &[String]) -> String {
    let words: Vec<&str> = std::iter::once(id)
        .chain(groups.iter().map(String::as_str))
        .collect();
    words.join(" ")
}

fn id_of(found: Option<&Observed>) -> Option<String> {
    found.and_then(|found| found.outputs.values().next().cloned())
}

fn named(wanted: &MountTarget) -> String {
    format!(
        "the mount target of {} in {}",
        wanted.file_system, wanted.subnet
    )
}
