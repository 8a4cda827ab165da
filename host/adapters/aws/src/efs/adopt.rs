//! File systems that someone else made, taken over and given back.

use aws_sdk_efs::types::{FileSystemDescription, ThroughputMode};
use deploycenter_domain::effect::EffectKind;
use deploycenter_domain::remedy::{Adopted, Remedy, Targets};
use deploycenter_domain::resource::{Adoption, FileSystem, Observed, tag as key};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};

use super::lists::leaving;
use super::mount_target::TAG as NOTE;
use super::{RegionalEfs, outputs, tag, tag_map, tags};
use crate::decide::decide;

/// The tag that holds what EFS calls a file system's name.
const NAME: &str = "Name";

impl RegionalEfs<'_> {
    /// The file system of that id, as far as it can become what is wanted.
    pub(super) async fn observe_foreign_file_system(
        &self,
        wanted: &FileSystem,
        adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        let id = self.adopted_id(adoption)?;
        let own = self.observe_file_system(wanted).await?;
        if let Some(own) = own
            && own.outputs != outputs(id)
        {
            let own: Vec<String> = own.outputs.into_values().collect();
            return Err(self
                .context
                .fail(
                    ProviderErrorKind::Refused,
                    format_args!(
                        "{id} can't be adopted: {} is there already, {}",
                        super::file_system::named(wanted),
                        own.join(", ")
                    ),
                )
                .help("only a target without a file system of its own can adopt one"));
        }
        let Some(found) = self.file_system_by_id(id).await? else {
            return Ok(None);
        };
        let reasons = unfit(wanted, &found);
        if !reasons.is_empty() {
            return Err(self
                .context
                .fail(
                    ProviderErrorKind::Refused,
                    format_args!("the file system {id} can't be adopted: {}", reasons.join("; ")),
                )
                .help("copy its data into a file system that fits, or leave it to be an existing one in the region's storage classes"));
        }
        Ok(Some(
            self.observed_file_system(wanted.kms_key_id.is_some(), &found),
        ))
    }

    /// Takes a file system over, or gives it back. Our marks are set with the first call
    /// and removed with the last, so that what bears none of them is as it was.
    pub(super) async fn adopt_file_system(
        &self,
        step: &Step,
        wanted: &FileSystem,
        adoption: &Adoption,
    ) -> Result<StepOutcome, ProviderError> {
        let id = self.adopted_id(adoption)?;
        let found = self.file_system_by_id(id).await?;
        let found = found.filter(|found| !leaving(Some(&found.life_cycle_state)));
        let observed = found
            .as_ref()
            .map(|found| self.observed_file_system(wanted.kms_key_id.is_some(), found));
        let what = format!("the file system {id}");
        let decision = decide(&self.context, &what, step, observed.as_ref(), false)?;
        let changed = match (decision, &found) {
            (Decision::Update, Some(found)) if step.undo => {
                self.give_back(step, wanted, adoption, found).await?;
                true
            }
            (Decision::Update, Some(found)) => {
                self.take(step, wanted, found).await?;
                true
            }
            (decision, _) => decision == Decision::Done(true),
        };
        self.file_system_available(wanted, id).await?;
        Ok(StepOutcome {
            changed,
            outputs: outputs(id),
        })
    }

    async fn take(
        &self,
        step: &Step,
        wanted: &FileSystem,
        found: &FileSystemDescription,
    ) -> Result<(), ProviderError> {
        let mut marks = tags(&self.context, &step.owner, &wanted.name)?;
        marks.push(tag(
            &self.context,
            key::CREATION_TOKEN,
            &wanted.creation_token,
        )?);
        self.tag(&found.file_system_id, marks).await?;
        self.lead_throughput(wanted, found).await
    }

    async fn give_back(
        &self,
        step: &Step,
        wanted: &FileSystem,
        adoption: &Adoption,
        found: &FileSystemDescription,
    ) -> Result<(), ProviderError> {
        let id = &found.file_system_id;
        self.lead_throughput(wanted, found).await?;
        let mut set = Vec::new();
        let mut unset = Vec::new();
        let own_token = wanted.creation_token == found.creation_token;
        for (key, value, had) in [
            (NAME, &wanted.name, !wanted.name.is_empty()),
            (key::CREATION_TOKEN, &wanted.creation_token, !own_token),
        ] {
            if had {
                set.push(tag(&self.context, key, value)?);
            } else {
                unset.push(key.to_owned());
            }
        }
        self.tag(id, set).await?;
        if adoption.former.is_none() {
            // What our mount targets noted; another incarnation's notes are still true.
            let notes = tag_map(&found.tags).into_keys();
            unset.extend(notes.filter(|key| key.starts_with(NOTE)));
        }
        self.untag(id, unset).await?;
        match &adoption.former {
            Some(former) => {
                let former = former.tags().into_iter();
                let former: Result<Vec<_>, _> = former
                    .map(|(key, value)| tag(&self.context, key, &value))
                    .collect();
                self.tag(id, former?).await
            }
            None => {
                let marks = step.owner.tags().into_keys();
                self.untag(id, marks.map(str::to_owned).collect()).await
            }
        }
    }

    /// Changes the throughput mode, unless it is as wanted.
    async fn lead_throughput(
        &self,
        wanted: &FileSystem,
        found: &FileSystemDescription,
    ) -> Result<(), ProviderError> {
        let there = found
            .throughput_mode
            .as_ref()
            .map_or("bursting", ThroughputMode::as_str);
        if there == wanted.throughput_mode {
            return Ok(());
        }
        self.set_throughput(wanted, &found.file_system_id).await
    }

    async fn tag(&self, id: &str, tags: Vec<aws_sdk_efs::types::Tag>) -> Result<(), ProviderError> {
        if tags.is_empty() {
            return Ok(());
        }
        let request = self.client.tag_resource().resource_id(id);
        match request.set_tags(Some(tags)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.context.failure(format_args!("tag {id}"), &error)),
        }
    }

    async fn untag(&self, id: &str, keys: Vec<String>) -> Result<(), ProviderError> {
        if keys.is_empty() {
            return Ok(());
        }
        let request = self.client.untag_resource().resource_id(id);
        match request.set_tag_keys(Some(keys)).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.context.failure(format_args!("untag {id}"), &error)),
        }
    }

    fn adopted_id<'a>(&self, adoption: &'a Adoption) -> Result<&'a str, ProviderError> {
        adoption.id.as_deref().ok_or_else(|| {
            self.context
                .fail(
                    ProviderErrorKind::Refused,
                    "a file system to adopt is known by its id alone",
                )
                .help((
                    "name it after the effect: ",
                    Remedy::Adopt {
                        targets: Targets::Named,
                        what: Adopted::OneOf(EffectKind::FileSystem),
                    },
                ))
        })
    }
}

/// Why a file system can't become the wanted one: what EFS never changes, and what we
/// couldn't give back.
fn unfit(wanted: &FileSystem, found: &FileSystemDescription) -> Vec<String> {
    let mut reasons = Vec::new();
    if leaving(Some(&found.life_cycle_state)) {
        reasons.push("it is being deleted".to_owned());
    }
    if found.encrypted != Some(true) {
        reasons.push("it isn't encrypted, and can't be made so".to_owned());
    }
    let performance = found.performance_mode.as_str();
    if performance != wanted.performance_mode {
        reasons.push(format!(
            "its performance mode is {performance}, not {}, and never changes",
            wanted.performance_mode
        ));
    }
    if let Some(key) = &wanted.kms_key_id
        && found.kms_key_id.as_ref() != Some(key)
    {
        reasons.push(format!(
            "its key is {}, not {key}, and never changes",
            found.kms_key_id.as_deref().unwrap_or("EFS's own")
        ));
    }
    if let Some(zone) = &found.availability_zone_name {
        reasons.push(format!("it is in the availability zone {zone} alone"));
    }
    if found.throughput_mode == Some(ThroughputMode::Provisioned) {
        reasons.push("its throughput is provisioned: make it elastic or bursting first".to_owned());
    }
    reasons
}
