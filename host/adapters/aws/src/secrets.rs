//! Secrets Manager: entries with drawn values, and entries that a person gives.

mod draw;
mod entry;
mod inventory;
mod provided;
mod read;
mod snapshot;

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_secretsmanager::types::Tag;
use deploycenter_domain::name::RegionName;
use deploycenter_domain::resource::{Adoption, Observed, Resource};
use deploycenter_ports::{Provider, ProviderError, ProviderErrorKind, Snapshot, Step, StepOutcome};

use crate::aws::{Aws, Where};
use crate::sdk::failure::Context;

pub use provided::ProvidedSecrets;
use snapshot::SecretsSnapshot;

/// Secrets Manager. Serves `secrets.entry`.
///
/// - Values are drawn by the operating system's generator when the entry is made, and
///   never read back; a tag says which keys there are. So keys can't change afterwards.
/// - An entry that waits for its deletion is foreign: its name is taken until it is gone.
/// - An entry that a person gave is another's where one is to be drawn. It can be removed:
///   its state has no keys, and its tags have to name the step's target.
/// - A snapshot sees what carries an installation's tag; a stranger's entry of the
///   same name shows when it is read freshly, or made.
#[derive(Debug, Clone)]
pub struct Secrets {
    aws: Aws,
}

/// Secrets Manager in one region.
struct RegionalSecrets<'a> {
    aws: &'a Aws,
    client: aws_sdk_secretsmanager::Client,
    at: Where,
    context: Context,
    region: RegionName,
}

impl<'a> RegionalSecrets<'a> {
    fn new(aws: &'a Aws, region: &RegionName) -> Result<Self, ProviderError> {
        let (client, at, context) = aws.secrets_in(region)?;
        Ok(Self {
            aws,
            client,
            at,
            context,
            region: region.clone(),
        })
    }
}

impl Secrets {
    pub(crate) fn new(aws: Aws) -> Self {
        Self { aws }
    }
}

#[async_trait]
impl Provider for Secrets {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(SecretsSnapshot::new(self.aws.clone()))
    }

    async fn observe(&self, wanted: &Resource) -> Result<Option<Observed>, ProviderError> {
        let Resource::Secret(wanted) = wanted else {
            return Err(not_ours());
        };
        let regional = RegionalSecrets::new(&self.aws, &wanted.region)?;
        let found = regional.describe(&wanted.name).await?;
        Ok(found.map(|found| regional.observed(&found)))
    }

    async fn observe_foreign(
        &self,
        _wanted: &Resource,
        _adoption: &Adoption,
    ) -> Result<Option<Observed>, ProviderError> {
        Err(ProviderError::new(
            ProviderErrorKind::Refused,
            "secretsmanager",
            "an entry of Secrets Manager can't be adopted: which keys it has shows in its value alone, which is never read",
        )
        .help("remove it, so that one is drawn, or rename the customer or instance"))
    }

    async fn ensure(&self, step: &Step) -> Result<StepOutcome, ProviderError> {
        match step.after.as_ref().or(step.before.as_ref()) {
            Some(Resource::Secret(wanted)) => {
                RegionalSecrets::new(&self.aws, &wanted.region)?
                    .ensure(step, wanted)
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
        "secretsmanager",
        "the Secrets Manager adapter was given another system's effect",
    )
}

fn tag(key: &str, value: impl Into<String>) -> Tag {
    Tag::builder().key(key).value(value).build()
}
