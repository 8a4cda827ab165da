//! Entries whose values a person gives.

use std::sync::Arc;

use async_trait::async_trait;
use deploycenter_domain::name::RegionName;
use deploycenter_domain::resource::tag;
use deploycenter_ports::{
    ProvidedOwner, ProviderError, ProviderErrorKind, SecretEntry, SecretSnapshot,
};

use super::read::{GIVEN, entry, given_for};
use super::snapshot::SecretsSnapshot;
use super::{RegionalSecrets, draw, tag as make_tag};
use crate::aws::Aws;

/// Secrets Manager for `deploycenter secret set` and `list`, and for the check that what
/// a plan needs was given. A value goes in and never comes out.
#[derive(Debug, Clone)]
pub struct ProvidedSecrets {
    aws: Aws,
}

impl ProvidedSecrets {
    pub(crate) fn new(aws: Aws) -> Self {
        Self { aws }
    }
}

#[async_trait]
impl deploycenter_ports::ProvidedSecrets for ProvidedSecrets {
    fn entries(&self) -> Arc<dyn SecretSnapshot> {
        Arc::new(SecretsSnapshot::new(self.aws.clone()))
    }

    async fn set(
        &self,
        region: &RegionName,
        name: &str,
        key: &str,
        value: &str,
        owner: &ProvidedOwner,
    ) -> Result<(), ProviderError> {
        let ProvidedOwner {
            installation,
            target,
        } = owner;
        let regional = RegionalSecrets::new(&self.aws, region)?;
        let text = serde_json::json!({ key: value }).to_string();
        let token = draw::text(32).map_err(|error| {
            let text = format!("the operating system gave no random numbers: {error}");
            regional.context.fail(ProviderErrorKind::Unavailable, text)
        })?;
        match regional.describe(name).await? {
            None => {
                regional
                    .client
                    .create_secret()
                    .name(name)
                    .secret_string(text)
                    .client_request_token(token)
                    .tags(make_tag(tag::INSTALLATION, installation.as_str()))
                    .tags(make_tag(tag::TARGET, target.to_string()))
                    .tags(make_tag(tag::SOURCE, GIVEN))
                    .send()
                    .await
                    .map_err(|error| {
                        regional
                            .context
                            .failure(format_args!("create the secret {name}"), &error)
                    })?;
            }
            Some(found) if given_for(&found, installation, target) => {
                regional
                    .client
                    .put_secret_value()
                    .secret_id(name)
                    .secret_string(text)
                    .client_request_token(token)
                    .send()
                    .await
                    .map_err(|error| {
                        regional
                            .context
                            .failure(format_args!("set the secret {name}"), &error)
                    })?;
            }
            Some(found) => {
                let (why, help) = if found.leaving {
                    (
                        "waits for its deletion",
                        "restore it in Secrets Manager, or wait until it is gone",
                    )
                } else {
                    (
                        "isn't this target's to set",
                        "remove it by hand if it is no longer needed",
                    )
                };
                let text = format!("the secret {name} stands there already and {why}");
                return Err(regional
                    .context
                    .fail(ProviderErrorKind::Foreign, text)
                    .help(help));
            }
        }
        Ok(())
    }

    async fn now(
        &self,
        region: &RegionName,
        name: &str,
    ) -> Result<Option<SecretEntry>, ProviderError> {
        let found = RegionalSecrets::new(&self.aws, region)?
            .describe(name)
            .await?;
        Ok(found
            .filter(|found| !found.leaving && found.tags.contains_key(tag::INSTALLATION))
            .map(|found| entry(&found)))
    }
}
