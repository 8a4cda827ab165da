//! `secret`: what a person gives a target.

use deploycenter_domain::guardrails::PULL_SECRET;
use deploycenter_domain::name::{RegionName, TargetId};
use deploycenter_domain::selector::Selection;
use deploycenter_ports::ProvidedOwner;

use super::WorkflowError;
use super::secret_error::{LARGEST_SECRET, SecretError};
use crate::{Engine, ProvidedEntry, Standstill};

/// Which secret is to be given.
#[derive(Debug, Clone)]
pub struct SecretRequest {
    /// To which target.
    pub target: TargetId,
    /// The secret's name, as a plan asks for it.
    pub name: String,
    /// That what runs is to take it at once, so that nothing may stand in the way of that.
    pub restart: bool,
}

/// A secret that may be given, but for its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedSecret {
    /// To which target.
    pub target: TargetId,
    /// What it is called, and what for it is.
    pub entry: ProvidedEntry,
    /// Where it is kept.
    pub region: RegionName,
    /// Whether something runs that takes it with the target's next `apply`.
    pub is_deployed: bool,
    /// What has to end before such an `apply`.
    pub standstill: Option<Standstill>,
}

/// One of a target's secrets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretStatus {
    /// Whose.
    pub target: TargetId,
    /// As a person calls it.
    pub name: String,
    /// Where it comes from.
    pub source: SecretSource,
    /// Its name in Secrets Manager.
    pub entry: String,
}

/// Where a secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretSource {
    /// A person gave it.
    Given,
    /// It was drawn.
    Generated,
    /// A person has to give it, and nobody did.
    Missing,
}

impl SecretSource {
    /// `given`, `generated` or `missing`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Generated => "generated",
            Self::Missing => "missing",
        }
    }
}

/// Looks whether a secret may be given, before anyone is asked for its value.
///
/// # Errors
/// When the target isn't desired or takes no such secret, or it can't take it at once where
/// that is asked for.
pub async fn set_secret(
    engine: &Engine,
    request: &SecretRequest,
) -> Result<PreparedSecret, WorkflowError> {
    let SecretRequest {
        target,
        name,
        restart,
    } = request;
    let provided = engine.provided_secrets(target).await?;
    let (entry, others): (Vec<_>, Vec<_>) = provided
        .entries
        .into_iter()
        .partition(|entry| entry.name == *name);
    let Some(entry) = entry.into_iter().next() else {
        return Err(SecretError::Unknown {
            target: target.clone(),
            name: name.clone(),
            known: others.into_iter().map(|entry| entry.name).collect(),
        }
        .into());
    };
    if *restart {
        if !provided.is_deployed {
            return Err(SecretError::NotDeployed(target.clone()).into());
        }
        match provided.standstill {
            Some(Standstill::Held) => return Err(SecretError::Held(target.clone()).into()),
            Some(Standstill::Unfinished) => {
                return Err(SecretError::Unfinished(target.clone()).into());
            }
            None => {}
        }
    }
    Ok(PreparedSecret {
        target: target.clone(),
        entry,
        region: provided.region,
        is_deployed: provided.is_deployed,
        standstill: provided.standstill,
    })
}

impl PreparedSecret {
    /// Gives it. Its value goes to Secrets Manager, and nowhere else.
    ///
    /// # Errors
    /// When the value can't be one, or Secrets Manager doesn't take it.
    pub async fn run(&self, engine: &Engine, value: &str) -> Result<(), WorkflowError> {
        let Self {
            target,
            entry,
            region,
            ..
        } = self;
        self.check(value)?;
        let owner = ProvidedOwner {
            installation: engine.installation.clone(),
            target: target.clone(),
        };
        let provided = &engine.providers.provided;
        provided
            .set(region, &entry.full, &entry.key, value, &owner)
            .await?;
        Ok(())
    }

    fn check(&self, value: &str) -> Result<(), SecretError> {
        if value.is_empty() {
            return Err(SecretError::Empty);
        }
        if value.len() > LARGEST_SECRET {
            return Err(SecretError::TooLong);
        }
        if self.entry.key == PULL_SECRET && !is_login(value) {
            return Err(SecretError::NoLogin {
                target: self.target.clone(),
                name: self.entry.name.clone(),
            });
        }
        Ok(())
    }
}

/// Whether a text is what Kubernetes takes for a secret to pull images with, and holds a login.
fn is_login(value: &str) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(value);
    let logins = parsed
        .ok()
        .and_then(|config| config["auths"].as_object().cloned());
    let has_login = |login: &serde_json::Value| {
        ["auth", "password", "identitytoken"]
            .iter()
            .any(|key| login[*key].as_str().is_some_and(|text| !text.is_empty()))
    };
    logins.is_some_and(|logins| !logins.is_empty() && logins.values().all(has_login))
}

/// The secrets of the selected instances, sorted; those that are missing too. No value is
/// read.
///
/// # Errors
/// When nothing is selected, a target has problems, or Secrets Manager can't be read.
pub async fn secrets(
    engine: &Engine,
    selection: &Selection,
) -> Result<Vec<SecretStatus>, WorkflowError> {
    let run = engine.open_run().await?;
    let mut secrets = Vec::new();
    for instance in selection.select(run.desired().instances(), &[])? {
        let target = &instance.target;
        let wanted = run.provided_secrets(target).await?;
        let there = run.secrets_of(&wanted).await?;
        let status = |name: &str, source, entry: &str| SecretStatus {
            target: target.clone(),
            name: name.to_owned(),
            source,
            entry: entry.to_owned(),
        };
        let is_there = |full: &str| there.iter().any(|found| found.name == full);
        let missing = wanted.entries.iter().filter(|entry| !is_there(&entry.full));
        secrets
            .extend(missing.map(|entry| status(&entry.name, SecretSource::Missing, &entry.full)));
        secrets.extend(there.iter().map(|found| {
            let name = found.name.strip_prefix(&wanted.prefix);
            let source = if found.is_given {
                SecretSource::Given
            } else {
                SecretSource::Generated
            };
            status(name.unwrap_or(&found.name), source, &found.name)
        }));
    }
    secrets.sort();
    Ok(secrets)
}
