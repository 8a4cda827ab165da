//! File systems.

use aws_sdk_efs::types::{FileSystemDescription, LifeCycleState, PerformanceMode, ThroughputMode};
use deploycenter_domain::resource::{FileSystem, Observed, Resource, tag as key};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};

use super::lists::{by_token, leaving};
use super::{RegionalEfs, outputs, ownership, tag_map, tags};
use crate::decide::decide;
use crate::sdk::polls::Polls;

impl RegionalEfs<'_> {
    pub(super) async fn observe_file_system(
        &self,
        wanted: &FileSystem,
    ) -> Result<Option<Observed>, ProviderError> {
        let found = self.file_system_of(&wanted.creation_token).await?;
        Ok(found.and_then(|found| self.there(wanted, &found)))
    }

    /// What was found in a file system's place; `None` for one on its way out.
    pub(super) fn there(
        &self,
        wanted: &FileSystem,
        found: &FileSystemDescription,
    ) -> Option<Observed> {
        let stays = !leaving(Some(&found.life_cycle_state));
        stays.then(|| self.observed_file_system(wanted.kms_key_id.is_some(), found))
    }

    pub(super) async fn ensure_file_system(
        &self,
        step: &Step,
        wanted: &FileSystem,
    ) -> Result<StepOutcome, ProviderError> {
        // A first create needs no look before: EFS itself refuses a second one.
        if step.before.is_none() && !step.uncertain {
            return self.create_file_system(step, wanted).await;
        }
        if let Some(adoption) = &step.adopt {
            return self.adopt_file_system(step, wanted, adoption).await;
        }
        let found = self.file_system_of(&wanted.creation_token).await?;
        let found = match found {
            Some(found) if leaving(Some(&found.life_cycle_state)) => {
                self.file_system_gone(&found.file_system_id).await?;
                None
            }
            found => found,
        };
        let observed = found
            .as_ref()
            .map(|found| self.observed_file_system(wanted.kms_key_id.is_some(), found));
        match (
            decide(
                &self.context,
                &named(wanted),
                step,
                observed.as_ref(),
                false,
            )?,
            found,
        ) {
            (Decision::Create, _) => self.create_file_system(step, wanted).await,
            (Decision::Done(changed), Some(found)) => {
                self.file_system_available(wanted, &found.file_system_id)
                    .await?;
                Ok(StepOutcome {
                    changed,
                    outputs: outputs(&found.file_system_id),
                })
            }
            (Decision::Update, Some(found)) => {
                self.update_file_system(step, wanted, &found.file_system_id)
                    .await?;
                Ok(StepOutcome {
                    changed: true,
                    outputs: outputs(&found.file_system_id),
                })
            }
            (Decision::Delete, Some(found)) => {
                self.delete_file_system(wanted, &found.file_system_id)
                    .await?;
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

    async fn create_file_system(
        &self,
        step: &Step,
        wanted: &FileSystem,
    ) -> Result<StepOutcome, ProviderError> {
        let mut polls = Polls::short(self.aws.clock());
        loop {
            let answer = self
                .client
                .create_file_system()
                .creation_token(&wanted.creation_token)
                .performance_mode(PerformanceMode::from(wanted.performance_mode.as_str()))
                .throughput_mode(ThroughputMode::from(wanted.throughput_mode.as_str()))
                .encrypted(true)
                .set_kms_key_id(wanted.kms_key_id.clone())
                .set_tags(Some(tags(&self.context, &step.owner, &wanted.name)?))
                .send()
                .await;
            let error = match answer {
                Ok(made) => {
                    self.file_system_available(wanted, &made.file_system_id)
                        .await?;
                    return Ok(StepOutcome {
                        changed: true,
                        outputs: outputs(&made.file_system_id),
                    });
                }
                Err(error) => error,
            };
            let exists = error
                .as_service_error()
                .is_some_and(|e| e.is_file_system_already_exists());
            if !exists {
                return Err(self
                    .context
                    .failure(format_args!("create {}", named(wanted)), &error));
            }
            match self.file_system_by_token(&wanted.creation_token).await? {
                Some(found) if !leaving(Some(&found.life_cycle_state)) => {
                    let observed = self.observed_file_system(wanted.kms_key_id.is_some(), &found);
                    let what = named(wanted);
                    let decision = decide(&self.context, &what, step, Some(&observed), false)?;
                    self.file_system_available(wanted, &found.file_system_id)
                        .await?;
                    return Ok(StepOutcome {
                        changed: decision == Decision::Done(true),
                        outputs: outputs(&found.file_system_id),
                    });
                }
                Some(found) => self.file_system_gone(&found.file_system_id).await?,
                // Its token is kept for a moment after it is gone.
                None => {}
            }
            if !polls.again().await {
                return Err(self
                    .context
                    .failure(format_args!("create {}", named(wanted)), &error));
            }
        }
    }

    async fn update_file_system(
        &self,
        step: &Step,
        wanted: &FileSystem,
        id: &str,
    ) -> Result<(), ProviderError> {
        let same_but_throughput = match &step.before {
            Some(Resource::FileSystem(before)) => {
                let throughput_mode = wanted.throughput_mode.clone();
                FileSystem {
                    throughput_mode,
                    ..before.clone()
                } == *wanted
            }
            _ => false,
        };
        if !same_but_throughput {
            return Err(self
                .context
                .fail(
                    ProviderErrorKind::Refused,
                    format_args!("{} can change its throughput mode only", named(wanted)),
                )
                .help("set the other values back as they were, or make a new instance and move its data"));
        }
        self.set_throughput(wanted, id).await
    }

    pub(super) async fn set_throughput(
        &self,
        wanted: &FileSystem,
        id: &str,
    ) -> Result<(), ProviderError> {
        self.client
            .update_file_system()
            .file_system_id(id)
            .throughput_mode(ThroughputMode::from(wanted.throughput_mode.as_str()))
            .send()
            .await
            .map_err(|error| {
                self.context
                    .failure(format_args!("update {}", named(wanted)), &error)
            })?;
        self.file_system_available(wanted, id).await
    }

    async fn delete_file_system(&self, wanted: &FileSystem, id: &str) -> Result<(), ProviderError> {
        let mut polls = Polls::short(self.aws.clock());
        loop {
            let answer = self
                .client
                .delete_file_system()
                .file_system_id(id)
                .send()
                .await;
            let error = match answer {
                Ok(_) => break,
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(service) if service.is_file_system_not_found() => return Ok(()),
                // Mount targets that are just being deleted.
                Some(service) if service.is_file_system_in_use() => {
                    if polls.again().await {
                        continue;
                    }
                    let left = self.read_mount_targets(id).await?;
                    let left: Vec<&str> = left
                        .iter()
                        .map(|one| one.mount_target_id.as_str())
                        .collect();
                    return Err(self
                        .context
                        .fail(
                            ProviderErrorKind::Refused,
                            format_args!(
                                "{} ({id}) still has the mount targets {}",
                                named(wanted),
                                left.join(", ")
                            ),
                        )
                        .help("someone else made them: delete them, then resume"));
                }
                _ => {
                    return Err(self
                        .context
                        .failure(format_args!("delete {} ({id})", named(wanted)), &error));
                }
            }
        }
        self.file_system_gone(id).await
    }

    /// Waits until a file system can be used.
    pub(super) async fn file_system_available(
        &self,
        wanted: &FileSystem,
        id: &str,
    ) -> Result<(), ProviderError> {
        let mut polls = Polls::long(self.aws.clock());
        loop {
            let state = self
                .file_system_by_id(id)
                .await?
                .map(|found| found.life_cycle_state);
            match state {
                Some(LifeCycleState::Available) => return Ok(()),
                Some(LifeCycleState::Error) => {
                    return Err(self
                        .context
                        .fail(
                            ProviderErrorKind::Unhealthy,
                            format_args!("{} ({id}) has failed", named(wanted)),
                        )
                        .help(
                            "AWS can't bring it up: resume unwinds the deployment, then try again",
                        ));
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
    }

    async fn file_system_gone(&self, id: &str) -> Result<(), ProviderError> {
        let mut polls = Polls::long(self.aws.clock());
        while let Some(found) = self.file_system_by_id(id).await? {
            if found.life_cycle_state == LifeCycleState::Deleted {
                break;
            }
            if !polls.again().await {
                return Err(self.context.fail(
                    ProviderErrorKind::Unhealthy,
                    format_args!("the file system {id} isn't gone after ten minutes"),
                ));
            }
        }
        Ok(())
    }

    /// The file system that was made with a token, else the one that was adopted for it.
    async fn file_system_of(
        &self,
        token: &str,
    ) -> Result<Option<FileSystemDescription>, ProviderError> {
        match self.file_system_by_token(token).await? {
            Some(found) if !leaving(Some(&found.life_cycle_state)) => Ok(Some(found)),
            made => Ok(by_token(self.read_file_systems().await?)
                .remove(token)
                .or(made)),
        }
    }

    async fn file_system_by_token(
        &self,
        token: &str,
    ) -> Result<Option<FileSystemDescription>, ProviderError> {
        self.file_system(
            self.client.describe_file_systems().creation_token(token),
            token,
        )
        .await
    }

    pub(super) async fn file_system_by_id(
        &self,
        id: &str,
    ) -> Result<Option<FileSystemDescription>, ProviderError> {
        self.file_system(self.client.describe_file_systems().file_system_id(id), id)
            .await
    }

    async fn file_system(
        &self,
        request: aws_sdk_efs::operation::describe_file_systems::builders::DescribeFileSystemsFluentBuilder,
        what: &str,
    ) -> Result<Option<FileSystemDescription>, ProviderError> {
        match request.send().await {
            Ok(answer) => Ok(answer.file_systems.unwrap_or_default().into_iter().next()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_file_system_not_found()) =>
            {
                Ok(None)
            }
            Err(error) => Err(self
                .context
                .failure(format_args!("read the file system {what}"), &error)),
        }
    }

    /// As it is; with its key only where one is asked for, so that nobody has to name EFS's
    /// own.
    pub(super) fn observed_file_system(
        &self,
        with_key: bool,
        found: &FileSystemDescription,
    ) -> Observed {
        let tags = tag_map(&found.tags);
        let state = FileSystem {
            region: self.region.clone(),
            creation_token: token_of(found),
            name: tags
                .get("Name")
                .or(found.name.as_ref())
                .cloned()
                .unwrap_or_default(),
            performance_mode: found.performance_mode.to_string(),
            throughput_mode: found
                .throughput_mode
                .as_ref()
                .map_or_else(|| "bursting".to_owned(), ToString::to_string),
            kms_key_id: found.kms_key_id.clone().filter(|_| with_key),
        };
        Observed {
            state: Resource::FileSystem(state),
            ownership: ownership(&tags),
            outputs: outputs(&found.file_system_id),
        }
    }
}

/// The token that it was made with, or was adopted for.
pub(super) fn token_of(found: &FileSystemDescription) -> String {
    let adopted = found.tags.iter().find(|tag| tag.key == key::CREATION_TOKEN);
    adopted
        .map_or(&found.creation_token, |tag| &tag.value)
        .clone()
}

pub(super) fn named(wanted: &FileSystem) -> String {
    format!("the file system {}", wanted.name)
}
