//! Entries with drawn values.

use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use deploycenter_domain::remedy::Remedy;
use deploycenter_domain::resource::{Observed, Owner, Ownership, Secret, tag};
use deploycenter_domain::saga::decide::Decision;
use deploycenter_ports::{ProviderError, ProviderErrorKind, Step, StepOutcome};

use super::read::{FoundEntry, given_for, write_keys};
use super::{RegionalSecrets, draw, tag as make_tag};
use crate::decide::decide;
use crate::sdk::polls::Polls;

/// The most characters that AWS takes in a tag's value.
const TAG_MAX: usize = 256;

impl RegionalSecrets<'_> {
    pub(super) async fn ensure(
        &self,
        step: &Step,
        wanted: &Secret,
    ) -> Result<StepOutcome, ProviderError> {
        if step.before.is_none() && !step.uncertain {
            return self.create(step, wanted).await;
        }
        let mut polls = Polls::short(self.aws.clock());
        loop {
            let found = self.describe(&wanted.name).await?;
            // Our own deletion of a moment ago may still be under way. One with a window
            // isn't, but the difference doesn't show.
            let leaving = found.as_ref().is_some_and(|found| found.leaving);
            if leaving && step.undo && step.after.is_none() && polls.again().await {
                continue;
            }
            let observed = found
                .as_ref()
                .map(|found| self.deployed(step, wanted, found));
            let decision = decide(
                &self.context,
                &named(wanted),
                step,
                observed.as_ref(),
                false,
            )?;
            return match decision {
                Decision::Create => self.create(step, wanted).await,
                Decision::Done(changed) => Ok(StepOutcome {
                    changed,
                    ..StepOutcome::default()
                }),
                Decision::Update => Err(self
                    .context
                    .fail(
                        ProviderErrorKind::Refused,
                        format_args!(
                            "{} can't get other keys: its values are never read back",
                            named(wanted)
                        ),
                    )
                    .help("put a new key into an entry of its own")),
                Decision::Delete => {
                    self.delete(wanted).await?;
                    Ok(StepOutcome {
                        changed: true,
                        ..StepOutcome::default()
                    })
                }
            };
        }
    }

    /// What stands there. One that a person gave for the step's target is that target's to
    /// remove.
    fn deployed(&self, step: &Step, wanted: &Secret, found: &FoundEntry) -> Observed {
        let mut observed = self.observed(found);
        let Owner {
            installation,
            target,
            ..
        } = &step.owner;
        if step.after.is_none() && is_given(wanted) && given_for(found, installation, target) {
            observed.ownership = Ownership::Owned(step.owner.clone());
        }
        observed
    }

    async fn create(&self, step: &Step, wanted: &Secret) -> Result<StepOutcome, ProviderError> {
        if is_given(wanted) {
            let target = &step.owner.target;
            let text = format!(
                "{} was given by a person, and can't be drawn",
                named(wanted)
            );
            return Err(self.context.fail(ProviderErrorKind::Refused, text).help((
                "give it anew: ",
                Remedy::SecretSet {
                    target: Some(target.clone()),
                    name: None,
                },
            )));
        }
        let keys = write_keys(&wanted.keys);
        if keys.len() > TAG_MAX {
            return Err(self
                .context
                .fail(ProviderErrorKind::Refused, format_args!("{} has too many keys for its tag", named(wanted)))
                .help("split it into several entries: keys and lengths together take 256 characters at most"));
        }
        let random = |error| {
            let text = format!("the operating system gave no random numbers: {error}");
            self.context.fail(ProviderErrorKind::Unavailable, text)
        };
        let values = draw::object(&wanted.keys).map_err(random)?;
        // One for all attempts, so that a repeated one is known as such.
        let token = draw::text(32).map_err(random)?;
        let mut tags: Vec<_> = step
            .owner
            .tags()
            .into_iter()
            .map(|(key, value)| make_tag(key, value))
            .collect();
        tags.push(make_tag(tag::KEYS, keys));
        let mut polls = Polls::short(self.aws.clock());
        loop {
            let answer = self
                .client
                .create_secret()
                .name(&wanted.name)
                .secret_string(&values)
                .client_request_token(&token)
                .set_tags(Some(tags.clone()))
                .send()
                .await;
            let error = match answer {
                Ok(_) => {
                    return Ok(StepOutcome {
                        changed: true,
                        ..StepOutcome::default()
                    });
                }
                Err(error) => error,
            };
            let failed = || {
                self.context
                    .failure(format_args!("create {}", named(wanted)), &error)
            };
            let taken = matches!(
                error.as_service_error(),
                Some(
                    CreateSecretError::ResourceExistsException(_)
                        | CreateSecretError::InvalidRequestException(_)
                )
            );
            if !taken {
                return Err(failed());
            }
            // The name may still be kept by an entry whose deletion is under way.
            let found = self.describe(&wanted.name).await?;
            let leaving = found.as_ref().is_none_or(|found| found.leaving);
            if leaving && polls.again().await {
                continue;
            }
            let Some(found) = found else {
                return Err(failed());
            };
            let observed = self.observed(&found);
            let decision = decide(&self.context, &named(wanted), step, Some(&observed), false)?;
            return Ok(StepOutcome {
                changed: decision == Decision::Done(true),
                ..StepOutcome::default()
            });
        }
    }

    async fn delete(&self, wanted: &Secret) -> Result<(), ProviderError> {
        let answer = self
            .client
            .delete_secret()
            .secret_id(&wanted.name)
            .force_delete_without_recovery(true)
            .send()
            .await;
        match answer {
            Ok(_) => {}
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_resource_not_found_exception()) => {}
            Err(error) => {
                return Err(self
                    .context
                    .failure(format_args!("delete {}", named(wanted)), &error));
            }
        }
        let mut polls = Polls::short(self.aws.clock());
        while self.describe(&wanted.name).await?.is_some() {
            if !polls.again().await {
                return Err(self.context.fail(
                    ProviderErrorKind::Unhealthy,
                    format_args!("{} isn't gone after a minute", named(wanted)),
                ));
            }
        }
        Ok(())
    }
}

/// Whether it is the state of an entry that a person gave.
fn is_given(wanted: &Secret) -> bool {
    wanted.keys.is_empty()
}

fn named(wanted: &Secret) -> String {
    format!("the secret {}", wanted.name)
}
